"""Variants are found in a panel by position and alleles, and what is not found has a reason."""

import numpy as np
import pandas as pd
import pytest

from fqtl.data.genotypes import open_genotypes
from fqtl.data.panel import BLOCK, GAP, look_up, require_found
from fqtl.errors import FqtlError
from tests.files import write_plink1, write_vcf

SAMPLES = ["a", "b", "c", "d"]
RECORDS = [
    "chr22 100 rs1 A G . PASS . GT 0/0 0/1 1/1 ./.",
    "chr22 200 rs2 C T . PASS . GT 0/1 0/0 0/0 0/1",
    "chr22 300 rs3 A T . PASS . GT 0/1 0/0 0/0 0/1",
    "chr22 400 rs4 G GA . PASS . GT 0/1 0/0 0/0 0/1",
    "chr22 500 rs5 G A,C . PASS . GT 0/1 0/2 0/0 0/1",
    "chr22 600 rs6 G A . PASS . GT 0/0 0/0 0/0 0/0",
]


@pytest.fixture
def source(tmp_path):
    return open_genotypes(write_vcf(tmp_path / "g.vcf.gz", RECORDS, SAMPLES), "GRCh37", "GT")


def asked(*names):
    parts = [name.split("_") for name in names]
    return pd.DataFrame(
        {
            "variant_id": names,
            "chrom": [part[0] for part in parts],
            "pos": [int(part[1]) for part in parts],
            "other_allele": [part[2] for part in parts],
            "effect_allele": [part[3] for part in parts],
        }
    )


def test_dosages_are_of_the_panel_and_swaps_are_told(source):
    panel = look_up(source, asked("chr22_200_T_C", "chr22_100_A_G", "chr22_500_G_C"))
    found = panel.variants
    assert found.loc["chr22_100_A_G", "variant_id"] == "chr22_100_A_G_b37"
    assert found["swapped"].to_dict() == {
        "chr22_100_A_G": False,
        "chr22_200_T_C": True,
        "chr22_500_G_C": False,
    }
    dosages = panel.dosages[found["row"]]
    np.testing.assert_array_equal(dosages[found.index.get_loc("chr22_100_A_G")], [0, 1, 2, 1])
    np.testing.assert_array_equal(dosages[found.index.get_loc("chr22_200_T_C")], [1, 0, 0, 1])
    np.testing.assert_array_equal(dosages[found.index.get_loc("chr22_500_G_C")], [0, 1, 0, 0])
    assert found.loc["chr22_200_T_C", "frequency"] == 0.25
    assert found.loc["chr22_200_T_C", "rsid"] == "rs2"


def test_a_panel_of_one_donor_is_refused(tmp_path):
    records = [" ".join(line.split()[:10]) for line in RECORDS]
    source = open_genotypes(write_vcf(tmp_path / "g.vcf.gz", records, ["a"]), "GRCh37", "GT")
    panel = look_up(source, asked("chr22_200_C_T"))
    with pytest.raises(FqtlError, match="has genotypes of 1 donor"):
        require_found(panel, 0.05, "effects.txt", source)


def test_a_panel_may_be_of_plink(tmp_path, source):
    """The same genotypes as PLINK 1, of which A1 is the allele that is counted."""
    calls = np.array([[0, 1, 2, -1], [1, 0, 0, 1], [1, 0, 0, 1]])
    bim = ["22 . 0 100 G A", "22 . 0 200 C T", "22 . 0 300 T A"]  # at 200 the reference is counted
    calls[1] = 2 - calls[1]
    plink = open_genotypes(write_plink1(tmp_path / "g.bed", calls, bim, SAMPLES), "GRCh37", "GT")
    names = asked("chr22_100_A_G", "chr22_200_C_T", "chr22_300_A_T", "chr22_700_A_G")
    one, other = look_up(source, names), look_up(plink, names)
    assert list(one.variants["reason"]) == list(other.variants["reason"])
    assert list(other.variants["swapped"]) == [False, True, False, False]
    dosages = other.dosages.copy()
    dosages[1] = 2 - dosages[1]
    np.testing.assert_array_equal(one.dosages, dosages)


def test_every_variant_that_is_not_found_has_a_reason(source):
    names = ["chr22_150_A_G", "chr22_200_C_A", "chr22_600_G_A", "chr7_5_A_G", "chr22_300_T_A"]
    panel = look_up(source, asked(*names))
    assert (panel.variants["row"] == -1).all()
    assert len(panel.dosages) == 0
    reasons = panel.variants["reason"]
    assert reasons["chr22_150_A_G"] == "not in the panel"
    assert reasons["chr22_200_C_A"] == "other alleles in the panel"
    assert reasons["chr22_600_G_A"] == "in the panel, but constant"
    assert reasons["chr7_5_A_G"] == "chromosome is not in the panel"
    assert reasons["chr22_300_T_A"].startswith("palindrome")


def test_parts_of_a_chromosome_are_read_one_after_the_other(tmp_path):
    positions = [1, GAP // 2, 3 * GAP, *range(5 * GAP, 5 * GAP + 2 * BLOCK, GAP // 2)]
    records = [f"chr22 {pos} . A G . PASS . GT 0/1 0/0 1/1 0/1" for pos in positions]
    source = open_genotypes(write_vcf(tmp_path / "g.vcf.gz", records, SAMPLES), "GRCh37", "GT")
    panel = look_up(source, asked(*(f"chr22_{pos}_A_G" for pos in reversed(positions))))
    assert sorted(panel.variants["row"]) == list(range(len(positions)))
    assert (panel.variants["variant_id"] == panel.variants.index + "_b37").all()


def test_a_panel_without_the_variants_is_refused_with_examples_of_both(source):
    panel = look_up(source, asked("chr22_100_A_G", *(f"chr22_{pos}_A_G" for pos in range(7, 40))))
    with pytest.raises(FqtlError) as told:
        require_found(panel, 0.05, "effects.txt", source)
    assert "1 of 34 variants of effects.txt" in str(told.value)
    assert "chr22_7_A_G" in str(told.value)
    assert "chr22_100_A_G_b37" in str(told.value)
    require_found(panel, 0.02, "effects.txt", source)
