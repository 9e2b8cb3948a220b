"""What is amiss in a file, and where."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.data.alleles import is_palindrome

BASES = r"^[ACGT]+$"


@dataclass(frozen=True)
class Fault:
    """One thing that is amiss.

    place : where in the file; empty if it is the file
    what : the sort of fault, the same words for all of that sort
    found : what was found there
    grave : whether the file must not be used as it is; otherwise it is a remark
    """

    path: Path
    place: str
    what: str
    found: str = ""
    grave: bool = True

    def __str__(self) -> str:
        where = f"{self.path}, {self.place}" if self.place else str(self.path)
        text = f"{where}: {self.what}" + (f" ({self.found})" if self.found else "")
        return text if self.grave else f"{text} [remark]"


@dataclass(frozen=True)
class Rows:
    """Rows of a table, whose faults are told by place.

    places : name of each row's place
    """

    path: Path
    places: list[str]

    def where(
        self, wrong: "pd.Series[bool] | np.ndarray", what: str, found: object = None
    ) -> Iterator[Fault]:
        """A fault for every row that is wrong.

        found : what each row holds, to be shown; None to show nothing
        """
        for row in np.flatnonzero(np.asarray(wrong, dtype=bool)):
            shown = "" if found is None else str(np.asarray(found, dtype=object)[row])
            yield Fault(self.path, self.places[row], what, shown)


def wrong_alleles(rows: Rows, other: "pd.Series[str]", effect: "pd.Series[str]") -> Iterator[Fault]:
    """Alleles that are no bases, or the same twice; other and effect allele of each row."""
    other, effect = other.fillna("").astype(str), effect.fillna("").astype(str)
    pairs = other + "/" + effect
    bases = other.str.match(BASES) & effect.str.match(BASES)
    yield from rows.where(~bases, "alleles are not bases", pairs)
    yield from rows.where(bases & (other == effect), "both alleles are the same", pairs)


def ambiguous(path: Path, other: "pd.Series[str]", effect: "pd.Series[str]") -> Iterator[Fault]:
    """A remark on palindromes and indels, which some programs drop without a word."""
    palindromes = sum(is_palindrome(*pair) for pair in zip(other, effect, strict=True))
    indels = int((other.str.len() + effect.str.len() > 2).sum())
    if palindromes or indels:
        yield Fault(
            path,
            "",
            "palindromic variants and indels, which FUSION and others drop from models",
            f"{palindromes} and {indels}",
            grave=False,
        )


def numbers(values: "pd.Series[object]") -> "pd.Series[float]":
    """The values as numbers, NaN where they are none."""
    return pd.to_numeric(values, errors="coerce").astype(float)


def outside(values: "pd.Series[float]", low: float, high: float) -> "pd.Series[bool]":
    """Which values are known and not between two bounds."""
    return values.notna() & ((values < low) | (values > high))
