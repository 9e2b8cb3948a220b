"""Copies: variants whose standardised genotypes are those of another, up to the counted allele.

About two in five common variants of a window of Europeans are copies. What knows of a variant only
its genotypes cannot tell copies apart, so that single effects need one row for all of a class: it
is as probable as its copies together, and the posterior is split between them afterwards.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fqtl.model.arrays._kernels import dot_rows, match_rows
from fqtl.model.arrays.moments import Floats, Genotypes, Indices

# of a value: what standardising leaves of the same dosages, counted from either allele; derived
ROUNDING = {np.dtype(np.float32): 2.5e-7, np.dtype(np.float64): 1e-14}
# of a row's length: keys of copies differ by less. Neighbours are compared, never trusted; derived
NEAR = 1e-6


@dataclass(frozen=True)
class Copies:
    """Which of p variants are copies of each other: k classes.

    of : (p,) class of each variant
    first : (k,) first variant of each class, ascending
    sign : (p,) 1, or -1 where the other allele is counted than in the first of the class
    """

    of: Indices
    first: Indices
    sign: Floats

    @classmethod
    def none(cls, p: int) -> "Copies":
        """Every variant by itself."""
        return cls(np.arange(p), np.arange(p), np.ones(p))

    @classmethod
    def among(cls, x: Genotypes) -> "Copies":
        """Of standardised rows (p, n).

        Rows are put in the order of their product with a random vector, which copies have in
        common, and each is compared with its neighbours, value by value.
        """
        p, n = x.shape
        drawn = np.random.default_rng(0).standard_normal(n)
        direction = np.divide(drawn, np.linalg.norm(drawn))
        key, unread = np.empty((2, p))
        dot_rows(x, np.arange(p), direction, np.zeros(n), key, unread)
        same, sign = np.empty(p, dtype=np.intp), np.empty(p)
        order = np.argsort(np.abs(key), kind="stable")
        match_rows(x, order, key, NEAR * np.sqrt(n), ROUNDING[x.dtype], same, sign)
        _, earliest, of = np.unique(same, return_index=True, return_inverse=True)
        rank = np.argsort(np.argsort(earliest, kind="stable"), kind="stable")
        of, first = rank[of], np.sort(earliest)
        return cls(of, first, sign * sign[first][of])

    @cached_property
    def count(self) -> Floats:
        """(k,) variants in each class."""
        return np.bincount(self.of, minlength=len(self.first)).astype(np.float64)

    @cached_property
    def share(self) -> Floats:
        """(k,) part of all variants that is in each class."""
        return self.count / len(self.of)

    @cached_property
    def log_share(self) -> Floats:
        """(k,) ln of the part of all variants that is in each class."""
        return np.log(self.share)

    @cached_property
    def _members(self) -> tuple[Indices, Indices]:
        """(p,) variants by class, and (k,) where each class begins among them."""
        ends = np.cumsum(self.count).astype(np.intp)
        return np.argsort(self.of, kind="stable"), np.concatenate([[0], ends[:-1]])

    def variants_of(self, classes: Indices) -> tuple[Indices, Indices]:
        """Variants of these classes (ascending), and the place among `classes` of each one's."""
        if len(classes) == len(self.first):
            return np.arange(len(self.of)), self.of
        members, begins = self._members
        counts = self.count[classes].astype(np.intp)
        place = np.repeat(np.arange(len(classes)), counts)
        within = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts)
        variants = members[begins[classes][place] + within]
        order = np.argsort(variants)
        return variants[order], place[order]
