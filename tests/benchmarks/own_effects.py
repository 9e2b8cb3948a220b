"""What a release says of tissues with effects of their own: one that often has them, seven others.

    python -m tests.benchmarks.own_effects [--genes 100] [--heritability 0.1] [--seeds 3 4 5 6]
        [--alike]

250 people, eight tissues, of which each person lacks some. Half of the genes have a factor in six
tissues of ten; the first tissue has an effect of its own in 45 % of genes, each other in 3 % (with
`--alike`, each in 8 %). Priors are learned from half of the genes and judged on the others: the
share of the genetic variance that is told, tissues called (PIP > 0.9), how many of them are false
and how many their PIPs promise, the same of effects of single tissues, and the average precision of
the latter.
"""

from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.metrics import average_precision_score

import fqtl

DONORS, VARIANTS, TISSUES = 250, 300, 8
LD = 0.93  # correlation of neighbours before they become alleles
FACTOR_GENES, FACTOR_TISSUES = 0.5, 0.6
OFTEN, SELDOM, ALIKE = 0.45, 0.03, 0.08
CALL = 0.9


@dataclass(frozen=True)
class Gene:
    """y (n, m) with NaN, x (n, p), genetic values (n, m), who has effects of its own (m,)."""

    y: np.ndarray
    x: np.ndarray
    genetic: np.ndarray
    own: np.ndarray


def genotypes(rng: np.random.Generator, threshold: np.ndarray) -> np.ndarray:
    """(n, p) copies of alleles along two chromosomes."""
    copies = np.zeros((DONORS, VARIANTS))
    for _ in range(2):
        liability = rng.standard_normal((DONORS, VARIANTS))
        liability[:, 1:] *= np.sqrt(1 - LD**2)
        for j in range(1, VARIANTS):
            liability[:, j] += LD * liability[:, j - 1]
        copies += liability > threshold
    return copies


def simulated(
    rng: np.random.Generator, threshold: np.ndarray, often: np.ndarray, size: float
) -> Gene:
    x = genotypes(rng, threshold)
    scaled = (x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-9)
    genetic = np.zeros((DONORS, TISSUES))
    if rng.random() < FACTOR_GENES:
        acts = rng.random(TISSUES) < FACTOR_TISSUES
        genetic += scaled[:, [rng.integers(VARIANTS)]] * size * acts
    own = rng.random(TISSUES) < often
    for t in np.flatnonzero(own):
        genetic[:, t] += scaled[:, rng.integers(VARIANTS)] * size * rng.choice([-1, 1])
    noise = np.sqrt(1 - np.minimum(genetic.var(axis=0), 0.9))
    y = genetic + rng.standard_normal(genetic.shape) * noise
    y[rng.random(y.shape) < rng.permutation(np.linspace(0.1, 0.6, TISSUES))] = np.nan
    return Gene(y, x, genetic, own)


def judged(genes: Sequence[Gene], priors: fqtl.Priors | None) -> str:
    """Cells of a row."""
    left, total = 0.0, 0.0
    pip, there, own_pip, own = [], [], [], []
    for gene in genes:
        fit = fqtl.fit(gene.y, gene.x, priors=priors)
        predicted = fit.predict(gene.x)
        true = gene.genetic - gene.genetic.mean(axis=0)
        left += ((predicted - predicted.mean(axis=0) - true) ** 2).sum()
        total += (true**2).sum()
        pip.append(fit.tissue_pip)
        there.append(gene.genetic.any(axis=0))
        own_pip.append(fit.specific.any)
        own.append(gene.own)
    of_own = np.concatenate(own_pip), np.concatenate(own)
    cells = [f"{1 - left / total:.3f}", *_called(np.concatenate(pip), np.concatenate(there))]
    cells += [*_called(*of_own), f"{average_precision_score(of_own[1], of_own[0]):.3f}"]
    return " | ".join(cells)


def _called(pip: np.ndarray, there: np.ndarray) -> list[str]:
    """How many are called, how many of them are false, and how many PIPs promise."""
    called = pip > CALL
    false, promised = (called & ~there).sum(), (1 - pip[called]).sum()
    return [str(called.sum()), str(false), f"{promised:.1f}"]


def main() -> None:
    parser = ArgumentParser(prog="python -m tests.benchmarks.own_effects")
    parser.add_argument("--genes", type=int, default=100, help="learned from, and judged")
    parser.add_argument("--heritability", type=float, default=0.1, help="of an effect")
    parser.add_argument("--seeds", type=int, nargs="+", default=[3, 4, 5, 6])
    parser.add_argument("--alike", action="store_true", help="tissues have as many effects each")
    given = parser.parse_args()
    often = np.full(TISSUES, ALIKE if given.alike else SELDOM)
    often[0] = often[0] if given.alike else OFTEN
    threshold = np.random.default_rng(5).uniform(0, 1.2, VARIANTS)
    size = np.sqrt(given.heritability)
    print("| seed | priors | share | called | false | promised | own | false | promised | AP |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for seed in given.seeds:
        rng = np.random.default_rng(seed)
        known, new = (
            [simulated(rng, threshold, often, size) for _ in range(given.genes)] for _ in range(2)
        )
        learned = fqtl.learn_priors(fqtl.fit(gene.y, gene.x) for gene in known)
        tissues_alike = replace(learned, specific_log_odds=())
        for words, priors in {
            "default": None,
            "learned, tissues alike in own effects": tissues_alike,
            "learned": learned,
        }.items():
            print(f"| {seed} | {words} | {judged(new, priors)} |", flush=True)


if __name__ == "__main__":
    main()
