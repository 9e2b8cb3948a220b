"""Which responses a family can have, with a message that names the first it cannot."""

import warnings

import numpy as np

from fqtl.errors import FqtlError
from fqtl.model.arrays.moments import Floats
from fqtl.model.families.response import Response

# ln of the deepest over the shallowest library, that is three million times; taste
MOST_APART = 15.0
NEARER = 0.9  # variance that is left, of which less speaks for sizes; taste
# logarithm of the geometric mean of size factors, which are made to be around 1; taste
AROUND_ONE = 0.1


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


def refuse_sizes(y: Response, family: str) -> None:
    """Refuse offsets that no logarithm of a library's size can be; warn of those that look odd.

    Offsets that are sizes themselves are above 0, and counts grow with them and not with their
    exponential: the logarithm of counts is nearer to the logarithm of these than to these.
    """
    seen = y.observed > 0
    offset = np.broadcast_to(y.offset, y.values.shape)[seen]
    if not len(offset) or offset.max() == offset.min():
        return
    if offset.max() - offset.min() > MOST_APART:
        raise FqtlError(
            f"Family {family!r}: offset must be the natural logarithm of sizes of libraries; found "
            f"{offset.min():g} to {offset.max():g}, of which the exponentials are more than "
            f"{np.exp(MOST_APART):.0g} times apart. Take the logarithm first: offset=np.log(sizes)."
        )
    if offset.min() <= 0:
        return
    known = np.where(seen, np.broadcast_to(y.offset, y.values.shape), np.nan)
    level = np.log(np.where(seen, y.values, 0) + 0.5)
    as_sizes, as_logs = (
        np.nansum(np.nanvar(level - some, axis=0)) for some in (np.log(known), known)
    )
    around_one = abs(np.log(offset).mean()) < AROUND_ONE
    if as_sizes < (1.0 if around_one else NEARER) * as_logs:
        warnings.warn(
            f"offset, {offset.min():g} to {offset.max():g}, looks like sizes, of which "
            "the natural logarithm is wanted: counts grow with it and not with its exponential. Is "
            "it to be offset=np.log(sizes)?",
            stacklevel=2,
        )
