import numpy as np
import pytest

from fqtl.association.statistic import (
    LEAST_VARIANCE,
    NO_COVARIANCE,
    NO_VARIANCE,
    NO_VARIANTS,
    TOO_LITTLE,
    twas,
)
from tests.conftest import linked_genotypes


def panel(seed=0, n=400, p=12, correlation=0.8):
    return linked_genotypes(np.random.default_rng(seed), n, p, correlation)


def test_z_is_that_of_a_regression_on_the_predicted_expression():
    rng = np.random.default_rng(1)
    x = panel()
    n = len(x)
    weights = rng.standard_normal(x.shape[1])
    trait = x @ rng.standard_normal(x.shape[1]) * 0.02 + rng.standard_normal(n)
    x, trait = x - x.mean(axis=0), trait - trait.mean()
    sd = x.std(axis=0, ddof=1)
    marginal = x.T @ trait / (sd * trait.std(ddof=1) * np.sqrt(n - 1) * np.sqrt(n - 1)) * np.sqrt(n)
    predicted = x @ weights
    direct = np.corrcoef(predicted, trait)[0, 1] * np.sqrt(n)
    tested = twas(weights, marginal, np.cov(x.T))
    assert tested.z == pytest.approx(direct, abs=1e-10)
    assert (tested.kept, tested.reason, tested.regularised) == (1.0, "", False)


def test_ld_stands_in_the_denominator():
    # two copies of one variant: as one variant of twice the weight, not as two independent ones
    covariance = np.full((2, 2), 0.5)
    tested = twas(np.ones(2), np.array([3.0, 3.0]), covariance)
    assert tested.z == pytest.approx(3.0)


def test_swapping_all_alleles_changes_nothing_and_swapping_a_weight_turns_one_term():
    covariance = np.cov(panel().T)
    rng = np.random.default_rng(2)
    w, z = rng.standard_normal((2, len(covariance)))
    swap = np.where(np.arange(len(w)) % 2, -1.0, 1.0)
    one = twas(w, z, covariance)
    other = twas(w * swap, z * swap, covariance * np.outer(swap, swap))
    assert other.z == pytest.approx(one.z, abs=1e-12)
    assert twas(-w, z, covariance).z == pytest.approx(-one.z, abs=1e-12)


def test_a_statistic_with_imputed_variants_has_unit_variance_under_the_null():
    rng = np.random.default_rng(3)
    covariance = np.cov(panel(correlation=0.95).T)
    sd = np.sqrt(np.diag(covariance))
    ld = covariance / np.outer(sd, sd)
    weights = rng.standard_normal(len(ld))
    z = rng.multivariate_normal(np.zeros(len(ld)), ld, 4000)
    z[:, ::3] = np.nan
    found = np.array([twas(weights, row, covariance, min_kept=0.0).z for row in z])
    # four standard errors of a standard deviation of 4,000 draws
    assert found.std() == pytest.approx(1.0, abs=4 / np.sqrt(2 * 4000))
    some = twas(weights, z[0], covariance, min_kept=0.0)
    assert np.isfinite(some.r2).any()
    assert some.r2[~np.isfinite(z[0]) & np.isfinite(some.r2)].min() >= 0.6


def test_a_copy_of_a_missing_variant_takes_its_place():
    covariance = np.full((2, 2), 0.5)
    tested = twas(np.array([1.0, 2.0]), np.array([np.nan, 3.0]), covariance)
    assert tested.z == pytest.approx(3.0)
    assert tested.kept == pytest.approx(1.0)
    # the ridge of imputation holds back a tenth
    assert tested.r2[0] == pytest.approx(1 / 1.1)


def test_what_is_left_out_is_told_by_what_is_kept():
    # independent variants of equal variance: half of the variance is lost
    z = np.array([1.0, np.nan])
    tested = twas(np.ones(2), z, np.eye(2), min_kept=0.0)
    assert tested.kept == pytest.approx(0.5)
    assert tested.z == pytest.approx(1.0)
    assert twas(np.ones(2), z, np.eye(2), min_kept=0.6).reason == TOO_LITTLE
    without = twas(np.ones(2), np.array([1.0, np.nan]), np.full((2, 2), 1.0), impute=False)
    assert np.isnan(without.r2).all()


def test_variants_that_cancel_each_other_do_not_blow_up_z():
    ld = np.array([[1.0, 1 - 1e-9], [1 - 1e-9, 1.0]])
    tested = twas(np.array([1.0, -1.0]), np.array([2.0, 1.9]), ld)
    assert tested.regularised
    assert abs(tested.z) == pytest.approx(0.1 / np.sqrt(2 * LEAST_VARIANCE))


@pytest.mark.parametrize(
    "z, covariance, reason",
    [
        ([np.nan, np.nan], np.eye(2), NO_VARIANTS),
        ([1.0, 2.0], np.zeros((2, 2)), NO_VARIANCE),
        ([1.0, 2.0], np.array([[1.0, np.nan], [np.nan, 1.0]]), NO_COVARIANCE),
    ],
)
def test_a_model_without_a_z_has_a_reason(z, covariance, reason):
    tested = twas(np.ones(2), np.array(z), covariance)
    assert np.isnan(tested.z)
    assert tested.reason == reason
