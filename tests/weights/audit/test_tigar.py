"""What TIGAR would stumble over is found by line."""

import gzip

import pysam
import pytest

from fqtl.weights.audit.tigar import audit_tigar
from fqtl.weights.tigar import write_tigar
from tests.weights.audit.sound import sound_weights


@pytest.fixture
def path(tmp_path):
    return write_tigar(tmp_path, sound_weights())


def told(path):
    return [str(fault).removeprefix(str(path)) for fault in audit_tigar(path)]


def damaged(path, column, value, row=1):
    """Faults when a field of one row (line row + 2) holds another value."""
    lines = [line.split("\t") for line in gzip.decompress(path.read_bytes()).decode().splitlines()]
    lines[row + 1][lines[0].index(column)] = value
    with pysam.BGZFile(str(path), "wb") as out:
        out.write("".join("\t".join(line) + "\n" for line in lines).encode())
    return told(path)


def test_what_we_write_is_sound(path):
    assert told(path) == []


FAULTS = [
    ("CHROM", "chr1", ", line 3: CHROM has chr"),
    ("POS", "0", ", line 3: POS is not a position (0)"),
    ("POS", "NA", ", line 3: POS is not a position (NA)"),
    ("POS", "1e2", ", line 3: POS is not a position (1e2)"),
    ("POS", "111", ", line 3: id names another place: of another build? (1:101:A:G)"),
    ("CHROM", "", ", line 3: CHROM is empty"),
    (
        "snpID",
        "chr1_101_A_G_b37",
        ", BUILD: genome build is not that of the variant ids (GRCh38 and GRCh37)",
    ),
    (
        "BUILD",
        "GRCh37",
        ": genome builds contradict each other (GRCh38 by BUILD, GRCh37 by BUI",
    ),
    ("BUILD", "T2T", ": genome builds contradict each other (GRCh38 by BUILD, T2T by BUILD"),
    ("BUILD", "GRCh73", ", BUILD: no genome build has this name (GRCh73)"),
    ("snpID", "1:101:G:A", ": snpID is not CHROM:POS:REF:ALT: TIGAR finds none of these"),
    (
        "snpID",
        "rs1",
        ": snpID is not CHROM:POS:REF:ALT: TIGAR finds none of these variants (1 of 6",
    ),
    (
        "POS",
        "248956423",
        ", line 3: position is beyond the end of the chromosome (1:248956423)",
    ),
    ("POS", "700", ", line 4: is not in order of position"),
    ("ES", "NA", ", line 3: ES is not a number (NA)"),
    ("ES", "99", ", line 3: ES is implausible per copy of an allele (99)"),
    ("TargetID", "NA", ", line 3: TargetID is empty"),
    ("ALT", "*", ", line 3: alleles are not bases (A/*)"),
    ("ALT", "A", ", line 3: both alleles are the same (A/A)"),
    ("POS", "100", ", line 3: variant is listed twice for a gene"),
    ("MAF", "1.2", ", line 3: MAF is not between 0 and 1 (1.2)"),
    ("p_HWE", "-1", ", line 3: p_HWE is not between 0 and 1 (-1)"),
]


@pytest.mark.parametrize("column, value, expected", FAULTS)
def test_a_fault_is_found_by_line(path, column, value, expected):
    assert any(line.startswith(expected) for line in damaged(path, column, value))


def test_a_gene_all_of_whose_weights_are_0_is_told(path):
    assert damaged(path, "ES", "0", row=3) == [", gene ENSG2: all weights are 0"]


def genes(path, *lines):
    """Faults when the list of genes beside the weights has these lines."""
    path.with_name("Liver.genes.txt").write_text("\n".join([*lines, ""]))
    return [line.removeprefix(f"{path.parent}/Liver.genes.txt") for line in genes_told(path)]


def genes_told(path):
    return [str(fault) for fault in audit_tigar(path)]


HEAD = "CHROM\tGeneStart\tGeneEnd\tTargetID\tGeneName"
LISTED = [HEAD, *[f"1\t90\t200\tENSG{i}\tG{i}" for i in (1, 2, 3)]]


@pytest.mark.parametrize(
    "lines, expected",
    [
        (LISTED, []),
        (["a\tb", "1\t2"], [f", line 1: columns are missing ({HEAD.replace(chr(9), ', ')})"]),
        ([*LISTED[:3], "1\t2"], [": cannot be read"]),
        (
            [*LISTED[:3], LISTED[3].replace("90", "NA")],
            [", line 4: GeneStart and GeneEnd are not the ends of a gene (NA and 200)"],
        ),
        ([*LISTED, LISTED[1]], [", line 5: gene is listed twice (ENSG1)"]),
        ([*LISTED, LISTED[1].replace("ENSG1", "NA")], [", line 5: TargetID is empty"]),
        (
            LISTED[:3],
            [": genes with weights are not listed: TIGAR takes the genes of a list (1 of 3"],
        ),
    ],
)
def test_the_list_of_genes_is_looked_at_too(path, lines, expected):
    found = genes(path, *lines)
    assert len(found) == len(expected)
    assert all(line.startswith(start) for line, start in zip(found, expected, strict=True))


def test_reading_by_region_needs_bgzip_and_an_index(path):
    index = path.with_name(path.name + ".tbi")
    index.unlink()
    (line,) = told(path)
    assert line.startswith(": has no index (make one with `tabix")
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())))
    assert told(path) == [": is not packed by bgzip: TIGAR reads it by region"]


def test_columns_that_are_missing_are_told(tmp_path):
    path = tmp_path / "w.txt"
    path.write_text("CHROM\tPOS\tTargetID\tES\n1\t5\tg\t0.1\n")
    assert told(path) == [", line 1: columns are missing (REF, ALT)"]
