"""Donors: which sample is of whom, one sample of each, and donors that two files share."""

import re
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from fqtl.data.expression import Expression
from fqtl.data.text import read_lines, unquoted
from fqtl.errors import FqtlError

LEAST_ALIKE = 3  # letters and digits of a name that is compared without its punctuation
GTEX_SAMPLE = re.compile(r"^(GTEX-[A-Z0-9]+)-\d+-")  # GTEX-1117F-0226-SM-5GZZ7


def donor_of(sample: str) -> str:
    """Donor that a sample of GTEx is from; other names are donors as they are."""
    match = GTEX_SAMPLE.match(sample)
    return match.group(1) if match else sample


def by_donor(expression: Expression) -> tuple[Expression, int]:
    """Expression with the names of donors, and how many samples were left out for it.

    Of several samples of a donor the one with the largest sum is kept: of counts, the deepest.
    """
    donors = [donor_of(sample) for sample in expression.donors]
    best: dict[str, int] = {}
    depth = np.nansum(expression.values, axis=0)
    for i, donor in enumerate(donors):
        if donor not in best or depth[i] > depth[best[donor]]:
            best[donor] = i
    if len(best) == len(donors):
        return replace(expression, donors=donors), 0
    kept = sorted(best.values())
    values = expression.values[:, kept]
    one_each = replace(expression, values=values, donors=[donors[i] for i in kept])
    return one_each, len(donors) - len(kept)


def require_shared(
    one: Path, one_donors: Sequence[str], other: Path, other_donors: Sequence[str]
) -> None:
    """Refuse two files without a donor in common, in words that show how the names differ."""
    if set(one_donors) & set(other_donors):
        return
    rows = len(set(one_donors) & set(_first_fields(other)))
    raise FqtlError(
        f"No samples shared between {one} ({_shown(one_donors)}) and {other} "
        f"({_shown(other_donors)}). "
        + (
            f"Is {other} transposed? {rows} of the samples are in its first column, expected in "
            "its header."
            if rows
            else _why_other_names(one_donors, other_donors)
        )
    )


def _why_other_names(one: Sequence[str], other: Sequence[str]) -> str:
    """What two lists of names without one in common may differ in."""
    if {name.lstrip("0") for name in one} & {name.lstrip("0") for name in other}:
        return (
            "But for zeros in front they would be the same: a spreadsheet takes these away. Make "
            "the names the same in both files."
        )
    alike = _alike(other, one)
    return "Do the names differ in punctuation?" + (
        f" But for case, punctuation, and a prefix or suffix {alike} of the latter would be found "
        "in the former: make the names the same in both files."
        if alike
        else ""
    )


def not_in(one: Path, one_donors: Sequence[str], other: Path, other_donors: Sequence[str]) -> str:
    """Sentence on the donors of one file that the other lacks; empty if it lacks none."""
    absent, unused = (
        [name for name in names if name not in there]
        for names, there in (
            (one_donors, set(other_donors)),
            (other_donors, set(one_donors)),
        )
    )
    if not absent:
        return ""
    alike = _alike(absent, unused)
    hint = (
        f" But for case, punctuation, and a prefix or suffix {alike} of them would be found there: "
        "make the names the same in both files."
        if alike
        else ""
    )
    rest = (
        f", which has {len(unused)} others of its {len(other_donors)} ({_some(unused)})"
        if unused
        else ""
    )
    return (
        f"{len(absent)} of {len(one_donors)} donors of {one} are left out ({_some(absent)}): they "
        f"are not in {other}{rest}.{hint}"
    )


def _alike(names: Sequence[str], others: Sequence[str]) -> int:
    """How many names are one of the others, but for case, punctuation, and a prefix or suffix."""
    there = [other for other in map(_letters_and_digits, others) if len(other) >= LEAST_ALIKE]
    without_zeros = {other.lstrip("0") for other in others}
    return sum(
        name.lstrip("0") in without_zeros or _is_like_any(_letters_and_digits(name), there)
        for name in names
    )


def _is_like_any(name: str, others: Sequence[str]) -> bool:
    """Whether a name begins or ends as one of the others, or one of them as it."""
    return len(name) >= LEAST_ALIKE and any(
        _ends_meet(name, other) or _ends_meet(other, name) for other in others
    )


def _ends_meet(longer: str, shorter: str) -> bool:
    return longer.startswith(shorter) or longer.endswith(shorter)


def _letters_and_digits(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _some(names: Sequence[str]) -> str:
    """The first three: `D001, D002, D003, …`."""
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def _first_fields(path: Path) -> list[str]:
    """First field of each line of a text file; nothing of what is no text."""
    try:
        return [unquoted(line.split()[0]) for line in read_lines(path) if line.strip()]
    except (OSError, EOFError, UnicodeDecodeError, zlib.error):
        return []


def _shown(donors: Sequence[str]) -> str:
    """First name and how many there are: `GTEX-1117F, …; 838`."""
    return f"{donors[0]}, …; {len(donors)}" if donors else "none; 0"
