import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from fqtl.data.covariates import Covariates
from fqtl.data.expression import Expression
from fqtl.prepare.confounders import design_of, regress_out
from fqtl.prepare.normalise import inverse_normal, standardise
from fqtl.prepare.settings import PrepareSettings
from fqtl.prepare.tissue import prepare_tissue

DONORS = [f"d{i}" for i in range(40)]


def expression(values, samples=DONORS):
    genes = pd.DataFrame(
        {"gene_id": [f"g{i}" for i in range(len(values))], "chrom": "chr1", "tss": 100}
    )
    return Expression(genes, np.asarray(values, dtype=float), list(samples), {})


def prepared(values, covariates=None, genotyped=DONORS, ranks=False, min_samples=30):
    settings = PrepareSettings(
        scale="inverse_normal" if ranks else "as_given", min_samples=min_samples
    )
    return prepare_tissue(expression(values), covariates, list(genotyped), settings)


def test_ranks_become_normal_quantiles():
    found = inverse_normal(np.array([[3.0, 1.0, 100.0, np.nan, 1.0]]))
    expected = norm.ppf(np.array([3, 1.5, 4, np.nan, 1.5]) / 5)
    np.testing.assert_allclose(found, [expected])


def test_residuals_are_those_of_least_squares_and_uncorrelated_with_covariates():
    rng = np.random.default_rng(0)
    covariates, values = rng.standard_normal((40, 3)), rng.standard_normal((5, 40))
    values[2, 7] = np.nan
    design = design_of(covariates)
    residual = regress_out(values, design)
    columns = np.column_stack([np.ones(40), covariates])
    for row, found in zip(values, residual, strict=True):
        seen = np.isfinite(row)
        effect = np.linalg.lstsq(columns[seen], row[seen], rcond=None)[0]
        np.testing.assert_allclose(found[seen], row[seen] - columns[seen] @ effect, atol=1e-10)
    assert np.isnan(residual[2, 7])


def test_constant_and_collinear_covariates_add_nothing():
    rng = np.random.default_rng(1)
    one = rng.standard_normal(40)
    design = design_of(np.column_stack([one, 3 * one + 2, np.full(40, 7.0), np.zeros(40)]))
    assert design.shape == (40, 2)


def test_prepared_expression_has_unit_variance_in_the_order_of_the_genotypes():
    rng = np.random.default_rng(2)
    values = rng.standard_normal((3, 40)) * 5 + 2
    found = prepared(values, genotyped=[*DONORS[::-1], "stranger"])
    assert found.donors == DONORS[::-1]
    expected = (values - values.mean(axis=1, keepdims=True)) / values.std(axis=1, keepdims=True)
    np.testing.assert_allclose(found.values, expected[:, ::-1], atol=1e-10)
    assert (found.genes["reason"] == "").all()


def test_donors_without_genotypes_or_covariates_are_counted():
    rng = np.random.default_rng(3)
    covariates = Covariates(["c"], rng.standard_normal((38, 1)), DONORS[:38])
    found = prepared(rng.standard_normal((2, 40)), covariates, genotyped=DONORS[3:])
    assert found.donors == DONORS[3:38]
    assert found.donors_without == {"genotypes": 3, "covariates": 2}
    assert found.covariates == 1


def test_a_gene_that_cannot_be_used_says_why():
    rng = np.random.default_rng(4)
    covariate = rng.standard_normal(40)
    values = np.vstack(
        [
            rng.standard_normal(40),
            np.full(40, 3.14),
            np.where(np.arange(40) < 8, 1.0, np.nan),
            2 * covariate + 1,
        ]
    )
    found = prepared(values, Covariates(["c"], covariate[:, None], DONORS))
    assert found.genes["reason"].tolist() == [
        "",
        "constant expression",
        "too few values for the covariates",
        "nothing left after covariates",
    ]
    assert np.isnan(found.values[1:]).all()
    assert np.isfinite(found.values[0]).all()


@pytest.mark.parametrize(
    ("donors", "columns", "reason"),
    [
        (3, 0, "3 donors with genotypes and covariates, fewer than 30"),
        (40, 32, "40 donors and 32 covariates leave 7 degrees of freedom, fewer than 10"),
        (0, 0, "0 donors with genotypes and covariates, fewer than 30"),
    ],
)
def test_a_tissue_that_is_too_small_is_left_out_with_the_reason(donors, columns, reason):
    rng = np.random.default_rng(5)
    covariates = Covariates(
        [f"c{i}" for i in range(columns)], rng.standard_normal((40, columns)), DONORS
    )
    found = prepared(rng.standard_normal((2, 40)), covariates, genotyped=DONORS[:donors])
    assert found.reason == reason
    assert found.genes["reason"].tolist() == [f"tissue left out: {reason}"] * 2
    assert np.isnan(found.values).all()


def test_standardising_leaves_missing_values_missing():
    found, constant = standardise(np.array([[1.0, np.nan, 3.0], [2.0, 2.0, np.nan]]))
    np.testing.assert_array_equal(found, [[-1, np.nan, 1], [np.nan] * 3])
    assert constant.tolist() == [False, True]
