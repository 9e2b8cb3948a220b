import numpy as np
from numpy.typing import NDArray

from fqtl.model.arrays.moments import Floats, Indices

LANES: int
PER_WORD: int
ENTRIES: int
ITEMS: int

def has_wide_lookup() -> bool: ...
def count_rows(
    x: NDArray[np.float32],
    counts: NDArray[np.uint8],
    base: Floats,
    step: Floats,
    missing: Indices,
) -> bool: ...
def pack_rows(counts: NDArray[np.uint8], codes: NDArray[np.uint32]) -> None: ...
def pack_columns(counts: NDArray[np.uint8], codes: NDArray[np.uint32]) -> None: ...
def fill_tables(values: Floats, tables: NDArray[np.float32]) -> None: ...
def look_up(
    codes: NDArray[np.uint32], tables: NDArray[np.float32], sums: NDArray[np.float32], wide: bool
) -> None: ...
def take_missing(start: Indices, donor: Indices, of_donor: Floats, total: Floats) -> None: ...
