"""Sites that a reader meets in one region: kept with their dosages or dropped and counted."""

import numpy as np
import pandas as pd

from fqtl.data import contigs
from fqtl.data.dosages import Genotypes, Limits, rsid_of, variant_id

COLUMNS = ["variant_id", "rsid", "chrom", "pos", "other_allele", "effect_allele"]


class Rows:
    """Rows of float32 that grow in place: a list of them, put together at the end, needs twice."""

    def __init__(self, length: int) -> None:
        self._buffer = np.empty((256, length), dtype=np.float32)
        self._count = 0

    def append(self, row: np.ndarray) -> None:
        if self._count == len(self._buffer):
            self._buffer.resize((2 * self._count, self._buffer.shape[1]), refcheck=False)
        self._buffer[self._count] = row
        self._count += 1

    def array(self) -> np.ndarray:
        """(count, length) array that holds the rows; no row can be added after."""
        self._buffer.resize((self._count, self._buffer.shape[1]), refcheck=False)
        return self._buffer


class SiteCollector:
    """What has been read of one region, in the order of position.

    donors : whose dosages are read
    limits : which variants are worth keeping
    """

    def __init__(self, donors: list[str], limits: Limits) -> None:
        self._donors = donors
        self._limits = limits
        self._rows = Rows(len(donors))
        self._kept: list[tuple[str, int, str, str]] = []
        self._dropped: list[tuple[int, str]] = []
        self._seen: set[tuple[int, str, str]] = set()

    def drop(self, pos: int, reason: str) -> None:
        """Leave out what stands at a position."""
        self._dropped.append((pos, reason))

    def take(self, name: str | None, pos: int, other: str, effect: str, dosage: np.ndarray) -> None:
        """Keep a variant with its dosages (n,), or leave it out if it is not worth keeping."""
        site = (pos, other.upper(), effect.upper())
        reason = self._limits.why_not(dosage)
        if reason:
            self.drop(pos, reason)
        elif site in self._seen:
            self.drop(pos, "position and alleles listed twice")
        else:
            self._seen.add(site)
            self._kept.append((rsid_of(name), *site))
            self._rows.append(dosage)

    def result(self, chrom: str, build: str) -> Genotypes:
        """All of it; nothing can be added after."""
        chrom = contigs.prefixed(chrom)
        rows = [
            (variant_id(chrom, pos, other, effect, build), rsid, chrom, pos, other, effect)
            for rsid, pos, other, effect in self._kept
        ]
        return Genotypes(
            variants=pd.DataFrame(rows, columns=COLUMNS).astype({"pos": np.int64}),
            dosages=self._rows.array(),
            donors=self._donors,
            dropped=pd.DataFrame(self._dropped, columns=["pos", "reason"]).astype(
                {"pos": np.int64}
            ),
        )
