"""Counts as they are, or their logarithms: which tissues are found as counts become few.

Genes of 300 donors and 12 tissues with library sizes that differ (a standard deviation of 0.6 of
their logarithm) and negative binomial counts (1/a = 0.2). One effect of two variants acts in five
tissues. Families of counts see the counts with the logarithm of library sizes as offset, the
Gaussian sees log((count + 1/2) / size). Writes a figure and prints its numbers.

    python -m tests.benchmarks.counts docs/images/counts.svg [--genes 20]
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import fqtl
from fqtl.report.plots import as_svg
from fqtl.tables.files import write_text
from tests.conftest import linked_genotypes

DONORS, VARIANTS, TISSUES, ACTIVE, OBSERVED = 300, 200, 12, 5, 0.6
EFFECT_SD, SIZE_SD, OVERDISPERSION = 0.18, 0.6, 0.2
MEANS = (0.3, 1, 3, 10, 30, 100)
METHODS = {"counts, nb": "nb", "counts, nb_pseudo": "nb_pseudo", "log counts, gaussian": "gaussian"}


def gene(seed: int, mean: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Counts (n, m) with NaN, genotypes, sizes of libraries, and in which tissues effects are."""
    rng = np.random.default_rng(seed)
    x = linked_genotypes(rng, DONORS, VARIANTS)
    score = (x - x.mean(axis=0))[:, rng.choice(VARIANTS, 2, replace=False)].sum(axis=1)
    acts = np.zeros(TISSUES, dtype=bool)
    acts[rng.choice(TISSUES, ACTIVE, replace=False)] = True
    genetic = np.outer(EFFECT_SD * score / score.std(), acts * rng.choice([-1, 1], TISSUES))
    size = np.exp(SIZE_SD * rng.standard_normal((DONORS, TISSUES)))
    shape = 1 / OVERDISPERSION
    rate = rng.gamma(shape, mean * size * np.exp(genetic) / shape)
    y = rng.poisson(rate).astype(float)
    y[rng.random(y.shape) > OBSERVED] = np.nan
    return y, x, size, acts


def tissue_pip(method: str, y: np.ndarray, x: np.ndarray, size: np.ndarray) -> np.ndarray:
    if method == "gaussian":
        return fqtl.fit(np.log((y + 0.5) / size), x).tissue_pip
    return fqtl.fit(y, x, family=method, offset=np.log(size)).tissue_pip


def average_precision(truth: np.ndarray, score: np.ndarray) -> float:
    ranked = truth[np.argsort(-score, kind="stable")]
    return float((np.cumsum(ranked) / np.arange(1, len(ranked) + 1))[ranked].mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figure", type=Path)
    parser.add_argument("--genes", type=int, default=20)
    given = parser.parse_args()
    precision = np.zeros((len(METHODS), len(MEANS), given.genes))
    calls, false = np.zeros((2, len(METHODS), len(MEANS)))
    print("| mean count | " + " | ".join(METHODS) + " |")
    print("|---" * (len(METHODS) + 1) + "|")
    for j, mean in enumerate(MEANS):
        for seed in range(given.genes):
            y, x, size, acts = gene(seed, mean)
            for i, method in enumerate(METHODS.values()):
                pip = tissue_pip(method, y, x, size)
                precision[i, j, seed] = average_precision(acts, pip)
                calls[i, j] += (pip > 0.5)[acts].sum()
                false[i, j] += (pip > 0.5)[~acts].sum()
        cells = [
            f"{precision[i, j].mean():.2f} ± {precision[i, j].std() / np.sqrt(given.genes):.2f}; "
            f"{calls[i, j] / (given.genes * ACTIVE):.2f}; "
            f"{false[i, j] / max(calls[i, j] + false[i, j], 1):.2f}"
            for i in range(len(METHODS))
        ]
        print(f"| {mean:g} | " + " | ".join(cells) + " |", flush=True)
    write_text(given.figure, as_svg(draw(precision)) + "\n")


def draw(precision: np.ndarray) -> Figure:
    """Mean average precision of tissues by the mean count, with standard errors."""
    figure = Figure(figsize=(5.2, 3.4), layout="constrained")
    axes = figure.subplots()
    for name, values in zip(METHODS, precision, strict=True):
        error = values.std(axis=1) / np.sqrt(values.shape[1])
        axes.errorbar(MEANS, values.mean(axis=1), error, marker="o", capsize=2, label=name)
    axes.set_xscale("log")
    axes.set_xticks(MEANS, [f"{mean:g}" for mean in MEANS])
    axes.axhline(ACTIVE / TISSUES, color="0.6", linestyle=":", label="by chance, about")
    axes.set_xlabel("mean count of a gene in a library of size 1")
    axes.set_ylabel("average precision of tissues")
    axes.legend(frameon=False)
    return figure


if __name__ == "__main__":
    main()
