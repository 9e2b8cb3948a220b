"""Resource use of a fit of every family: CPU seconds and memory, at two sizes of a gene.

    python -m tests.benchmarks.families [--repeats 3]

Two simulated factors, 40 % of entries observed, rank at most 10. The reference is the R package of
the method's authors: seconds of its Gaussian family, which fits factors alone, for the 10,000
iterations that its users ask for, on another machine of like speed.
"""

import argparse
import time
import tracemalloc

import numpy as np

import fqtl
from fqtl.model.families import FAMILIES
from tests.conftest import linked_genotypes

SIZES = {(450, 1000, 44): 560.0, (838, 5000, 49): 1620.0}  # and seconds of the reference
OBSERVED, RANK, H2 = 0.4, 10, 0.1
# what the reference fits: it knows neither effects of single tissues nor noise that they share
FACTORS_ALONE = {"specific": False, "shared_noise": False}
FITS = {
    "gaussian": ("gaussian", {}),
    "gaussian, factors alone": ("gaussian", FACTORS_ALONE),
    **{family: (family, {}) for family in FAMILIES if family != "gaussian"},
}


def gene(family: str, n: int, p: int, m: int) -> tuple[np.ndarray, np.ndarray, dict[str, object]]:
    """y, x and what else the fit is told."""
    rng = np.random.default_rng(0)
    x = linked_genotypes(rng, n, p, correlation=0.95, min_maf=0.05).astype(np.float32)
    genetic = simulated(rng, x, m) * np.sqrt(H2)
    y, known = responses(rng, family, genetic)
    return np.where(rng.random((n, m)) < OBSERVED, y, np.nan), x, known


def simulated(rng: np.random.Generator, x: np.ndarray, m: int) -> np.ndarray:
    """(n, m) factors of three variants in 20 and in 8 tissues, scaled to variance 1."""
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    genetic = np.zeros((len(x), m))
    for tissues in (20, 8):
        variants = rng.choice(x.shape[1], 3, replace=False)
        where = rng.choice(m, tissues, replace=False)
        score = standard[:, variants] @ rng.standard_normal(3)
        genetic[:, where] += np.outer(score, rng.standard_normal(tissues))
    sd = genetic.std(axis=0)
    return genetic / np.where(sd > 0, sd, 1.0)


def responses(
    rng: np.random.Generator, family: str, genetic: np.ndarray
) -> tuple[np.ndarray, dict[str, object]]:
    noise = np.sqrt(1 - H2) * rng.standard_normal(genetic.shape)
    probability = 1 / (1 + np.exp(-2 * genetic))
    if family == "gaussian":
        return genetic + noise, {}
    if family == "voom":
        return 5 + 0.6 * (genetic + noise), {}
    if family == "logit":
        return rng.binomial(1, probability).astype(float), {}
    if family == "beta":
        return rng.beta(5 * probability, 5 * (1 - probability)), {}
    size = np.exp(0.4 * rng.standard_normal(genetic.shape))
    mean = 100 * size * np.exp(0.6 * genetic)
    return rng.poisson(rng.gamma(1 / 0.3, 0.3 * mean)).astype(float), {"offset": np.log(size)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    print("| n, p, m | family | CPU seconds | reference over it | rounds | memory, times x |")
    print("|---|---|---|---|---|---|")
    for (n, p, m), reference in SIZES.items():
        for name, (family, options) in FITS.items():
            y, x, known = gene(family, n, p, m)
            known = {**known, **options}
            taken = []
            for _ in range(repeats):
                started = time.process_time()
                fit = fqtl.fit(y, x, family=family, rank=RANK, **known)
                taken.append(time.process_time() - started)
            tracemalloc.start()
            fqtl.fit(y, x, family=family, rank=RANK, **known)
            memory = tracemalloc.get_traced_memory()[1] / x.nbytes
            tracemalloc.stop()
            seconds = float(np.median(taken))
            rounds = f"{fit.n_iter}{'' if fit.converged else ' (not converged)'}"
            print(
                f"| {n}, {p}, {m} | {name} | {seconds:.2f} | {reference / seconds:,.0f} | "
                f"{rounds} | {memory:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
