"""Genes with LD, expression in some tissues, and z-scores of each variant alone."""

from dataclasses import dataclass

import numpy as np
import pytest


@dataclass(frozen=True)
class Gene:
    """x (n, p) dosages, others (n_ref, p) of other people, y (n, m), effects (p, m) per SD."""

    x: np.ndarray
    others: np.ndarray
    y: np.ndarray
    effects: np.ndarray
    z: np.ndarray
    n: np.ndarray


def dosages(rng, people, p):
    """Sums of two haplotypes, copied in stretches from a dozen ancestral ones."""
    count = rng.integers(3, 10, p)  # of the ancestral haplotypes that have the allele
    ancestors = rng.random((12, p)).argsort(axis=0) < count

    def haplotypes():
        source = rng.integers(0, 12, (people, p))
        fresh = rng.random((people, p)) < 0.05
        fresh[:, 0] = True
        last = np.maximum.accumulate(np.where(fresh, np.arange(p), 0), axis=1)
        return ancestors[np.take_along_axis(source, last, axis=1), np.arange(p)]

    return haplotypes().astype(float) + haplotypes()


def z_scores(y, x):
    """(p, m) z-scores of each variant alone, and (m,) how many donors have the tissue."""
    columns, n = [], []
    for column in y.T:
        seen = ~np.isnan(column)
        a = x[seen] - x[seen].mean(axis=0)
        b = column[seen] - column[seen].mean()
        r = a.T @ b / np.sqrt((a**2).sum(axis=0) * (b**2).sum())
        columns.append(r * np.sqrt((seen.sum() - 2) / (1 - r**2)))
        n.append(seen.sum())
    return np.column_stack(columns), np.array(n, dtype=float)


def make_gene(seed, p=150, people=300, m=6, acting=4, noise=0.0, absent=0.2):
    """One variant acts in the first tissues; donors' noise is correlated; a fifth is missing."""
    rng = np.random.default_rng(seed)
    both = dosages(rng, 2 * people, p)
    x, others = both[:people], both[people:]
    effects = np.zeros((p, m))
    effects[p // 3, :acting] = 0.4
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    own = rng.standard_normal((people, m))
    error = np.sqrt(1 - noise) * own + np.sqrt(noise) * rng.standard_normal((people, 1))
    y = standard @ effects + error
    y[rng.random(y.shape) < absent] = np.nan
    z, n = z_scores(y, x)
    return Gene(x, others, y, effects, z, n)


@pytest.fixture(scope="session")
def gene():
    return make_gene(1)
