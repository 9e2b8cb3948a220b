"""FUSION's files of others, written by R, are read as FUSION.assoc_test.R uses them."""

import subprocess

import numpy as np
import pytest

from fqtl.errors import FqtlError
from fqtl.weights.audit.fusion import audit_fusion
from fqtl.weights.fusion import read_fusion
from fqtl.weights.fusion_model import read_fusion_model

SOUND = """
id <- c("rs1", "rs2", "rs3"); models <- c("lasso", "top1", "enet")
snps <- data.frame(V1 = 22L, V2 = id, V3 = 0, V4 = c(5L, 6L, 7L), V5 = "A", V6 = "G",
                   stringsAsFactors = FALSE)
wgt.matrix <- matrix(c(.1, 0, .2, 3, -4, 1, .3, .4, .5), 3, dimnames = list(id, models))
cv.performance <- rbind(rsq = c(.3, .2, .1), pval = c(.03, .02, .01))
colnames(cv.performance) <- models
hsq <- c(.2, .1); hsq.pv <- .01; N.tot <- 101L
"""
SAVE = 'save(wgt.matrix, snps, cv.performance, hsq, hsq.pv, N.tot, file = "g.wgt.RDat")'


@pytest.fixture
def made(tmp_path, rscript):
    """A function that changes the sound file of a gene in R; its list."""

    def make(change=""):
        command = [rscript, "--vanilla", "-e", SOUND + change + "\n" + SAVE]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        (tmp_path / "x.pos").write_text("WGT\tID\tCHR\tP0\tP1\tN\ng.wgt.RDat\tg\t22\t5\t7\t101\n")
        return tmp_path / "x.pos"

    return make


def gene(pos):
    return read_fusion_model(pos.parent / "g.wgt.RDat", "g")


def grave(pos):
    return [str(fault) for fault in audit_fusion(pos) if fault.grave]


def model_of(pos):
    found = gene(pos)
    return found.weights.columns[found.best]


@pytest.mark.parametrize("na", ["NA", "NA_integer_", "NA_real_", "NaN", "as.integer(NA)"])
def test_na_of_every_type_is_unknown_and_no_number(made, na):
    pos = made(f"hsq <- {na}; hsq.pv <- {na}; N.tot <- {na}")
    found = gene(pos)
    assert np.isnan([found.hsq, found.hsq_p]).all()
    assert found.n_samples == 0
    assert grave(pos) == []


def test_na_beside_numbers_hides_no_number(made):
    found = gene(made("hsq <- c(7L, NA); hsq.pv <- c(TRUE, NA)[2]"))
    assert found.hsq == 7
    assert np.isnan(found.hsq_p)


def test_a_position_that_is_na_is_refused_by_check_and_reader(made):
    pos = made("snps$V4[2] <- NA")
    assert any("rs2: position is not a number" in line for line in grave(pos))
    with pytest.raises(FqtlError, match=r"snps, row 2, column 'V4': expected a position, found no"):
        read_fusion(pos, per_sd=True)


def test_a_heritability_that_was_set_has_no_standard_error(made):
    pos = made("hsq <- 0.2; hsq.pv <- NA")
    assert gene(pos).hsq == 0.2
    assert grave(pos) == []


@pytest.mark.parametrize(
    "change, expected",
    [
        ("", "enet"),  # the smallest p, though lasso has the largest R²
        ('cv.performance["pval", ] <- c(.01, .02, .01)', "lasso"),
        ('cv.performance["pval", ] <- c(NA, .02, .03)', "top1"),
        ('cv.performance["pval", ] <- NA', "lasso"),
        ("cv.performance[] <- NA", "lasso"),
        ('rownames(cv.performance) <- c("cv.rsq", "cv.pval")', "enet"),
        ("cv.performance <- cv.performance[2:1, ]", "enet"),
        ("cv.performance <- rbind(cv.performance, pval.2 = c(1e-9, 1, 1))", "lasso"),
    ],
)
def test_the_model_is_the_one_that_r_would_choose(made, rscript, change, expected):
    """Beside the expected one, FUSION's own rule in R."""
    pos = made(change)
    assert model_of(pos) == expected
    assert grave(pos) == []
    rule = (
        'load("g.wgt.RDat"); p <- cv.performance[grep("pval", rownames(cv.performance)), , drop = '
        "FALSE]; p[is.na(p)] <- Inf; cat(colnames(wgt.matrix)[which.min(apply(p, 2, min))])"
    )
    run = subprocess.run(
        [rscript, "--vanilla", "-e", rule], cwd=pos.parent, capture_output=True, text=True
    )
    assert run.stdout == expected


def test_r2_and_p_are_those_of_the_test_with_the_smallest_p(made):
    pos = made(
        "cv.performance <- rbind(cv.performance, rsq.2 = c(.9, 0, 0), pval.2 = c(1e-9, 1, 1))"
    )
    (told,) = read_fusion(pos, per_sd=True).genes[["r2", "p"]].to_numpy()
    assert told.tolist() == [0.9, 1e-9]


def test_of_top1_the_largest_alone_counts_as_the_effect_that_its_z_score_is_of(made):
    """z = √(n - 1) times the effect per standard deviation: -4/√100."""
    pos = made('cv.performance["pval", "top1"] <- 1e-9')
    for model in ("", "top1"):
        variants = read_fusion(pos, model, per_sd=True).variants
        assert variants["rsid"].tolist() == ["rs2"]
        assert variants["weight"].tolist() == [-0.4]


def test_z_scores_without_a_number_of_samples_are_refused_by_check_and_reader(made):
    pos = made('cv.performance["pval", "top1"] <- 1e-9; N.tot <- NA')
    assert any("N.tot: is needed with the z-scores of top1" in line for line in grave(pos))
    with pytest.raises(FqtlError, match=r"model top1 holds z-scores.* N.tot is NA"):
        read_fusion(pos, per_sd=True)
    assert len(read_fusion(pos, "enet", per_sd=True).variants) == 3


def test_a_weight_that_is_na_is_none(made):
    pos = made('wgt.matrix["rs2", "enet"] <- NA; wgt.matrix["rs1", "top1"] <- NaN')
    assert read_fusion(pos, per_sd=True).variants["weight"].tolist() == [0.3, 0.5]
    assert grave(pos) == []


def test_another_model_without_weights_is_no_fault(made):
    assert grave(made('wgt.matrix[, "lasso"] <- 0')) == []
    (line,) = grave(made('wgt.matrix[, "enet"] <- 0'))
    assert line.endswith("g.wgt.RDat, wgt.matrix, enet: all weights are 0")


def test_small_letters_are_alleles(made):
    pos = made('snps$V5 <- "a"; snps$V6 <- "g"')
    assert grave(pos) == []
    variants = read_fusion(pos, per_sd=True).variants
    assert set(variants["effect_allele"] + variants["other_allele"]) == {"AG"}


def test_one_variant_is_read_from_a_matrix_of_one_row(made):
    pos = made("wgt.matrix <- wgt.matrix[2, , drop = FALSE]; snps <- snps[2, ]")
    assert grave(pos) == []
    assert read_fusion(pos, per_sd=True).variants["weight"].tolist() == [0.4]


def test_one_variant_is_read_from_a_vector_with_which_fusion_stops(made):
    pos = made("wgt.matrix <- wgt.matrix[2, ]; snps <- snps[2, ]")
    (line,) = grave(pos)
    assert "wgt.matrix: is a vector: FUSION needs a matrix, of one row" in line
    variants = read_fusion(pos, per_sd=True).variants
    assert variants[["rsid", "weight"]].to_numpy().tolist() == [["rs2", 0.4]]


def test_a_vector_of_many_variants_is_refused_by_check_and_reader(made):
    pos = made('wgt.matrix <- wgt.matrix[, "enet"]')
    assert any("wgt.matrix: is not a matrix of numbers" in line for line in grave(pos))
    with pytest.raises(FqtlError, match=r"wgt.matrix is not a matrix of numbers"):
        read_fusion(pos, per_sd=True)
