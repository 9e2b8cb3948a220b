"""The variants of a cis window, and the passes over them that a fit pays with.

At n = 838, p = 5,000 in float32 one BLAS product takes 0.4 ms where x lies in the cache and 1 ms
where it does not; `dot_rows` takes 1.2 ms for two sums of which BLAS would need squares of x, and
`add_rows` 1.2 ms if all variants take part. Of called genotypes, packed into two bits, the same
takes 0.2, 0.4 and 0.5 ms. So effects that are told apart visit few rows, and what depends on the
observed donors alone is made once.
"""

from dataclasses import dataclass, field

import numpy as np

from fqtl.model.arrays.called import Called
from fqtl.model.arrays.copies import Copies
from fqtl.model.arrays.moments import Floats, Genotypes, Indices, Moments
from fqtl.model.arrays.packed import Packed
from fqtl.model.arrays.rows import CalledRows, FloatRows, Rows

PART = 0.4  # of the rows, from which all of them packed take less time than these; measured
# part of the sum of loadings of squares from which a variant's is added in double precision, as a
# variance is what squares leave of the square of a sum; taste: of at most 256 variants
LARGE = 1 / 256


@dataclass(frozen=True, init=False)
class Variants:
    """Standardised genotypes.

    rows : (p, n), a variant, or a class of copies, per row
    copies : of the variants, which may be more than there are rows
    all : (p,) index of every row
    packed : the same of called genotypes, where that is faster
    """

    rows: Rows
    copies: Copies
    all: Indices
    packed: Packed | None = field(repr=False)

    def __init__(
        self, x: Genotypes | Rows, copies: Copies | None = None, packed: Packed | None = None
    ) -> None:
        rows = FloatRows(x) if isinstance(x, np.ndarray) else x
        p = rows.shape[0]
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "copies", Copies.none(p) if copies is None else copies)
        object.__setattr__(self, "all", np.arange(p))
        object.__setattr__(self, "packed", packed)

    @classmethod
    def of_called(cls, called: Called, copies: Copies) -> "Variants":
        """A row for each class; as float32 where passes over those are faster."""
        packed = Packed.of(called)
        if packed is None:
            return cls(called.decoded(np.arange(called.p)), copies)
        return cls(CalledRows(called), copies, packed)

    @classmethod
    def distinct(cls, x: Genotypes) -> "Variants":
        """A row for each class of copies among standardised rows x (p, n)."""
        called = Called.of_rows(x)
        if called is None:
            copies = Copies.among(x)
            return cls(x if len(copies.first) == len(x) else x[copies.first], copies)
        copies = called.classes()
        return cls.of_called(called.rows(copies.first), copies)

    @property
    def x(self) -> Genotypes:
        """(p, n) all rows; made anew where they are codes."""
        return self.rows.x if isinstance(self.rows, FloatRows) else self.rows.take(self.all)

    @property
    def dtype(self) -> np.dtype:
        """Of rows and of products with them."""
        return self.rows.dtype

    @property
    def p(self) -> int:
        return self.rows.shape[0]

    @property
    def n_variants(self) -> int:
        """With all copies."""
        return len(self.copies.of)

    @property
    def n(self) -> int:
        return self.rows.shape[1]

    def scores(self, gradient: Floats) -> Floats:
        """x . gradient of every variant, (p,) or (p, m); gradient (n,) or (n, m)."""
        if self.packed is not None and gradient.ndim == 1:
            return self.packed.scores(gradient)
        return self.rows.product(gradient.astype(self.dtype)).astype(np.float64)

    def square_of_scores(self, gradient: Floats) -> Floats:
        """(m,) sum over variants, all copies among them, of squares of scores of (n, m)."""
        gradient, total = gradient.astype(self.dtype), np.zeros(gradient.shape[1])
        for rows, part in self.rows.blocks():
            total += self.copies.count[part] @ (rows @ gradient).astype(np.float64) ** 2
        return total

    def scores_of_each(self, gradient: Floats) -> Genotypes:
        """(m, p) scores of gradients (n, m), in the precision of x."""
        return self.rows.scores_of_each(gradient.T.astype(self.dtype))

    def information(self, weight: Floats) -> Floats:
        """(p, m) sum_i weight_it x_ji^2, for weights (n, m)."""
        total = np.empty((self.p, weight.shape[1]))
        weight = weight.astype(self.dtype)
        for rows, part in self.rows.blocks():
            total[part] = (rows * rows) @ weight
        return total

    def dots(self, index: Indices, gradient: Floats, weight: Floats) -> tuple[Floats, Floats]:
        """x_j . gradient and sum_i weight_i x_ji^2 of the variants `index`."""
        if self.packed is not None and len(index) > PART * self.p:
            found = self.packed.scores(gradient), self.packed.information(weight)
            return found if index is self.all else (found[0][index], found[1][index])
        return self.rows.dots(index, gradient, weight)

    def add(self, index: Indices, first: Floats, second: Floats) -> tuple[Floats, Floats]:
        """(n,) sum_k first_k x_k and sum_k second_k x_k^2 over the variants `index`."""
        total, squares = np.zeros((2, self.n))
        if self.packed is not None and len(index) > PART * self.p:
            small = second < LARGE * second.sum()
            total, squares = self.packed.add(index[small], first[small], second[small])
            index, first, second = index[~small], first[~small], second[~small]
        self.rows.add(index, first, second, total, squares)
        return total, squares

    def sum(self, index: Indices, first: Floats) -> Floats:
        """(n,) sum_k first_k x_k, in the precision of x."""
        if self.packed is not None:
            return self.packed.sum(index, first)
        weights = np.zeros(self.p, dtype=self.dtype)
        weights[index] = first
        return self.rows.product_back(weights).astype(np.float64)

    def sums(self, loadings: Genotypes) -> Genotypes:
        """(k, n) loadings (k, p) times x, in the precision of x."""
        return self.rows.product_back(loadings.astype(self.dtype, copy=False))

    def combine(self, first: Floats, second: Floats) -> Moments:
        """x' first and (x^2)' second of loadings (p,) or (p, m): (n,) or (n, m)."""
        shape = (self.n, *first.shape[1:])
        total, squares = np.zeros(shape), np.zeros(shape)
        first, second = first.astype(self.dtype), second.astype(self.dtype)
        for rows, part in self.rows.blocks():
            total += rows.T @ first[part]
            squares += (rows * rows).T @ second[part]
        return Moments(total, squares)

    def combine_back(self, first: Floats, second: Floats) -> Moments:
        """x first and x^2 second of scores (n,) or (n, m): (p,) or (p, m)."""
        shape = (self.p, *first.shape[1:])
        total, squares = np.empty(shape), np.empty(shape)
        first, second = first.astype(self.dtype), second.astype(self.dtype)
        for rows, part in self.rows.blocks():
            total[part] = rows @ first
            squares[part] = (rows * rows) @ second
        return Moments(total, squares)
