"""Copies of variants: one row for a class of them, and the posterior of every variant."""

from dataclasses import fields
from functools import cache

import numpy as np
import pytest

import fqtl
from fqtl.model.arrays.copies import Copies
from fqtl.model.arrays.standardise import standardise_genotypes
from fqtl.model.arrays.variants import Variants
from fqtl.model.priors.effect_prior import EffectPrior
from fqtl.model.priors.single_effects import SingleEffect
from fqtl.model.problem import Problem
from tests.conftest import linked_genotypes

N, P, M, CONSTANT = 150, 60, 6, [18, 39]


@cache
def dosages():
    """(n, p) of which a third are copies, half of these of the other allele; one is constant."""
    rng = np.random.default_rng(3)
    x = linked_genotypes(rng, N, P, correlation=0.8, min_maf=0.1)
    original = np.arange(P)
    original[2::3] = original[1::3]
    x = x[:, original]
    x[:, 5::6] = 2 - x[:, 5::6]
    x[:, CONSTANT] = [1.0, 2.0]  # two that do not vary
    original[CONSTANT] = CONSTANT[0]
    return x, original


@cache
def expression():
    """(n, m) a variant with copies acts in all tissues, another in one."""
    rng, (x, _) = np.random.default_rng(4), dosages()
    y = rng.standard_normal((N, M)) + 0.7 * x[:, [10]] * np.linspace(0.6, 1.4, M)
    y[:, 2] += 1.6 * x[:, 29]
    y[rng.random((N, M)) < 0.3] = np.nan
    return y


def classes_of(x):
    return Copies.among(standardise_genotypes(x).x)


@cache
def fits(**options):
    """With classes of copies, and with a row for every variant."""
    x, y = dosages()[0], expression()
    together = fqtl.fit(y, x, **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Problem, "distinct", Problem.variants)
        return together, fqtl.fit(y, x, **options)


def test_variants_of_the_same_dosages_are_of_one_class_whichever_allele_is_counted():
    x, original = dosages()
    copies = classes_of(x)
    np.testing.assert_array_equal(copies.first[copies.of], original)
    rows = standardise_genotypes(x).x
    np.testing.assert_allclose(rows, rows[original] * copies.sign[:, None], rtol=1e-6)
    assert (copies.sign[5::6] == -1).sum() >= 8


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int8])
def test_any_type_of_dosages_has_the_same_classes(dtype):
    x, _ = dosages()
    np.testing.assert_array_equal(classes_of(x.astype(dtype)).of, classes_of(x).of)


def test_dosages_that_are_not_whole_have_copies_too():
    x = np.random.default_rng(0).uniform(0, 2, (N, 5))
    x[:, 3] = x[:, 1]
    np.testing.assert_array_equal(classes_of(x).first, [0, 1, 2, 4])


def test_a_missing_dosage_tells_a_variant_from_its_copy():
    x = dosages()[0][:, :6].copy()
    carrier = int(np.flatnonzero(x[:, 1] != x[:, 1].mean())[0])
    x[carrier, 2] = np.nan
    np.testing.assert_array_equal(classes_of(x).first, [0, 1, 2, 3, 4])
    x[carrier, 1] = np.nan
    np.testing.assert_array_equal(classes_of(x).first, [0, 1, 3, 4])


def test_rows_of_the_same_key_are_copies_only_if_all_their_values_are():
    rng = np.random.default_rng(1)
    row, key = rng.standard_normal(N), np.random.default_rng(0).standard_normal(N)
    # what is added is orthogonal to the vector that keys are products with
    change = rng.standard_normal(N)
    change -= key * (change @ key) / (key @ key)
    x = np.array([row, row + 0.01 * change, -row, row - change])
    copies = Copies.among(x)
    np.testing.assert_array_equal(copies.of, [0, 1, 0, 2])
    np.testing.assert_array_equal(copies.sign, [1, 1, -1, 1])


def test_a_variant_that_differs_in_one_donor_is_no_copy():
    x = np.repeat(dosages()[0][:, :1], 2, axis=1)
    x[7, 1] = 1.0 if x[7, 1] != 1.0 else 2.0
    assert len(classes_of(x).first) == 2


@pytest.mark.parametrize("options", [{}, {"factored": False}, {"background_probability": 0.99}])
def test_a_fit_of_classes_is_the_fit_of_all_variants(options):
    together, apart = fits(**options)
    assert together.elbo_trace[-1] == pytest.approx(apart.elbo_trace[-1], abs=1e-5)
    for name in ("variants", "tissues", "specific"):
        one, other = getattr(together, name), getattr(apart, name)
        for part in fields(one):
            # a background has float32 rows behind it: 1e-6 of logarithms of some 20 nats
            np.testing.assert_allclose(
                getattr(one, part.name),
                getattr(other, part.name),
                rtol=1e-6,
                atol=2e-6,
                err_msg=part.name,
            )
    np.testing.assert_allclose(together.effects, apart.effects, atol=2e-6)
    assert together.rank >= (options.get("factored", True))
    # a background has float32 rows behind it, of another length
    np.testing.assert_allclose(together.background_variance, apart.background_variance, atol=1e-4)


def test_a_fit_of_classes_has_the_credible_sets_of_all_variants():
    together, apart = fits()
    assert len(together.credible_sets) == len(apart.credible_sets) > 1
    for one, other in zip(together.credible_sets, apart.credible_sets, strict=True):
        assert sorted(one.variants) == sorted(other.variants)
        assert (one.pip, one.purity) == pytest.approx((other.pip, other.purity), abs=1e-5)
        assert one.coverage == pytest.approx(other.coverage, abs=1e-5)


def test_copies_share_a_posterior_and_the_other_allele_has_the_other_sign():
    fit, (x, original) = fits()[0], dosages()
    pip = fit.variants.pip[:, 0]
    np.testing.assert_array_equal(pip, pip[original])
    assert pip.max() > 0.3
    sign = classes_of(x).sign
    np.testing.assert_allclose(
        fit.variants.mean[:, 0], fit.variants.mean[original, 0] * sign * sign[original]
    )
    assert not fit.effects[CONSTANT].any()


def test_a_class_is_spread_over_its_variants_and_nothing_is_lost():
    x = Variants.distinct(standardise_genotypes(dosages()[0]).x)
    assert (x.p, x.n_variants) == (len(np.unique(dosages()[1])), P)
    y = np.nan_to_num(expression()[:, 0])
    prior = EffectPrior(0.3, 10.0)
    effect = SingleEffect.best(x, y - y.mean(), np.ones(N), prior)
    spread = effect.spread(x.copies)
    np.testing.assert_allclose(
        np.bincount(x.copies.of[spread.index], spread.alpha, x.p)[effect.index], effect.alpha
    )
    assert (np.diff(spread.index) > 0).all()
    assert spread.kl(prior) == pytest.approx(effect.kl(prior), rel=1e-12)
    assert spread.pip == pytest.approx(spread.alpha.sum()) == pytest.approx(effect.alpha.sum())
