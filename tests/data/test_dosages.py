"""Dosages are copies from 0 to 2, or have no value, or the variant is left out with its reason."""

import numpy as np
import pysam
import pysam.bcftools
import pytest

from fqtl.data.dosages import Limits
from fqtl.data.genotypes import open_genotypes
from fqtl.errors import FqtlError
from tests.files import write_vcf

DONORS = [f"D{i}" for i in range(10)]
LIMITS = Limits(min_maf=0.01, max_missing=0.3)
MADE_UP = [0, 1, 2, 0, 1, 2, 0.25, 1, 0, 1.5]


def vcf(tmp_path, values, declared="Float"):
    path = tmp_path / "x.vcf.gz"
    lines = [
        "##fileformat=VCFv4.2",
        "##contig=<ID=chr22>",
        f'##FORMAT=<ID=DS,Number=1,Type={declared},Description="Dosage">',
        "\t".join(["#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT".replace(" ", "\t"), *DONORS]),
        "\t".join(["chr22", "100", ".", "A", "G", ".", "PASS", ".", "DS", *map(str, values)]),
    ]
    with pysam.BGZFile(str(path), "wb") as out:
        out.write(("\n".join(lines) + "\n").encode())
    pysam.tabix_index(str(path), preset="vcf", force=True)
    return path


def read(path):
    return open_genotypes(path, "GRCh38", "DS").read("22", 1, 1000, DONORS, LIMITS)


@pytest.mark.parametrize("code", [".", "-1", "-9", "nan"])
@pytest.mark.parametrize("declared", ["Float", "Integer", "String"])
def test_codes_for_missing_dosages_have_no_value(tmp_path, code, declared):
    values = [code, *np.rint(MADE_UP[1:]).astype(int)]
    found = read(vcf(tmp_path, values, declared))
    np.testing.assert_array_equal(found.dosages, [[np.nan, *np.rint(MADE_UP[1:])]])


@pytest.mark.parametrize("declared", ["Float", "Integer", "String"])
def test_dosages_are_numbers_whatever_the_header_calls_them(tmp_path, declared):
    np.testing.assert_allclose(read(vcf(tmp_path, MADE_UP, declared)).dosages, [MADE_UP])


@pytest.mark.parametrize("declared", ["Float", "String"])
def test_a_bcf_gives_the_dosages_of_its_vcf(tmp_path, declared):
    path = vcf(tmp_path, [*MADE_UP[:-1], "."], declared)
    bcf = tmp_path / "x.bcf"
    pysam.bcftools.view("-Ob", "-o", str(bcf), str(path), catch_stdout=False)
    pysam.bcftools.index(str(bcf))
    np.testing.assert_allclose(read(bcf).dosages, [[*MADE_UP[:-1], np.nan]])


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("20", "DS outside of 0 to 2"),
        ("-0.5", "DS outside of 0 to 2"),
        ("inf", "DS outside of 0 to 2"),
        ("abc", "record that htslib cannot read"),
        ("0,5", "not one DS for each alternative allele"),
    ],
)
def test_what_is_no_dosage_is_told_as_what_it_is(tmp_path, value, reason):
    found = read(vcf(tmp_path, [value, *MADE_UP[1:]]))
    assert found.dropped_by_reason() == {reason: 1}


def test_what_rounding_left_outside_is_brought_to_the_end(tmp_path):
    found = read(vcf(tmp_path, [2.0005, -0.0005, *MADE_UP[2:]]))
    assert found.dosages[0, :2].tolist() == [2, 0]


@pytest.mark.parametrize("value", [1, 0.7])
def test_a_variant_without_variation_is_constant_whatever_its_frequency(tmp_path, value):
    assert read(vcf(tmp_path, [value] * 10)).dropped_by_reason() == {"constant": 1}


def test_calls_that_are_all_heterozygous_are_constant(tmp_path):
    record = "chr22 100 . A G . PASS . GT " + "0/1 " * 10
    path = write_vcf(tmp_path / "x.vcf.gz", [record], DONORS)
    found = open_genotypes(path, "GRCh38", "GT").read("22", 1, 1000, DONORS, LIMITS)
    assert found.dropped_by_reason() == {"constant": 1}


def test_a_file_with_probabilities_alone_is_told_how_dosages_are_made_of_them(tmp_path):
    record = "chr22 100 . A G . PASS . GP 1,0,0 0,1,0 0,0,1"
    path = write_vcf(tmp_path / "x.vcf.gz", [record], ["a", "b", "c"], fields=("GP",))
    for field in ("GT", "DS"):
        with pytest.raises(FqtlError, match=f"no FORMAT field {field}") as told:
            open_genotypes(path, "GRCh38", field)
        assert "Its first record has GP. Dosages are made of GP by `plink2" in str(told.value)
