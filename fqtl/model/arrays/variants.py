"""The variants of a cis window, and the passes over them that a fit pays with.

At n = 838, p = 5,000 in float32 one BLAS product takes 0.4 ms where x lies in the cache and 1 ms
where it does not; `dot_rows` takes 1.2 ms for two sums of which BLAS would need squares of x, and
`add_rows` 1.2 ms if all variants take part. Of called genotypes, packed into two bits, the same
takes 0.2, 0.4 and 0.5 ms. So effects that are told apart visit few rows, and what depends on the
observed donors alone is made once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from fqtl.model.arrays._kernels import add_rows, dot_rows
from fqtl.model.arrays.copies import Copies
from fqtl.model.arrays.moments import Floats, Genotypes, Indices, Moments
from fqtl.model.arrays.packed import Packed

BLOCK = 256  # variants that are squared at a time; taste
PART = 0.4  # of the rows, from which all of them packed take less time than these; measured
# part of the sum of loadings of squares from which a variant's is added in double precision, as a
# variance is what squares leave of the square of a sum; taste: of at most 256 variants
LARGE = 1 / 256


@dataclass(frozen=True)
class Variants:
    """Standardised genotypes.

    x : (p, n), a variant, or a class of copies, per row
    copies : of the variants, which may be more than there are rows
    all : (p,) index of every row
    packed : the same of called genotypes, where that is faster
    """

    x: Genotypes
    copies: Copies = field(init=False)
    all: Indices = field(init=False)
    packed: Packed | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "packed", None)
        object.__setattr__(self, "copies", Copies.none(len(self.x)))
        object.__setattr__(self, "all", np.arange(len(self.x)))

    @classmethod
    def distinct(cls, x: Genotypes) -> "Variants":
        """A row for each class of copies among the rows of x."""
        copies = Copies.among(x)
        variants = cls(x if len(copies.first) == len(x) else x[copies.first])
        object.__setattr__(variants, "copies", copies)
        object.__setattr__(variants, "packed", Packed.of(variants.x))
        return variants

    @property
    def p(self) -> int:
        return len(self.x)

    @property
    def n_variants(self) -> int:
        """With all copies."""
        return len(self.copies.of)

    @property
    def n(self) -> int:
        return self.x.shape[1]

    def scores(self, gradient: Floats) -> Floats:
        """x . gradient of every variant, (p,) or (p, m); gradient (n,) or (n, m)."""
        if self.packed is not None and gradient.ndim == 1:
            return self.packed.scores(gradient)
        return (self.x @ gradient.astype(self.x.dtype)).astype(np.float64)

    def scores_of_each(self, gradient: Floats) -> Genotypes:
        """(m, p) scores of gradients (n, m), in the precision of x."""
        return np.asarray(gradient.T.astype(self.x.dtype) @ self.x.T)

    def information(self, weight: Floats) -> Floats:
        """(p, m) sum_i weight_it x_ji^2, for weights (n, m)."""
        total = np.empty((self.p, weight.shape[1]))
        weight = weight.astype(self.x.dtype)
        for first in range(0, self.p, BLOCK):
            rows = self.x[first : first + BLOCK]
            total[first : first + BLOCK] = (rows * rows) @ weight
        return total

    def dots(self, index: Indices, gradient: Floats, weight: Floats) -> tuple[Floats, Floats]:
        """x_j . gradient and sum_i weight_i x_ji^2 of the variants `index`."""
        if self.packed is not None and len(index) > PART * self.p:
            found = self.packed.scores(gradient), self.packed.information(weight)
            return found if index is self.all else (found[0][index], found[1][index])
        score, information = np.empty(len(index)), np.empty(len(index))
        dot_rows(self.x, index, gradient, weight, score, information)
        return score, information

    def add(self, index: Indices, first: Floats, second: Floats) -> tuple[Floats, Floats]:
        """(n,) sum_k first_k x_k and sum_k second_k x_k^2 over the variants `index`."""
        total, squares = np.zeros((2, self.n))
        if self.packed is not None and len(index) > PART * self.p:
            small = second < LARGE * second.sum()
            total, squares = self.packed.add(index[small], first[small], second[small])
            index, first, second = index[~small], first[~small], second[~small]
        add_rows(self.x, index, first, second, total, squares)
        return total, squares

    def sum(self, index: Indices, first: Floats) -> Floats:
        """(n,) sum_k first_k x_k, in the precision of x."""
        if self.packed is not None:
            return self.packed.sum(index, first)
        weights = np.zeros(self.p, dtype=self.x.dtype)
        weights[index] = first
        return (weights @ self.x).astype(np.float64)

    def sums(self, loadings: Genotypes) -> Floats:
        """(k, n) loadings (k, p) times x, in the precision of x."""
        return (loadings.astype(self.x.dtype, copy=False) @ self.x).astype(np.float64)

    def combine(self, first: Floats, second: Floats) -> Moments:
        """x' first and (x^2)' second of loadings (p,) or (p, m): (n,) or (n, m)."""
        shape = (self.n, *first.shape[1:])
        total, squares = np.zeros(shape), np.zeros(shape)
        first, second = first.astype(self.x.dtype), second.astype(self.x.dtype)
        for rows, part in self._blocks():
            total += rows.T @ first[part]
            squares += (rows * rows).T @ second[part]
        return Moments(total, squares)

    def combine_back(self, first: Floats, second: Floats) -> Moments:
        """x first and x^2 second of scores (n,) or (n, m): (p,) or (p, m)."""
        shape = (self.p, *first.shape[1:])
        total, squares = np.empty(shape), np.empty(shape)
        first, second = first.astype(self.x.dtype), second.astype(self.x.dtype)
        for rows, part in self._blocks():
            total[part] = rows @ first
            squares[part] = (rows * rows) @ second
        return Moments(total, squares)

    def _blocks(self) -> Iterator[tuple[Genotypes, slice]]:
        """Rows that stay in the cache while they are multiplied, squared and multiplied again."""
        for first in range(0, self.p, BLOCK):
            part = slice(first, first + BLOCK)
            yield self.x[part], part
