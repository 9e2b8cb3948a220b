from dataclasses import replace

import numpy as np
import pytest

import fqtl
from fqtl.data.gene import GeneData
from fqtl.gene.permutations import (
    PermutationPlan,
    conditionally_permuted,
    draw_permutations,
    permutations_for,
    permuted,
)

PLAN = PermutationPlan(permutations=4, exceedances=2, permute="donors", conditional=2, seed=1)


def rows(matrix):
    """Rows in an order of their own, NaN as a number."""
    return sorted(map(tuple, np.nan_to_num(matrix, nan=99.0)))


@pytest.fixture
def counted(gene):
    """The gene with sizes of its libraries, which here are twice the values."""
    return GeneData("g", "chr1", 1, [f"t{i}" for i in range(12)], gene.y, 2 * gene.y)


def fit(x):
    """Of a gene whose donors stand in some order beside x."""
    return lambda gene, order: fqtl.fit(gene.y[order], x)


def test_permuted_donors_keep_what_tissues_share_and_which_are_missing(gene, counted):
    same, order = permuted(counted, "donors", np.random.default_rng(0))
    assert same is counted
    assert sorted(order) == list(range(len(gene.y)))
    assert (order != np.arange(len(gene.y))).mean() > 0.9


def test_permuted_tissues_keep_what_each_donor_lacks(gene, counted):
    found, order = permuted(counted, "tissues", np.random.default_rng(0))
    np.testing.assert_array_equal(order, np.arange(len(gene.y)))
    np.testing.assert_array_equal(np.isnan(found.y), np.isnan(gene.y))
    for before, after in zip(gene.y.T, found.y.T, strict=True):
        assert sorted(before[~np.isnan(before)]) == sorted(after[~np.isnan(after)])
    assert rows(found.y) != rows(gene.y)


def test_some_tissues_are_permuted_together_and_the_others_stay(gene, counted):
    mixed, part = conditionally_permuted(counted, np.random.default_rng(0))
    rest = np.setdiff1d(np.arange(gene.y.shape[1]), part)
    assert 0 < len(part) < len(rest)
    np.testing.assert_array_equal(mixed.y[:, rest], gene.y[:, rest])
    assert rows(mixed.y[:, part]) == rows(gene.y[:, part])
    assert rows(mixed.y) != rows(gene.y)


@pytest.mark.parametrize("how", ["tissues", "part"])
def test_the_size_of_a_library_goes_with_its_values(gene, counted, how):
    rng = np.random.default_rng(0)
    if how == "part":
        found, _ = conditionally_permuted(counted, rng)
    else:
        found, _ = permuted(counted, how, rng)
    np.testing.assert_array_equal(found.offset, 2 * found.y)


def test_a_draw_is_the_same_whatever_was_drawn_before(gene, counted):
    known, seen = fqtl.fit(gene.y, gene.x), []

    def remember(_, order):
        seen.append(order)
        return known

    def draws(name):
        seen.clear()
        draw_permutations(replace(counted, gene_id=name), np.inf, remember, PLAN)
        return list(seen)

    first, again, other = draws("g"), draws("g"), draws("another")
    assert (first[0] != first[1]).any()
    np.testing.assert_array_equal(first[1], again[1])
    assert (other[0] != first[0]).any()


@pytest.mark.parametrize(("observed", "draws"), [(np.inf, 4), (-1.0, 2)])
def test_drawing_stops_when_enough_nulls_reached_the_data(gene, counted, observed, draws):
    known = fqtl.fit(gene.y, gene.x[::-1])
    assert len(draw_permutations(counted, observed, lambda *_: known, PLAN).statistics) == draws


def test_a_gene_with_an_effect_stands_out_from_its_nulls(gene, counted):
    own = fqtl.fit(gene.y, gene.x)
    found = draw_permutations(counted, own.neg_log_null_prob, fit(gene.x), PLAN)
    assert own.neg_log_null_prob > 10 + max(found.statistics)
    acts = gene.genetic.std(axis=0) > 0
    assert own.tissue_pip[acts].mean() > 0.8
    assert np.mean([pip for _, _, pip in found.tissues]) < 0.3


def test_one_tissue_has_no_others_to_be_permuted_beside(gene):
    alone = GeneData("g", "chr1", 1, ["t0"], gene.y[:, :1])
    known = fqtl.fit(alone.y, gene.x)
    assert draw_permutations(alone, np.inf, lambda *_: known, PLAN).tissues == []


def test_a_release_of_whatever_size_can_find_a_tenth_of_its_genes_at_five_percent():
    for genes in range(1, 3000):
        found = max(genes // 10, 1)
        draws = permutations_for("auto", genes)
        # of so many genes above all permuted fits, p is 1 / (1 + draws of all genes)
        assert genes / (found * (1 + genes * draws)) < 0.05
        assert draws == 1 or found < 20


def test_a_number_that_is_asked_for_is_taken():
    assert [permutations_for(asked, 3) for asked in (0, 1, 100)] == [0, 1, 100]
    assert [permutations_for("auto", genes) for genes in (1, 30, 100, 20_000)] == [20, 7, 2, 1]
