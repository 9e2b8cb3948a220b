"""Variants that programs would drop are left out before a model is trained, and counted."""

import gzip

import numpy as np
import pandas as pd
import pytest

from fqtl.data.genotypes import Limits, open_genotypes
from fqtl.data.rsid_store import rsids_of, write_rsids
from fqtl.data.rsids import read_lookup
from fqtl.data.variant_filter import FilteredVariants, VariantFilter
from fqtl.errors import FqtlError
from tests.files import write_vcf

DONORS = ["d1", "d2", "d3"]
RECORDS = [
    "chr22 100 rs1 A G . PASS . GT 0/0 0/1 1/1",
    "chr22 200 rs2 A T . PASS . GT 0/0 0/1 1/1",
    "chr22 300 rs3 AC A . PASS . GT 0/0 0/1 1/1",
    "chr22 400 . C T . PASS . GT 0/0 0/1 1/1",
    "chr22 500 rs5 G C . PASS . GT 0/0 0/1 1/1",
    "chr22 600 rs6 G T . PASS . GT 0/0 0/0 0/0",
]
LOOKUP = (
    "chr\tvariant_pos\tvariant_id\tref\talt\tnum_alt_per_site\trs_id_dbSNP151_GRCh38p7\n"
    "chr22\t100\tchr22_100_A_G_b38\tA\tG\t1\trs101\n"
    "chr22\t200\tchr22_200_A_T_b38\tA\tT\t1\t.\n"
    "chr22\t400\tchr22_400_T_C_b38\tT\tC\t1\trs104\n"
    "chr21\t100\tchr21_100_A_G_b38\tA\tG\t1\trs999\n"
)


@pytest.fixture
def read(tmp_path):
    path = write_vcf(tmp_path / "g.vcf.gz", RECORDS, DONORS)
    source = open_genotypes(path, "GRCh38", "GT")

    def chosen(choice):
        return FilteredVariants(source, choice).read("chr22", 1, 1000, DONORS, Limits())

    return chosen


def test_all_variants_by_default(read):
    assert read(VariantFilter()).variants["pos"].tolist() == [100, 200, 300, 400, 500]


def test_what_programs_drop_is_left_out_with_its_reason(read):
    found = read(VariantFilter(unambiguous=True))
    assert found.variants["pos"].tolist() == [100]
    assert found.dosages.tolist() == [[0, 1, 2]]
    assert found.dropped.values.tolist() == [
        [200, "palindromic alleles"],
        [300, "not a change of one base"],
        [400, "no rs number"],
        [500, "palindromic alleles"],
        [600, "constant"],
    ]


def test_without_names_none_is_asked_for(read):
    found = read(VariantFilter(unambiguous=True, nameless=True))
    assert found.variants["pos"].tolist() == [100, 400]
    assert found.variants["rsid"].tolist() == ["", ""]


@pytest.mark.parametrize("packed", [False, True])
def test_a_lookup_table_gives_names_by_position_and_alleles(read, tmp_path, packed):
    path = tmp_path / "lookup.txt"
    path.write_bytes(gzip.compress(LOOKUP.encode()) if packed else LOOKUP.encode())
    if packed:
        path = path.rename(tmp_path / "lookup.txt.gz")
    assert write_rsids(tmp_path / "rsids.parquet", read_lookup(path, "GRCh38"), "GRCh38") == 3
    lookup = rsids_of(tmp_path / "rsids.parquet", "GRCh38")
    named = read(VariantFilter(rsids=lookup)).variants
    # the alleles of the variant at 400 stand the other way round in the table
    known = {100: "rs101", 200: "", 300: "", 400: "rs104", 500: ""}
    assert dict(zip(named["pos"], named["rsid"], strict=True)) == known
    assert read(VariantFilter(unambiguous=True, rsids=lookup)).variants["pos"].tolist() == [
        100,
        400,
    ]


def test_a_region_is_found_in_a_table_of_many(tmp_path):
    pos = np.arange(1, 200_001)
    frame = pd.DataFrame({"chr": "22", "pos": pos, "ref": "A", "alt": "C"})
    frame.assign(rsid="rs" + frame["pos"].astype(str)).to_csv(
        tmp_path / "map.tsv", sep="\t", index=False
    )
    write_rsids(tmp_path / "r.parquet", read_lookup(tmp_path / "map.tsv", "GRCh37"), "GRCh37")
    found = rsids_of(tmp_path / "r.parquet", "GRCh37")("chr22", 150_000, 150_001)
    assert found == {(150_000, "A", "C"): "rs150000", (150_001, "A", "C"): "rs150001"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LOOKUP.replace("b38", "b37"), "is on GRCh37 .chr22_100_A_G_b37., the genotypes are on"),
        (LOOKUP.replace("\trs_id_dbSNP151_GRCh38p7", "\tname"), "expected columns chr, pos, ref"),
        (LOOKUP.replace("rs1", "xx").replace("rs9", "xx"), "has no rs number"),
        (LOOKUP.replace("\t100\t", "\tten\t", 1), "a position is no whole number"),
        ("", "expected columns chr, pos, ref"),
    ],
)
def test_a_bad_lookup_table_is_one_error_and_no_file(tmp_path, text, message):
    (tmp_path / "lookup.txt").write_text(text)
    with pytest.raises(FqtlError, match=message):
        write_rsids(
            tmp_path / "r.parquet", read_lookup(tmp_path / "lookup.txt", "GRCh38"), "GRCh38"
        )
    assert not (tmp_path / "r.parquet").exists()


def test_a_kept_table_of_another_build_is_refused(tmp_path):
    (tmp_path / "lookup.txt").write_text(LOOKUP)
    write_rsids(tmp_path / "r.parquet", read_lookup(tmp_path / "lookup.txt", "GRCh38"), "GRCh38")
    with pytest.raises(FqtlError, match="is on GRCh38, the genotypes on GRCh37"):
        rsids_of(tmp_path / "r.parquet", "GRCh37")
