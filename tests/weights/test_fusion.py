"""Files for FUSION hold what its scripts load, in R's own reading."""

import subprocess

import numpy as np
import pandas as pd
import pytest

from fqtl.errors import FqtlError
from fqtl.weights import rdata
from fqtl.weights.from_fits import tissue_weights
from fqtl.weights.fusion import read_fusion, write_fusion
from fqtl.weights.fusion_model import OBJECTS, read_fusion_model
from fqtl.weights.weight_set import WeightSet
from tests.weights.records import record, store

DESCRIBE = """
for (path in commandArgs(trailingOnly = TRUE)) {
  rm(list = setdiff(ls(), "path"))
  load(path)
  cat("objects", sort(ls()), "\\n")
  cat("wgt.matrix", class(wgt.matrix), dim(wgt.matrix), rownames(wgt.matrix), colnames(wgt.matrix),
      format(wgt.matrix, digits = 17), "\\n")
  cat("snps", class(snps), dim(snps), names(snps), sapply(snps, class), rownames(snps), "\\n")
  cat("rows", apply(snps, 1, function(row) paste(trimws(row), collapse = ",")), "\\n")
  cat("cv.performance", dim(cv.performance), rownames(cv.performance), colnames(cv.performance),
      format(cv.performance, digits = 17), "\\n")
  cat("hsq", class(hsq), length(hsq), format(hsq, digits = 17), "\\n")
  cat("hsq.pv", class(hsq.pv), hsq.pv, "N.tot", class(N.tot), N.tot, "\\n")
  cat("build", fqtl.genome.build, "sd", format(fqtl.dosage.sd, digits = 17), "\\n")
}
"""


def described_by_r(rscript, *paths):
    """What R finds in each file: words by their first."""
    command = [rscript, "--vanilla", "-e", DESCRIBE, *map(str, paths)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    lines = [line.split() for line in run.stdout.splitlines()]
    size = len(lines) // len(paths)
    return [
        {line[0]: line[1:] for line in lines[start : start + size]}
        for start in range(0, len(lines), size)
    ]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Two genes, one of three variants and one of one, and the folder that holds their files."""
    rng = np.random.default_rng(0)
    dosages = rng.integers(0, 3, (3, 60)).astype(float)
    dosages[2] = np.where(rng.random(60) < 0.7, dosages[1], dosages[2])
    fits = store(
        record("ENSG1.1", dosages, [0.3, -0.2, 0.5], rsids=["rs1", "", "rs3"], r2=0.25, p=1e-4),
        record("ENSG2.7", dosages[:1], [0.4], r2=0.04, p=0.02),
    )
    weights = tissue_weights(fits, "Liver", "GRCh38")
    folder = tmp_path_factory.mktemp("fusion")
    return weights, write_fusion(folder, weights), dosages


def test_r_reads_every_object(written, rscript):
    _, pos, dosages = written
    three, one = described_by_r(
        rscript, pos.parent / "Liver/ENSG1.1.wgt.RDat", pos.parent / "Liver/ENSG2.7.wgt.RDat"
    )
    ids = ["rs1", "chr1_101_A_G_b38", "rs3"]
    assert set(OBJECTS) <= set(three["objects"])
    assert three["wgt.matrix"][:9] == ["matrix", "array", "3", "2", *ids, "fqtl", "top1"]
    sd = np.std(dosages, axis=1, ddof=1)
    found = np.array(three["wgt.matrix"][9:], dtype=float).reshape(2, 3)
    np.testing.assert_allclose(found[0], np.array([0.3, -0.2, 0.5]) * sd, rtol=1e-14)
    kinds = ["integer", "character", "integer", "integer", "character", "character"]
    bim = [f"V{i}" for i in range(1, 7)]
    assert three["snps"] == ["data.frame", "3", "6", *bim, *kinds, "1", "2", "3"]
    assert three["rows"][0] == "1,rs1,0,100,G,A"  # A1, the counted allele, is the effect allele
    assert three["cv.performance"][:6] == ["2", "2", "rsq", "pval", "fqtl", "top1"]
    assert [float(x) for x in three["cv.performance"][6:8]] == [0.25, 1e-4]
    assert three["cv.performance"][8:] == ["NaN", "NaN"]
    assert three["hsq"][:2] == ["numeric", "2"]
    assert three["hsq.pv"] == ["numeric", "1e-04", "N.tot", "numeric", "70"]
    assert three["build"][0] == "GRCh38"
    assert one["wgt.matrix"][2:8] == ["2", "2", "rs0", "rs0", "fqtl", "top1"]


def test_the_model_top1_is_the_z_score_that_the_weights_imply(written):
    """By hand: the covariance of each variant with the prediction, in standard errors."""
    _, pos, dosages = written
    found = read_fusion_model(pos.parent / "Liver/ENSG1.1.wgt.RDat", "ENSG1.1")
    predicted = np.array([0.3, -0.2, 0.5]) @ dosages
    slope = [np.cov(x, predicted)[0, 1] / np.std(x, ddof=1) for x in dosages]
    np.testing.assert_allclose(found.weights.values[:, 1], np.sqrt(70) * np.array(slope))


def test_heritability_is_what_cross_validation_proves(written):
    """A correlation of n pairs has the standard error (1 - r²)/√n, its square 2 r times that."""
    _, pos, _ = written
    hsq, se = rdata.load(pos.parent / "Liver/ENSG1.1.wgt.RDat")["hsq"]
    assert hsq == 0.25
    assert se == pytest.approx(2 * 0.5 * 0.75 / np.sqrt(70), rel=0.05)


def test_a_model_of_one_variant_has_a_second_row_that_changes_nothing(written):
    _, pos, _ = written
    found = read_fusion_model(pos.parent / "Liver/ENSG2.7.wgt.RDat", "ENSG2.7")
    assert found.weights.values.shape == (2, 2)
    assert found.weights.values[1].tolist() == [0, 0]


def test_the_list_names_every_file(written):
    _, pos, _ = written
    listed = pd.read_csv(pos, sep="\t")
    assert listed.iloc[0].to_dict() == {
        "PANEL": "Liver",
        "WGT": "Liver/ENSG1.1.wgt.RDat",
        "ID": "ENSG1.1",
        "CHR": 1,
        "P0": 100,
        "P1": 100,
        "N": 70,
        "DIR": ".",
        "BUILD": "GRCh38",
    }
    assert all((pos.parent / path).exists() for path in listed["WGT"])
    profile = pd.read_csv(pos.with_suffix(".profile"), sep="\t")
    assert profile["fqtl.r2"].tolist() == [0.25, 0.04]
    assert profile["nsnps"].tolist() == [3, 1]


def test_weights_per_allele_are_read_back(written):
    weights, pos, _ = written
    found = read_fusion(pos)
    told = ["gene_id", "variant_id", "rsid", "chrom", "pos", "other_allele", "effect_allele"]
    assert found.variants[told].equals(weights.variants[told])
    np.testing.assert_allclose(found.variants["weight"], weights.variants["weight"], rtol=1e-14)
    told = ["gene_id", "chrom", "start", "n_samples", "r2", "p"]
    assert found.genes[told].equals(weights.genes[told])
    assert (found.name, found.genome_build, found.n_samples) == ("Liver", "GRCh38", 70)


def test_files_of_others_tell_no_standard_deviations(tmp_path):
    names = ["blup", "top1", "lasso"]
    path = tmp_path / "g.wgt.RDat"
    objects = {
        "wgt.matrix": rdata.Matrix(np.arange(6.0).reshape(2, 3), ["rs1", "rs2"], names),
        "snps": dict(zip(["V1", "V2", "V3", "V4", "V5", "V6"], [["1", "X"]] * 6, strict=True)),
        "cv.performance": rdata.Matrix(
            np.array([[0.1, 0.3, 0.2], [1e-2, 1e-4, 1e-3]]), ["rsq", "pval"], names
        ),
        **dict.fromkeys(("hsq", "hsq.pv", "N.tot"), 1.0),
    }
    objects["snps"] = {**objects["snps"], "V1": np.array([1, 23]), "V4": np.array([5, 6])}
    path.write_bytes(rdata.dumps(objects))
    found = read_fusion_model(path, "g")
    assert found.snps["chrom"].tolist() == ["chr1", "chrX"]
    (tmp_path / "x.pos").write_text("WGT ID CHR P0 P1\ng.wgt.RDat g 1 5 6\n")
    with pytest.raises(FqtlError, match="no standard deviations: weights per allele need"):
        read_fusion(tmp_path / "x.pos")


def test_rows_in_another_order_are_refused(tmp_path):
    path = tmp_path / "g.wgt.RDat"
    ids, models = ["rs1", "rs2"], ["top1", "blup"]
    bim = ([1, 1], ids, ["0", "0"], [5, 6], ["A", "C"], ["G", "T"])
    columns = [np.array(part) if isinstance(part[0], int) else part for part in bim]
    objects = {
        "wgt.matrix": rdata.Matrix(np.ones((2, 2)), ids[::-1], models),
        "snps": dict(zip(["V1", "V2", "V3", "V4", "V5", "V6"], columns, strict=True)),
        "cv.performance": rdata.Matrix(np.full((2, 2), 0.1), ["rsq", "pval"], models),
        **dict.fromkeys(("hsq", "hsq.pv", "N.tot"), 1.0),
    }
    path.write_bytes(rdata.dumps(objects))
    with pytest.raises(FqtlError, match=r"rows of wgt.matrix and of snps are in different orders"):
        read_fusion_model(path, "g")


def test_a_file_without_an_object_is_refused(tmp_path):
    path = tmp_path / "g.wgt.RDat"
    path.write_bytes(rdata.dumps({"wgt.matrix": 1.0, "hsq": 2.0}))
    with pytest.raises(FqtlError, match=r"snps, cv.performance, hsq.pv, N.tot are missing"):
        read_fusion_model(path, "g")
    path.write_bytes(b"RDX2 and nothing else")
    with pytest.raises(FqtlError, match="is not an R data file"):
        read_fusion_model(path, "g")


def test_a_gene_that_was_not_cross_validated_still_has_a_best_model(written, tmp_path):
    weights, _, _ = written
    unknown = weights.genes.assign(r2=np.nan, p=np.nan)
    bare = WeightSet(**{**vars(weights), "genes": unknown})
    pos = write_fusion(tmp_path, bare)
    found = read_fusion_model(pos.parent / "Liver/ENSG1.1.wgt.RDat", "ENSG1.1")
    assert found.performance.values[:, found.best].tolist() == [0, 1]
    assert pd.read_csv(pos.with_suffix(".profile"), sep="\t")["hsq"].isna().all()


def test_genes_of_an_earlier_run_do_not_stay(written, tmp_path):
    weights, _, _ = written
    write_fusion(tmp_path, weights)
    write_fusion(tmp_path, weights.among(["ENSG2.7"]))
    assert [path.name for path in (tmp_path / "Liver").iterdir()] == ["ENSG2.7.wgt.RDat"]


def test_a_gene_that_cannot_name_a_file_is_refused(written, tmp_path):
    weights, _, _ = written
    bad = WeightSet(**{**vars(weights), "genes": weights.genes.assign(gene_id=["a b", "c"])})
    with pytest.raises(FqtlError, match="Gene 'a b' cannot be written for FUSION"):
        write_fusion(tmp_path, bad)
    assert not list(tmp_path.iterdir())
