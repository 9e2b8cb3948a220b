"""Principal components of expression, and how many of them explain more than chance."""

import numpy as np

PERMUTATIONS = 20
LEVEL = 0.05


def principal_components(values: np.ndarray, count: int) -> np.ndarray:
    """(n, count) leading directions of donors in values (g, n), each of length 1."""
    vectors = np.linalg.eigh(values.T @ values)[1][:, ::-1][:, :count]
    # a sign that does not hang on the library: the largest entry is positive
    largest = np.abs(vectors).argmax(axis=0)
    return vectors * np.sign(vectors[largest, np.arange(vectors.shape[1])])


def count_components(values: np.ndarray, design: np.ndarray, rng: np.random.Generator) -> int:
    """How many leading components explain more than those of genes that know nothing of each other.

    Each gene's residuals are permuted by themselves, the design is regressed out again, and the
    share of variance of the k-th component is compared with that of the data; components count as
    long as no more than LEVEL of the permutations reach them.
    Source: Buja and Eyuboglu 1992, https://doi.org/10.1207/s15327906mbr2704_2; for expression and
    QTLs, with these numbers, Zhou et al. 2022, https://doi.org/10.1186/s13059-022-02761-4.

    values : (g, n) residuals of the design; design : (n, r) orthonormal columns
    """
    found = _shares(values)
    reached = np.zeros(len(found))
    for _ in range(PERMUTATIONS):
        permuted = rng.permuted(values, axis=1)
        permuted -= (permuted @ design) @ design.T
        reached += _shares(permuted) >= found
    chance = np.maximum.accumulate(reached / PERMUTATIONS)
    # the directions of the design are left with nothing
    free = values.shape[1] - design.shape[1]
    return int((chance[:free] <= LEVEL).sum())


def _shares(values: np.ndarray) -> np.ndarray:
    """(n,) shares of variance of the components of values (g, n), the largest first."""
    variance = np.linalg.eigvalsh(values.T @ values)[::-1]
    return np.asarray(variance / variance.sum())
