"""What priors learned from a release change: simulated releases of known architecture.

    python -m tests.benchmarks.priors [--genes 60] [--tissues 2 5 44]

Every release is fitted with the default priors, then with those learned from these fits: mean r²
of predicted and true scores of new donors over tissues with effects, tissues called (PIP > 0.5) and
the share of them without effects, what their PIPs promise; and tissues called of permuted genes.
"""

from argparse import ArgumentParser
from dataclasses import dataclass

import numpy as np

import fqtl
from tests.conftest import linked_genotypes

DONORS, NEW, VARIANTS, H2 = 150, 300, 150, 0.1


@dataclass(frozen=True)
class Architecture:
    """Share of genes with effects, and of effects that all tissues share."""

    genes: float
    shared: float


ARCHITECTURES = {
    "few genes, shared": Architecture(0.1, 1.0),
    "few genes, private": Architecture(0.1, 0.0),
    "most genes, shared": Architecture(0.9, 1.0),
    "most genes, private": Architecture(0.9, 0.0),
}


@dataclass(frozen=True)
class Gene:
    """x (n, p), y (n, m), effects (p, m), x of new donors."""

    x: np.ndarray
    y: np.ndarray
    effects: np.ndarray
    new: np.ndarray


def simulated(rng: np.random.Generator, m: int, kind: Architecture) -> Gene:
    x = linked_genotypes(rng, DONORS + NEW, VARIANTS)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    effects = np.zeros((VARIANTS, m))
    if rng.random() < kind.genes:
        alike = rng.random() < kind.shared
        acts = rng.random(m) < (0.7 if alike else 0.1)
        acts[rng.integers(m)] = True
        size = np.sqrt(rng.uniform(0.5, 1.5) * H2)
        for t in np.flatnonzero(acts):
            effects[rng.integers(VARIANTS) if not alike else VARIANTS // 2, t] = size
    y = x[:DONORS] @ effects + np.sqrt(1 - H2) * rng.standard_normal((DONORS, m))
    y[rng.random(y.shape) < 0.3 * (m > 2)] = np.nan
    return Gene(x[:DONORS], y, effects, x[DONORS:])


def judged(genes: list[Gene], fits: list[fqtl.Fit]) -> str:
    pip = np.concatenate([fit.tissue_pip for fit in fits])
    there = np.concatenate([(gene.effects != 0).any(axis=0) for gene in genes])
    r2 = []
    for gene, fit in zip(genes, fits, strict=True):
        for t in np.flatnonzero((gene.effects != 0).any(axis=0)):
            predicted, true = gene.new @ fit.effects[:, t], gene.new @ gene.effects[:, t]
            varies = predicted.std() > 1e-12
            r2.append(np.corrcoef(predicted, true)[0, 1] ** 2 if varies else 0.0)
    called = pip > 0.5
    count = max(called.sum(), 1)
    return (
        f"{np.mean(r2):.3f} | {called.sum()} | {(called & ~there).sum() / count:.3f} | "
        f"{(1 - pip[called]).sum() / count:.3f}"
    )


def null_calls(rng: np.random.Generator, genes: list[Gene], priors: fqtl.Priors | None) -> int:
    """Tissues called of the genes with their donors permuted."""
    return sum(
        int((fqtl.fit(g.y, g.x[rng.permutation(DONORS)], priors=priors).tissue_pip > 0.5).sum())
        for g in genes
    )


def main() -> None:
    parser = ArgumentParser(prog="python -m tests.benchmarks.priors")
    parser.add_argument("--genes", type=int, default=60)
    parser.add_argument("--tissues", type=int, nargs="+", default=[2, 5, 44])
    given = parser.parse_args()
    print("| tissues | genes | priors | r² | called | false | promised | called of permuted |")
    print("|---|---|---|---|---|---|---|---|")
    for m in given.tissues:
        for number, (name, kind) in enumerate(ARCHITECTURES.items()):
            rng = np.random.default_rng([m, number])
            genes = [simulated(rng, m, kind) for _ in range(given.genes)]
            priors, fits = None, []
            for words in ("default", "learned"):
                priors = fqtl.learn_priors(fits) if fits else None
                fits = [fqtl.fit(gene.y, gene.x, priors=priors) for gene in genes]
                nulls = null_calls(np.random.default_rng(m), genes, priors)
                print(f"| {m} | {name} | {words} | {judged(genes, fits)} | {nulls} |", flush=True)


if __name__ == "__main__":
    main()
