"""Which responses a family can have, with a message that names the first it cannot."""

import numpy as np

from fqtl.errors import FqtlError
from fqtl.model.arrays.moments import Floats
from fqtl.model.families.response import Response


def refuse(y: Response, bad: np.ndarray, family: str, expected: str, hint: str = "") -> None:
    """FqtlError that names the first observed entry of y where `bad`, if there is any.

    bad : (n, m) of bool
    """
    bad = bad & (y.observed > 0)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise FqtlError(
            f"Family {family} expects {expected}; found {y.values[row, column]:g} in y at row "
            f"{row}, column {column} ({int(bad.sum())} such entries).{hint and ' ' + hint}"
        )


def not_counts(values: Floats) -> np.ndarray:
    """Which are no whole numbers of at least 0."""
    return (values < 0) | (values != np.floor(values))
