"""Alleles of a variant: on the other strand, the same both ways, and in another file.

An A read on one strand is a T on the other. A variant A/T or C/G, a palindrome, looks the same on
both, so where its alleles are swapped between two files nobody can say whether the effect allele
or the strand differs.
"""

OTHER_ALLELES = (  # why a variant is not found at a position where there is one
    "palindrome with swapped alleles: of the other strand, or not",
    "other alleles in the panel",
)
COMPLEMENT = str.maketrans("ACGT", "TGCA")


def complement(bases: str) -> str:
    """The bases on the other strand, in the same order."""
    return bases.translate(COMPLEMENT)


def is_palindrome(other: str, effect: str) -> bool:
    """Whether a variant of one base looks the same on both strands."""
    return len(other) == len(effect) == 1 and complement(other) == effect


def agreeing(
    other: str, effect: str, known: list[tuple[str, str]]
) -> tuple[tuple[str, str] | None, bool, str]:
    """Which of the pairs of alleles at a position is the one asked for, and whether it is swapped.

    known : other and effect allele of each variant at the position
    The pair is None if there is none; then the third entry says why.
    """
    if not known:
        return None, False, "not in the panel"
    if (other, effect) in known:
        return (other, effect), False, ""
    if is_palindrome(other, effect) and (effect, other) in known:
        return None, False, OTHER_ALLELES[0]
    strands = [(other, effect)]
    if len(other) == len(effect) == 1:
        strands.append((complement(other), complement(effect)))
    for one, two in strands:
        for pair, turned in (((one, two), False), ((two, one), True)):
            if pair in known:
                return pair, turned, ""
    return None, False, OTHER_ALLELES[1]
