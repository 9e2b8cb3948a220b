"""The files, read as their readers read them, give the statistic that their weights define."""

import gzip
import sqlite3
from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from fqtl.data.dosages import dosage_covariance
from fqtl.errors import FqtlError
from fqtl.tables.fits import FITS, covariance_of, explode
from fqtl.weights.from_fits import tissue_weights
from fqtl.weights.predictdb import read_predictdb, write_predictdb
from fqtl.weights.weight_set import passing
from tests.weights.records import record, store


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


CONSTRUCTION = {"software": "fqtl"}


def test_the_files_give_the_exact_statistic(tmp_path):
    rng = np.random.default_rng(0)
    dosages = rng.integers(0, 3, (3, 200)).astype(float)
    dosages[2] = np.where(rng.random(200) < 0.8, dosages[1], dosages[2])  # linked
    w, z = np.array([0.3, -0.2, 0.5]), np.array([2.0, -1.0, 3.0])
    model = tissue_weights(store(record("g1", dosages, w)), "Liver", "GRCh38")
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
    path = write_predictdb(tmp_path, tissue_weights(fits, "Liver", "GRCh38"), CONSTRUCTION)
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
    model = tissue_weights(fits, "Liver", "GRCh38")
    assert model.names("rsid").tolist() == ["rs5", "chr1_101_A_G_b38"]
    assert model.names("varID").tolist() == ["chr1_100_A_G_b38", "chr1_101_A_G_b38"]


def test_an_rsid_names_one_variant_of_a_gene():
    rng = np.random.default_rng(2)
    dosages = rng.integers(0, 3, (3, 50))
    alleles = record("g1", dosages, [0.1, 0.2, 0.3], rsids=["rs5", "rs5", "rs6"])
    model = tissue_weights(
        store(alleles, record("g2", dosages[:1], [0.1], rsids=["rs5"])), "Liver", "GRCh38"
    )
    assert model.names("rsid").tolist() == ["chr1_100_A_G_b38", "chr1_101_A_G_b38", "rs6", "rs5"]


def test_every_pair_of_a_gene_is_in_the_covariance_and_no_other(tmp_path):
    rng = np.random.default_rng(3)
    dosages = rng.integers(0, 3, (3, 50)).astype(float)
    fits = store(record("g1", dosages, [0.1, 0.0, 0.2]), record("g2", dosages, [0.0, 0.3, 0.0]))
    write_predictdb(tmp_path, tissue_weights(fits, "Liver", "GRCh38"), CONSTRUCTION)
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
    model = tissue_weights(fits, "Liver", "GRCh38")
    kept = passing(model, min_cv_r=0.1, max_cv_p=0.05, min_gene_pip=0.1)
    assert list(kept) == ["good"]
    assert list(model.among(kept).variants["gene_id"]) == ["good"]
    assert list(model.among(kept).genes["pip"]) == [1.0]


def test_a_tissue_gets_its_own_genes_only():
    rng = np.random.default_rng(5)
    dosages = rng.integers(0, 3, (1, 50))
    fits = store(record("g1", dosages, [0.1]), record("g2", dosages, [0.2], tissue="Lung"))
    assert list(tissue_weights(fits, "Lung", "GRCh38").variants["gene_id"]) == ["g2"]
    assert tissue_weights(fits, "Brain", "GRCh38").variants.empty


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


def test_the_files_are_read_back_as_they_were(tmp_path):
    rng = np.random.default_rng(7)
    fits = store(
        record("g1", rng.integers(0, 3, (3, 50)), [0.1, -0.2, 1 / 3], rsids=["rs5", "", "rs6"]),
        record("g2", rng.integers(0, 3, (1, 50)), [0.4], r2=0.5, p=0.01),
    )
    written = tissue_weights(fits, "Liver", "GRCh38")
    path = write_predictdb(tmp_path, written, CONSTRUCTION)
    for covariance in ("Liver.txt.gz", "varid/Liver.txt.gz"):
        found = read_predictdb(path, tmp_path / covariance)
        assert (found.name, found.genome_build, found.n_samples) == ("Liver", "GRCh38", 70)
        told = ["gene_id", "variant_id", "rsid", "chrom", "pos", "other_allele", "effect_allele"]
        assert found.variants[told].equals(written.variants[told])
        assert found.variants["weight"].tolist() == written.variants["weight"].tolist()
        told = ["gene_id", "chrom", "start", "r2", "p", "fold_r2", "fold_p"]
        assert found.genes[told].equals(written.genes[told])
        np.testing.assert_allclose(found.covariance, written.covariance, rtol=1e-11)
    assert read_predictdb(path).covariance is None


def test_a_pair_that_a_covariance_lacks_is_nan(tmp_path):
    rng = np.random.default_rng(8)
    fits = store(record("g1", rng.integers(0, 3, (2, 50)), [0.1, 0.2]))
    path = write_predictdb(tmp_path, tissue_weights(fits, "Liver", "GRCh38"), CONSTRUCTION)
    lines = gzip.decompress((tmp_path / "Liver.txt.gz").read_bytes()).decode().splitlines()
    (tmp_path / "short.txt").write_text("\n".join([*lines[:2], lines[3]]) + "\n")
    found = read_predictdb(path, tmp_path / "short.txt").covariance
    assert np.isnan(found).tolist() == [False, True, False]


def test_what_is_no_predictdb_is_refused(tmp_path):
    (tmp_path / "x.db").write_text("not a database" * 100)
    with pytest.raises(FqtlError, match=r"x\.db is not an SQLite file"):
        read_predictdb(tmp_path / "x.db")
    with closing(sqlite3.connect(tmp_path / "y.db")) as connection:
        connection.execute("CREATE TABLE weights (gene TEXT)")
    with pytest.raises(
        FqtlError, match=r"expected the tables extra, weights of a PredictDB, found weights"
    ):
        read_predictdb(tmp_path / "y.db")
    with pytest.raises(FqtlError, match=r"No such file: .*z\.db"):
        read_predictdb(tmp_path / "z.db")
    assert not (tmp_path / "z.db").exists()
