"""Correlation of z-scores of two tissues where nothing acts, as donors that both have make it.

Of pairs of z-scores of one variant and gene, those where both are small are hardly touched by
effects. Cut off at 2, a normal pair of correlation rho has a smaller one; that is turned back.
(Weak z-scores: Urbut, Wang, Carbonetto, Stephens 2019, Nature Genetics 51:187.)
"""

from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from fqtl.errors import FqtlError
from fqtl.model.arrays.inputs import as_matrix
from fqtl.model.arrays.moments import Floats

WEAK = 2.0  # |z| below which effects hardly tell; the field's custom, taste
LEAST_PAIRS = 50  # of z-scores, for a correlation good to 0.15; taste
NODES = 60  # of a sum over the square of weak pairs; exact to 1e-9; derived
PLACES = 199  # correlations at which it is tabulated; taste


def noise_correlation(z: ArrayLike) -> Floats:
    """(m, m) correlation of the noise of z-scores between m tissues.

    Parameters
    ----------
    z : (N, m)
        z-scores of N variants, of as many genes as there are and best far from each other, each of
        one allele in all tissues; NaN where a tissue has none.

    Returns
    -------
    (m, m)
        1 on the diagonal; 0 for tissues without 50 weak z-scores in common.

    Raises
    ------
    FqtlError
        No numbers.
    """
    values = as_matrix("z", z, missing=True).astype(np.float64)
    weak = np.abs(values) < WEAK
    if not weak.any():
        raise FqtlError(f"z of shape {values.shape} holds no number below {WEAK:g} in size.")
    kept = np.where(weak, values, 0.0)
    seen = weak.astype(np.float64)
    pairs = seen.T @ seen
    count = np.maximum(pairs, 1.0)
    mean = kept.T @ seen / count  # of the first tissue, over the pairs
    cross = kept.T @ kept / count - mean * mean.T
    variance = (kept**2).T @ seen / count - mean**2
    size = np.sqrt(variance * variance.T)
    cut_off = np.divide(cross, size, out=np.zeros_like(cross), where=size > 0)
    full, cut = _table()
    found = np.where(pairs >= LEAST_PAIRS, np.interp(cut_off, cut, full), 0.0)
    np.fill_diagonal(found, 1.0)
    return np.asarray((found + found.T) / 2)


@cache
def _table() -> tuple[Floats, Floats]:
    """Correlations, and what they are between weak z-scores."""
    node, weight = np.polynomial.legendre.leggauss(NODES)
    x, y = np.meshgrid(WEAK * node, WEAK * node)
    both = np.outer(weight, weight)
    full = np.linspace(-0.99, 0.99, PLACES)
    cut = np.empty(PLACES)
    for i, rho in enumerate(full):
        density = both * np.exp(-(x**2 - 2 * rho * x * y + y**2) / (2 * (1 - rho**2)))
        cut[i] = (density * x * y).sum() / (density * x**2).sum()
    return full, cut
