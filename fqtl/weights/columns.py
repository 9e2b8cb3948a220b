"""Columns of the tables in weight files, of which an odd entry is refused with its place.

Other programs write NA, NULL or nothing where they know nothing, and anything where SQLite asks for
no type. A reader says here what it needs of a column, and goes on with what it can trust.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.data.text import MISSING
from fqtl.errors import FqtlError
from fqtl.tables.numbers import parsed

UNNAMED = ["", "NA", "NULL", "nan", "None", "."]
LARGEST = 2**31 - 1  # where R's whole numbers end; no chromosome is as long


def texts(values: "pd.Series[object]") -> "pd.Series[str]":
    """The values as text, empty where there is none."""
    absent = values.isna().tolist()
    found = ["" if gone else str(value) for value, gone in zip(values, absent, strict=True)]
    return pd.Series(found, index=values.index, dtype=str)


def as_numbers(values: "pd.Series[object]") -> "pd.Series[float]":
    """The values as numbers, NaN where they are none."""
    return parsed(values)


@dataclass(frozen=True)
class Columns:
    """A table of a file, and what can be asked of its columns.

    path : the file
    frame : the rows
    rows : what the file calls a row, and the table if there are several
    first : number of the first row
    """

    path: Path
    frame: pd.DataFrame
    rows: str = "line"
    first: int = 2  # below the header

    def __contains__(self, name: str) -> bool:
        return name in self.frame

    def text(self, name: str) -> "pd.Series[str]":
        """Text, empty where there is none."""
        return texts(self.frame[name])

    def names(self, name: str) -> "pd.Series[str]":
        """Text that every row must have: a gene, an allele, a chromosome."""
        found = self.text(name)
        self._refuse(found.isin(UNNAMED), name, "text")
        return found

    def numbers(self, name: str) -> "pd.Series[float]":
        """Numbers, NaN where there is none; words and infinity are refused."""
        column = self.frame[name]
        found = as_numbers(column)
        reported = column.notna() & ~column.isin(MISSING)
        self._refuse(reported & ~np.isfinite(found), name, "a number")
        return found

    def positions(self, name: str, *, needed: bool = True) -> "pd.Series[int]":
        """Base pairs, 0 where they are not told unless they are needed."""
        return self._whole(name, needed, "a position")

    def counts(self, name: str) -> "pd.Series[int]":
        """Numbers of samples, 0 where they are not told."""
        return self._whole(name, False, "a number of samples")

    def _whole(self, name: str, needed: bool, expected: str) -> "pd.Series[int]":
        """Whole numbers that are not negative; R may write 1.7e+07."""
        found = as_numbers(self.frame[name])
        reported = self.frame[name].notna() & ~self.frame[name].isin(MISSING)
        whole = (found >= 0) & (found <= LARGEST) & (found % 1 == 0)
        self._refuse((reported | needed) & ~whole, name, expected)
        return found.fillna(0.0).astype(int)

    def _refuse(self, wrong: "pd.Series[bool]", name: str, expected: str) -> None:
        odd = np.flatnonzero(wrong.to_numpy())
        if not len(odd):
            return
        found = self.frame[name].iloc[odd[0]]
        reported = "nothing" if pd.isna(found) or found == "" else repr(str(found))
        raise FqtlError(
            f"{self.path}, {self.rows} {odd[0] + self.first}, column {name!r}: expected "
            f"{expected}, found {reported} ({len(odd)} of {len(wrong)} entries)."
        )
