"""Text tables with one header line, as expression and covariate files come: tabs, blanks, gzip.

A file is read whole or refused: rows shorter or longer than the header, entries that are no numbers
and a truncated gzip stream each end in one message that names the file and the place.

What needs no arrays is in `lines.py`.
"""

import csv
import re
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from fqtl.data.lines import Result, is_gzipped, read_lines, readable, unquoted
from fqtl.errors import FqtlError
from fqtl.tables.numbers import EXACT, parsed

MISSING = ["", "NA", "N/A", "NaN", "nan", "."]
ROW_NAMES = ["", "id", "#id", "name", "names", "covariate", "covariates", "variable"]
DECIMAL_COMMA = re.compile(r"^[+-]?\d*,\d+([eE][+-]?\d+)?$")


def guarded(path: Path, read: Callable[[], Result]) -> Result:
    """What `read` returns; faults of the file, and of a table in it, as errors that name it."""
    try:
        return readable(path, read)
    except pd.errors.EmptyDataError as fault:
        raise FqtlError(f"{path} is empty.") from fault
    except (pd.errors.ParserError, pd.errors.ParserWarning) as fault:
        raise FqtlError(f"{path} is not a table: {str(fault).strip()}.") from fault


def read_table(
    path: Path, text_columns: list[int] | None, before: int = 0, rows_named: bool = False
) -> pd.DataFrame:
    """Table whose columns are all numbers but for some of text.

    path : plain or gzipped; fields separated by tabs or by any blanks
    text_columns : which columns hold text; None for all, whatever they look like
    before : lines before the header
    rows_named : the first column holds names of rows, which R leaves out of the header
    """
    with warnings.catch_warnings():
        # rows longer than the header lose their end with no more than a warning
        warnings.simplefilter("error", pd.errors.ParserWarning)
        return guarded(path, lambda: _read_table(path, text_columns, before, rows_named))


def _read_table(
    path: Path, text_columns: list[int] | None, before: int, rows_named: bool
) -> pd.DataFrame:
    head = read_lines(path, before + 2)[before:]
    if not head:
        raise FqtlError(f"{path} is empty.")
    if not head[0].strip():
        raise FqtlError(f"{path}, line {before + 1}: expected a header, found a blank line.")
    separator = _separator(head, rows_named)
    _refuse_commas(path, head)
    names, *first = [[unquoted(field) for field in _fields(line, separator)] for line in head]
    if rows_named and first and _without_corner(names, first[0]):
        names = ["", *names]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FqtlError(f"{path} names {len(twice)} columns twice, among them {twice[0]!r}.")
    text = list(range(len(names))) if text_columns is None else text_columns
    numeric = [column for column in range(len(names)) if column not in text]
    try:
        frame = pd.read_csv(
            path,
            sep=separator,
            skiprows=before + 1,
            header=None,
            names=range(len(names)),
            dtype=dict.fromkeys(text, str),
            na_values=dict.fromkeys(numeric, MISSING),
            keep_default_na=False,
            index_col=False,
            quoting=csv.QUOTE_NONE,
            compression="gzip" if is_gzipped(path) else None,
            **EXACT,
        )
    except (pd.errors.ParserError, pd.errors.ParserWarning):
        _refuse_rows(path, len(names), separator, before)
        raise
    last = frame.iloc[:, -1]
    if (last.isna() | last.eq("")).any():
        _refuse_rows(path, len(names), separator, before, longer=False)
    for column in text:
        frame[column] = frame[column].map(unquoted, na_action="ignore")
    wordy = [column for column in numeric if not is_numeric_dtype(frame[column])]
    if wordy:
        frame[wordy] = _numbers(path, frame[wordy], names, before + 2)
    return frame.set_axis(names, axis="columns")


def fields_of(head: list[str]) -> list[list[str]]:
    """Fields of the header and the first row, as `read_table` tells them apart."""
    separator = _separator(head, rows_named=False)
    return [[unquoted(field) for field in _fields(line, separator)] for line in head]


def _separator(head: list[str], rows_named: bool) -> str:
    """A tab where both lines agree on tabs, any blanks otherwise (some files mix the two)."""
    tabs = [line.rstrip("\r\n").count("\t") for line in head]
    agree = tabs[0] == tabs[-1] or (rows_named and tabs[0] + 1 == tabs[-1])
    return "\t" if tabs[0] and agree else r"\s+"


def _refuse_commas(path: Path, head: list[str]) -> None:
    """Refuse fields between commas or semicolons, which would read as one column."""
    if "\t" in head[0]:
        return
    blanks = len(head[0].split()) - 1
    for mark, name in ((",", "commas"), (";", "semicolons")):
        counts = [line.count(mark) for line in head]
        if counts[0] and counts[0] >= blanks and counts[0] == counts[-1]:
            raise FqtlError(
                f"{path}: expected fields separated by tabs or blanks, found {counts[0] + 1} that "
                f"{name} separate: {head[0].strip()[:60]!r}. Save the table as text with tabs."
            )


def _fields(line: str, separator: str) -> list[str]:
    return line.rstrip("\r\n").split("\t" if separator == "\t" else None)


def _without_corner(names: list[str], first: list[str]) -> bool:
    """Whether a header has no name for the names of rows, so that it is one field short."""
    return len(names) + 1 == len(first) and names[0].lower() not in ROW_NAMES


def _refuse_rows(
    path: Path, expected: int, separator: str, before: int, longer: bool = True
) -> None:
    """Refuse the first row with fewer fields than the header, or with more.

    A row that ends early reads as missing values or empty text; only counting its fields tells.
    """
    for number, line in enumerate(read_lines(path)[before:], start=before + 1):
        found = len(_fields(line, separator)) if line.strip() else expected
        if number > before + 1 and (found < expected or (longer and found > expected)):
            hint = (
                "Was a copy cut short?" if found < expected else "Is a name of the header missing?"
            )
            raise FqtlError(
                f"{path}, line {number}: expected {expected} fields as in the header, "
                f"found {found}. {hint}"
            )


def _numbers(path: Path, frame: pd.DataFrame, names: list[str], first_line: int) -> pd.DataFrame:
    """Columns that were read as text, because their numbers are in quotes; words are refused."""
    words = frame.apply(lambda column: column.astype(str).map(unquoted, na_action="ignore"))
    words = words.mask(words.isin(MISSING))
    numbers = words.apply(parsed)
    bad = (numbers.isna() & words.notna()).to_numpy()
    if bad.any():
        row, column = np.argwhere(bad)[0]
        found, here = str(words.iat[row, column]), int(bad[row].sum())
        comma = " Are these decimal commas?" if DECIMAL_COMMA.match(found) else ""
        raise FqtlError(
            f"{path}, line {row + first_line}, column {names[frame.columns[column]]!r}: expected a "
            f"number, found {found!r} (such entries: {here} in this line, {int(bad.sum())} in all)."
            f"{comma}"
        )
    return numbers
