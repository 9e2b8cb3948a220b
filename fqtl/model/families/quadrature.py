"""Gauss-Hermite sums."""

from functools import lru_cache

import numpy as np

from fqtl.model.moments import Floats

QUADRATURE_NODES = 20


@lru_cache
def hermite(nodes: int = QUADRATURE_NODES) -> tuple[Floats, Floats]:
    """Nodes z and weights with E[h(z)] ≈ weights · h(nodes) for a standard normal z."""
    z, weight = np.polynomial.hermite_e.hermegauss(nodes)
    return z, weight / weight.sum()


def average(h: Floats) -> Floats:
    """Expectation of h, whose leading axis runs over the nodes."""
    _, weight = hermite(len(h))
    return (weight @ h.reshape(len(weight), -1)).reshape(h.shape[1:])
