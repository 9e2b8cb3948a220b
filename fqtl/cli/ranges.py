"""Numbers that flags take, and the range that they have to be in.

`type=SHARE` or `type=count_from(1)` in a call of `add_argument`: what is out of range, no number or
`nan` is refused with the flag that it was given to. Flags that stand for a key of the config have
the range of the key.
"""

import math
from argparse import ArgumentTypeError, BooleanOptionalAction
from collections.abc import Callable
from typing import Any, get_origin

from fqtl.config.keys import Key, alternatives
from fqtl.data.builds import require_build
from fqtl.errors import FqtlError


def number_in(low: float, high: float = math.inf, *, above: bool = False) -> Callable[[str], float]:
    """Type of a flag that takes a number from `low` to `high`; with `above`, larger than `low`."""
    if high == math.inf:
        expected = f"a number above {low:g}" if above else f"a number of at least {low:g}"
    else:
        expected = f"a number {f'above {low:g} and up' if above else f'from {low:g}'} to {high:g}"

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high or (above and value == low) or math.isinf(value):
            raise ArgumentTypeError(f"expected {expected}, found {text}")
        return value

    return read


def count_from(least: int) -> Callable[[str], int]:
    """Type of a flag that takes a whole number, `least` or more; 1e6 is one."""

    def read(text: str) -> int:
        try:
            value = int(text) if text.isdecimal() else float(text)
        except ValueError:
            value = math.nan
        if not value >= least or value % 1 != 0:
            raise ArgumentTypeError(f"expected a whole number of at least {least}, found {text}")
        return int(value)

    return read


SHARE = number_in(0, 1)  # or a probability
COUNT = count_from(0)


def genome_build(text: str) -> str:
    """The name of a genome build, GRCh38 for hg38."""
    try:
        return require_build(text, "genome_build")
    except FqtlError as fault:
        raise ArgumentTypeError(str(fault)) from fault


def folds(text: str) -> int:
    """Parts of cross-validation: with one there is nothing to train on."""
    value = COUNT(text)
    if value == 1:
        raise ArgumentTypeError("expected 0 for none, or at least 2, found 1")
    return value


def count_or_auto(text: str) -> int | None:
    """A whole number, or None for `auto`."""
    if text == "auto":
        return None
    try:
        return COUNT(text)
    except ArgumentTypeError as fault:
        raise ArgumentTypeError(f"expected auto or a whole number, found {text}") from fault


def options_of(key: Key) -> dict[str, Any]:
    """What `add_argument` is told of a flag for a key: how its value is read."""
    if key.words:
        several = {"nargs": "+"} if get_origin(key.type) is list else {}
        return {"choices": list(key.words), **several}
    if key.name == "genome_build":
        return {"type": genome_build}
    forms = alternatives(key.type)
    if bool in forms:
        return {"action": BooleanOptionalAction}
    if float in forms:
        high = math.inf if key.high is None else key.high
        return {"type": number_in(key.low or 0, high, above=key.above)}
    if int not in forms or str in forms:
        return {}
    if len(forms) > 1:
        return {"type": count_or_auto}
    return {"type": count_from(int(key.low or 0)) if key.refused is None else folds}
