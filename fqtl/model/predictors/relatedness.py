"""Relatedness of donors over the variants of a gene, and features that hold it.

Under effects theta_j ~ N(0, v/p) of p variants, x' theta has the covariance v K, K = x'x/p over
donors. With the eigenvectors U and eigenvalues Lambda of K that hold most of its trace, features
Phi = U sqrt(Lambda) make Phi w, w ~ N(0, v I), of nearly the same distribution. The mean of the
diagonal of K is 1 for standardised variants.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.linalg import eigh, get_blas_funcs

from fqtl.model.arrays.moments import Floats
from fqtl.model.arrays.variants import Variants
from fqtl.model.priors import Rotated
from fqtl.model.priors.polygenic import in_blocks

TRACE = 0.95  # of K that features hold; taste: the rest are directions of next to no variance
PROBES = 16  # random directions that the pairs of donors are seen along; taste: to about a tenth
MOST_FEATURES = 200  # taste: of 358 donors they hold 0.95 of K


@dataclass(frozen=True)
class Relatedness:
    """Features of the donors, made when they are first asked for.

    observed : (n, m) 1 where a donor has a tissue, else 0
    """

    x: Variants
    observed: Floats
    _of_tissues: dict[int, Rotated] = field(default_factory=dict, repr=False)

    def __deepcopy__(self, memo: object) -> "Relatedness":
        """Itself: what it says never changes."""
        return self

    @cached_property
    def measured(self) -> np.ndarray:
        """(n,) whether a donor has any tissue; of others x is 0."""
        return np.asarray(self.observed.any(axis=1))

    @cached_property
    def diagonal(self) -> Floats:
        """(n,) of K."""
        everything = self.x.copies.count / self.x.n_variants
        return self.x.combine(np.zeros(self.x.p), everything).variance

    @cached_property
    def _square_of_pairs(self) -> float:
        """Mean of K_ij^2 over pairs of measured donors, from |K z|^2 of random signs z."""
        n = int(self.measured.sum())
        if n < 2:
            return 0.0
        signs = np.zeros((self.x.n, PROBES))
        signs[self.measured] = np.random.default_rng(0).choice([-1.0, 1.0], (n, PROBES))
        per_variant = self.x.copies.count[:, None] * self.x.scores(signs) / self.x.n_variants
        seen = self.x.combine(per_variant, np.zeros_like(per_variant)).mean
        pairs = (seen**2).sum() / PROBES - (self.diagonal**2).sum()
        return max(float(pairs), 0.0) / (n * (n - 1))

    def square_trace(self, weight: Floats) -> Floats:
        """(k,) about tr (K D)^2 for D of each column of weights (n, k), as if donors were alike."""
        pairs = weight.sum(axis=0) ** 2 - (weight**2).sum(axis=0)
        return self.diagonal**2 @ weight**2 + self._square_of_pairs * pairs

    @cached_property
    def _decomposed(self) -> tuple[Floats, Floats]:
        """(n, k) Phi in the precision of x, and (k,) the eigenvalues of K that are kept."""
        x, p = self.x, self.x.n_variants
        # a class of copies counts as often as it has variants
        root_count = np.sqrt(x.copies.count).astype(x.dtype)[:, None]
        along_variants = x.p < x.n
        if along_variants:
            rows = x.x * root_count
            gram = _with_square_of(np.zeros((x.p, x.p), dtype=x.dtype, order="F"), rows)
        else:
            gram = self._of_donors(root_count)
        gram /= p
        enough = TRACE * float(gram.trace(dtype=np.float64))
        values, vectors = _leading(gram, MOST_FEATURES)
        del gram
        kept = int(np.searchsorted(np.cumsum(values), enough)) + 1
        values, vectors = values[:kept], vectors[:, :kept]
        if along_variants:  # x = V sqrt(p Lambda) U'
            features = rows.T @ (vectors / np.sqrt(p, dtype=x.dtype))
        else:
            features = vectors * np.sqrt(values)
        return features, values.astype(np.float64)

    def _of_donors(self, root_count: np.ndarray) -> np.ndarray:
        """(n, n) p K, as of `_with_square_of`, a block of rows at a time."""
        total = np.zeros((self.x.n, self.x.n), dtype=self.x.dtype, order="F")
        for rows, part in self.x.rows.blocks():
            total = _with_square_of(total, (rows * root_count[part]).T)
        return total

    @property
    def features(self) -> Floats:
        """(n, k) Phi, in the precision of x."""
        return self._decomposed[0]

    def variant_effects(self, effects: Floats) -> Floats:
        """(p,) effects of variants, of least norm, that make the same score as these (k,)."""
        (features, values), copies = self._decomposed, self.x.copies
        scaled = effects / (values * self.x.n_variants)
        of_donors = np.concatenate([rows @ scaled for _, rows in in_blocks(features)])
        return self.x.scores(of_donors)[copies.of] * copies.sign

    def of_tissue(self, tissue: int, weight: Floats) -> Rotated:
        """Features under the weights (n,) of a tissue; kept where all its donors weigh the same."""
        most = weight.max()
        if (weight != most * self.observed[:, tissue]).any():
            return Rotated.of(self.features, weight)
        if tissue not in self._of_tissues:
            rotated = Rotated.of(self.features, self.observed[:, tissue])
            self._of_tissues[tissue] = rotated.compact(self.x.dtype)
        return self._of_tissues[tissue].times(float(most))


def _with_square_of(total: np.ndarray, a: np.ndarray) -> np.ndarray:
    """total + a a' in place, of which the lower triangle alone counts; total in Fortran's order.

    This and `_leading` are in the precision of x, as products with x are no better, and in place:
    matrices of all donors would be the largest of a fit.
    """
    (add,) = get_blas_funcs(("syrk",), dtype=total.dtype)
    in_order = a.flags.f_contiguous
    return add(
        1.0, a if in_order else a.T, beta=1.0, c=total, trans=not in_order, lower=1, overwrite_c=1
    )


def _leading(lower: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues (k,) and eigenvectors (n, k) of a symmetric matrix that is given up for them,
    from the largest on, `most` of them.
    """
    n = len(lower)
    values, vectors = eigh(
        lower,
        driver="evr",
        subset_by_index=[max(n - most, 0), n - 1],
        overwrite_a=True,
        check_finite=False,
    )
    return values[::-1], vectors[:, ::-1]
