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


def test_memory_does_not_grow_with_the_span_of_a_shard_but_with_its_expression():
    few, many = np.full(10, 5000.0), np.full(200, 5000.0)
    small = megabytes_of_shard(838, few, np.full(10, 49), 2_000_000)
    large = megabytes_of_shard(838, many, np.full(200, 49), 2_000_000)
    expression = 838 * 190 * 49 * 4 / 1e6
    assert expression < large - small < 10 * expression
    assert large < 1500


def test_a_plan_has_a_row_for_every_shard_that_has_genes():
    genes = pd.DataFrame(
        {
            "gene_id": ["a", "b", "c"],
            "chrom": "chr1",
            "tss": [100, 5000, 9000],
            "n_tissues": [3, 4, 5],
            "n_variants": [100.0, 200.0, 300.0],
            "cpu_seconds": [10.0, 20.0, 40.0],
        }
    )
    plan = plan_shards(genes, np.array([0, 0, 2]), 100, 10_000)
    assert list(plan) == list(COLUMNS["plan"])
    assert plan["shard"].tolist() == ["0001", "0003"]
    assert plan[["first_gene", "last_gene"]].values.tolist() == [["a", "b"], ["c", "c"]]
    assert (plan["cpu_seconds"] - [30, 40]).between(0, 5).all()
