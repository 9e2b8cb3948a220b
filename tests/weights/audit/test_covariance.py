"""What no covariance of dosages can be is found by line or by gene."""

import gzip
import tracemalloc
from itertools import combinations_with_replacement

import numpy as np
import pytest

from fqtl.weights.audit.covariance import audit_covariance
from fqtl.weights.covariance import write_covariance
from tests.weights.audit.sound import sound_weights


@pytest.fixture
def lines(tmp_path):
    """Lines of a sound file: ENSG1 rs0 to rs2 (2 to 7), ENSG2 rs3 (8), ENSG3 rs4 and rs5."""
    write_covariance(tmp_path / "sound.txt", sound_weights(), "rsid")
    return (tmp_path / "sound.txt").read_text().splitlines()


def told(tmp_path, lines):
    path = tmp_path / "c.txt.gz"
    path.write_bytes(gzip.compress("\n".join([*lines, ""]).encode()))
    return [str(fault).removeprefix(str(path)) for fault in audit_covariance(path)]


def put(lines, number, line):
    """The lines with another one at that number, which counts from 1."""
    return [*lines[: number - 1], line, *lines[number:]]


def test_a_sound_file_has_no_fault(tmp_path, lines):
    assert told(tmp_path, lines) == []


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_file_is_read_in_parts_of_whole_genes(tmp_path, lines, monkeypatch, size):
    monkeypatch.setattr("fqtl.weights.audit.covariance.LINES", size)
    assert told(tmp_path, lines) == []
    assert told(tmp_path, put(lines, 11, "ENSG3 rs5 rs5 x")) == [
        ", line 11: value is not a number (x)"
    ]


def test_faults_are_told_by_line(tmp_path, lines):
    assert told(tmp_path, put(lines, 3, "ENSG1 rs0 rs1 x")) == [
        ", line 3: value is not a number (x)"
    ]
    assert told(tmp_path, put(lines, 8, "ENSG2 NA NA 0.5")) == [
        ", line 8: RSID1 is empty (NA)",
        ", line 8: RSID2 is empty (NA)",
    ]
    assert told(tmp_path, [*lines[:1], *lines[7:8], *lines[1:7], *lines[8:], lines[7]])[:1] == [
        ", line 12: lines of a gene are not together (ENSG2)"
    ]
    swapped = "ENSG1 rs1 rs0 " + lines[2].split()[3]
    assert told(tmp_path, [*lines[:3], swapped, *lines[3:]]) == [
        ", line 4: pair is listed twice (ENSG1 rs1 rs0)"
    ]
    assert told(tmp_path, [*lines[:8], "ENSG2 rs3 rs3 0.9", *lines[8:]]) == [
        ", line 9: pair is listed twice, with different values (ENSG2 rs3 rs3)"
    ]


def test_faults_of_a_gene_are_told_by_its_name(tmp_path, lines):
    assert told(tmp_path, [line for line in lines if "rs0 rs1" not in line]) == [
        ", gene ENSG1: pairs of variants are missing (1 of 6, the first rs0 rs1)"
    ]
    assert told(tmp_path, put(lines, 8, "ENSG2 rs3 rs3 0")) == [
        ", gene ENSG2, rs3: variance is not above 0 (0)"
    ]
    assert told(tmp_path, put(lines, 8, "ENSG2 rs3 rs3 1.3")) == [
        ", gene ENSG2, rs3: variance is larger than that of any dosage (1.3)"
    ]
    (line,) = told(tmp_path, put(lines, 10, "ENSG3 rs4 rs5 0.99"))
    assert line.startswith(", gene ENSG3: covariance is not positive semi-definite (smallest")


def test_a_variance_that_is_na_leaves_its_variant_out_and_a_pair_alone_is_a_fault(tmp_path, lines):
    """As S-PrediXcan reads them: a pair that is NA is passed over."""
    unknown = [f"{line.rsplit(' ', 1)[0]} NA" if " rs1" in line else line for line in lines]
    assert told(tmp_path, unknown) == [
        ", gene ENSG1: variances are NA: S-PrediXcan leaves these variants out "
        "(1 of 3, the first rs1) [remark]"
    ]
    assert told(tmp_path, put(lines, 3, "ENSG1 rs0 rs1 NA")) == [
        ", line 3: covariance is NA, and not for want of a variance: S-PrediXcan stops "
        "(ENSG1 rs0 rs1)"
    ]


def test_pairs_of_a_gene_of_many_variants_are_held_as_numbers(tmp_path):
    """A pair and its place in the matrix are some 50 bytes; its line as text is many more."""
    names = [f"rs{i}" for i in range(700)]
    pairs = [
        f"g {a} {b} {0.5 if a == b else 0}" for a, b in combinations_with_replacement(names, 2)
    ]
    path = tmp_path / "c.txt"
    path.write_text("\n".join(["GENE RSID1 RSID2 VALUE", *pairs, ""]))
    tracemalloc.start()
    assert list(audit_covariance(path)) == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak / len(pairs) < 150


def test_rounding_and_twins_are_not_indefinite(tmp_path, lines):
    twins = ["GENE RSID1 RSID2 VALUE", "g a a 0.5", "g a b 0.50001", "g b b 0.5"]
    assert told(tmp_path, twins) == []


def test_correlations_are_no_covariances(tmp_path):
    lines = ["GENE RSID1 RSID2 VALUE", "g a a 1", "g a b 0.3", "g b b 1"]
    assert told(tmp_path, lines) == [
        ": every variance is 1: correlations, where covariances belong"
    ]


def test_names_of_two_builds_in_one_file_are_told(tmp_path):
    names = ["chr1_5_A_G_b37", "chr1_6_A_G_b38"]
    pairs = [(0, 0, 0.5), (0, 1, 0.1), (1, 1, 0.4)]
    lines = [f"g {names[i]} {names[j]} {value}" for i, j, value in pairs]
    assert told(tmp_path, ["GENE RSID1 RSID2 VALUE", *lines]) == [
        ": several genome builds (1 on GRCh37, the first chr1_5_A_G_b37; "
        "1 on GRCh38, the first chr1_6_A_G_b38)"
    ]


def test_a_line_with_too_many_fields_or_an_infinite_value_is_told(tmp_path, lines):
    (fault,) = told(tmp_path, ["GENE RSID1 RSID2 VALUE", "g a a 0.4 4 4"])
    assert fault.endswith("a line has 6 fields; expected the 4 of the header.)")
    assert told(tmp_path, put(lines, 3, "ENSG1 rs0 rs1 inf")) == [
        ", line 3: value is not a number (inf)"
    ]


def test_a_file_of_another_kind_is_told(tmp_path):
    assert told(tmp_path, ["GENE SNP1 SNP2 VALUE"])[0].startswith(", line 1: header is not GENE")
    assert told(tmp_path, ["GENE RSID1 RSID2 VALUE"]) == [": holds no covariance"]
    path = tmp_path / "cut.txt.gz"
    path.write_bytes(gzip.compress(np.arange(9999).tobytes())[:300])
    (fault,) = audit_covariance(path)
    assert "cannot be read" in str(fault)
