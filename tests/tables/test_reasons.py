from fqtl.tables.reasons import count_reasons


def test_reasons_that_differ_in_numbers_alone_are_one_with_their_ranges():
    reasons = ["20 donors, fewer than 30", "constant", "3 donors, fewer than 30"]
    assert count_reasons(reasons) == [("3 to 20 donors, fewer than 30", 2), ("constant", 1)]


def test_values_that_a_family_cannot_have_are_one_reason():
    reasons = [
        f"expects shares; found {x} in y at row {i}." for i, x in enumerate(["-0.31", "2e-05"])
    ]
    assert count_reasons(reasons) == [
        ("expects shares; found -0.31 to 2e-05 in y at row 0 to 1.", 2)
    ]


def test_the_number_of_a_chromosome_is_a_name():
    reasons = ["chr2 is not in the genotypes", "chr3 is not in the genotypes"]
    assert count_reasons(reasons) == [(reason, 1) for reason in reasons]


def test_the_most_frequent_reason_is_first_and_none_gives_none():
    assert count_reasons(["a", "b", "b"]) == [("b", 2), ("a", 1)]
    assert count_reasons([]) == []
