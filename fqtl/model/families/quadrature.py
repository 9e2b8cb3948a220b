"""Gauss-Hermite sums, and the Gauss sums of any other measure."""

from functools import lru_cache

import numpy as np

from fqtl.model.arrays.moments import Floats

QUADRATURE_NODES = 20  # of eta, at most; measured: see `expected.py`
ROUNDING = 1e-12  # of the mean of points, by which they differ at least; taste


@lru_cache
def hermite(nodes: int = QUADRATURE_NODES) -> tuple[Floats, Floats]:
    """Nodes z and weights with E[h(z)] ≈ weights · h(nodes) for a standard normal z."""
    z, weight = np.polynomial.hermite_e.hermegauss(nodes)
    return z, weight / weight.sum()


def average(h: Floats) -> Floats:
    """Expectation of h, whose leading axis runs over the nodes."""
    _, weight = hermite(len(h))
    return (weight @ h.reshape(len(weight), -1)).reshape(h.shape[1:])


def gauss(points: Floats, weight: Floats, kept: int) -> tuple[Floats, Floats]:
    """Gauss rule of `kept` nodes for measures on points (nodes, m), with weights (nodes,).

    Nodes and weights, each (kept, m): the same sums of all polynomials of degree below 2 kept. By
    Lanczos' process, and the eigenvectors of the Jacobi matrix that it ends with (Golub & Welsch
    1969, Math Comp 23:221; Gautschi 2004, Orthogonal Polynomials, 2.2.3).
    """
    vector = np.sqrt(np.broadcast_to(weight[:, None], points.shape))
    basis = [vector / np.sqrt((vector**2).sum(axis=0))]
    jacobi = np.zeros((points.shape[1], kept, kept))
    for k in range(kept):
        vector = points * basis[k]
        jacobi[:, k, k] = (vector * basis[k]).sum(axis=0)
        if k == kept - 1:
            break
        for _ in range(2):  # once is not enough where points are nearly the same
            for earlier in basis:
                vector = vector - (vector * earlier).sum(axis=0) * earlier
        length = np.sqrt((vector**2).sum(axis=0))
        more = length > ROUNDING * np.abs(jacobi[:, 0, 0])  # or all are told apart
        jacobi[:, k, k + 1] = jacobi[:, k + 1, k] = np.where(more, length, 0.0)
        basis.append(np.where(more, vector / np.where(more, length, 1.0), 0.0))
    node, vectors = np.linalg.eigh(jacobi)
    return node.T, vectors[:, 0, :].T ** 2
