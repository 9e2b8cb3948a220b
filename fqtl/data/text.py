"""Text tables with one header line, as expression and covariate files come: tabs, blanks, gzip.

A file is read whole or refused: rows shorter than the header, entries that are no numbers and a
truncated gzip stream each end in one message that names the file and the place.
"""

import gzip
import warnings
import zlib
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import TypeVar

import pandas as pd
from pandas.api.types import is_numeric_dtype

from fqtl.errors import FqtlError

Result = TypeVar("Result")
MISSING = ["", "NA", "N/A", "NaN", "nan", "."]


def guarded(path: Path, read: Callable[[], Result]) -> Result:
    """What `read` returns; faults of the file as errors that name it."""
    try:
        return read()
    except FileNotFoundError as fault:
        raise FqtlError(f"No such file: {path}.") from fault
    except IsADirectoryError as fault:
        raise FqtlError(f"Expected a file, found a folder: {path}.") from fault
    except (EOFError, zlib.error, gzip.BadGzipFile) as fault:
        raise FqtlError(
            f"{path} is not a whole gzip file ({fault}). Was a copy or a download cut short?"
        ) from fault
    except UnicodeDecodeError as fault:
        raise FqtlError(f"{path} is not a text file ({fault}).") from fault
    except pd.errors.EmptyDataError as fault:
        raise FqtlError(f"{path} is empty.") from fault
    except (pd.errors.ParserError, pd.errors.ParserWarning) as fault:
        raise FqtlError(f"{path} is not a table: {str(fault).strip()}.") from fault


def read_lines(path: Path, count: int | None = None) -> list[str]:
    """The first lines of a text file, plain or gzipped; all of them by default."""
    open_text = gzip.open if is_gzipped(path) else open
    with open_text(path, "rt") as lines:
        return list(islice(lines, count))


def is_gzipped(path: Path) -> bool:
    """By its first bytes, not by its name."""
    with open(path, "rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


def read_table(path: Path, text_columns: list[int] | None, before: int = 0) -> pd.DataFrame:
    """Table whose columns are all numbers but for some of text.

    path : plain or gzipped; fields separated by tabs or by any blanks
    text_columns : which columns hold text; None for all, whatever they look like
    before : lines before the header
    """
    with warnings.catch_warnings():
        # rows longer than the header lose their end with no more than a warning
        warnings.simplefilter("error", pd.errors.ParserWarning)
        return guarded(path, lambda: _read_table(path, text_columns, before))


def _read_table(path: Path, text_columns: list[int] | None, before: int) -> pd.DataFrame:
    head = read_lines(path, before + 2)[before:]
    if not head:
        raise FqtlError(f"{path} is empty.")
    separator = _separator(head)
    names = head[0].rstrip("\r\n").split("\t" if separator == "\t" else None)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FqtlError(f"{path} names {len(twice)} columns twice, among them {twice[0]!r}.")
    text = list(range(len(names))) if text_columns is None else text_columns
    frame = pd.read_csv(
        path,
        sep=separator,
        skiprows=before + 1,
        header=None,
        names=range(len(names)),
        dtype=dict.fromkeys(text, str),
        na_values={column: MISSING for column in range(len(names)) if column not in text},
        keep_default_na=False,
        index_col=False,
        compression="gzip" if is_gzipped(path) else None,
    )
    if len(frame) and frame.iloc[:, -1].isna().any():
        _refuse_short_rows(path, len(names), separator, before)
    for column in range(len(names)):
        if column not in text and not is_numeric_dtype(frame[column]):
            _refuse_words(path, names[column], frame[column], before + 2)
    return frame.set_axis(names, axis="columns")


def _separator(head: list[str]) -> str:
    """A tab where both lines agree on tabs, any blanks otherwise (some files mix the two)."""
    counts = {line.rstrip("\r\n").count("\t") for line in head}
    return "\t" if len(counts) == 1 and counts != {0} else r"\s+"


def _refuse_short_rows(path: Path, expected: int, separator: str, before: int) -> None:
    """A row that ends early reads as missing values; only counting its fields tells."""
    for number, line in enumerate(read_lines(path)[before:], start=before + 1):
        found = len(line.rstrip("\r\n").split("\t" if separator == "\t" else None))
        if found < expected:
            raise FqtlError(
                f"{path}, line {number}: expected {expected} fields as in the header, "
                f"found {found}. Was a copy cut short?"
            )


def _refuse_words(path: Path, name: str, column: "pd.Series[str]", first_line: int) -> None:
    bad = pd.to_numeric(column, errors="coerce").isna() & column.notna()
    if bad.any():
        row = int(bad.to_numpy().argmax())
        raise FqtlError(
            f"{path}, line {row + first_line}, column {name!r}: expected a number, found "
            f"{column[row]!r} ({int(bad.sum())} such entries in the column)."
        )
