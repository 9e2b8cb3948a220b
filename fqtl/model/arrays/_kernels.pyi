import numpy as np
from numpy.typing import NDArray

from fqtl.model.arrays.moments import Floats, Genotypes, Indices

def dot_rows(
    x: Genotypes, index: Indices, gradient: Floats, weight: Floats, xg: Floats, xxw: Floats
) -> None: ...
def add_rows(
    x: Genotypes,
    index: Indices,
    first: Floats,
    second: Floats,
    total: Floats,
    squares: Floats,
) -> None: ...
def sweep(
    x: Genotypes,
    order: Indices,
    allowed: NDArray[np.uint8],
    weight: Floats,
    score: Floats,
    score_variance: Floats,
    gradient: Floats,
    pip: Floats,
    slab_mean: Floats,
    slab_precision: Floats,
    log_odds: float,
    precision: float,
    tolerance: float,
) -> None: ...
def standardise_rows(x: Genotypes, mean: Floats, sd: Floats) -> int: ...
