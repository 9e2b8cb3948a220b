"""Where LD of the windows of genes comes from: genotypes of a panel, or files of matrices."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from fqtl.data.dosages import GenotypeSource, Limits
from fqtl.data.reference import Reference
from fqtl.data.windows import Span, count_variants, sliding_windows


class LDSource(Protocol):
    """LD by the span of a gene."""

    @property
    def path(self) -> Path: ...

    @property
    def people(self) -> int | None:
        """Whom LD is of; None where that is not told."""

    @property
    def contigs(self) -> list[str]:
        """Names of the chromosomes."""

    def require(self, chroms: Iterable[str]) -> None:
        """Refuse chromosomes that should have a file of their own and have none of use."""

    def windows(self, spans: Sequence[Span]) -> Iterator[Reference]:
        """LD of every span in turn; spans in the order of the genome."""

    def counted(self, spans: Sequence[Span]) -> np.ndarray:
        """(spans,) expected number of variants that pass the limits."""

    def rows(self, variants: np.ndarray) -> np.ndarray:
        """(genes,) rows that z-scores of so many variants make, at most."""

    def decomposed(self, variants: np.ndarray) -> np.ndarray:
        """(genes,) CPU seconds that LD of so many variants takes beside the fit."""

    def held_mb(self, variants: np.ndarray) -> np.ndarray:
        """(genes,) memory that LD of so many variants takes beside the fit."""


@dataclass(frozen=True)
class LDOfPanel:
    """LD of the genotypes of a panel."""

    source: GenotypeSource
    limits: Limits

    @property
    def path(self) -> Path:
        return self.source.path

    @property
    def people(self) -> int:
        return len(self.source.donors)

    @property
    def contigs(self) -> list[str]:
        return self.source.contigs

    def require(self, chroms: Iterable[str]) -> None:
        self.source.require(chroms)

    def windows(self, spans: Sequence[Span]) -> Iterator[Reference]:
        return sliding_windows(self.source, spans, self.source.donors, self.limits)

    def counted(self, spans: Sequence[Span]) -> np.ndarray:
        return count_variants(self.source, spans, self.source.donors, self.limits)

    def rows(self, variants: np.ndarray) -> np.ndarray:
        return np.full(len(variants), self.people)

    def decomposed(self, variants: np.ndarray) -> np.ndarray:
        return np.zeros(len(variants))

    def held_mb(self, variants: np.ndarray) -> np.ndarray:
        return np.zeros(len(variants))
