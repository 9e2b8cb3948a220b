"""R's saved objects (`save`, `load`), as far as weight files need them.

Written is version 2 of the XDR format, which every R since 1.4 reads: a list of named values, each
a tag, flags, and data in big-endian order. A vector of numbers or text, a matrix with names of its
rows and columns and a data frame are all there is, so a writer is one page; it is fifty times as
fast as the library that writes any object (docs/weights.md), and a tissue has ten thousand files.
Reading, where other people's files may hold anything in any compression, is left to that library.
(Format: R Internals, 1.8, https://cran.r-project.org/doc/manuals/r-release/R-ints.html)
"""

import struct
import warnings
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fqtl.errors import FqtlError

HEADER = b"RDX2\nX\n" + struct.pack(">iii", 2, 0x00030600, 0x00020300)
SYMBOL, PAIRLIST, CHAR, INTEGER, REAL, STRING, LIST = 1, 2, 9, 13, 14, 16, 19
NIL = struct.pack(">i", 254)
OBJECT, ATTRIBUTES, TAG = 1 << 8, 1 << 9, 1 << 10  # flags beside the type
ASCII, UTF8 = 64 << 12, 8 << 12
NA_INTEGER = -(2**31)


@dataclass(frozen=True)
class Matrix:
    """Numeric matrix with the names of its rows and columns."""

    values: np.ndarray
    rows: Sequence[str]
    columns: Sequence[str]


DataFrame = Mapping[str, Sequence[str] | np.ndarray]  # columns of text, or of whole numbers
RValue = float | str | np.ndarray | Matrix | DataFrame


def dumps(objects: Mapping[str, RValue]) -> bytes:
    """Content of an .RData file that holds these objects, not compressed."""
    parts = [HEADER]
    for name, value in objects.items():
        parts += [_tag(name), _value(value)]
    return b"".join([*parts, NIL])


def _value(value: RValue) -> bytes:
    if isinstance(value, Matrix):
        return _matrix(value)
    if isinstance(value, Mapping):
        return _frame(value)
    if isinstance(value, str):
        return _strings([value])
    return _reals(np.atleast_1d(value))


def _matrix(matrix: Matrix) -> bytes:
    names = _flags(LIST) + _length(2) + _strings(matrix.rows) + _strings(matrix.columns)
    attributes = [("dim", _integers(matrix.values.shape)), ("dimnames", names)]
    return _reals(matrix.values.ravel(order="F"), ATTRIBUTES) + _attributes(attributes)


def _frame(frame: DataFrame) -> bytes:
    """Data frame whose rows are numbered."""
    columns = [
        _integers(values) if isinstance(values, np.ndarray) else _strings(values)
        for values in frame.values()
    ]
    count = len(next(iter(frame.values())))
    attributes = [
        ("names", _strings(list(frame))),
        ("row.names", _integers([NA_INTEGER, -count])),  # R's short form of 1 to count
        ("class", _strings(["data.frame"])),
    ]
    body = b"".join([_flags(LIST, OBJECT | ATTRIBUTES), _length(len(columns)), *columns])
    return body + _attributes(attributes)


def _attributes(named: Sequence[tuple[str, bytes]]) -> bytes:
    return b"".join([*(_tag(name) + value for name, value in named), NIL])


def _tag(name: str) -> bytes:
    """Head of an entry of a list of named values; the value follows it, and then the next head."""
    return _flags(PAIRLIST, TAG) + _flags(SYMBOL) + _char(name)


def _reals(values: np.ndarray, flags: int = 0) -> bytes:
    return _flags(REAL, flags) + _length(len(values)) + np.asarray(values, dtype=">f8").tobytes()


def _integers(values: Sequence[int] | np.ndarray) -> bytes:
    return _flags(INTEGER) + _length(len(values)) + np.asarray(values, dtype=">i4").tobytes()


def _strings(values: Sequence[str]) -> bytes:
    return b"".join([_flags(STRING), _length(len(values)), *map(_char, values)])


def _char(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">ii", CHAR | (ASCII if text.isascii() else UTF8), len(data)) + data


def _flags(kind: int, flags: int = 0) -> bytes:
    return struct.pack(">i", kind | flags)


def _length(count: int) -> bytes:
    return struct.pack(">i", count)


def load(path: Path) -> dict[str, Any]:
    """Objects of an .RData file, whatever wrote and compressed it.

    A matrix with names becomes a Matrix, a data frame a pandas.DataFrame, a vector an array.
    """
    import rdata  # takes a second, which only readers should wait for

    if not path.is_file():
        raise FqtlError(f"No such file: {path}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of R classes that are not known there
            found = rdata.read_rda(path)
    except Exception as fault:  # a damaged file may make the library stumble over anything
        raise FqtlError(f"{path} is not an R data file ({_told(fault)}).") from fault
    return {name: _named(value) for name, value in found.items()}


def _told(fault: Exception) -> str:
    """What a fault says, or its sort where it says nothing that a reader could use."""
    plain = (ValueError, EOFError, OSError, NotImplementedError, struct.error, zlib.error)
    return str(fault) if isinstance(fault, plain) and str(fault) else "it is damaged"


def _named(value: Any) -> Any:
    """Arrays that the library labels, as a Matrix."""
    if isinstance(value, np.ma.MaskedArray) and value.ndim == 2:
        return entries(value).reshape(value.shape)
    if getattr(value, "ndim", 0) != 2 or isinstance(value, (np.ndarray, pd.DataFrame)):
        return value
    if set(value.dims) - set(value.coords):  # rows or columns without names
        return np.asarray(value)
    rows, columns = (value.coords[name].values.tolist() for name in value.dims)
    return Matrix(np.asarray(value), rows, columns)


def entries(value: Any) -> np.ndarray:
    """(n,) what a vector or matrix holds; an entry that is a list or an object is its text.

    NA is NaN among numbers and logical values, None among texts.
    """
    held = value.values if isinstance(value, Matrix) else value
    if isinstance(held, np.ma.MaskedArray):  # below the mask is a number, which is none of R's
        text = held.dtype.kind in "OSU"
        unknown = np.ma.getmaskarray(held)
        held = np.ma.getdata(held).astype(object if text else float)
        held[unknown] = None if text else np.nan
    values = np.array(held, dtype=object) if isinstance(held, list) else np.asarray(held)
    if values.dtype != object:
        return np.ravel(values)
    plain = [x if x is None or np.isscalar(x) else str(x) for x in np.ravel(values)]
    return np.array(plain, dtype=object)
