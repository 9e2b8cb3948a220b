import numpy as np
from numpy.typing import NDArray

from fqtl.model.arrays.moments import Floats, Indices

DONORS: int

Words = NDArray[np.uint32]
Values = NDArray[np.float32]

def has_wide_decoding() -> bool: ...

class Coded:
    def __init__(
        self,
        raw: Floats,
        mean: Floats,
        sd: Floats,
        values: Values,
        top: NDArray[np.uint8],
        sign: Floats,
        missing: Indices,
        keys: NDArray[np.uint64],
    ) -> None: ...

def code_rows(x: np.ndarray, words: Words, to: Coded) -> tuple[int, int] | None: ...
def code_some(
    before: Words, raw: Floats, n_before: int, donors: Indices, words: Words, to: Coded
) -> None: ...
def unpack_rows(words: Words, codes: NDArray[np.uint8]) -> None: ...
def decode_rows(words: Words, values: Values, index: Indices, x: Values, wide: bool) -> None: ...
def dot_called(
    words: Words,
    values: Values,
    index: Indices,
    gradient: Floats,
    weight: Floats,
    xg: Floats,
    xxw: Floats,
    wide: bool,
) -> None: ...
def add_called(
    words: Words,
    values: Values,
    index: Indices,
    first: Floats,
    second: Floats,
    total: Floats,
    squares: Floats,
    wide: bool,
) -> None: ...
