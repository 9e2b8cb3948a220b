"""Counts of reasons for what was dropped; those that differ only in a number are one."""

import re
from collections.abc import Iterable

import pandas as pd

# a number that stands by itself; the 2 of chr2 is a name
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w])")


def count_reasons(reasons: Iterable[str]) -> list[tuple[str, int]]:
    """Each reason and how often it was given, the most frequent first.

    Where reasons differ, a number becomes its range: `3 to 20 donors, fewer than 30`.
    """
    counts = pd.Series(list(reasons), dtype=str).value_counts()
    alike: dict[str, list[str]] = {}
    for reason in counts.index:
        alike.setdefault(NUMBER.sub("…", reason), []).append(reason)
    found = [(_with_ranges(some), int(counts[some].sum())) for some in alike.values()]
    return sorted(found, key=lambda row: -row[1])


def _with_ranges(reasons: list[str]) -> str:
    """The one text of reasons that differ in their numbers alone."""
    ranges = iter(
        [
            min(numbers, key=float)
            if len(set(numbers)) == 1
            else f"{min(numbers, key=float)} to {max(numbers, key=float)}"
            for numbers in zip(*(NUMBER.findall(reason) for reason in reasons), strict=True)
        ]
    )
    return NUMBER.sub(lambda _: next(ranges), reasons[0])
