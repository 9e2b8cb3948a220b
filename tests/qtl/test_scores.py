"""The store of one tissue's z-scores, and what is drawn of several."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fqtl.errors import FqtlError
from fqtl.model.summary.donors import noise_correlation
from fqtl.qtl import scores, thinned
from fqtl.qtl.genes import digest_of, keys_of, read_genes
from fqtl.qtl.reader import open_pairs, read_pairs
from fqtl.qtl.scores import ScoreStore, write_scores

HERE = Path(__file__).parent
# of skeletal muscle (FUSION study), 60 kb around the lead variant of HMGCR: see README.md
MUSCLE = HERE / "muscle_hmgcr.tsv.gz"
HMGCR, POLK = "ENSG00000113161", "ENSG00000122008"


def stored(path, tables, digest="d", **about):
    write_scores(path, tables, genes=digest, tissue=path.stem, file=str(path), **about)
    return ScoreStore.open(path)


def made(rng, genes, rows):
    """Rows of genes in any order."""
    pos = rng.integers(1, 1_000_000, rows)
    return pd.DataFrame(
        {
            "gene": rng.integers(0, genes, rows).astype(np.int32),
            "chrom": "1",
            "pos": pos,
            "rsid": "",
            "other_allele": "A",
            "effect_allele": "C",
            "z": rng.standard_normal(rows).astype(np.float32).astype(float),
            "n": 100.0,
            "reason": "",
            "maf": 0.25,
        }
    )


def test_rows_of_a_gene_are_found_whatever_the_order_of_the_file(tmp_path, monkeypatch):
    """In chunks and groups that split genes."""
    monkeypatch.setattr(scores, "CHUNK", 700)
    monkeypatch.setattr(scores, "GROUP", 50)
    table = made(np.random.default_rng(0), 20, 2000)
    parts = [table[i : i + 300] for i in range(0, 2000, 300)]
    store = stored(tmp_path / "Liver.parquet", parts)
    assert len(store.ranges) >= 2000 // 50
    for gene in (0, 7, 19, 7, 20):
        mine = table[table["gene"] == gene].drop(columns="gene").reset_index(drop=True)
        found = store.of_gene(gene).sort_values(["pos", "z"], ignore_index=True)
        pd.testing.assert_frame_equal(
            found,
            mine.sort_values(["pos", "z"], ignore_index=True),
            check_dtype=False,
        )
    counted = store.counted()
    assert counted["rows"].to_dict() == table["gene"].value_counts().to_dict()
    assert (counted["n"] == 100).all()


def test_few_rows_are_in_memory_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(scores, "GROUP", 50)
    store = stored(tmp_path / "Liver.parquet", [made(np.random.default_rng(0), 40, 4000)])
    for gene in range(40):
        store.of_gene(gene)
        assert sum(len(table) for table in store._held.values()) <= scores.HELD * 50


def test_stores_of_another_list_of_genes_are_refused(tmp_path):
    stored(tmp_path / "Liver.parquet", [made(np.random.default_rng(0), 3, 9)], "one")
    with pytest.raises(FqtlError, match="another list of genes"):
        ScoreStore.open(tmp_path / "Liver.parquet", "other")


def test_a_store_of_before_frequencies_were_kept_has_none(tmp_path, monkeypatch):
    table = made(np.random.default_rng(0), 2, 40)
    with monkeypatch.context() as before:
        before.setattr(scores, "STORE", scores.STORE.remove(scores.STORE.get_field_index("maf")))
        store = stored(tmp_path / "old.parquet", [table])
    found = store.of_gene(0)
    assert len(found) == (table["gene"] == 0).sum()
    assert found["maf"].isna().all()


def test_a_real_file_of_the_eqtl_catalogue_is_read_with_its_counts(tmp_path):
    """156 rows of HMGCR, six of them a second rs number of a variant; 288 people."""
    found = read_pairs(MUSCLE, [HMGCR + ".16"])
    assert (found.layout, found.rows, list(found.of_gene)) == ("eQTL Catalogue", 312, [HMGCR])
    rows = found.of_gene[HMGCR]
    assert len(rows) == 156
    assert len(rows.drop_duplicates(["pos", "other_allele", "effect_allele"])) == 150
    assert (rows["n"] == 288).all()
    lead = rows.loc[rows["z"].abs().idxmax()]
    assert (lead["rsid"], lead["effect_allele"]) == ("rs3846662", "G")
    assert lead["z"] == pytest.approx(0.0825859 / 0.0139301)
    assert lead["maf"] == pytest.approx(257 / 576, abs=1e-5)  # of its alleles, ac and an
    layout, parts = open_pairs(MUSCLE, [HMGCR, POLK])
    store = stored(tmp_path / "Muscle.parquet", (part for _, part in parts), layout=layout)
    again = store.of_gene(0)
    assert store.of_gene(1).empty
    assert again["z"].to_numpy() == pytest.approx(rows["z"].to_numpy(), rel=1e-6)
    pd.testing.assert_frame_equal(
        again.drop(columns="z"), rows.drop(columns="z"), check_dtype=False
    )


def test_noise_that_tissues_share_is_seen_through_other_orders_and_alleles(tmp_path):
    """Two tissues of correlation 0.6, one of which counts the other allele, and one alone."""
    rng = np.random.default_rng(3)
    table = made(rng, 50, 20_000).drop_duplicates(["gene", "pos"])
    shared = np.array([[1, 0.6, 0], [0.6, 1, 0], [0, 0, 1]])
    z = rng.standard_normal((len(table), 3)) @ np.linalg.cholesky(shared).T
    swapped = {"other_allele": "C", "effect_allele": "A"}
    order = rng.permutation(len(table))
    stores = [
        stored(tmp_path / "one.parquet", [table.assign(z=z[:, 0])]),
        stored(tmp_path / "two.parquet", [table.assign(z=-z[:, 1], **swapped).iloc[order]]),
        stored(tmp_path / "other.parquet", [table.assign(z=z[:, 2])[: len(table) // 2]]),
    ]
    drawn = thinned.thinned(stores)
    assert list(drawn.columns) == ["one", "two", "other"]
    assert len(drawn) == len(table)
    found = noise_correlation(drawn.to_numpy())
    assert np.abs(found - shared).max() < 0.04  # of 10,000 pairs: 0.01 and what cutting off takes


def test_the_same_variants_are_drawn_in_every_tissue(tmp_path, monkeypatch):
    monkeypatch.setattr(thinned, "PAIRS", 500)
    table = made(np.random.default_rng(4), 50, 10_000).drop_duplicates(["gene", "pos"])
    one = stored(tmp_path / "one.parquet", [table])
    two = stored(tmp_path / "two.parquet", [table.iloc[::-1]])
    drawn = thinned.thinned([one, two])
    assert drawn.notna().all(axis=None)
    assert 350 < len(drawn) < 650
    genes = {name.split(":")[0] for name in drawn.index}
    assert len(genes) > 45


def test_genes_come_from_a_bed_or_a_gtf(tmp_path):
    bed, gtf = tmp_path / "genes.bed", tmp_path / "genes.gtf"
    bed.write_text("#chr\tstart\tend\tgene_id\n2\t99\t100\tg2.1\nchr1\t499\t500\tg1\n")
    gtf.write_text(
        "".join(
            f'{chrom}\tx\t{what}\t{start}\t{end}\t.\t{strand}\t.\tgene_id "{gene}";\n'
            for chrom, start, end, strand, gene in (
                ("chr2", 100, 900, "+", "g2.1"),
                ("chr1", 100, 500, "-", "g1"),
            )
            for what in ("gene", "exon")
        )
    )
    found = read_genes(bed)
    assert found["gene_id"].tolist() == ["g1", "g2.1"]
    assert found["tss"].tolist() == [500, 100]
    assert keys_of(found) == ["g1", "g2.1"]
    pd.testing.assert_frame_equal(found, read_genes(gtf), check_dtype=False)
    assert digest_of(found) == digest_of(read_genes(gtf)) != digest_of(found.iloc[:1])
