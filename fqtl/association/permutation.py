"""Does an association hang on how a model weighs its variants, or on where it lies?

A model in a locus that a trait is strongly associated with has a large z whatever its weights. So
the effects u of a model are given to its variants in another order, while z-scores and LD stay
(FUSION: Gusev et al. 2016, Nat Genet 48:245): p is the share of orders whose |u'z| / sqrt(u'R u) is
as large as that of the model. It is no test of association, and is not small by LD with one strong
variant alone.

Orders are drawn until EXCEEDANCES of them are as large, or as many as asked for are drawn; then
p = (k + 1) / (n + 1), which is never 0 and not too small either way (Besag & Clifford 1991,
Biometrika 78:301). Where there are not more orders than that, all are looked at, and p is exact.
"""

import hashlib
from itertools import permutations
from math import factorial

import numpy as np

from fqtl.association.statistic import LEAST_VARIANCE

EXCEEDANCES = 20
BATCH = 200  # orders at once
SAME = 1e-9  # share by which numbers that are one differ


def permuted_p(
    loadings: np.ndarray, z: np.ndarray, ld: np.ndarray, most: int, rng: np.random.Generator
) -> tuple[float, int]:
    """p, and the number of orders it is of; NaN and 0 of a model that has one order alone.

    loadings : (v,) effects per standard deviation; z : (v,) z-scores; ld : (v, v) correlation
    most : orders, at most
    """
    size = len(loadings)
    if size < 2 or np.ptp(loadings) == 0:
        return float("nan"), 0
    least = abs(_statistics(loadings[None], z, ld)[0]) * (1 - SAME)
    if size <= 12 and factorial(size) <= most:
        every = np.array(list(permutations(loadings)))
        return float(np.mean(np.abs(_statistics(every, z, ld)) >= least)), len(every)
    found = drawn = 0
    while drawn < most:
        count = min(BATCH, most - drawn)
        orders = rng.permuted(np.tile(loadings, (count, 1)), axis=1)
        large = np.cumsum(np.abs(_statistics(orders, z, ld)) >= least)
        if found + large[-1] >= EXCEEDANCES:
            drawn += int(np.searchsorted(large, EXCEEDANCES - found)) + 1
            return (EXCEEDANCES + 1) / (drawn + 1), drawn
        found, drawn = found + int(large[-1]), drawn + count
    return (found + 1) / (drawn + 1), drawn


def _statistics(loadings: np.ndarray, z: np.ndarray, ld: np.ndarray) -> np.ndarray:
    """(k,) z of k models, regularised as `twas` does; loadings : (k, v)"""
    variance = np.einsum("ij,ij->i", loadings @ ld, loadings)
    floor = LEAST_VARIANCE * float(loadings[0] @ loadings[0])
    return np.asarray(loadings @ z / np.sqrt(np.maximum(variance, floor)))


def generator_of(gene: str, tissue: str) -> np.random.Generator:
    """Random numbers of a model: the same in every run, whatever else is tested."""
    digest = hashlib.sha256(f"{gene}\t{tissue}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))
