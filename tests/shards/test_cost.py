import numpy as np
import pandas as pd
import pytest

from fqtl.shards.cost import Runs, megabytes_of_shard, plan_shards, seconds_of_genes
from fqtl.tables.columns import COLUMNS


def test_a_gene_of_gtex_size_takes_half_a_second():
    once = seconds_of_genes(838, np.array([5000.0]), np.array([49]), Runs(folds=0, permutations=0))
    assert once[0] == pytest.approx(0.5, rel=0.2)


def test_five_folds_cost_four_fits_and_a_null_one():
    p, m = np.array([5000.0]), np.array([49])
    once = seconds_of_genes(838, p, m, Runs(0, 0))
    np.testing.assert_allclose(seconds_of_genes(838, p, m, Runs(folds=5, permutations=1)), 6 * once)


def test_a_yardstick_costs_the_gene_that_has_it_and_no_other():
    compared = np.array([True, False])
    np.testing.assert_allclose(Runs(5, 0).fits(compared) - Runs(5, 0).fits(), [200, 0])
    # without folds there is none
    np.testing.assert_allclose(Runs(0, 1).fits(compared), Runs(0, 1).fits())


def genes_of(count, p=5000.0, m=49, between=10_000):
    """Genes of one size, so many base pairs from each other."""
    tss = 1_000_000 + between * np.arange(count)
    return pd.DataFrame({"tss": tss, "n_variants": p, "n_tissues": m, "compared": False})


def test_memory_does_not_grow_with_the_span_of_a_shard_but_with_its_expression():
    near, far = (megabytes_of_shard(838, genes_of(9, between=b), 2_000_000) for b in (1e6, 1e7))
    assert near == far
    # what is read but once is less, of genes that are near each other
    assert megabytes_of_shard(838, genes_of(9, between=1e4), 2_000_000) < near
    small, large = (megabytes_of_shard(838, genes_of(n, between=1e6), 2_000_000) for n in (10, 200))
    expression = 838 * 190 * 49 * 4 / 1e6
    assert expression < large - small < 10 * expression
    assert large < 1500


def test_an_elastic_net_takes_memory_of_its_own():
    without = genes_of(5)
    one = without.assign(compared=[False, True, False, False, False])
    took = megabytes_of_shard(838, one, 2_000_000) - megabytes_of_shard(838, without, 2_000_000)
    assert 40 < took < 200


def test_a_plan_has_a_row_for_every_shard_that_has_genes():
    genes = pd.DataFrame(
        {
            "gene_id": ["a", "b", "c"],
            "chrom": "chr1",
            "tss": [100, 5000, 9000],
            "n_tissues": [3, 4, 5],
            "n_variants": [100.0, 200.0, 300.0],
            "cpu_seconds": [10.0, 20.0, 40.0],
            "compared": False,
        }
    )
    plan = plan_shards(genes, np.array([0, 0, 2]), 100, 10_000)
    assert list(plan) == list(COLUMNS["plan"])
    assert plan["shard"].tolist() == ["0001", "0003"]
    assert plan[["first_gene", "last_gene"]].values.tolist() == [["a", "b"], ["c", "c"]]
    assert (plan["cpu_seconds"] - [30, 40]).between(0, 5).all()
