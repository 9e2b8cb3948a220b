"""Called genotypes in two bits, and the passes over them that a fit pays with.

A standardised row of called genotypes has two or three values, x_ji = b_j + s_j g_ji with g_ji of
0, 1, 2, kept as two bits: whether g is at least 1, and at least 2. With A_j and B_j for the sums of
what a donor adds, over those who have the first bit and the second,

    sum_i x_ji v_i   = b_j sum_i v_i + s_j (A_j + B_j)
    sum_i x_ji^2 w_i = b_j^2 sum_i w_i + 2 b_j s_j (A_j + B_j) + s_j^2 (A_j + 3 B_j),

and over variants alike, where each may add any number for each bit. Bits of three at a time are
looked up (`_packed.h`) in a fifth of the time of a product with float32 rows, which are 15 times as
large. Sums are in single precision, two levels deep: as near as a product in single precision is.
Count 0 is the commoner end, and what all donors have alike is added in double precision.

Where a genotype is missing x is 0, the mean; it is counted 0, and b_j is taken back.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fqtl.model.arrays._packed import (
    ENTRIES,
    ITEMS,
    LANES,
    PER_WORD,
    fill_tables,
    has_wide_lookup,
    look_up,
    pack_columns,
    pack_rows,
    take_missing,
)
from fqtl.model.arrays.called import Called
from fqtl.model.arrays.moments import Floats, Indices

BLOCK = 8 * ITEMS  # variants that are packed at a time: whole words; taste
MOST_MISSING = 0.02  # of all genotypes; taste: each costs as much as ten that are known


@dataclass(frozen=True)
class Packed:
    """Genotypes (p, n) twice, with variants and with donors in the lanes.

    base, step : (p,) x = base + step * count
    start, donor : (p + 1,) where each row's missing genotypes begin, and of whom they are
    wide : whether sums are looked up with AVX2; the same numbers come out without
    """

    base: Floats
    step: Floats
    by_variant: np.ndarray
    by_donor: np.ndarray
    start: Indices
    donor: Indices
    n: int
    wide: bool

    @classmethod
    def of(cls, called: Called) -> "Packed | None":
        """Of called rows; None where sums are not looked up faster than rows are multiplied."""
        return cls.of_called(called, wide=True) if has_wide_lookup() else None

    @classmethod
    def of_called(cls, called: Called, *, wide: bool) -> "Packed | None":
        """The same, whatever is faster; None where too many are missing."""
        p, n = called.p, called.n
        # of a row that does not vary all donors are alike, whether known or not
        missing = np.where(called.top > 0, called.missing, 0)
        if missing.sum() > MOST_MISSING * p * n:
            return None
        start = np.concatenate([[0], np.cumsum(missing)]).astype(np.intp)
        donor = np.empty(start[-1], dtype=np.intp)
        by_variant, by_donor = _codes(p, n), _codes(n, p)
        pack_rows(called.words, by_variant)
        for first in range(0, p, BLOCK):
            part = slice(first, min(first + BLOCK, p))
            codes = called.codes(part)
            pack_columns(codes, by_donor[:, :, first // ITEMS : -(-part.stop // ITEMS)])
            codes[called.top[part] == 0] = 0
            donor[start[first] : start[part.stop]] = _donors(codes)
        return cls(called.base, called.step, by_variant, by_donor, start, donor, n, wide)

    @property
    def p(self) -> int:
        return len(self.base)

    def scores(self, gradient: Floats) -> Floats:
        """(p,) x . gradient; gradient (n,)."""
        first, second = self._over_donors(gradient)
        return self.base * self._of_known(gradient) + self.step * (first + second)

    def information(self, weight: Floats) -> Floats:
        """(p,) sum_i weight_i x_ji^2; weight (n,)."""
        first, second = self._over_donors(weight)
        plain = self.base**2 * self._of_known(weight)
        mixed = 2 * self.base * self.step * (first + second)
        return plain + mixed + self.step**2 * (first + 3 * second)

    def sum(self, index: Indices, first: Floats) -> Floats:
        """(n,) sum_k first_k x_k over the variants `index`."""
        base, step = self.base[index], self.step[index]
        each = first * step
        return self._over_variants(index, first * base, each, each)

    def add(self, index: Indices, first: Floats, second: Floats) -> tuple[Floats, Floats]:
        """(n,) sum_k first_k x_k and sum_k second_k x_k^2 over the variants `index`."""
        base, step = self.base[index], self.step[index]
        once, twice = step * (2 * base + step), step * (2 * base + 3 * step)
        squares = self._over_variants(index, second * base**2, second * once, second * twice)
        return self.sum(index, first), squares

    def _over_donors(self, values: Floats) -> tuple[Floats, Floats]:
        """(p,) twice: sums of values (n,) over those with the first bit, and the second."""
        tables = _tables(values, self.by_variant)
        first, second = (_sums(codes, tables, self.wide) for codes in self.by_variant)
        return first[: self.p], second[: self.p]

    def _over_variants(self, index: Indices, always: Floats, once: Floats, twice: Floats) -> Floats:
        """(n,) sums over variants of what they add always, for the first bit, and the second."""
        total = np.full(self.n, float(always.sum()))
        tables = self._tables_of(index, once)
        total += _sums(self.by_donor[0], tables, self.wide)[: self.n]
        if twice is not once:
            tables = self._tables_of(index, twice)
        total += _sums(self.by_donor[1], tables, self.wide)[: self.n]
        return total - self._missing(index, always)

    def _tables_of(self, index: Indices, values: Floats) -> np.ndarray:
        """What codes of donors add, of the variants `index`."""
        everyone = np.zeros(self.p)
        everyone[index] = values
        return _tables(everyone, self.by_donor)

    def _of_known(self, of_donor: Floats) -> Floats | float:
        """Sum over the donors of whom a variant is known."""
        everyone = float(of_donor.sum())
        if not len(self.donor):
            return everyone
        taken = np.empty(self.p)
        take_missing(self.start, self.donor, np.ascontiguousarray(of_donor), taken)
        return everyone - taken

    def _missing(self, index: Indices, of_variant: Floats) -> Floats | float:
        """(n,) sum over the variants `index` that a donor misses."""
        if not len(self.donor):
            return 0.0
        everyone = np.zeros(self.p)
        everyone[index] = of_variant
        taken = np.bincount(self.donor, weights=everyone[self._variant], minlength=self.n)
        return taken.astype(np.float64)

    @cached_property
    def _variant(self) -> Indices:
        """Row of each missing genotype."""
        return np.repeat(np.arange(self.p), np.diff(self.start))


def _donors(counts: np.ndarray) -> Indices:
    """Of each missing genotype, row after row."""
    return np.flatnonzero(counts == 3) % counts.shape[1]


def _codes(lanes: int, items: int) -> np.ndarray:
    """(2, groups, words, 32) of no bits."""
    return np.zeros((2, -(-lanes // LANES), -(-items // ITEMS), LANES), dtype=np.uint32)


def _tables(values: Floats, codes: np.ndarray) -> np.ndarray:
    """(tables, 8) of values (items,), for codes (2, groups, words, 32)."""
    words = codes.shape[2]
    whole = np.zeros(words * ITEMS)
    whole[: len(values)] = values
    tables = np.empty((words * PER_WORD, ENTRIES), dtype=np.float32)
    fill_tables(whole, tables)
    return tables


def _sums(codes: np.ndarray, tables: np.ndarray, wide: bool) -> Floats:
    """(lanes,) sums of one bit, codes (groups, words, 32)."""
    sums = np.empty(len(codes) * LANES, dtype=np.float32)
    look_up(codes, tables, sums, wide)
    return sums.astype(np.float64)
