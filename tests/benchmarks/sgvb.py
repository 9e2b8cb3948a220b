"""CPU seconds of one iteration of `sgvb`, beside those of the R package for the same sizes.

    python -m tests.benchmarks.sgvb [--iterations 60]

An iteration draws 10 samples of every observed entry (40 %), as the R package does of every entry,
and learns the priors. The R package's seconds were measured on a shared 2.5 GHz x86-64 machine, of
its default build and of one for the machine's own instructions.
"""

import argparse
import time
from statistics import median

import numpy as np

from fqtl.model.arrays.threads import one_thread
from fqtl.model.arrays.variants import Variants
from fqtl.model.engines import sgvb
from fqtl.model.engines.model import Model
from fqtl.model.families import Gaussian, Response
from fqtl.model.predictors.covariates import Covariates
from fqtl.model.predictors.options import SpikeSlabOptions
from fqtl.model.spike_slab_model import location_parts

SAMPLES, OBSERVED, REPEATS = 10, 0.4, 5
# n, p, m, k: seconds of the R package's default build, and of its native one
SIZES = {
    (450, 1000, 44, 5): (0.03, 0.05),
    (450, 1000, 44, 10): (0.07, 0.06),
    (838, 5000, 49, 5): (0.31, 0.16),
    (838, 5000, 49, 10): (0.37, 0.16),
}


def model_of(n: int, p: int, m: int, k: int) -> Model:
    rng = np.random.default_rng(0)
    x = Variants(rng.standard_normal((p, n)).astype(np.float32))
    y = rng.standard_normal((n, m))
    y[rng.random((n, m)) > OBSERVED] = np.nan
    response = Response.of(y)
    family, options = Gaussian.of(response), sgvb.SgvbOptions()
    intercept = np.ones((n, 1))
    location = (
        Covariates.empty(intercept, m),
        *location_parts(x, response.observed, k, True, SpikeSlabOptions(specific=False)),
    )
    dispersion = Covariates.of_dispersion(intercept, m, family.dispersion_start)
    return sgvb.start(Model(family, response, location, dispersion), options, rng)


def seconds_per_iteration(model: Model, iterations: int) -> float:
    rng = np.random.default_rng(0)
    entries = sgvb.Entries.of(model.response, model.family)
    adam = sgvb.Adam.at(sgvb.flatten(sgvb.unconstrained(model)))
    started = time.process_time()
    for _ in range(iterations):
        gradient = sgvb.flatten(sgvb.gradient_of(model, entries, SAMPLES, rng))
        model = sgvb.with_learned_priors(sgvb.moved(model, adam.step(gradient, 0.01)))
    return (time.process_time() - started) / iterations


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--iterations", type=int, default=60)
    iterations = parser.parse_args().iterations
    print("| n, p, m | k | R package, default / native | sgvb, median (least to most) | ratio |")
    print("|---|---|---|---|---|")
    for (n, p, m, k), (default, native) in SIZES.items():
        model = model_of(n, p, m, k)
        with one_thread():
            taken = [seconds_per_iteration(model, iterations) for _ in range(REPEATS)]
        print(
            f"| {n}, {p:,}, {m} | {k} | {default} / {native} | {median(taken):.4f} "
            f"({min(taken):.4f} to {max(taken):.4f}) | "
            f"1/{default / median(taken):.0f} / 1/{native / median(taken):.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
