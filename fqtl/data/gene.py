"""Aligned arrays of one gene."""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class GeneData:
    """Expression of one gene.

    y : (n, m) with NaN where a donor's tissue was not measured
    offset : (n, m) logarithm of the size of each library, for counts; None for other values
    """

    gene_id: str
    chrom: str
    tss: int
    tissues: list[str]
    y: np.ndarray
    offset: np.ndarray | None = None

    def of_donors(self, donors: np.ndarray) -> "GeneData":
        """Expression of the donors under a mask (n,) alone."""
        offset = None if self.offset is None else self.offset[donors]
        return replace(self, y=self.y[donors], offset=offset)
