"""Numbers that flags take, with the range in which they mean something.

`type=share` or `type=count(1)` in a call of `add_argument`: what is out of range, no number or
`nan` is refused with the flag that it was given to.
"""

import math
from argparse import ArgumentTypeError
from collections.abc import Callable


def number(low: float, high: float = math.inf, *, above: bool = False) -> Callable[[str], float]:
    """Type of a number from `low` to `high`; with `above`, one that is larger than `low`."""
    if high == math.inf:
        expected = f"a number above {low:g}" if above else f"a number of at least {low:g}"
    else:
        expected = f"a number {f'above {low:g} and up' if above else f'from {low:g}'} to {high:g}"

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (low < value if above else low <= value) or value > high or math.isinf(value):
            raise ArgumentTypeError(f"expected {expected}, found {text}")
        return value

    return parse


def count(low: int = 0) -> Callable[[str], int]:
    """Type of a whole number of at least `low`; 1e6 is one."""

    def parse(text: str) -> int:
        try:
            value = int(text) if text.lstrip("+-").isdigit() else float(text)
        except ValueError:
            value = math.nan
        if not value >= low or value % 1 != 0:
            raise ArgumentTypeError(f"expected a whole number of at least {low}, found {text}")
        return int(value)

    return parse


share = number(0, 1)  # or a probability
part = number(0, 1, above=True)
frequency = number(0, 0.5)  # of the rarer of two alleles
amount = number(0)


def folds(text: str) -> int:
    """Parts of cross-validation: with one there is nothing to train on."""
    value = count()(text)
    if value == 1:
        raise ArgumentTypeError("expected 0 for none, or at least 2, found 1")
    return value


def count_or_auto(text: str) -> int | None:
    """A whole number, or None for `auto`."""
    if text == "auto":
        return None
    try:
        return count()(text)
    except ArgumentTypeError as fault:
        raise ArgumentTypeError(f"expected auto or a whole number, found {text}") from fault
