"""Checks of what a caller hands to `fit`, each with a message that names the first fault."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from numbers import Integral
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from fqtl.errors import FqtlError
from fqtl.model.arrays.moments import Floats

Choice = TypeVar("Choice")

LARGEST = 1e100  # of which squares can still be added up; taste


def as_matrix(name: str, value: ArrayLike, *, missing: bool) -> np.ndarray:
    """Two-dimensional array of numbers; a vector becomes one column. NaN only where `missing`."""
    try:
        if isinstance(value, np.ma.MaskedArray):
            value = np.ma.filled(value.astype(np.float64), np.nan)
        array = np.asarray(value)
        if array.dtype.kind == "O" and hasattr(value, "to_numpy"):  # such as whole numbers with NA
            array = value.to_numpy(dtype=np.float64, na_value=np.nan)
        if array.dtype.kind in "mM":
            raise TypeError("dates and times are none of y, x or a covariate")
        if np.iscomplexobj(array):
            raise TypeError("complex ones are none of y, x or a covariate")
        array = array if np.issubdtype(array.dtype, np.number) else array.astype(np.float64)
    except (TypeError, ValueError) as fault:
        raise FqtlError(f"{name} must hold numbers: {fault}.") from fault
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or 0 in array.shape:
        raise FqtlError(f"{name} must have rows and columns, found shape {array.shape}.")
    if not np.issubdtype(array.dtype, np.floating):
        return array
    most = min(LARGEST, float(np.finfo(array.dtype).max))
    if -most <= array.min() and array.max() <= most:  # not so beside NaN
        return array
    size = np.abs(array)
    bad = size > most if missing else ~(size <= most)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        allowed = f"at most {LARGEST:g} in size" if np.isfinite(array[row, column]) else "finite"
        raise FqtlError(
            f"{name} must be {allowed}, found {array[row, column]} at row {row}, column {column} "
            f"({int(bad.sum())} such entries)."
        )
    return array


def beside(name: str, value: ArrayLike | None, y: np.ndarray, default: float) -> Floats:
    """(n, m) what is known of every entry of y; one column, or a vector, is for all tissues."""
    if value is None:
        return np.full(y.shape, default)
    given = as_matrix(name, value, missing=True)
    if given.shape not in (y.shape, (len(y), 1)):
        raise FqtlError(
            f"{name} must have the shape of y, {y.shape}, or one column of {len(y)} rows; found "
            f"shape {given.shape}."
        )
    whole = np.broadcast_to(given, y.shape).astype(np.float64)
    bad = np.isnan(whole) & ~np.isnan(y)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise FqtlError(
            f"{name} must be known where y is; it is missing at row {row}, column {column} "
            f"({int(bad.sum())} such entries)."
        )
    return np.where(np.isnan(whole), default, whole)


@dataclass(frozen=True)
class Design:
    """Intercept and standardised covariates, and the way back to their units.

    columns : (n, 1 + q)
    mean, per_unit : (q,) mean and 1/sd of each covariate; per_unit is 0 where it is constant
    """

    columns: Floats
    mean: Floats
    per_unit: Floats

    @classmethod
    def of(cls, name: str, covariates: ArrayLike | None, measured: np.ndarray) -> "Design":
        """Covariates of all donors, in standard deviations of the measured ones, a mask (n,)."""
        n, seen = len(measured), int(measured.sum())
        given = (
            np.empty((n, 0)) if covariates is None else as_matrix(name, covariates, missing=False)
        )
        if len(given) != n:
            raise FqtlError(f"{name} must have the {n} rows of y, found shape {given.shape}.")
        if given.shape[1] >= seen - 1:
            warnings.warn(
                f"{given.shape[1]} {name} of {seen} donors can explain whatever there is, and "
                "leave nothing to find: give fewer, or their leading components.",
                stacklevel=3,
            )
        mean, sd = given[measured].mean(axis=0), given[measured].std(axis=0)
        varies = sd > 1e-10 * np.abs(mean)
        per_unit = np.divide(1.0, sd, out=np.zeros_like(sd), where=varies)
        return cls(np.hstack([np.ones((n, 1)), (given - mean) * per_unit]), mean, per_unit)


def refuse_no_flag(name: str, value: object) -> None:
    """True or False, of Python or of NumPy."""
    if not isinstance(value, bool | np.bool_):
        raise FqtlError(f"{name} must be True or False, found {value!r}.")


def refuse_no_count(name: str, value: object, least: int) -> None:
    """A whole number of at least `least`, of Python or of NumPy."""
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < least:
        raise FqtlError(f"{name} must be a whole number of at least {least}, found {value!r}.")


def same_rows(y: Any, x: Any, **beside: Any) -> tuple[np.ndarray, np.ndarray]:
    """y and x as matrices of the same donors; (n, 0) where there is no x."""
    matrix = as_matrix("y", y, missing=True)
    n = len(matrix)
    other = np.empty((n, 0)) if x is None else as_matrix("x", x, missing=True)
    if len(other) != n:
        raise FqtlError(f"x must have the {n} rows of y, found shape {other.shape}.")
    _refuse_other_rows(y=y, x=x, **beside)
    return matrix, other


def warn_of_codes(x: np.ndarray) -> None:
    """Tell of numbers that programs write for missing genotypes, beside dosages of 0 to 2.

    Of -1 it is told where dosages reach beyond 1: crosses are coded as -1, 0 and 1.
    """
    if not x.size:
        return
    low, high = np.fmin.reduce(x, axis=None), np.fmax.reduce(x, axis=None)
    code = low if low in (-9, -1) else high
    if code not in (-9, -1, 9):
        return
    others = x[(x != code) & ~np.isnan(x)]
    largest = 1 if code == -1 else 0
    if len(others) and others.min() >= 0 and largest < others.max() <= 2:
        warnings.warn(
            f"{int((x == code).sum())} of {x.size} entries of x are {code:g} beside dosages from 0 "
            "to 2, as programs write what is missing; they are taken for numbers. Write NaN.",
            stacklevel=4,
        )


def _refuse_other_rows(**tables: Any) -> None:
    """Labelled tables must name the same donors in the same order: rows are not matched."""
    labelled = {name: table for name, table in tables.items() if hasattr(table, "iloc")}
    for (first, one), (name, other) in pairwise(labelled.items()):
        if not one.index.equals(other.index):
            raise FqtlError(
                f"The rows of {first} and {name} must have the same labels in the same order, "
                f"found {list(one.index[:2])} … and {list(other.index[:2])} …. See "
                "DataFrame.reindex."
            )


def labels_of(table: Any) -> tuple[str, ...]:
    """Names of the columns of a labelled table; none of others."""
    return tuple(map(str, table.columns)) if hasattr(table, "columns") else ()


def choose(kind: str, name: str, known: Mapping[str, Choice]) -> Choice:
    """Entry of a registry."""
    if not isinstance(name, str) or name not in known:
        raise FqtlError(f"{kind} must be one of {', '.join(known)}; found {name!r}.")
    return known[name]
