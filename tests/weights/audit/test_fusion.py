"""What FUSION's scripts would stumble over is found in lists and in the files of genes."""

import gzip
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fqtl.weights.audit.fusion import BUILD, SD, audit_fusion
from fqtl.weights.fusion import read_fusion, read_pos, write_fusion
from fqtl.weights.fusion_model import PERFORMANCE
from fqtl.weights.rdata import Matrix, dumps
from tests.weights.audit.sound import sound_weights

IDS = ["rs4", "rs5"]
MODELS = ["fqtl", "top1"]


@pytest.fixture
def pos(tmp_path):
    return write_fusion(tmp_path, sound_weights())


def told(pos):
    return [str(fault).removeprefix(f"{pos.parent}/") for fault in audit_fusion(pos)]


def objects(**changed):
    """What the file of the third gene holds, in other words, with something changed."""
    sound = {
        "wgt.matrix": Matrix(np.array([[0.1, 3.0], [0.2, -2.0]]), IDS, MODELS),
        "snps": {
            "V1": np.array([1, 1], dtype=np.int32),
            "V2": IDS,
            "V3": np.array([0, 0], dtype=np.int32),
            "V4": np.array([104, 105], dtype=np.int32),
            "V5": ["G", "G"],
            "V6": ["A", "A"],
        },
        "cv.performance": Matrix(np.array([[0.1, np.nan], [0.01, np.nan]]), PERFORMANCE, MODELS),
        "hsq": np.array([0.1, 0.02]),
        "hsq.pv": 0.01,
        "N.tot": 80.0,
        BUILD: "GRCh38",
        SD: np.array([0.7, 0.6]),
    }
    return {name: value for name, value in {**sound, **changed}.items() if value is not None}


def damaged(pos, **changed):
    path = pos.parent / "Liver" / "ENSG3.wgt.RDat"
    path.write_bytes(gzip.compress(dumps(objects(**changed))))
    return [line.removeprefix("Liver/ENSG3.wgt.RDat") for line in told(pos)]


@pytest.mark.parametrize("name, value", [("hsq", np.inf), ("N.tot", np.inf), ("hsq.pv", np.inf)])
def test_an_infinite_number_is_a_fault_since_no_reader_can_use_it(pos, name, value):
    (line,) = damaged(pos, **{name: value})
    assert line.startswith(f", {name}: is not")


def snps(**changed):
    return {**objects()["snps"], **changed}


def matrix(values, rows=IDS, columns=MODELS):
    return Matrix(np.array(values, dtype=float), rows, columns)


def performance(values, rows=PERFORMANCE, columns=MODELS):
    return Matrix(np.array(values, dtype=float), rows, columns)


def test_what_we_write_is_sound(pos):
    assert told(pos) == []
    assert damaged(pos) == []


def test_the_human_x_is_number_23_to_fusion_and_chr_x_to_us(tmp_path):
    weights = sound_weights()
    ids = weights.variants["variant_id"].str.replace("chr1_", "chrX_")
    on_x = replace(
        weights,
        variants=weights.variants.assign(chrom="chrX", variant_id=ids),
        genes=weights.genes.assign(chrom="chrX"),
    )
    pos = write_fusion(tmp_path, on_x)
    assert told(pos) == []
    assert set(read_pos(pos)["CHR"]) == {"23"}
    assert set(read_fusion(pos).variants["chrom"]) == {"chrX"}


FAULTS = [
    ({"hsq": None, "N.tot": None}, ": objects are missing"),
    ({"wgt.matrix": matrix([[0.1, 1]], ["rs4"])}, ", wgt.matrix: has one row or one column"),
    ({"wgt.matrix": matrix([[0.1, 1], [np.nan, 2]])}, ", wgt.matrix, fqtl, rs5: weight is NA"),
    ({"wgt.matrix": matrix([[0.1, 1], [np.inf, 2]])}, ", wgt.matrix, fqtl, rs5: weight is not"),
    ({"wgt.matrix": matrix([[40, 1], [0.2, 2]])}, "fqtl, rs4: weight is implausible"),
    ({"wgt.matrix": matrix([[0, 1], [0, 2]])}, ", wgt.matrix, fqtl: all weights are 0"),
    ({"wgt.matrix": matrix([[1, 1], [1, 2]], IDS, ["a", "a"])}, "model is there twice (a)"),
    ({"snps": snps(V2=["rs4", "rs9"])}, ", snps, row 2, rs9: is not the row's name"),
    ({"snps": snps(V5=["G", "<D>"])}, ", snps, row 2, rs5: alleles are not bases (A/<D>)"),
    ({"snps": snps(V5=["G", "A"])}, ", snps, row 2, rs5: both alleles are the same (A/A)"),
    (
        {"snps": snps(V1=np.array([1, 2], dtype=np.int32))},
        ", snps, row 2, rs5: chromosome is not that of the list (2)",
    ),
    (
        {"snps": snps(V4=np.array([104, 9_000_000], dtype=np.int32))},
        ", snps, row 2, rs5: position is far from the gene: of another build? (9000000)",
    ),
    (
        {"cv.performance": performance([[0.1, 0], [0.01, 1]], ["r2", "p"])},
        ", cv.performance: rows are not named rsq and pval (r2, p)",
    ),
    (
        {"cv.performance": performance([[0.1, 0], [0.01, 1]], columns=["top1", "fqtl"])},
        ", cv.performance: models are not in the order of wgt.matrix",
    ),
    (
        {"cv.performance": performance([[1.1, 0], [0.01, 1]])},
        ", cv.performance, fqtl: rsq is not between -1 and 1 (1.1)",
    ),
    (
        {"cv.performance": performance([[np.nan, np.nan], [np.nan, np.nan]])},
        ", cv.performance: no model has a p: FUSION takes the first (fqtl) [remark]",
    ),
    ({"N.tot": 0.0}, ", N.tot: is not a number of samples"),
    ({"hsq": np.array([0.1, 0.2, 0.3])}, ", hsq: is not an estimate, or one and its standard"),
    ({"N.tot": np.nan}, ", N.tot: is not known ([nan]) [remark]"),
    ({"hsq.pv": 3.0}, ", hsq.pv: is not a p-value"),
    ({"N.tot": "many"}, ", N.tot: is not a number of samples (['many'])"),
    ({"hsq": "none"}, ", hsq: is not an estimate, or one and its standard error (['none'])"),
    ({"snps": snps(V4=["x", "105"])}, ", snps, row 1, rs4: position is not a number (x)"),
    ({"hsq": matrix([[1, 2, 3]], ["a"], list("bcd"))}, ", hsq: is not an estimate, or one and"),
    (
        {SD: np.array([0.7])},
        f", {SD}: has not as many numbers as wgt.matrix has rows (1 and 2)",
    ),
    ({SD: np.array([0.7, 0.0])}, f", {SD}, entry 2: is not the standard deviation of a dosage"),
    ({SD: np.array([3.0, 0.7])}, f", {SD}, entry 1: is not the standard deviation of a dosage"),
    ({SD: "x"}, f", {SD}, entry 1: is not the standard deviation of a dosage (nan)"),
    ({SD: None}, f": {SD} is missing (but {BUILD} is there)"),
    ({BUILD: None}, f": {BUILD} is missing (but {SD} is there)"),
    ({BUILD: "hg99"}, f", {BUILD}: no genome build has this name (hg99)"),
    ({BUILD: "GRCh37"}, f": genome builds contradict each other (GRCh37 by {BUILD}, GRCh38 by"),
    (
        {BUILD: "GRCh37"},
        "Liver.pos: several genome builds (1 on GRCh37, the first Liver/ENS",
    ),
    (
        {SD: None, BUILD: None},
        f"Liver.pos: some files tell {SD}, others do not (not in 1 of 3, the first Liver/ENS",
    ),
    (
        {"snps": snps(V4=np.array([104, 250_000_000], dtype=np.int32))},
        ", snps, row 2, rs5: position is beyond the end of the chromosome (1:250000000)",
    ),
]


@pytest.mark.parametrize("changed, expected", FAULTS)
def test_a_fault_of_a_gene_is_found_with_its_place(pos, changed, expected):
    assert any(expected in line for line in damaged(pos, **changed))


def test_a_variant_that_is_there_twice_is_told_unless_it_is_idle(pos):
    both = {"snps": snps(V2=["rs4", "rs4"]), "wgt.matrix": matrix([[1, 1], [1, 2]], ["rs4"] * 2)}
    assert damaged(pos, **both) == [", snps, row 2, rs4: variant is there twice"]
    both["wgt.matrix"] = matrix([[1, 1], [0, 0]], ["rs4"] * 2)
    assert damaged(pos, **both) == []


def by_place(*names):
    """Objects whose variants go by these names."""
    return {
        "snps": snps(V2=list(names)),
        "wgt.matrix": matrix([[0.1, 1], [0.2, 2]], list(names)),
    }


def test_ids_that_are_no_rs_numbers_are_remarked_on(pos):
    (line,) = damaged(pos, **by_place("rs4", "chr1_105_A_G_b38"))
    assert line == (
        ", snps: ids are no rs numbers: FUSION finds variants in its LD reference by id "
        "(1 of 2, the first chr1_105_A_G_b38) [remark]"
    )


def test_an_id_that_names_another_build_or_place_is_told(pos):
    told = damaged(pos, **by_place("chr1_104_A_G_b37", "chr1_107_A_G_b37"))
    assert f", {BUILD}: genome build is not that of the variant ids (GRCh38 and GRCh37)" in told
    row = ", snps, row 2, chr1_107_A_G_b37"
    assert f"{row}: id names another place: of another build? (chr1_107_A_G_b37)" in told


def test_files_of_others_need_no_standard_deviations(pos):
    for gene in ("ENSG1", "ENSG2", "ENSG3"):
        file = pos.parent / "Liver" / f"{gene}.wgt.RDat"
        file.write_bytes(gzip.compress(dumps(objects(**{BUILD: None, SD: None}))))
    assert told(pos) == []


def test_whatever_byte_of_a_file_is_damaged_it_is_told_by_lines(pos):
    """R's format has no checksum: a file that can be read may hold anything."""
    path = pos.parent / "Liver" / "ENSG3.wgt.RDat"
    whole = gzip.decompress(path.read_bytes())
    rng = np.random.default_rng(1)
    for place in rng.integers(20, len(whole), 40):
        other = whole[:place] + bytes([rng.integers(256)]) + whole[place + 1 :]
        for content in (other, whole[:place]):
            path.write_bytes(gzip.compress(content))
            assert all(isinstance(line, str) for line in told(pos))


def test_a_profile_is_held_against_the_list(pos):
    profile = pos.with_suffix(".profile")
    profile.write_text(profile.read_text().replace("ENSG2", "ENSG9").replace("0.3\t", "x\t"))
    assert told(pos) == [
        "Liver.profile: genes are not in the list (1 of 3, the first ENSG9) [remark]",
        "Liver.profile, line 2: hsq is not a number (x) [remark]",
        "Liver.profile, line 2: fqtl.r2 is not a number (x) [remark]",
    ]


def test_palindromes_are_remarked_on(pos):
    (line,) = damaged(pos, snps=snps(V5=["G", "T"], V6=["A", "A"]))
    assert line.endswith("(1 and 0) [remark]")


@pytest.mark.parametrize(
    "column, value, expected",
    [
        ("WGT", "Liver/none.wgt.RDat", "line 4: file of weights does not exist"),
        ("ID", "ENSG1", "line 4: gene is listed twice (ENSG1)"),
        ("ID", "", "line 4: ID is empty"),
        ("WGT", "Liver/ENSG1.wgt.RDat", "line 4: file is listed twice (Liver/ENSG1.wgt.RDat)"),
        ("P0", "NA", "line 4: P0 and P1 are not the ends of a gene (NA and 200)"),
        ("BUILD", "hg99", "line 4: no genome build has this name (hg99)"),
        ("CHR", "chr1", "line 4: CHR is not a number from 1 to 23"),
        ("P0", "900", "line 4: P0 and P1 are not the ends of a gene"),
        ("N", "0", "line 4: N is not a number of samples (0)"),
    ],
)
def test_a_fault_of_the_list_is_found_by_line(pos, column, value, expected):
    listed = pd.read_csv(pos, sep="\t", dtype=str)
    listed.loc[2, column] = value
    listed.to_csv(pos, sep="\t", index=False)
    assert any(f"Liver.pos, {expected}" in line for line in told(pos))


def test_a_list_of_another_kind_and_a_file_that_is_no_r_data_are_told(pos):
    (pos.parent / "Liver" / "ENSG1.wgt.RDat").write_text("x")
    assert any(line.startswith("Liver/ENSG1.wgt.RDat: cannot be read") for line in told(pos))
    pos.write_text("WGT\tID\nx\ty\n")
    assert told(pos) == ["Liver.pos, line 1: columns are missing (CHR, P0, P1)"]
