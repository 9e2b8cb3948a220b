import numpy as np
import pandas as pd
import pytest

from fqtl.data.expression import Expression
from fqtl.errors import FqtlError
from fqtl.prepare.expression_store import read_prepared, write_prepared
from fqtl.prepare.settings import PrepareSettings
from fqtl.prepare.tissue import prepare_tissue
from fqtl.shards import shard_file
from fqtl.shards.assignment import assign_shards, list_genes
from fqtl.shards.shard_file import genes_of_release, read_shard, shard_paths, write_shards

DONORS = [f"d{i}" for i in range(50)]


def genes(*rows, reason=""):
    frame = pd.DataFrame(rows, columns=["gene_id", "chrom", "tss"])
    return frame.assign(reason=reason)


def test_genes_are_the_union_of_tissues_in_the_order_of_the_genome():
    liver = genes(("ENSG2.1", "chr10", 5), ("ENSG1.3", "chr2", 9))
    lung = genes(("ENSG1.4", "chr2", 9), ("ENSG3.1", "chr2", 1))
    found = list_genes([("liver", liver), ("lung", lung)], ["2", "10"], ["2", "10"])
    assert found["gene_id"].tolist() == ["ENSG3.1", "ENSG1.3", "ENSG2.1"]
    assert found["n_tissues"].tolist() == [1, 2, 1]


def test_a_gene_that_is_not_fitted_says_why():
    liver = genes(("a", "chrX", 5), ("b", "chr1", 5), ("c", "chr2", 5))
    liver = liver.assign(reason=["", "constant", ""])
    lung = genes(("b", "chr1", 5), reason="constant expression")
    found = list_genes([("liver", liver), ("lung", lung)], ["1", "2"], ["chr1", "chrX"])
    reasons = found.set_index("gene_id")["reason"]
    assert reasons["a"] == "chrX is not among genes.chromosomes"
    assert reasons["c"] == "chr2 is not in the genotypes"
    assert reasons["b"] == "usable in no tissue"


def test_a_gene_in_two_places_is_refused():
    with pytest.raises(FqtlError) as fault:
        list_genes(
            [("liver", genes(("a", "chr1", 5))), ("lung", genes(("a", "chr1", 6)))], ["1"], ["1"]
        )
    assert "a is at chr1:5 in liver but at chr1:6 in lung (1 genes differ)" in str(fault.value)


def many_genes(seed, n_chromosomes=5):
    """Chromosome and cost of genes, as uneven as windows of a genome are."""
    rng = np.random.default_rng(seed)
    chrom = np.repeat([f"chr{i}" for i in range(n_chromosomes)], rng.integers(5, 80, n_chromosomes))
    return list(chrom), rng.gamma(2.0, 1.0, len(chrom))


@pytest.mark.parametrize("count", [1, 3, 5, 12, 60, 1000])
def test_shards_are_runs_of_neighbours_and_all_genes_are_in_one(count):
    chrom, cost = many_genes(0)
    shard = assign_shards(chrom, cost, count)
    assert (np.diff(shard) >= 0).all()
    assert shard[0] == 0
    assert shard.max() < count


@pytest.mark.parametrize("count", [5, 12, 60])
def test_a_shard_is_of_one_chromosome_and_costs_its_share_or_one_gene_more(count):
    chrom, cost = many_genes(1)
    shard = assign_shards(chrom, cost, count)
    assert all(len({chrom[i] for i in np.flatnonzero(shard == k)}) <= 1 for k in range(count))
    for name in set(chrom):
        mine = np.array(chrom) == name
        of_each = np.bincount(shard[mine] - shard[mine].min(), cost[mine])
        assert of_each.max() <= cost[mine].sum() / len(of_each) + cost[mine].max()


def test_the_chromosome_whose_shards_cost_most_gets_the_next_one():
    shard = assign_shards(["1"] * 6 + ["2"] * 2, np.ones(8), 4)
    assert shard.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_fewer_shards_than_chromosomes_run_over_from_one_to_the_next():
    assert assign_shards(["1", "2", "3", "4"], np.ones(4), 2).tolist() == [0, 0, 1, 1]


def test_a_dear_gene_is_alone_and_cheap_ones_are_together():
    assert assign_shards(["1"] * 5, np.array([1, 1, 8, 1, 1.0]), 3).tolist() == [0, 0, 1, 2, 2]


def stored(tmp_path, name, gene_rows, samples, seed, min_samples=30):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(gene_rows, columns=["gene_id", "chrom", "tss"])
    values = rng.standard_normal((len(frame), len(samples)))
    expression = Expression(frame, values, list(samples), {})
    prepared = prepare_tissue(expression, None, DONORS, PrepareSettings(min_samples=min_samples))
    path = tmp_path / f"{name}.parquet"
    write_prepared(path, name, prepared)
    return read_prepared(path), prepared


@pytest.mark.parametrize("open_at_once", [1, 200])
def test_shards_hold_every_gene_in_every_tissue_as_it_was_prepared(
    tmp_path, monkeypatch, open_at_once
):
    monkeypatch.setattr(shard_file, "OPEN_AT_ONCE", open_at_once)
    rows = [("g1", "chr1", 5), ("g2", "chr1", 9), ("g3", "chr2", 1)]
    liver, in_liver = stored(tmp_path, "liver", rows, DONORS[:40], 0)
    lung, in_lung = stored(tmp_path, "lung", rows[1:], DONORS[10:], 1)
    tiny, _ = stored(tmp_path, "tiny", rows, DONORS[:3], 2)
    listed = list_genes([(t.name, t.genes) for t in (liver, lung, tiny)], ["1", "2"], ["1", "2"])
    paths = shard_paths(tmp_path / "shards", 2)
    write_shards(
        paths, [liver, lung, tiny], listed, assign_shards(["1", "1", "1"], np.ones(3), 2), DONORS
    )

    found = [gene for path in paths for gene in read_shard(path)[0]]
    assert [gene.gene_id for gene in found] == ["g1", "g2", "g3"]
    assert [gene.tissues for gene in found] == [["liver"], ["liver", "lung"], ["liver", "lung"]]
    assert read_shard(paths[0])[1] == DONORS
    assert [genes_of_release(path) for path in paths] == [3, 3]
    y = found[1].y
    np.testing.assert_allclose(y[:40, 0], in_liver.values[1], rtol=1e-6)
    np.testing.assert_allclose(y[10:, 1], in_lung.values[0], rtol=1e-6)
    assert np.isnan(y[40:, 0]).all()
    assert np.isnan(y[:10, 1]).all()


def test_more_shards_than_genes_leave_some_empty(tmp_path):
    liver, _ = stored(tmp_path, "liver", [("g1", "chr1", 5)], DONORS, 0)
    paths = shard_paths(tmp_path / "shards", 3)
    listed = list_genes([("liver", liver.genes)], ["1"], ["1"])
    write_shards(paths, [liver], listed, assign_shards(["1"], np.ones(1), 3), DONORS)
    assert [len(read_shard(path)[0]) for path in paths] == [1, 0, 0]
