"""BLUP of one context: every variant has an effect, all from one normal distribution.

    y = mean + g + e,  var(g) = s² h K,  var(e) = s² (1 - h) I,  K = x x' / p  (x standardised)

h by restricted maximum likelihood, profiled over s² and the mean: a search in one dimension. A
baseline, written from the articles alone.
(Patterson & Thompson 1971, Biometrika 58:545; Henderson 1975, Biometrics 31:423)
"""

import numpy as np
from scipy.linalg import eigh
from scipy.optimize import minimize_scalar

LARGEST = 0.999  # share of variance; at 1 nothing is noise
GRID = np.linspace(0, LARGEST, 21)  # the likelihood may have more than one maximum


def blup(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """(p,) effects per unit of x; y (n,), x (n, p), nothing missing."""
    sd = x.std(axis=0)
    standard = (x - x.mean(axis=0)) / np.where(sd > 0, sd, np.inf)
    p = max(int((sd > 0).sum()), 1)
    spectrum, basis = eigh(standard @ standard.T / p)
    rotated = basis.T @ (y - y.mean())
    share = reml_share(rotated, spectrum)
    variance = share * spectrum + (1 - share)
    scores = standard.T @ (basis @ (share * rotated / variance)) / p
    return np.divide(scores, sd, out=np.zeros_like(scores), where=sd > 0)


def reml_share(rotated: np.ndarray, spectrum: np.ndarray) -> float:
    """The most likely h; rotated (n,) centred y in the basis of the eigenvalues (n,) of K."""
    on_grid = [_deviance(share, rotated, spectrum) for share in GRID]
    at = int(np.argmin(on_grid))
    around = (GRID[max(at - 1, 0)], GRID[min(at + 1, len(GRID) - 1)])
    found = minimize_scalar(_deviance, bounds=around, args=(rotated, spectrum), method="bounded")
    return float(found.x if found.fun < on_grid[at] else GRID[at])


def _deviance(share: float, rotated: np.ndarray, spectrum: np.ndarray) -> float:
    """-2 ln of the restricted likelihood, but for a constant.

    x is centred, so that the constant is an eigenvector of eigenvalue 0, which the mean takes: in
    its direction y is 0, and its variance 1 - h is taken out of the determinant.
    """
    variance = np.maximum(share * spectrum + (1 - share), 1e-12)
    free = len(rotated) - 1
    scale = (rotated**2 / variance).sum() / free
    return float(free * np.log(scale) + np.log(variance).sum() - np.log(1 - share))
