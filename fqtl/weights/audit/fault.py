"""Faults: what is amiss in a file, and where."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.data.alleles import is_palindrome
from fqtl.data.builds import is_human
from fqtl.weights.columns import LARGEST, texts

BASES = r"^[ACGT]+$"
LARGEST_VARIANCE = 1.05  # of a dosage: 1 if all are homozygous, more in a panel of few donors
LARGEST_SD = LARGEST_VARIANCE**0.5
LARGEST_WEIGHT = 10.0  # standard deviations of expression per copy of an allele
FARTHEST = 2_000_000  # base pairs between a human gene and its variants
SMALL_LETTERS = "alleles are in small letters, which are not matched with those of a GWAS"
FAR = "position is far from the gene: of another build?"


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
        text = " ".join(text.splitlines())  # whatever was found, a fault is one line
        return text if self.grave else f"{text} [remark]"


@dataclass(frozen=True)
class Rows:
    """Rows of a table, whose faults are told by place.

    places : name of each row's place
    """

    path: Path
    places: list[str]

    def where(
        self,
        wrong: "pd.Series[bool] | np.ndarray | list[bool]",
        what: str,
        found: object = None,
        *,
        grave: bool = True,
    ) -> Iterator[Fault]:
        """A fault for every row that is wrong.

        found : what each row holds, to be shown; None to show nothing
        """
        for row in np.flatnonzero(np.asarray(wrong, dtype=bool)):
            shown = "" if found is None else str(np.asarray(found, dtype=object)[row])
            yield Fault(self.path, self.places[row], what, shown, grave)


def wrong_alleles(rows: Rows, other: "pd.Series[str]", effect: "pd.Series[str]") -> Iterator[Fault]:
    """Alleles that are no bases, or the same twice; other and effect allele of each row."""
    other, effect = texts(other), texts(effect)
    pairs = other + "/" + effect
    small = (other != other.str.upper()) | (effect != effect.str.upper())
    other, effect = other.str.upper(), effect.str.upper()
    small &= other.str.match(BASES) & effect.str.match(BASES)
    yield from rows.where(small, SMALL_LETTERS, pairs)
    bases = other.str.match(BASES) & effect.str.match(BASES)
    yield from rows.where(~bases, "alleles are not bases", pairs)
    yield from rows.where(bases & (other == effect), "both alleles are the same", pairs)


def ambiguous(path: Path, other: "pd.Series[str]", effect: "pd.Series[str]") -> Iterator[Fault]:
    """A remark on palindromes and indels, which some programs drop without a word."""
    other, effect = texts(other), texts(effect)
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


def outside(values: "pd.Series[float]", low: float, high: float) -> "pd.Series[bool]":
    """Which values are known and not between two bounds."""
    return values.notna() & ((values < low) | (values > high))


def no_position(values: "pd.Series[float]", least: int = 1) -> "pd.Series[bool]":
    """Which numbers are no base pairs, as readers need them."""
    return ~((values >= least) & (values <= LARGEST) & (values % 1 == 0))


def farthest(build: str) -> float:
    """Base pairs between a gene and its variants; any number in genomes that are not human.

    Crosses of mice have blocks of LD of tens of megabases.
    """
    return FARTHEST if not build or is_human(build) else np.inf


def without_effect(
    path: Path, what: str, names: "pd.Series[str]", weights: "pd.Series[float]"
) -> Iterator[Fault]:
    """Genes or models all of whose weights are 0; the name of that of each weight."""
    idle = weights.eq(0).groupby(names.to_numpy(), sort=False).all()
    for name in idle.index[idle]:
        yield Fault(path, f"{what} {name}", "all weights are 0")
