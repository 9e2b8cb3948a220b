"""Statistics of genes without effects, and their p-values, by the number of tissues.

    python -m tests.benchmarks.null_tissues [--genes 1000] [--pairs 300]

150 donors, of whom each gave 0.6 of the tissues, 100 variants in LD, noise without correlation.
Prints quantiles of the statistic for each number of tissues. Of releases that are drawn from these
fits it prints the share of genes with p < 0.05 and < 0.01 by number of tissues, where genes are
compared with permuted fits of all genes and where they are compared as in a release. Half of the
genes of a release have all tissues, the others any number; its permuted fits are drawn from a
random half of the simulated genes, its genes from the other.

Then pairs of gene and tissue: half of the genes have a variant that explains a tenth in half of the
tissues, and effects of a tenth of the tissues alone. Of tissues without effect it prints the share
with p < 0.5, 0.1 and 0.05, compared with all permuted tissues and as in a release.
"""

import argparse

import numpy as np
from scipy.stats import norm

from fqtl.gene.permutations import some_tissues
from fqtl.model.fit import fit
from fqtl.release.nearest_nulls import NearestNulls

DONORS, VARIANTS, SEEN, LD = 150, 100, 0.6, 0.9
NUMBERS = (1, 2, 3, 4, 5, 7, 10, 14, 20, 30, 44)
# genes, permuted fits of each, most tissues, and how often such a release is drawn
RELEASES = ((40, 5, 10, 400), (400, 1, 10, 100), (400, 1, 44, 100), (2000, 1, 44, 40))
QUANTILES = (0.5, 0.9, 0.95, 0.99)
NUMBERS_OF_PAIRS = (2, 3, 5, 10, 20, 44)
SIZE, SHARED, OWN = np.sqrt(0.12), 0.5, 0.1  # of effects; shares of tissues that have them


def statistic(m: int, number: int) -> float:
    """-ln P(nothing acts) of a gene of m tissues on which nothing acts."""
    rng = np.random.default_rng([1, m, number])
    x = genotypes(rng)
    y = rng.standard_normal((DONORS, m))
    y[rng.random((DONORS, m)) > SEEN] = np.nan
    return fit(y, x, background=False).neg_log_null_prob


def genotypes(rng: np.random.Generator) -> np.ndarray:
    """(n, p) dosages."""
    latent = np.empty((2, DONORS, VARIANTS))
    latent[:, :, 0] = rng.standard_normal((2, DONORS))
    for j in range(1, VARIANTS):
        noise = rng.standard_normal((2, DONORS))
        latent[:, :, j] = LD * latent[:, :, j - 1] + np.sqrt(1 - LD**2) * noise
    frequency = rng.uniform(0.05, 0.5, VARIANTS)
    return (latent < norm.ppf(frequency)).sum(axis=0).astype(float)


def pips(m: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    """PIPs of the tissues of a gene that have no effect, and of tissues permuted beside others."""
    rng = np.random.default_rng([7, m, number])
    x = genotypes(rng)
    z = (x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-9)
    effects = np.zeros((VARIANTS, m))
    if rng.random() < 0.5:
        effects[rng.integers(VARIANTS), rng.random(m) < SHARED] = SIZE
        own = np.flatnonzero(rng.random(m) < OWN)
        effects[rng.integers(VARIANTS, size=len(own)), own] = SIZE
    y = rng.standard_normal((DONORS, m)) + z @ effects
    y[rng.random((DONORS, m)) > SEEN] = np.nan
    part, mixed = some_tissues(m, rng), y.copy()
    mixed[:, part] = y[rng.permutation(DONORS)][:, part]
    found, permuted = (fit(values, x, background=False).tissue_pip for values in (y, mixed))
    return found[~effects.any(axis=0)], permuted[part]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--genes", type=int, default=1000, help="of each number of tissues")
    parser.add_argument("--pairs", type=int, default=300, help="genes of each for pairs")
    given = parser.parse_args()
    print_tables({m: np.array([statistic(m, i) for i in range(given.genes)]) for m in NUMBERS})
    print_pairs({m: [pips(m, i) for i in range(given.pairs)] for m in NUMBERS_OF_PAIRS})


def print_tables(statistics: dict[int, np.ndarray]) -> None:
    """statistics : of genes, by their number of tissues."""
    print("tissues", *(f"{q:.0%}" for q in QUANTILES), "above 2", sep="\t")
    for m, values in statistics.items():
        quantiles = (f"{value:.2f}" for value in np.quantile(values, QUANTILES))
        print(m, *quantiles, f"{(values > 2).mean():.3f}", sep="\t")
    for genes, draws, most, times in RELEASES:
        print(f"\n{genes} genes, {draws} permuted fits of each, up to {most} tissues")
        print("tissues", "all 0.05", "0.01", "nearest 0.05", "0.01", sep="\t")
        for m, p in p_values(statistics, genes, draws, most, times).items():
            shares = [(values <= cut).mean() for values in p for cut in (0.05, 0.01)]
            print(m, *(f"{share:.3f}" for share in shares), sep="\t")


def print_pairs(found: dict[int, list[tuple[np.ndarray, np.ndarray]]]) -> None:
    """found : of each number of tissues, what `pips` gives of its genes."""
    observed, null = (
        {m: np.concatenate([gene[which] for gene in genes]) for m, genes in found.items()}
        for which in (0, 1)
    )
    every, every_null = (np.concatenate(list(part.values())) for part in (observed, null))
    tissues, of_null = (
        np.repeat(list(part), [len(values) for values in part.values()])
        for part in (observed, null)
    )
    pooled = NearestNulls.of(every_null, np.full_like(of_null, 2))
    p = (
        pooled.compare(every, np.full_like(tissues, 2)).p,
        NearestNulls.of(every_null, of_null).compare(every, tissues).p,
    )
    print("\npairs of gene and tissue")
    print(
        "tissues", "null PIP 50%", "all 0.5", "0.1", "0.05", "nearest 0.5", "0.1", "0.05", sep="\t"
    )
    for m in observed:
        shares = [(one[tissues == m] <= cut).mean() for one in p for cut in (0.5, 0.1, 0.05)]
        print(m, f"{np.median(null[m]):.3f}", *(f"{share:.3f}" for share in shares), sep="\t")


def p_values(
    statistics: dict[int, np.ndarray], genes: int, draws: int, most: int, times: int
) -> dict[int, np.ndarray]:
    """(2, genes of so many tissues) p-values among all permuted fits, and among the nearest."""
    rng = np.random.default_rng(0)
    numbers = [m for m in statistics if 1 < m <= most]
    found: dict[int, list[np.ndarray]] = {m: [] for m in numbers}
    for _ in range(times):
        tissues = np.where(rng.random(genes) < 0.5, most, rng.choice(numbers, genes))
        halves = {m: np.array_split(rng.permutation(statistics[m]), 2) for m in numbers}
        observed = np.array([rng.choice(halves[m][0]) for m in tissues])
        null = np.concatenate([rng.choice(halves[m][1], draws) for m in tissues])
        of_null = np.repeat(tissues, draws)
        pooled = NearestNulls.of(null, np.full_like(of_null, most))
        p = np.array(
            [
                pooled.compare(observed, np.full_like(tissues, most)).p,
                NearestNulls.of(null, of_null).compare(observed, tissues).p,
            ]
        )
        for m in numbers:
            found[m].append(p[:, tissues == m])
    return {m: np.concatenate(parts, axis=1) for m, parts in found.items()}


if __name__ == "__main__":
    main()
