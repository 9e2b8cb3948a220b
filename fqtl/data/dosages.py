"""Genotypes of a region as dosages of the effect allele.

A source is opened once and read by region; every reader gives the same `Genotypes`. What is left
out is counted by reason. Dosages count copies of the ALT allele, the effect allele of this project.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from fqtl.data import contigs
from fqtl.data.builds import tag_of
from fqtl.data.hardy_weinberg import hardy_weinberg_p
from fqtl.data.reference import with_dropped
from fqtl.data.sex import SexChromosomes
from fqtl.errors import FqtlError

BASES = re.compile(r"^[ACGT]+$", re.IGNORECASE)
RSID = re.compile(r"(?:^|[;,])(rs\d+)(?:$|[;,])")

# Reasons that every reader has; those of `Limits` are the others
NO_ALTERNATIVE = "no alternative allele"
NOT_BASES = "alleles are not bases"
NOT_DIPLOID = "calls that are not diploid"
SAME = 1e-6  # dosages that differ by less are one value, as a file of text rounds it


@dataclass(frozen=True)
class Limits:
    """Which variants are worth keeping; a variant that does not vary never is.

    min_maf : smallest minor allele frequency
    max_missing : largest share of missing calls
    """

    min_maf: float = 0.0
    max_missing: float = 1.0

    def why_not(self, dosage: np.ndarray) -> str:
        """Why a variant with these dosages (n,) is left out; empty if it is kept."""
        n, copies = len(dosage), float(dosage.sum())
        known, called = dosage, n
        if np.isnan(copies):
            known = dosage[~np.isnan(dosage)]
            called, copies = len(known), float(known.sum())
        if n - called > self.max_missing * n:
            return f"more than {self.max_missing:g} of calls missing"
        frequency = copies / (2 * max(called, 1))
        maf = min(frequency, 1 - frequency)
        if maf < self.min_maf or maf == 0:
            return f"minor allele frequency below {self.min_maf:g}" if self.min_maf else "constant"
        return "constant" if np.ptp(known) < SAME else ""


@dataclass(frozen=True)
class Genotypes:
    """Dosages of p variants in n donors, in the order of position.

    variants : variant_id (chr22_20003000_T_C_b38), rsid (empty where unknown), chrom, pos
        (1-based), other_allele (REF), effect_allele (ALT)
    dosages : (p, n) float32 in 0 to 2, NaN where a call is missing; where a donor has one copy of a
        sex chromosome it counts as two (see `fqtl.data.sex`)
    donors : names of the donors
    dropped : pos and reason of every variant that was left out
    """

    variants: pd.DataFrame
    dosages: np.ndarray
    donors: list[str]
    dropped: pd.DataFrame

    def window(self, start: int, end: int) -> "Genotypes":
        """What lies at start <= pos <= end, as views where possible."""
        kept, dropped = _within(self.variants, start, end), _within(self.dropped, start, end)
        return replace(
            self,
            variants=self.variants.iloc[kept],
            dosages=self.dosages[kept],
            dropped=self.dropped.iloc[dropped],
        )

    def dropped_by_reason(self) -> "Counter[str]":
        """How many variants were left out, by reason."""
        return Counter(self.dropped["reason"])

    # as of `fqtl.data.reference.Reference`

    @property
    def region(self) -> None:
        return None

    @property
    def nothing(self) -> str:
        return "no variant of the cis window has a z-score and is in the panel"

    def among(self, kept: np.ndarray) -> "Genotypes":
        variants = self.variants[kept].reset_index(drop=True)
        return replace(self, variants=variants, dosages=self.dosages[kept])

    def without(self, reason: "pd.Series[str]") -> "Genotypes":
        kept = (reason == "").to_numpy()
        if kept.all():
            return self
        return replace(self.among(kept), dropped=with_dropped(self, reason, kept))

    def renamed(self, variants: pd.DataFrame) -> "Genotypes":
        return replace(self, variants=variants)

    @property
    def lacks_frequencies(self) -> bool:
        return False

    def completed(self, maf: np.ndarray) -> "Genotypes":
        return self

    def for_fit(self) -> dict[str, Any]:
        return {"panel": self.dosages.T}

    def frequency(self, rows: np.ndarray) -> list[float | None]:
        return [float(np.nanmean(self.dosages[row])) / 2 for row in rows]

    def hwe_p(self, rows: np.ndarray) -> list[float | None]:
        return [hardy_weinberg_p(self.dosages[row]) for row in rows]

    def covariance(self, rows: np.ndarray) -> list[float]:
        return dosage_covariance(self.dosages[rows])


def dosage_covariance(dosages: np.ndarray) -> list[float]:
    """Covariance of dosages (v, n): upper triangle with the diagonal, row by row.

    A missing call stands at the mean of its variant, as it does in the fit.
    """
    if not len(dosages):
        return []
    values = dosages.astype(np.float64)
    mean = np.nanmean(values, axis=1, keepdims=True)
    covariance = np.atleast_2d(np.cov(np.where(np.isnan(values), mean, values)))
    return list(covariance[np.triu_indices(len(values))].tolist())


def _within(frame: pd.DataFrame, start: int, end: int) -> slice:
    pos = frame["pos"].to_numpy()
    return slice(int(np.searchsorted(pos, start)), int(np.searchsorted(pos, end, "right")))


class GenotypeSource(Protocol):
    """A file of genotypes that can be read by region."""

    @property
    def path(self) -> Path: ...

    @property
    def donors(self) -> list[str]:
        """Names of all donors, in the order of the file."""

    @property
    def contigs(self) -> list[str]:
        """Names of the chromosomes, as the file writes them."""

    @property
    def sexes(self) -> SexChromosomes:
        """Chromosomes of which one sex has one copy."""

    def read(
        self, chrom: str, start: int, end: int, donors: list[str], limits: Limits
    ) -> Genotypes:
        """Dosages of `donors`, in that order, for variants with start <= pos <= end."""

    def sex_of(self, donors: list[str]) -> np.ndarray:
        """(n,) male, female, or empty where the sex of a donor is not known."""

    def require(self, chroms: Iterable[str]) -> None:
        """Refuse chromosomes that should have a file of their own and have none of use.

        Nothing is asked of a file that has all chromosomes, or some.
        """

    def other_build(self) -> str:
        """What in the file speaks for another genome build than the one given; empty if nothing.

        Only lengths of the human genome are known.
        """


def refuse_absent(path: Path, wanted: list[str], there: list[str]) -> None:
    """Refuse to read donors that a file does not have."""
    absent = sorted(set(wanted) - set(there))
    if absent:
        raise FqtlError(f"{path} lacks {len(absent)} donors, the first {absent[0]!r}.")


def variant_id(chrom: str, pos: int, other_allele: str, effect_allele: str, build: str) -> str:
    """Identifier with position, alleles and build, as GTEx writes it."""
    return f"{contigs.prefixed(chrom)}_{pos}_{other_allele}_{effect_allele}_{tag_of(build)}"


def rsid_of(name: str | None) -> str:
    """The rs number in an ID column, empty where there is none."""
    match = RSID.search(name or "")
    return match.group(1) if match else ""
