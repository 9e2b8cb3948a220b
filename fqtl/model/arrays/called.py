"""Called genotypes as they are kept: a row of two-bit codes for each variant, and their values.

A called variant has three values a step apart, or two, and donors of whom it is missing, whatever
its unit is. So a row of n donors is n codes of two bits and a table of four numbers, a sixteenth of
float32, and gives back the standardised row to the last bit. What is made of them is cheaper, too:
mean and standard deviation are sums of three terms, the rows of some donors (a fold of
cross-validation) are made of the codes without the dosages, and copies have the same codes.
"""

from dataclasses import dataclass, replace

import numpy as np

from fqtl.model.arrays._called import (
    DONORS,
    Coded,
    code_rows,
    code_some,
    decode_rows,
    has_wide_decoding,
    unpack_rows,
)
from fqtl.model.arrays.copies import Copies
from fqtl.model.arrays.moments import Floats, Genotypes, Indices

BLOCK = 256  # variants transposed at a time: two blocks fit the second-level cache; taste


@dataclass(frozen=True)
class Called:
    """Rows of p variants of n donors.

    words : (p, n / 16) codes; 0 is the commoner end, 3 is missing
    raw : (p, 3) values of codes 0 to 2 in the unit that they were given in
    mean, sd : (p,) in that unit; sd is 0 where a row does not vary
    values : (p, 4) standardised values of the codes, 0 where missing
    top : (p,) largest code but 3; 0 where a row does not vary
    sign : (p,) 1, or -1 where code 0 is the larger end
    missing : (p,) how many are coded 3
    keys : (p,) the same where the codes are
    imputed : whether some that are coded 3 were given, at the mean of their variant
    """

    n: int
    words: np.ndarray
    raw: Floats
    mean: Floats
    sd: Floats
    values: np.ndarray
    top: np.ndarray
    sign: Floats
    missing: Indices
    keys: np.ndarray
    imputed: bool = False

    @classmethod
    def _empty(cls, p: int, n: int) -> "Called":
        return cls(
            n,
            np.zeros((p, -(-n // DONORS)), dtype=np.uint32),
            np.empty((p, 3)),
            np.empty(p),
            np.empty(p),
            np.empty((p, 4), dtype=np.float32),
            np.empty(p, dtype=np.uint8),
            np.empty(p),
            np.empty(p, dtype=np.intp),
            np.empty(p, dtype=np.uint64),
        )

    @classmethod
    def of_dosages(cls, x: np.ndarray) -> "tuple[Called, int] | None":
        """Of x (n, p) in any unit, NaN where missing, and how many are; None of other dosages."""
        n, p = x.shape
        if not x.size:
            return None
        called, missing = cls._empty(p, n), 0
        for start in range(0, p, BLOCK):
            part = slice(start, min(start + BLOCK, p))
            block: Genotypes = np.array(x[:, part].T, dtype=working_type(x), order="C")
            found = code_rows(block, called.words[part], called._coded(part))
            if found is None:
                return None
            missing += found[0]
            called = replace(called, imputed=called.imputed or found[1] > 0)
        return called, missing

    @classmethod
    def of_rows(cls, x: Genotypes) -> "Called | None":
        """Of standardised rows x (p, n) in single precision, as they are; None of others."""
        found = cls.of_dosages(x.T) if x.dtype == np.float32 else None
        if found is None:
            return None
        found[0].values[:, :3] = found[0].raw
        return found[0]

    @property
    def p(self) -> int:
        return len(self.words)

    def of_donors(self, donors: Indices) -> "Called":
        """Rows of these donors (k,) alone, as if there were no others; none may be imputed."""
        some = self._empty(self.p, len(donors))
        code_some(
            self.words,
            self.raw,
            self.n,
            donors.astype(np.intp),
            some.words,
            some._coded(slice(None)),
        )
        return some

    def classes(self) -> Copies:
        """Which rows have the same codes."""
        order = np.argsort(self.keys, kind="stable")
        keys, words = self.keys[order], self.words[order]
        same = keys[1:] == keys[:-1]
        same[same] = (words[1:][same] == words[:-1][same]).all(axis=1)
        begins = np.append(True, ~same)
        earliest, run = order[begins], np.cumsum(begins) - 1
        rank = np.argsort(np.argsort(earliest, kind="stable"), kind="stable")
        of = np.empty(self.p, dtype=np.intp)
        of[order] = rank[run]
        first = np.sort(earliest)
        return Copies(of, first, self.sign * self.sign[first][of])

    def rows(self, index: Indices) -> "Called":
        """Some rows."""
        parts = ("words", "raw", "mean", "sd", "values", "top", "sign", "missing", "keys")
        return replace(self, **{name: getattr(self, name)[index] for name in parts})

    def decoded(self, index: Indices, out: Genotypes | None = None) -> Genotypes:
        """(k, n) standardised rows, in single precision; in `out`, if that is given."""
        x = np.empty((len(index), self.n), dtype=np.float32) if out is None else out
        decode_rows(self.words, self.values, index, x, has_wide_decoding())
        return x

    def codes(self, part: slice) -> np.ndarray:
        """(k, n) codes of some rows, a byte each."""
        words = self.words[part]
        codes = np.empty((len(words), self.n), dtype=np.uint8)
        unpack_rows(words, codes)
        return codes

    @property
    def base(self) -> Floats:
        """(p,) standardised value of code 0."""
        return self.values[:, 0].astype(np.float64)

    @property
    def step(self) -> Floats:
        """(p,) from one code to the next."""
        end = np.take_along_axis(self.values, self.top[:, None].astype(np.intp), axis=1)[:, 0]
        return (end.astype(np.float64) - self.base) / np.maximum(self.top, 1)

    def _coded(self, part: slice) -> Coded:
        return Coded(
            self.raw[part],
            self.mean[part],
            self.sd[part],
            self.values[part],
            self.top[part],
            self.sign[part],
            self.missing[part],
            self.keys[part],
        )


def working_type(x: np.ndarray) -> type:
    """In which dosages are standardised."""
    return np.float32 if x.dtype in (np.float32, np.float16, np.int8, np.uint8) else np.float64
