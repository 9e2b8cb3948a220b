"""Rows of a file of QTLs met with the variants of a panel."""

import numpy as np
import pandas as pd

from fqtl.data.dosages import Genotypes
from fqtl.qtl.matching import gene_scores

PANEL = Genotypes(
    pd.DataFrame(
        {
            "variant_id": [f"chr22_{pos}" for pos in (1, 2, 3, 4, 5)],
            "rsid": ["rs1", "rs2", "rs3", "rs4", "rs5"],
            "chrom": "chr22",
            "pos": [1, 2, 3, 4, 5],
            "other_allele": ["A", "A", "A", "A", "C"],
            "effect_allele": ["G", "G", "C", "T", "G"],
        }
    ),
    np.zeros((5, 3)),
    ["a", "b", "c"],
    pd.DataFrame({"pos": [], "reason": []}),
)


def rows(*entries):
    names = ["chrom", "pos", "rsid", "other_allele", "effect_allele", "z", "n"]
    return pd.DataFrame(entries, columns=names).assign(reason="", maf=np.nan)


def test_alleles_are_turned_to_those_of_the_panel():
    given = rows(
        ("22", 1, "", "A", "G", 1.0, 100),
        ("22", 2, "", "G", "A", 2.0, 100),  # swapped
        ("22", 3, "", "T", "G", 3.0, 100),  # of the other strand
        ("22", 4, "", "A", "T", 4.0, 100),  # a palindrome, as it is written
        ("22", 9, "", "A", "T", 9.0, 100),
        ("21", 5, "", "C", "G", 9.0, 100),
    )
    found = gene_scores(PANEL, "chr22", [given, pd.DataFrame()])
    np.testing.assert_array_equal(found.z[:, 0], [1, -2, 3, 4, np.nan])
    assert np.isnan(found.z[:, 1]).all()
    assert found.counts[0] == {
        "used": 2,
        "used, alleles swapped": 1,
        "used, other strand": 1,
        "not in the panel, or outside of the window": 1,
        "on another chromosome than the gene": 1,
    }
    assert sum(found.counts[0].values()) == len(given)


def test_rows_that_repeat_a_variant_are_one_and_those_that_disagree_none():
    given = rows(
        ("22", 1, "rs1", "A", "G", 1.0, 100),
        ("22", 1, "rs99", "A", "G", 1.0, 100),
        ("22", 2, "rs2", "A", "G", 1.0, 100),
        ("22", 2, "rs2", "A", "G", -3.0, 100),
    )
    found = gene_scores(PANEL, "22", [given])
    np.testing.assert_array_equal(found.z[:2, 0], [1, np.nan])
    assert found.counts[0]["rows of the file that disagree"] == 1


def test_a_file_without_alleles_goes_by_the_names_of_the_panel():
    given = rows(("", -1, "rs2", "", "", 2.0, 100), ("", -1, "rs77", "", "", 5.0, 100))
    found = gene_scores(PANEL, "chr22", [given])
    np.testing.assert_array_equal(found.z[:, 0], [np.nan, 2, np.nan, np.nan, np.nan])
    assert found.counts[0]["used, alleles taken from the panel"] == 1
    assert "used" not in found.counts[0]


def test_x_may_be_a_number():
    given = rows(("23", 1, "", "A", "G", 1.0, 100))
    assert gene_scores(PANEL, "chrX", [given]).counts[0] == {"used": 1}
    assert "used" not in gene_scores(PANEL, "chr22", [given]).counts[0]
