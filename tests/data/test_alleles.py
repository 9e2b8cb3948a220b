import pytest

from fqtl.data.alleles import agreeing, is_palindrome


@pytest.mark.parametrize(
    "asked_for, known, found, swapped",
    [
        ("AG", "AG", "AG", False),
        ("GA", "AG", "AG", True),
        ("TC", "AG", "AG", False),  # the other strand
        ("CT", "AG", "AG", True),
        ("AT", "AT", "AT", False),
        ("TA", "AT", None, False),
        ("CG", "GC", None, False),
        ("AC", "AG", None, False),
    ],
)
def test_alleles_agree_if_they_are_the_same_swapped_or_of_the_other_strand(
    asked_for, known, found, swapped
):
    pair, turned, reason = agreeing(*asked_for, [tuple(known)])
    assert pair == (tuple(found) if found else None)
    assert turned is swapped
    assert (reason == "") == (found is not None)


def test_the_alleles_as_named_win_over_those_of_the_other_strand():
    assert agreeing("A", "G", [("T", "C"), ("A", "G")])[0] == ("A", "G")
    assert agreeing("GA", "G", [("G", "GA")]) == (("G", "GA"), True, "")


def test_a_palindrome_is_of_one_base():
    assert is_palindrome("A", "T")
    assert not is_palindrome("A", "G")
    assert not is_palindrome("AT", "TA")
