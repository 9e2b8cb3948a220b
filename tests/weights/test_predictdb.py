"""The files, read as their readers read them, give the statistic that their weights define."""

import gzip
import sqlite3

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from fqtl.analyse import dosage_covariance
from fqtl.fits import FITS, covariance_of, explode
from fqtl.weights.predictdb import passing, tissue_weights, write_predictdb


def record(gene_id, dosages, weights, *, rsids=None, r2=0.25, p=1e-4, pip=1.0, tissue="Liver"):
    """Row of the store for one gene whose weights are known; dosages (v, n)."""
    variants = [
        {
            "variant_id": f"chr1_{100 + i}_A_G_b38",
            "rsid": (rsids or [f"rs{i}" for i in range(len(weights))])[i],
            "pos": 100 + i,
            "other_allele": "A",
            "effect_allele": "G",
        }
        for i in range(len(weights))
    ]
    row = dict.fromkeys(FITS.names)
    row.update(
        gene_id=gene_id,
        chrom="chr1",
        tss=100,
        status="fitted",
        reason="",
        variants=variants,
        factors=[],
        specific=[],
        credible_sets=[],
        dropped_variants=[],
        variant_loadings=[],
        tissue_loadings=[],
        weights=[{"tissue": tissue, "variant": i, "weight": w} for i, w in enumerate(weights) if w],
        prediction=[
            {
                "tissue": tissue,
                "n_donors": 70,
                "pip": pip,
                "r": np.sqrt(r2),
                "r2": r2,
                "p": p,
                "fold_r2": r2,
                "fold_p": p,
            }
        ],
        covariance=dosage_covariance(dosages),
    )
    return row


def store(*records):
    return pa.Table.from_pylist(list(records), schema=FITS).combine_chunks()


def s_predixcan(folder, tissue, gene, z_gwas):
    """Z of one gene as S-PrediXcan computes it: sum of w_l (sd_l / sd_gene) z_l."""
    with sqlite3.connect(folder / f"{tissue}.db") as connection:
        weights = pd.read_sql(f"SELECT * FROM weights WHERE gene = '{gene}'", connection)
    pairs = pd.read_csv(folder / f"{tissue}.txt.gz", sep=r"\s+")
    pairs = pairs[pairs["GENE"] == gene]
    ids = list(weights["rsid"])
    covariance = np.full((len(ids), len(ids)), np.nan)
    for row in pairs.itertuples():
        i, j = ids.index(row.RSID1), ids.index(row.RSID2)
        covariance[i, j] = covariance[j, i] = row.VALUE
    w = weights["weight"].to_numpy()
    sd = np.sqrt(np.diag(covariance))
    return float((w * sd * [z_gwas[i] for i in ids]).sum() / np.sqrt(w @ covariance @ w))


CONSTRUCTION = {"software": "fqtl", "genome_build": "GRCh38"}


def test_the_files_give_the_exact_statistic(tmp_path):
    rng = np.random.default_rng(0)
    dosages = rng.integers(0, 3, (3, 200)).astype(float)
    dosages[2] = np.where(rng.random(200) < 0.8, dosages[1], dosages[2])  # linked
    w, z = np.array([0.3, -0.2, 0.5]), np.array([2.0, -1.0, 3.0])
    model = tissue_weights(store(record("g1", dosages, w)), "Liver")
    write_predictdb(tmp_path, model, CONSTRUCTION)

    sigma = np.cov(dosages)
    exact = (w * np.sqrt(np.diag(sigma)) * z).sum() / np.sqrt(w @ sigma @ w)
    found = s_predixcan(tmp_path, "Liver", "g1", dict(zip(["rs0", "rs1", "rs2"], z, strict=True)))
    assert found == pytest.approx(exact, rel=1e-8)


def test_the_schema_is_what_readers_ask_for(tmp_path):
    rng = np.random.default_rng(1)
    fits = store(
        record("g1", rng.integers(0, 3, (2, 50)), [0.1, 0.2]),
        record("g2", rng.integers(0, 3, (1, 50)), [0.4]),
    )
    path = write_predictdb(tmp_path, tissue_weights(fits, "Liver"), CONSTRUCTION)
    with sqlite3.connect(path) as connection:
        weights = pd.read_sql("SELECT * FROM weights", connection)
        extra = pd.read_sql("SELECT * FROM extra", connection)
        info = pd.read_sql("SELECT * FROM sample_info", connection)
        indexes = pd.read_sql("SELECT name FROM sqlite_master WHERE type = 'index'", connection)
    assert list(weights) == ["gene", "rsid", "varID", "ref_allele", "eff_allele", "weight"]
    for name in ("genename", "gene_type", "n.snps.in.model", "pred.perf.R2", "pred.perf.pval"):
        assert extra[name].notna().all()
    assert extra["n.snps.in.model"].tolist() == [2, 1]
    assert extra["pred.perf.qval"].notna().all()
    assert extra["gene"].is_unique
    assert info.iloc[0].to_dict() == {"n_samples": 70, "population": "", "tissue": "Liver"}
    wanted = {"weights_rsid", "weights_gene", "weights_rsid_gene", "gene_model_summary"}
    assert wanted <= set(indexes["name"])


def test_an_rsid_is_never_null(tmp_path):
    rng = np.random.default_rng(2)
    fits = store(record("g1", rng.integers(0, 3, (2, 50)), [0.1, 0.2], rsids=["rs5", ""]))
    model = tissue_weights(fits, "Liver")
    assert model.weights["rsid"].tolist() == ["rs5", "chr1_101_A_G_b38"]
    assert model.covariance[0][1] == ["rs5", "chr1_101_A_G_b38"]


def test_an_rsid_names_one_variant_of_a_gene():
    rng = np.random.default_rng(2)
    dosages = rng.integers(0, 3, (3, 50))
    alleles = record("g1", dosages, [0.1, 0.2, 0.3], rsids=["rs5", "rs5", "rs6"])
    model = tissue_weights(store(alleles, record("g2", dosages[:1], [0.1], rsids=["rs5"])), "Liver")
    assert model.weights["rsid"].tolist() == ["chr1_100_A_G_b38", "chr1_101_A_G_b38", "rs6", "rs5"]


def test_every_pair_of_a_gene_is_in_the_covariance_and_no_other(tmp_path):
    rng = np.random.default_rng(3)
    dosages = rng.integers(0, 3, (3, 50)).astype(float)
    fits = store(record("g1", dosages, [0.1, 0.0, 0.2]), record("g2", dosages, [0.0, 0.3, 0.0]))
    write_predictdb(tmp_path, tissue_weights(fits, "Liver"), CONSTRUCTION)
    text = gzip.decompress((tmp_path / "Liver.txt.gz").read_bytes()).decode().splitlines()
    assert text[0] == "GENE RSID1 RSID2 VALUE"
    assert [line.split()[:3] for line in text[1:]] == [
        ["g1", "rs0", "rs0"],
        ["g1", "rs0", "rs2"],
        ["g1", "rs2", "rs2"],
        ["g2", "rs1", "rs1"],
    ]


def test_the_filter_is_that_of_released_models():
    rng = np.random.default_rng(4)
    dosages = rng.integers(0, 3, (1, 50))
    fits = store(
        record("good", dosages, [0.1], r2=0.02, p=0.01),
        record("weak", dosages, [0.1], r2=0.0099, p=0.01),
        record("unsure", dosages, [0.1], r2=0.5, p=0.06),
        record("lucky", dosages, [0.1], r2=0.5, p=0.01, pip=0.09),
    )
    model = tissue_weights(fits, "Liver")
    kept = passing(model, min_cv_r=0.1, max_cv_p=0.05, min_gene_pip=0.1)
    assert list(kept) == ["good"]
    assert list(model.among(kept).weights["gene"]) == ["good"]
    assert list(model.among(kept).pip) == [1.0]


def test_a_tissue_gets_its_own_genes_only():
    rng = np.random.default_rng(5)
    dosages = rng.integers(0, 3, (1, 50))
    fits = store(record("g1", dosages, [0.1]), record("g2", dosages, [0.2], tissue="Lung"))
    assert list(tissue_weights(fits, "Lung").weights["gene"]) == ["g2"]
    assert tissue_weights(fits, "Brain").weights.empty


def test_a_genotype_that_is_missing_stands_at_the_mean_in_the_covariance():
    dosages = np.array([[0.0, 2.0, np.nan, 1.0], [1.0, 0.0, 2.0, 1.0]])
    filled = dosages.copy()
    filled[0, 2] = 1.0
    found = covariance_of(dosage_covariance(dosages), 2)
    np.testing.assert_allclose(found, np.cov(filled))


def test_entries_of_a_list_carry_the_variant_they_point_to():
    rng = np.random.default_rng(6)
    dosages = rng.integers(0, 3, (2, 20))
    skipped = {**dict.fromkeys(FITS.names), "gene_id": "none", "status": "skipped"}
    fits = store(record("g1", dosages, [0.1, 0.2]), skipped, record("g2", dosages, [0.0, 0.3]))
    found = explode(fits, "weights")
    assert found["gene_id"].tolist() == ["g1", "g1", "g2"]
    assert found["pos"].tolist() == [100, 101, 101]
    assert explode(store(skipped), "weights").empty
