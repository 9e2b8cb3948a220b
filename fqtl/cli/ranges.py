"""Numbers that flags take, and the range that they have to be in."""

import math
from argparse import ArgumentTypeError
from collections.abc import Callable


def number_in(low: float, high: float) -> Callable[[str], float]:
    """Type of a flag that takes a number from `low` to `high`."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise ArgumentTypeError(f"expected a number from {low:g} to {high:g}, found {text}")
        return value

    return read


def count_from(least: int) -> Callable[[str], int]:
    """Type of a flag that takes a whole number, `least` or more."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise ArgumentTypeError(f"expected a whole number of at least {least}, found {text}")
        return int(text)

    return read
