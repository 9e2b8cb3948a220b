"""What one gene of GTEx size costs: CPU seconds, memory, and looks at the data.

A look is one single-threaded float32 product x @ v of the same shape: the cost of reading the
genotypes once. Looks are timed between the fits, so that both see the same machine.

    python -m tests.benchmarks.speed [--repeats 7]
"""

import argparse
import resource
import statistics
import time

import numpy as np

import fqtl
from fqtl.model.threads import one_thread
from tests.conftest import linked_genotypes

N, P, M, OBSERVED, RANK, H2 = 838, 5000, 49, 0.4, 10, 0.1
LOOKS = 50


def gene(seed: int) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """y, x and the variants of two planted factors of three variants, in 20 and 8 tissues."""
    rng = np.random.default_rng(seed)
    x = linked_genotypes(rng, N, P, correlation=0.95, min_maf=0.05).astype(np.float32)
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    genetic, planted = np.zeros((N, M)), []
    for tissues in (20, 8):
        variants = rng.choice(P, 3, replace=False)
        where = rng.choice(M, tissues, replace=False)
        score = standard[:, variants] @ rng.standard_normal(3)
        genetic[:, where] += np.outer(score, rng.standard_normal(tissues))
        planted.append(np.sort(variants))
    sd = genetic.std(axis=0)
    noise = np.where(sd > 0, sd * np.sqrt((1 - H2) / H2), 1.0)
    y = genetic + noise * rng.standard_normal((N, M))
    y[rng.random((N, M)) > OBSERVED] = np.nan
    return y, x, planted


def seconds_per_look(x: np.ndarray) -> float:
    v = np.random.default_rng(0).standard_normal(x.shape[1]).astype(x.dtype)
    with one_thread():
        taken = []
        for _ in range(LOOKS):
            started = time.process_time()
            x @ v
            taken.append(time.process_time() - started)
    return statistics.median(taken)


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats

    y, x, planted = gene(0)
    before = peak_megabytes()
    fit = fqtl.fit(y, x, rank=RANK)
    memory = peak_megabytes() - before
    fits, looks = [], []
    for _ in range(repeats):
        looks.append(seconds_per_look(x))
        started = time.process_time()
        fqtl.fit(y, x, rank=RANK)
        fits.append(time.process_time() - started)
    print(f"n = {N}, p = {P}, m = {M}, {OBSERVED:.0%} observed, rank <= {RANK}")
    print(f"CPU seconds of a fit    {statistics.median(fits):.3f} (min {min(fits):.3f})")
    print(f"CPU seconds of a look   {statistics.median(looks):.5f} (min {min(looks):.5f})")
    ratio = [f / k for f, k in zip(fits, looks, strict=True)]
    print(f"looks in a fit          {statistics.median(ratio):.0f}")
    times_x = memory * 2**20 / x.nbytes
    print(f"peak memory of a fit    {memory:.0f} MB, {times_x:.1f} times x in float32")
    print(f"factors found           {fit.rank} (planted 2)")
    for k in range(fit.rank):
        found = np.flatnonzero(fit.variants.pip[:, k] > 0.5)
        print(f"  variants {found.tolist()}, planted {[p.tolist() for p in planted]}")


if __name__ == "__main__":
    main()
