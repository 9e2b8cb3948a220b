"""How often one variant for expression and a trait is told from two in LD, on real genotypes.

python -m tests.benchmarks.colocalisation resources/demo/genotypes.chr22.vcf.gz

Expression of the panel's people in four tissues follows a variant (with a share of the variance of
each tissue), found by `fqtl.fit`; the trait, with z-scores that have the panel's LD, the same
variant, or another in the r² asked for, and in half of the draws a second one beside it.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np

import fqtl
from fqtl.association.colocalisation import ColocPriors, colocalise, log_bayes_factors
from fqtl.association.single_effects import (
    GroupPrior,
    SingleEffects,
    log_bayes_factor,
    single_effects,
)
from fqtl.data.dosages import Limits
from fqtl.data.genotypes import open_genotypes

SIZE = 1200  # variants of a region
TISSUES = 4
VARIANCE = 25.0  # of an effect's z
BANDS = {"one variant": None, "r² 0.6 to 0.8": (0.6, 0.8), "0.3 to 0.6": (0.3, 0.6)}
BANDS |= {"below 0.1": (0.0, 0.1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("genotypes", type=Path)
    parser.add_argument("--draws", type=int, default=25, help="of each kind")
    parser.add_argument("--h2", type=float, default=0.1)
    parser.add_argument("--z", type=float, default=8.0, help="of the trait's effect")
    given = parser.parse_args()
    source = open_genotypes(given.genotypes, "GRCh37", "GT")
    whole = source.read("22", 1, 10**9, source.donors, Limits(min_maf=0.05, max_missing=0.0))
    rng = np.random.default_rng(1)
    found = defaultdict(list)
    for draw in range(given.draws * len(BANDS)):
        name = list(BANDS)[draw % len(BANDS)]
        first = int(rng.integers(len(whole.dosages) - SIZE))
        x = whole.dosages[first : first + SIZE].astype(float).T
        pair = drawn(x, BANDS[name], rng)
        if pair is not None:
            several = draw // len(BANDS) % 2 == 1
            found[name].append(probabilities(x, pair, several, given.h2, given.z, rng))
    for name, rows in found.items():
        table = np.array(rows)
        shown = [f"{(table[:, way, h] > 0.8).mean():.2f}" for way in (0, 1) for h in (4, 3)]
        print(f"| {name} | {len(rows)} | {' | '.join(shown)} |")


def drawn(
    x: np.ndarray, band: tuple[float, float] | None, rng: np.random.Generator
) -> tuple[int, int] | None:
    """A variant for expression and one for the trait; None where none has such an r²."""
    causal = int(rng.integers(SIZE))
    if band is None:
        return causal, causal
    r2 = np.corrcoef(x.T)[causal] ** 2
    there = np.flatnonzero((r2 >= band[0]) & (r2 < band[1]))
    return (causal, int(rng.choice(there))) if len(there) else None


def probabilities(
    x: np.ndarray,
    pair: tuple[int, int],
    several: bool,
    h2: float,
    size: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """(2, 5) H0 to H4 by several effects on the trait (that of largest H4), and by one."""
    n = len(x)
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    y = np.sqrt(h2) * standard[:, [pair[0]]] + np.sqrt(1 - h2) * rng.standard_normal((n, TISSUES))
    values = standard.T / np.sqrt(n)
    score = size * values[pair[1]] + rng.standard_normal(n) / np.sqrt(n)
    if several:
        score = score + size * values[rng.integers(SIZE)]
    z = values @ score
    sets = fqtl.fit(y, x, background=False).credible_sets
    if not sets:
        return np.tile([1.0, 0, 0, 0, 0], (2, 1))
    best = max(sets, key=lambda one: one.pip).log_bayes_factor
    prior = GroupPrior(np.array([1e-4]), np.array([VARIANCE]))
    effects = single_effects(z, values, np.zeros(SIZE, dtype=int), prior)
    ways = by_each(z, values, effects, best), by_one(z, best)
    return np.array(ways)


def by_each(
    z: np.ndarray, values: np.ndarray, effects: SingleEffects, expression: np.ndarray
) -> np.ndarray:
    told = [number for number, _ in effects.sets()] or [0]
    each = log_bayes_factors(z, values, effects, VARIANCE)[told]
    return max((colocalise(expression, one, ColocPriors()) for one in each), key=lambda p: p[4])


def by_one(z: np.ndarray, expression: np.ndarray) -> np.ndarray:
    one = log_bayes_factor(z, np.full(len(z), VARIANCE))
    return colocalise(expression, one, ColocPriors())


if __name__ == "__main__":
    main()
