"""The two releases are read as their authors wrote them, and what is amiss is named by line."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from fqtl.data import gtex
from fqtl.data.released import V8_COLUMNS, read_all_released, read_released
from fqtl.errors import FqtlError

RELEASED = Path(__file__).parents[2] / "resources" / "published"
V6P = RELEASED / "gtex_v6p_chr22.txt.gz"
V8 = RELEASED / "gtex_v8_chr22.txt.gz"
V6P_ROW = {
    "gene": "ENSG1.1",
    "chrom": "22",
    "tss": "17082777",
    "numbers": "27|28",
    "tissues": "Liver|Lung",
    "tissue_theta": "-1.4|0.5",
    "tissue_se": "0.1|0.1",
    "tissue_lodds": "3|4",
    "variants": "22_17221495_T_C_b37|22_17227461_AT_A_b37",
    "theta": "0.2|-0.1",
    "se": "0.03|0.03",
    "lodds": "3|5",
    "factor": "28",
    "cutoff": "0.5",
}
ALL = "|".join(str(number + 1) for number in range(48))
V8_ENTRIES = [
    *["chr22", "5", "9", "-", "ENSG1.1", "ONE", "9", "2"],
    *["chr22:7:C:T|chr22:8:A:G", "0.2|0.01", "0.1|0.1", "1|-1"],
    *[ALL, "|".join(["0.3", *["0"] * 47]), "|".join(["0.1"] * 48), "|".join(["2", *["-4"] * 47])],
]
V8_ROW = dict(zip(V8_COLUMNS, V8_ENTRIES, strict=True))


def v6p(path, *rows):
    path.write_text("".join("\t".join({**V6P_ROW, **row}.values()) + "\n" for row in rows))
    return path


def v8(path, *rows):
    lines = [list(V8_COLUMNS), *({**V8_ROW, **row}.values() for row in rows)]
    path.write_text("".join("\t".join(line) + "\n" for line in lines))
    return path


def test_a_row_of_v6p_is_a_factor(tmp_path):
    found = read_released(v6p(tmp_path / "e", {}, {"cutoff": "0.95", "theta": "9|9"}), 0.5)
    assert (found.name, found.build) == ("v6p", "GRCh37")
    assert found.factors.to_dict("records") == [
        {
            "gene_id": "ENSG1.1",
            "gene_name": "ENSG1.1",
            "chrom": "chr22",
            "tss": 17082777,
            "factor": 28,
            "tissues": ["Liver", "Lung"],
            "tissue_loadings": [-1.4, 0.5],
            "variants": ["chr22_17221495_T_C_b37", "chr22_17227461_AT_A_b37"],
            "variant_loadings": [0.2, -0.1],
        }
    ]


def test_a_row_of_v8_keeps_what_passes_the_cut_off_and_names_its_tissues(tmp_path):
    found = read_released(v8(tmp_path / "e", {}), 0.5)
    assert (found.name, found.build) == ("v8", "GRCh38")
    (row,) = found.factors.to_dict("records")
    assert row["gene_name"] == "ONE"
    assert (row["variants"], row["variant_loadings"]) == (["chr22_7_C_T_b38"], [0.2])
    assert (row["tissues"], row["tissue_loadings"]) == (["Adipose_Subcutaneous"], [0.3])
    assert len(read_released(tmp_path / "e", 0.2).factors["variants"][0]) == 2


def test_tissues_of_a_gene_that_lacks_some_have_no_names(tmp_path):
    short = {name: "|".join(V8_ROW[name].split("|")[:47]) for name in V8_ROW if "tis" in name}
    none = {"snp.lodds": "-1|-1", "factor": "3"}
    found = read_released(v8(tmp_path / "e", short, none), 0.5)
    assert found.factors.empty
    assert found.left_out["factor"].tolist() == [2, 3]
    assert "not named" in found.left_out["reason"][0]
    assert found.left_out["reason"][1] == "no variant with PIP above 0.5"


def test_the_released_files_of_chromosome_22_are_whole():
    counts = {cutoff: len(read_released(V6P, cutoff).factors) for cutoff in (0.5, 0.9, 0.95)}
    assert counts == {0.5: 2230, 0.9: 1824, 0.95: 1645}
    found = read_released(V8, 0.5)
    assert len(found.factors) == 65
    assert found.left_out["reason"].value_counts().to_dict() == {
        "tissues are numbered among those of the gene, which are not named": 46,
        "no variant with PIP above 0.5": 30,
    }


def test_tissues_of_v6p_are_numbered_in_the_order_of_their_names():
    names = list(gtex.V6P)
    with gzip.open(V6P, "rt") as lines:
        for line in lines:
            numbers, tissues = line.split("\t")[3:5]
            assert tissues.split("|") == [names[int(number) - 1] for number in numbers.split("|")]


def test_lower_cut_offs_hold_what_higher_ones_do():
    strict, loose = (read_released(V6P, cutoff).factors for cutoff in (0.95, 0.5))
    loose = loose.set_index(["gene_id", "factor"])
    for row in strict.itertuples():
        wide = loose.loc[(row.gene_id, row.factor)]
        known = dict(zip(wide["variants"], wide["variant_loadings"], strict=True))
        np.testing.assert_array_equal([known[name] for name in row.variants], row.variant_loadings)


@pytest.mark.parametrize(
    "row, told",
    [
        ({"theta": "0.2"}, "line 2: 2 variants, but 1 entries in variant_loadings"),
        ({"tissue_se": "0.1|x"}, "line 2, tissue_se: expected numbers, found 'x'"),
        ({"variants": "21_5_A_G_b37|22_6_A_G_b37"}, "line 2: expected a variant of chr22"),
        (
            {"variants": "22_5_A_G_b38|22_6_A_G_b37"},
            r"line 2: expected variants on b37.*found '22_5_A_G_b38' \(1 of 4 such entries\)",
        ),
        ({"tss": ""}, "line 2, tss: expected numbers"),
        ({"tissues": "Liver|Lug"}, "line 2: GTEx v6p has no tissue 'Lug'"),
        ({"variants": "22_5_A_G_b37|22_5_G_A_b37"}, "line 2: chr22_5_A_G_b37 is listed twice in"),
        ({"gene": "ENSG1.1", "factor": "28"}, "line 2: factor 28 of ENSG1.1 is listed twice"),
    ],
)
def test_what_is_amiss_is_named_by_line(tmp_path, row, told):
    first = {} if "gene" in row else {"gene": "ENSG0.1"}
    with pytest.raises(FqtlError, match=told):
        read_released(v6p(tmp_path / "e", first, row), 0.5)


def test_a_cut_off_that_the_file_does_not_hold_is_refused(tmp_path):
    with pytest.raises(FqtlError, match=r"cut-offs 0.5; 0.7 is none"):
        read_released(v6p(tmp_path / "e", {}), 0.7)
    with pytest.raises(FqtlError, match=r"PIP above 0.1; 0.05 was asked for"):
        read_released(v8(tmp_path / "e", {}), 0.05)


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "e").write_text("gene\tweight\n")
    with pytest.raises(FqtlError, match=r"expected released effects.*found 2 columns"):
        read_released(tmp_path / "e", 0.5)


def test_chromosomes_are_put_together_and_releases_are_not_mixed(tmp_path):
    one, two = v6p(tmp_path / "1", {}), v6p(tmp_path / "2", {"gene": "ENSG2.1"})
    assert len(read_all_released([one, two], 0.5).factors) == 2
    with pytest.raises(FqtlError, match="1 factors are in more than one"):
        read_all_released([one, one], 0.5)
    with pytest.raises(FqtlError, match="expected one release"):
        read_all_released([one, v8(tmp_path / "3", {})], 0.5)
