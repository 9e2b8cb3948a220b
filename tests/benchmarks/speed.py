"""Resource use of one gene of GTEx size: CPU seconds, memory, and looks at the data.

A look is one single-threaded float32 product x @ v of the same shape: the cost of reading the
genotypes once. Looks are timed between the fits, so that both see the same machine, and twice: when
x comes from memory, and when it has been read so often that it comes from the cache.

    python -m tests.benchmarks.speed [--repeats 11]
"""

import argparse
import time
import tracemalloc

import numpy as np

import fqtl
from fqtl.model.arrays.threads import one_thread
from tests.conftest import linked_genotypes

N, P, M, OBSERVED, RANK, H2 = 838, 5000, 49, 0.4, 10, 0.1
LOOKS = 50
WITHOUT = {
    "without specific effects": {"specific": False},
    "without factors": {"factored": False},
    "without shared noise": {"shared_noise": False},
    "factors alone": {"specific": False, "shared_noise": False},
}
CACHE = 2**26  # bytes, more than a last-level cache


def gene(seed: int) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """y, x and the variants of two simulated factors of three variants, in 20 and 8 tissues."""
    rng = np.random.default_rng(seed)
    x = linked_genotypes(rng, N, P, correlation=0.95, min_maf=0.05).astype(np.float32)
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    genetic, simulated = np.zeros((N, M)), []
    for tissues in (20, 8):
        variants = rng.choice(P, 3, replace=False)
        where = rng.choice(M, tissues, replace=False)
        score = standard[:, variants] @ rng.standard_normal(3)
        genetic[:, where] += np.outer(score, rng.standard_normal(tissues))
        simulated.append(np.sort(variants))
    sd = genetic.std(axis=0)
    noise = np.where(sd > 0, sd * np.sqrt((1 - H2) / H2), 1.0)
    y = genetic + noise * rng.standard_normal((N, M))
    y[rng.random((N, M)) > OBSERVED] = np.nan
    return y, x, simulated


def seconds_per_look(x: np.ndarray) -> tuple[float, float]:
    """Of the first look after other data went through the cache, and of the median of many."""
    v = np.random.default_rng(0).standard_normal(x.shape[1]).astype(x.dtype)
    np.ones(CACHE // 8).sum()
    with one_thread():
        taken = []
        for _ in range(LOOKS):
            started = time.process_time()
            x @ v
            taken.append(time.process_time() - started)
    return taken[0], float(np.median(taken))


def cpu_seconds(y: np.ndarray, x: np.ndarray, options: dict[str, bool]) -> float:
    """Of one fit."""
    started = time.process_time()
    fqtl.fit(y, x, rank=RANK, **options)
    return time.process_time() - started


def memory_of_a_fit(y: np.ndarray, x: np.ndarray) -> float:
    """Largest number of bytes that a fit holds at once, beyond y and x themselves."""
    tracemalloc.start()
    fqtl.fit(y, x, rank=RANK)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return float(peak)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=11)
    repeats = parser.parse_args().repeats

    y, x, simulated = gene(0)
    fit = fqtl.fit(y, x, rank=RANK)
    fits, cold, warm = [], [], []
    for _ in range(repeats):
        fits.append(cpu_seconds(y, x, {}))
        first, settled = seconds_per_look(x)
        cold.append(first)
        warm.append(settled)
    memory = memory_of_a_fit(y, x)
    parts = {
        name: [cpu_seconds(y, x, part) for _ in range(repeats)] for name, part in WITHOUT.items()
    }
    print(f"n = {N}, p = {P}, m = {M}, {OBSERVED:.0%} observed, rank <= {RANK}")
    report("CPU seconds of a fit", fits, 4)
    for name, seconds in parts.items():
        report(f"  {name}", seconds, 4)
    report("CPU seconds of a look, x not in the cache", cold, 5)
    report("CPU seconds of a look, repeated until it is", warm, 5)
    report("cold looks in a fit", [f / k for f, k in zip(fits, cold, strict=True)], 0)
    report("warm looks in a fit", [f / k for f, k in zip(fits, warm, strict=True)], 0)
    times_x = memory / x.nbytes
    print(f"{'peak memory of a fit':<45}{memory / 2**20:.0f} MB, {times_x:.1f} times x in float32")
    for k in range(fit.rank):
        found = np.flatnonzero(fit.variants.pip[:, k] > 0.5).tolist()
        tissues = int((fit.tissues.pip[:, k] > 0.5).sum())
        print(f"factor {k}: variants {found}, {tissues} tissues")
    print(
        f"simulated:  variants {' and '.join(str(p.tolist()) for p in simulated)}, 20 and 8 tissues"
    )


def report(what: str, values: list[float], digits: int) -> None:
    shown = [f"{value:.{digits}f}" for value in (np.median(values), min(values), max(values))]
    print(f"{what:<45}{shown[0]}  ({shown[1]} to {shown[2]})")


if __name__ == "__main__":
    main()
