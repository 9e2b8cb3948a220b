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

class Scores:
    def __init__(
        self, weight: Floats, mean: Floats, variance: Floats, gradient: Floats
    ) -> None: ...

class Slabs:
    def __init__(
        self, pip: Floats, mean: Floats, precision: Floats, allowed: NDArray[np.uint8]
    ) -> None: ...

def sweep(
    x: Genotypes,
    order: Indices,
    scores: Scores,
    slabs: Slabs,
    log_odds: float,
    precision: float,
    tolerance: float,
) -> None: ...
def match_rows(
    x: Genotypes,
    order: Indices,
    key: Floats,
    near: float,
    rounding: float,
    same: Indices,
    sign: Floats,
) -> None: ...
def standardise_rows(x: Genotypes, mean: Floats, sd: Floats) -> int: ...
