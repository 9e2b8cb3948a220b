"""Relatedness of donors over the variants of a gene, and features that hold it.

Under effects theta_j ~ N(0, v/p) of p variants, x' theta has the covariance v K, K = x'x/p over
donors. With the eigenvectors U and eigenvalues Lambda of K that hold most of its trace, features
Phi = U sqrt(Lambda) make Phi w, w ~ N(0, v I), of nearly the same distribution. The mean of the
diagonal of K is 1 for standardised variants.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from fqtl.model.arrays.moments import Floats
from fqtl.model.arrays.variants import Variants
from fqtl.model.priors import Rotated

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
    def diagonal(self) -> Floats:
        """(n,) of K."""
        everything = self.x.copies.count / self.x.n_variants
        return self.x.combine(np.zeros(self.x.p), everything).variance

    @cached_property
    def _square_of_pairs(self) -> float:
        """Mean of K_ij^2 over pairs of donors, from |K z|^2 of random signs z."""
        n = self.x.n
        if n < 2:
            return 0.0
        signs = np.random.default_rng(0).choice([-1.0, 1.0], (n, PROBES))
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
        """(n, k) Phi, and (k,) the eigenvalues of K that are kept."""
        x, p = self.x, self.x.n_variants
        # a class of copies counts as often as it has variants
        root_count = np.sqrt(x.copies.count).astype(x.dtype)[:, None]
        along_variants = x.p < x.n
        if along_variants:
            rows = x.x * root_count
            gram = (rows @ rows.T).astype(np.float64)
        else:
            gram = self._of_donors(root_count)
        gram /= p
        values, vectors = np.linalg.eigh(gram)
        values, vectors = values[::-1], vectors[:, ::-1]
        enough = int(np.searchsorted(np.cumsum(values), TRACE * values.sum())) + 1
        enough = min(enough, MOST_FEATURES)
        values, vectors = values[:enough], vectors[:, :enough]
        if along_variants:  # x = V sqrt(p Lambda) U'
            return rows.T.astype(np.float64) @ (vectors / np.sqrt(p)), values.copy()
        return vectors * np.sqrt(values), values.copy()

    def _of_donors(self, root_count: np.ndarray) -> Floats:
        """(n, n) p K, a block of rows at a time."""
        total = np.zeros((self.x.n, self.x.n), dtype=self.x.dtype)
        for rows, part in self.x.rows.blocks():
            weighted = rows * root_count[part]
            total += weighted.T @ weighted
        return total.astype(np.float64)

    @property
    def features(self) -> Floats:
        """(n, k) Phi."""
        return self._decomposed[0]

    def variant_effects(self, effects: Floats) -> Floats:
        """(p,) effects of variants, of least norm, that make the same score as these (k,)."""
        (features, values), copies = self._decomposed, self.x.copies
        of_donors = features @ (effects / (values * self.x.n_variants))
        return self.x.scores(of_donors)[copies.of] * copies.sign

    def of_tissue(self, tissue: int, weight: Floats) -> Rotated:
        """Features under the weights (n,) of a tissue; kept where all its donors weigh the same."""
        most = weight.max()
        if (weight != most * self.observed[:, tissue]).any():
            return Rotated.of(self.features, weight)
        if tissue not in self._of_tissues:
            self._of_tissues[tissue] = Rotated.of(self.features, self.observed[:, tissue])
        return self._of_tissues[tissue].times(float(most))
