"""Alleles of models and of a GWAS: swaps, strands, palindromes and repeated rows."""

import numpy as np
import pandas as pd
import pytest

from fqtl.gwas.matching import (
    DISAGREEING,
    NOT_THERE,
    OTHER_ALLELES,
    UNSURE_PALINDROME,
    match,
)


def model(*alleles, frequency=None):
    """Variants at positions 0, 1, …, written as other/effect."""
    pairs = [pair.split("/") for pair in alleles]
    frame = pd.DataFrame(
        {
            "place": np.arange(len(pairs)),
            "rsid": [f"rs{i}" for i in range(len(pairs))],
            "other_allele": [pair[0] for pair in pairs],
            "effect_allele": [pair[1] for pair in pairs],
        }
    )
    return frame if frequency is None else frame.assign(frequency=frequency)


def gwas(*rows):
    """Rows of (place, other/effect, z, frequency)."""
    table = [(*row, np.nan)[:4] for row in rows]
    pairs = [row[1].split("/") for row in table]
    return pd.DataFrame(
        {
            "place": [row[0] for row in table],
            "lifted": -1,
            "minus": False,
            "rsid": [f"rs{row[0]}" for row in table],
            "effect_allele": [pair[1] for pair in pairs],
            "other_allele": [pair[0] for pair in pairs],
            "z": [row[2] for row in table],
            "frequency": [row[3] for row in table],
            "reason": "",
        }
    )


def z_of(found, rows):
    there = found.row >= 0
    z = np.full(len(found.row), np.nan)
    z[there] = found.sign[there] * rows["z"].to_numpy()[found.row[there]]
    return z


@pytest.mark.parametrize("key", ["place", "rsid"])
def test_swapped_alleles_turn_z_and_the_other_strand_does_not(key):
    rows = gwas((0, "A/G", 1.0), (1, "G/A", 1.0), (2, "T/C", 1.0), (3, "C/T", 1.0))
    found = match(model("A/G", "A/G", "A/G", "A/G"), rows, key)
    assert z_of(found, rows).tolist() == [1.0, -1.0, 1.0, -1.0]
    assert found.flipped.tolist() == [False, False, True, True]
    assert found.counts["other strand"] == 2


def test_other_alleles_and_absent_variants_have_their_reason():
    found = match(model("A/G", "A/G"), gwas((0, "A/T", 1.0)), "place")
    assert found.row.tolist() == [-1, -1]
    assert found.reason.tolist() == [OTHER_ALLELES, NOT_THERE]


def test_an_indel_is_found_as_it_is_written_and_swapped_but_not_on_the_other_strand():
    rows = gwas((0, "A/AT", 1.0), (1, "AT/A", 1.0), (2, "T/TA", 1.0))
    found = match(model("A/AT", "A/AT", "A/AT"), rows, "place")
    assert z_of(found, rows)[:2].tolist() == [1.0, -1.0]
    assert found.reason[2] == OTHER_ALLELES


def many(strand):
    """25 variants that tell the strand of a file."""
    alleles = {"forward": "A/G", "reverse": "T/C"}[strand]
    return ["A/G"] * 25, [(i, alleles, 1.0) for i in range(25)]


@pytest.mark.parametrize("strand, expected", [("forward", [1.0, -1.0]), ("reverse", [-1.0, 1.0])])
def test_palindromes_follow_a_file_of_one_strand(strand, expected):
    ours, theirs = many(strand)
    rows = gwas(*theirs, (25, "A/T", 1.0), (26, "T/A", 1.0))
    found = match(model(*ours, "A/T", "A/T"), rows, "place")
    assert z_of(found, rows)[25:].tolist() == expected


def test_palindromes_of_a_file_of_both_strands_are_told_by_frequency_or_left_out():
    ours = ["A/G"] * 26 + ["A/T"] * 4
    theirs = [(i, "A/G" if i % 2 else "T/C", 1.0) for i in range(26)]
    theirs += [(26, "A/T", 1.0, 0.2), (27, "A/T", 1.0, 0.8), (28, "T/A", 1.0, 0.8)]
    theirs += [(29, "A/T", 1.0, 0.48)]
    rows = gwas(*theirs)
    frequency = np.full(30, 0.2)
    found = match(model(*ours, frequency=frequency), rows, "place")
    assert z_of(found, rows)[26:29].tolist() == [1.0, -1.0, -1.0]
    assert found.reason[29] == UNSURE_PALINDROME
    without = match(model(*ours), rows, "place")
    assert (without.reason[26:] == UNSURE_PALINDROME).all()


def test_palindromes_are_taken_as_the_user_says():
    rows = gwas((0, "T/A", 1.0, 0.2))
    ours = model("A/T", frequency=[0.2])
    assert z_of(match(ours, rows, "place", "as-written"), rows).tolist() == [-1.0]
    assert match(ours, rows, "place", "leave-out").reason.tolist() == [UNSURE_PALINDROME]
    # frequencies say that the two count the same allele
    assert z_of(match(ours, rows, "place"), rows).tolist() == [1.0]


def test_rows_that_agree_are_one_and_others_are_left_out():
    rows = gwas((0, "A/G", 1.0), (0, "G/A", -1.0), (1, "A/G", 1.0), (1, "A/G", 2.0))
    found = match(model("A/G", "A/G"), rows, "place")
    assert z_of(found, rows)[0] == 1.0
    assert found.reason.tolist() == ["", DISAGREEING]


def test_a_row_of_the_same_strand_is_preferred_at_a_place_of_two_variants():
    rows = gwas((0, "T/C", 5.0), (0, "A/G", 1.0))
    found = match(model("A/G"), rows, "place")
    assert (z_of(found, rows)[0], bool(found.flipped[0])) == (1.0, False)


def test_a_lifted_row_of_the_minus_strand_is_read_from_the_other_one():
    rows = gwas((7, "T/C", 1.0), (8, "A/C", 1.0)).assign(lifted=[0, 1], minus=True)
    found = match(model("A/G", "G/T"), rows, "lifted")
    assert z_of(found, rows).tolist() == [1.0, -1.0]
    assert not found.flipped.any()
