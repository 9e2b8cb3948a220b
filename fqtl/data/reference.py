"""What LD of a gene's variants comes from: dosages of a panel, or a published matrix.

Both tell the same things. Of a matrix alone the variance of dosages follows from allele
frequencies, 2f(1-f); whether calls are in Hardy-Weinberg equilibrium it does not tell.
"""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import pandas as pd

NO_FREQUENCY = "no allele frequency"


class Reference(Protocol):
    """LD of the variants of a window, and what weight files say of them."""

    @property
    def variants(self) -> pd.DataFrame:
        """variant_id, rsid, chrom, pos, other_allele and effect_allele, by position."""

    @property
    def region(self) -> tuple[int, int] | None:
        """First and last position that there can be variants of; None where all are there."""

    @property
    def nothing(self) -> str:
        """Why no variant can be used, where none can."""

    def dropped_by_reason(self) -> "Counter[str]":
        """How many variants were left out, by reason."""

    def among(self, kept: np.ndarray) -> "Reference":
        """Those of the variants under a mask (p,)."""

    def without(self, reason: "pd.Series[str]") -> "Reference":
        """The same without variants for which there is a reason; these are among the dropped."""

    def renamed(self, variants: pd.DataFrame) -> "Reference":
        """The same, with the variants described anew."""

    @property
    def lacks_frequencies(self) -> bool:
        """Whether the variance of dosages of some variants is not known."""

    def completed(self, maf: np.ndarray) -> "Reference":
        """The same with frequencies (p,) where there are none; without variants of no frequency."""

    def for_fit(self) -> dict[str, Any]:
        """LD as `fqtl.fit_summary` takes it."""

    def frequency(self, rows: np.ndarray) -> list[float | None]:
        """Frequency of the effect allele of these variants; None where it is not known."""

    def hwe_p(self, rows: np.ndarray) -> list[float | None]:
        """p-value of a test of Hardy-Weinberg equilibrium of these variants."""

    def covariance(self, rows: np.ndarray) -> list[float]:
        """Covariance of dosages of these variants: upper triangle with the diagonal, by row."""


@dataclass(frozen=True)
class Correlations:
    """LD of p variants of a window, out of the matrix of a region.

    variants : as of `Reference`
    row : (p,) place of each in the matrix
    matrix : (r, r) of these variants and others
    maf : (p,) frequency of the rarer allele, NaN where it is not known
    min_maf : the least that is of use
    effect_frequency : (p,) of the effect allele, NaN where only the other is known
    people : whom the matrix is of; None where that is not told
    region : first and last position
    dropped : pos and reason of every variant that was left out
    nothing : why no variant can be used, where none can
    """

    variants: pd.DataFrame
    row: np.ndarray
    matrix: np.ndarray
    maf: np.ndarray
    min_maf: float
    effect_frequency: np.ndarray
    people: int | None
    region: tuple[int, int]
    dropped: pd.DataFrame
    nothing: str

    def dropped_by_reason(self) -> "Counter[str]":
        return Counter(self.dropped["reason"])

    def among(self, kept: np.ndarray) -> "Correlations":
        return replace(
            self,
            variants=self.variants[kept].reset_index(drop=True),
            row=self.row[kept],
            maf=self.maf[kept],
            effect_frequency=self.effect_frequency[kept],
        )

    def without(self, reason: "pd.Series[str]") -> "Correlations":
        kept = (reason == "").to_numpy()
        return replace(self.among(kept), dropped=with_dropped(self, reason, kept))

    def renamed(self, variants: pd.DataFrame) -> "Correlations":
        return replace(self, variants=variants)

    @property
    def lacks_frequencies(self) -> bool:
        return bool(np.isnan(self.maf).any())

    def completed(self, maf: np.ndarray) -> "Correlations":
        whole = replace(self, maf=np.where(np.isnan(self.maf), maf, self.maf))
        return whole.without(whole.why_not())

    def why_not(self) -> "pd.Series[str]":
        """Why a variant is of no use by its frequency; empty if it is, or is not known yet."""
        unknown, rare = np.isnan(self.maf), self.maf < self.min_maf
        reasons = [NO_FREQUENCY, f"minor allele frequency below {self.min_maf:g}"]
        return pd.Series(np.select([unknown, rare], reasons, ""))

    def for_fit(self) -> dict[str, Any]:
        return {
            "ld": self.matrix[np.ix_(self.row, self.row)],
            "ld_size": self.people,
            "frequency": self.maf,  # effects per allele need the variance, which both alleles have
        }

    def frequency(self, rows: np.ndarray) -> list[float | None]:
        return [None if np.isnan(one) else float(one) for one in self.effect_frequency[rows]]

    def hwe_p(self, rows: np.ndarray) -> list[float | None]:
        return [None] * len(rows)

    def covariance(self, rows: np.ndarray) -> list[float]:
        sd = np.sqrt(2 * self.maf[rows] * (1 - self.maf[rows]))
        place = self.row[rows]
        matrix = self.matrix[np.ix_(place, place)].astype(np.float64)
        np.fill_diagonal(matrix, 1.0)
        return list((matrix * np.outer(sd, sd))[np.triu_indices(len(sd))].tolist())


def with_dropped(found: Any, reason: "pd.Series[str]", kept: np.ndarray) -> pd.DataFrame:
    """What was dropped of a reference, and the variants that are not kept, by position."""
    more = pd.DataFrame({"pos": found.variants["pos"], "reason": reason})[~kept]
    both = pd.concat([found.dropped, more], ignore_index=True)
    return both.sort_values("pos", kind="stable", ignore_index=True)
