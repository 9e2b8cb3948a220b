"""The filter of variants that models are trained on, and their rs numbers.

Some programs drop palindromic variants (A/T, C/G) and all that are no change of one base,
silently, and with them a part of a model that was trained on them. So such variants are left out
before a model is trained, if it is meant for these programs: others near them then carry the
effect. The same holds for variants without an rs number, which cannot be found in the reference
panels of those programs.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self, TypeVar

import numpy as np
import pandas as pd

from fqtl.data.dosages import Genotypes, GenotypeSource, Limits
from fqtl.data.sex import SexChromosomes

COMPLEMENT = {"A": "T", "T": "A", "C": "G", "G": "C"}
NO_RSID = "no rs number"
NOT_ONE_BASE = "not a change of one base"
PALINDROMIC = "palindromic alleles"
# rs numbers by (pos, other_allele, effect_allele), of a region
Lookup = Callable[[str, int, int], dict[tuple[int, str, str], str]]


class Described(Protocol):
    """Variants with something beside them, of `Genotypes` or `Correlations`."""

    @property
    def variants(self) -> pd.DataFrame: ...

    def without(self, reason: "pd.Series[str]") -> Self: ...

    def renamed(self, variants: pd.DataFrame) -> Self: ...


Kind = TypeVar("Kind", bound=Described)


@dataclass(frozen=True)
class VariantFilter:
    """Which variants are kept, and where their rs numbers come from.

    unambiguous : leave out what is palindromic, not a change of one base, or without an rs number
    rsids : where rs numbers come from; None for those of the file
    nameless : forget the rs numbers, and do not ask for them
    """

    unambiguous: bool = False
    rsids: Lookup | None = None
    nameless: bool = False

    def of(self, found: Kind, chrom: str, start: int, end: int) -> Kind:
        """What passes of the variants of a region: of genotypes, or of a matrix of LD."""
        if self.nameless:
            found = found.renamed(found.variants.assign(rsid=""))
        elif self.rsids is not None:
            found = _named(found, self.rsids(chrom, start, end))
        if not self.unambiguous:
            return found
        return found.without(why_ambiguous(found.variants, named=not self.nameless))


@dataclass(frozen=True)
class FilteredVariants:
    """A source of the variants of another that pass a filter."""

    source: GenotypeSource
    choice: VariantFilter

    @property
    def path(self) -> Path:
        return self.source.path

    @property
    def donors(self) -> list[str]:
        return self.source.donors

    @property
    def contigs(self) -> list[str]:
        return self.source.contigs

    @property
    def sexes(self) -> SexChromosomes:
        return self.source.sexes

    def sex_of(self, donors: list[str]) -> np.ndarray:
        return self.source.sex_of(donors)

    def require(self, chroms: Iterable[str]) -> None:
        self.source.require(chroms)

    def other_build(self) -> str:
        return self.source.other_build()

    def read(
        self, chrom: str, start: int, end: int, donors: list[str], limits: Limits
    ) -> Genotypes:
        found = self.source.read(chrom, start, end, donors, limits)
        return self.choice.of(found, chrom, start, end)


def _named(found: Kind, known: dict[tuple[int, str, str], str]) -> Kind:
    """Variants with the rs numbers of a table, which may have the alleles in another order."""
    sites = found.variants[["pos", "other_allele", "effect_allele"]].itertuples(index=False)
    rsids = [
        known.get((pos, other, effect)) or known.get((pos, effect, other), "")
        for pos, other, effect in sites
    ]
    return found.renamed(found.variants.assign(rsid=rsids))


def why_ambiguous(variants: pd.DataFrame, *, named: bool) -> "pd.Series[str]":
    """Why each variant is dropped by programs that want unambiguous ones; empty if it is not.

    named : whether a variant must have an rs number
    """
    other, effect = variants["other_allele"], variants["effect_allele"]
    long = (other.str.len() != 1) | (effect.str.len() != 1)
    palindromic = other.map(COMPLEMENT) == effect
    unknown = (variants["rsid"] == "") & named
    reason = np.select([long, palindromic, unknown], [NOT_ONE_BASE, PALINDROMIC, NO_RSID], "")
    return pd.Series(reason, index=variants.index)
