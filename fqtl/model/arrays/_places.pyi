import numpy as np
from numpy.typing import NDArray

from fqtl.model.arrays.moments import Floats, Indices

def place_rows(
    score: Floats,
    information: Floats,
    log_share: Floats,
    share: Floats,
    prior_precision: float,
    log_odds: float,
    tail: float,
    found: Floats,
    moments: Floats,
    scratch: Floats,
    kept: Indices,
) -> tuple[int, float, float, float, float]: ...
def weigh_rows(
    squares: NDArray[np.float32],
    share: NDArray[np.float32],
    scale: Floats,
    top: Floats,
    sums: Floats,
) -> None: ...
