"""Columns on one scale: centred and scaled over what is observed.

A constant or empty column cannot be scaled; it becomes 0 and its scale is reported as 0, so that
every effect on it is 0 as well.
"""

from dataclasses import dataclass

import numpy as np

from fqtl.model.arrays._kernels import standardise_rows
from fqtl.model.arrays.moments import Floats, Genotypes

BLOCK = 256  # variants transposed at a time: two blocks fit the second-level cache; taste


@dataclass(frozen=True)
class StandardGenotypes:
    """Standardised genotypes, a variant per row, and the way back.

    x : (p, n) float32 or float64
    mean, sd : (p,) on the scale of the input; sd is 0 where the variant does not vary
    n_missing : entries that were NaN and became the mean
    """

    x: Genotypes
    mean: Floats
    sd: Floats
    n_missing: int


def standardise_genotypes(x: np.ndarray, dtype: type = np.float32) -> StandardGenotypes:
    """Genotypes (n, p) in any unit, NaN where missing, as standardised rows."""
    n, p = x.shape
    rows: Genotypes = np.empty((p, n), dtype=dtype)
    mean, sd = np.empty(p), np.empty(p)
    n_missing = 0
    for start in range(0, p, BLOCK):
        part = slice(start, min(start + BLOCK, p))
        block: Genotypes = np.array(x[:, part].T, dtype=_working_type(x), order="C")
        n_missing += standardise_rows(block, mean[part], sd[part])
        rows[part] = block
    return StandardGenotypes(rows, mean, sd, n_missing)


def _working_type(x: np.ndarray) -> type:
    return np.float32 if x.dtype in (np.float32, np.float16, np.int8, np.uint8) else np.float64


def standardise_response(y: Floats) -> tuple[Floats, Floats, Floats]:
    """Response (n, m) centred and scaled per tissue over what is observed, its mean and sd.

    Where a tissue is constant or was never measured the column becomes NaN, the mean is what was
    seen (or 0) and the sd 0.
    """
    rows = np.array(y.T, dtype=np.float64, order="C")
    mean, sd = np.empty(len(rows)), np.empty(len(rows))
    missing = np.isnan(rows)
    standardise_rows(rows, mean, sd)
    rows[missing] = np.nan
    rows[sd == 0] = np.nan
    return np.ascontiguousarray(rows.T), mean, sd
