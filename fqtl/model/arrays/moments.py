"""What travels between families and predictors: moments of eta, and gradients in them."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Genotypes = NDArray[np.floating[Any]]  # (p, n), a standardised variant per row


class Moments(NamedTuple):
    """Mean and variance of a linear predictor eta under q.

    mean, variance : (n, m), or (1, m) where all donors share them
    """

    mean: Floats
    variance: Floats


class Gradient(NamedTuple):
    """Derivatives of the expected log-likelihood with respect to the moments of one eta.

    By Bonnet's and Price's theorems `mean` = E[l'(eta)] and `variance` = 1/2 E[l''(eta)]. They have
    the shape of the moments they belong to: a moment shared by all donors (one row) gets the
    sum over them.

    information : expected Fisher information, positive; stands in for -2 `variance` where the
        likelihood is not log-concave
    """

    mean: Floats
    variance: Floats
    information: Floats


def working_weight(gradient: Gradient) -> Floats:
    """Weight of the local quadratic: -2 dE/dS, or Fisher's information where that is negative."""
    curvature = -2 * gradient.variance
    return np.where(curvature > 0, curvature, gradient.information)
