import numpy as np
import pytest

from fqtl.prepare.concerns import about_counts, about_freedom, about_tails

DONORS = [f"d{i}" for i in range(150)]


def said(values, scale="as_given"):
    return about_tails(values, [f"g{i}" for i in range(len(values))], DONORS, scale)


def with_outliers(rng, genes):
    values = rng.standard_normal((genes, 150))
    return np.where(rng.random(values.shape) < 0.02, 30 * values, values)


@pytest.mark.parametrize("genes", [1, 12, 2500])
def test_heavy_tails_are_told_with_the_worst_of_them(genes):
    values = with_outliers(np.random.default_rng(0), genes)
    values[0, 7] = 1e4
    told = said(values)
    assert "the most extreme value is 12.2 standard deviations from the mean, of g0 in d7" in told
    assert "set prepare.scale: inverse_normal" in told


@pytest.mark.parametrize("donors", [30, 150])
def test_of_normal_values_there_is_nothing_to_tell(donors):
    values = np.random.default_rng(1).standard_normal((500, donors))
    values[:, 3] = np.nan
    assert said(values) == ""


def test_an_effect_of_a_common_variant_is_no_heavy_tail():
    rng = np.random.default_rng(2)
    copies = rng.binomial(2, 0.1, (200, 150))
    assert said(rng.standard_normal((200, 150)) + 2 * copies) == ""


def test_ranks_and_raw_values_are_not_asked():
    values = with_outliers(np.random.default_rng(0), 12)
    assert said(values, "inverse_normal") == said(values, "raw") == ""


def test_counts_that_are_said_to_be_normalised_are_told():
    rng = np.random.default_rng(3)
    counts = rng.poisson(500, (12, 30)).astype(float)
    counts[2, 3] = np.nan
    told = about_counts(counts, False, "as_given")
    assert "all 359 values are whole numbers from " in told
    assert "Set prepare.values: counts" in told
    assert about_counts(counts, False, "inverse_normal")
    assert about_counts(counts, True, "inverse_normal") == about_counts(counts, False, "raw") == ""
    for other in (counts + 0.5, counts - counts.mean(), counts % 3, np.full((2, 9), np.nan)):
        assert about_counts(other, False, "as_given") == ""


def test_genes_that_do_not_vary_are_passed_over():
    assert said(np.ones((4, 150))) == said(np.full((4, 150), np.nan)) == ""


def test_more_covariates_than_donors_are_told_with_their_number():
    told = about_freedom(40, 35, 0)
    assert "40 donors and 35 covariates leave 4 degrees of freedom, fewer than 10" in told
    assert "the tissue will be left out" in told
    assert "60 components of expression leave 0 degrees" in about_freedom(40, 5, 60)
    assert about_freedom(40, 29, None) == ""
