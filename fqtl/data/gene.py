"""Aligned arrays of one gene."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class GeneData:
    """Expression of one gene.

    y : (n, m) with NaN where a donor's tissue was not measured
    """

    gene_id: str
    chrom: str
    tss: int
    tissues: list[str]
    y: np.ndarray
