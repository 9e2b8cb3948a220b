"""LD of a reference panel as eigenvectors, and what their eigenvalues are in the population.

With n people and p variants the correlations are R = V D V'. Eigenvalues of a sample are spread:
the large ones are too large, the small ones too small, and a z-score of other people that is
divided by a small one is too large. What a direction V_a has in the population, V_a' R V_a, follows
from all sample eigenvalues together. With c = p/n, f their density and h its Hilbert transform,

    d_a = D_a / ((pi c D_a f)^2 + (1 - c - pi c D_a h)^2)      p <= n
    d_a = 1 / (pi^2 D_a (f^2 + h^2))                           p > n, f and h of the D_a > 0

(Ledoit & Wolf 2020, Annals of Statistics 48:3043: analytical nonlinear shrinkage). How much of this
the z-scores need is learned: 0 where they are of the same people as the LD, 1 where they are of
others of one population, more where the populations differ; see `mismatch_of`.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import isotonic_regression

from fqtl.errors import FqtlError
from fqtl.model.arrays.inputs import as_matrix
from fqtl.model.arrays.moments import Floats
from fqtl.model.arrays.standardise import standardise_genotypes

LEAST_PEOPLE = 10  # of a panel, of fewer of whom correlations are chance; taste
TRACE = 0.99  # of R that eigenvectors hold; taste: the rest is of next to no variance
NOTHING = 1e-6  # eigenvalue of no variance: rounding of float32; derived
SAME = 1e-3  # by which correlations may differ from symmetry and from 1; taste
FAR = 1e3  # bandwidths from which the kernel's transform is that of a point: rounding; derived


@dataclass(frozen=True)
class LD:
    """Correlations of p variants, by k eigenvectors.

    sample : (k,) eigenvalues of the reference
    expected : (k,) what their directions have in the population
    values : (k,) those of the noise of z-scores, between these two
    vectors : (p, k)
    mean, sd : (p,) of dosages; 0 and 1 where these are not known, sd 0 where one does not vary
    people : of whom the correlations are; None where that is not told
    """

    sample: Floats
    expected: Floats
    values: Floats
    vectors: Floats
    mean: Floats
    sd: Floats
    people: int | None

    @classmethod
    def of_panel(cls, dosages: np.ndarray) -> "LD":
        """Of dosages (n, p), NaN where missing."""
        given = as_matrix("panel", dosages, missing=True)
        if len(given) < LEAST_PEOPLE:
            raise FqtlError(
                f"panel has {len(given)} people, in rows; LD needs some hundreds, and "
                f"{LEAST_PEOPLE} at the least (shape {given.shape})."
            )
        standard = standardise_genotypes(given)
        x, (p, n) = standard.x, standard.x.shape
        gram = (x.T @ x if n < p else x @ x.T).astype(np.float64) / n
        values, vectors = _decomposed(gram)
        if n < p:
            scale = (1 / np.sqrt(n * values)).astype(x.dtype)
            vectors = (x @ (vectors.astype(x.dtype) * scale)).astype(np.float64)
        return cls._of(values, vectors, standard.mean, standard.sd, n)

    @classmethod
    def of_matrix(cls, ld: np.ndarray, people: int | None, sd: Floats | None = None) -> "LD":
        """Of correlations (p, p); those of a variant that does not vary may be NaN.

        sd : (p,) of dosages, where they are known
        """
        given = as_matrix("ld", ld, missing=True).astype(np.float64)
        p = len(given)
        if given.shape != (p, p):
            raise FqtlError(f"ld must be square, found shape {given.shape}.")
        known = np.isfinite(np.diag(given)) & (np.diag(given) > 0)
        matrix = np.where(np.outer(known, known), given, 0.0)
        _refuse_no_correlations(matrix, known)
        values, vectors = _decomposed((matrix + matrix.T) / 2)
        return cls._of(
            values, vectors, np.zeros(p), np.where(known, 1.0 if sd is None else sd, 0.0), people
        )

    @classmethod
    def _of(
        cls, values: Floats, vectors: Floats, mean: Floats, sd: Floats, people: int | None
    ) -> "LD":
        variants = int((sd > 0).sum())
        if not variants:
            raise FqtlError(f"None of the {len(sd)} variants varies in the LD reference.")
        expected = values if people is None else of_population(values, variants, people)
        enough = int(np.searchsorted(np.cumsum(values), TRACE * values.sum())) + 1
        kept = slice(0, min(enough, len(values)))
        found = values[kept]
        return cls(found, expected[kept], found, vectors[:, kept], mean, sd, people)

    @property
    def p(self) -> int:
        return len(self.vectors)

    @property
    def k(self) -> int:
        return len(self.values)

    def between(self, mismatch: float) -> "LD":
        """With eigenvalues this part of the way to those of the population, on the log scale."""
        values = self.sample ** (1 - mismatch) * self.expected**mismatch
        return replace(self, values=values)

    def left_out(self) -> Floats:
        """(p,) variance of each variant that the eigenvectors do not hold."""
        return np.maximum(1 - self.vectors**2 @ self.values, 0.0)


def _decomposed(matrix: Floats) -> tuple[Floats, Floats]:
    """Eigenvalues above 0 from the largest on, and their vectors."""
    values, vectors = np.linalg.eigh(matrix)
    values, vectors = values[::-1], vectors[:, ::-1]
    kept = int((values > NOTHING * max(values[0], 1.0)).sum())
    return values[:kept], np.ascontiguousarray(vectors[:, :kept])


def _refuse_no_correlations(matrix: Floats, known: np.ndarray) -> None:
    """Refuse what is symmetric, or has a diagonal, in no sense of correlations."""
    if np.isnan(matrix).any():
        row, column = np.argwhere(np.isnan(matrix))[0]
        raise FqtlError(
            f"ld must be known of every pair of variants that vary; it is NaN at row {row}, "
            f"column {column} ({int(np.isnan(matrix).sum())} such entries)."
        )
    unlike = np.abs(matrix - matrix.T)
    if unlike.max() > SAME:
        row, column = np.unravel_index(int(unlike.argmax()), unlike.shape)
        raise FqtlError(
            f"ld must be symmetric; entries ({row}, {column}) and ({column}, {row}) are "
            f"{matrix[row, column]:.4g} and {matrix[column, row]:.4g}."
        )
    diagonal = np.diag(matrix)[known]
    if diagonal.size and (np.abs(diagonal - 1).max() > SAME or np.abs(matrix).max() > 1 + SAME):
        raise FqtlError(
            f"ld must hold correlations, with 1 on the diagonal; found {diagonal.min():.4g} to "
            f"{diagonal.max():.4g} there, and up to {np.abs(matrix).max():.4g} beside it."
        )


def of_population(values: Floats, p: int, n: int) -> Floats:
    """(q,) what the directions of sample eigenvalues, the largest first, have in the population.

    p : variants; n : people, one of whose degrees of freedom went into means
    """
    n = n - 1
    width = n ** (-1 / 3) * values  # of the kernel, of each eigenvalue
    x = (values[:, None] - values) / width
    height = 3 / 4 / np.sqrt(5)  # of Epanechnikov's kernel
    density = (height * np.maximum(1 - x**2 / 5, 0) / width).mean(axis=1)
    hilbert = (_transform(x, height) / width).mean(axis=1)
    if p <= n:
        c = p / n
        real, imaginary = 1 - c - np.pi * c * values * hilbert, np.pi * c * values * density
        ratio = 1 / (real**2 + imaginary**2)
    else:
        ratio = 1 / (np.pi**2 * values**2 * (density**2 + hilbert**2))
    # the smaller an eigenvalue, the more it understates; single large ones are too few to tell
    return np.asarray(values * isotonic_regression(ratio, increasing=True).x)


def _transform(x: Floats, height: float) -> Floats:
    """Hilbert transform of the kernel at distances x, in bandwidths."""
    root = np.sqrt(5)
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithm = np.log(np.abs((root - x) / (root + x)))
        near = -0.3 / np.pi * x + height / np.pi * (1 - x**2 / 5) * logarithm
        found = np.where(np.abs(x) > FAR, -1 / (np.pi * x), near)
    return np.where(np.isfinite(found), found, -0.3 / np.pi * x)
