"""Fits to z-scores and LD against fits to the individual data that the z-scores were made of.

    python -m tests.benchmarks.summary [--scenarios A B] [--genes 8] [--first 0]

Genes of `tests/benchmarks/accuracy`: 44 tissues of 70 to 361 of 450 donors. LD is of the same 450
people, of 500 others of the same population, and of 300 of these; z-scores are whole, or a fifth
of them is missing at random. Prints a table of means over genes.
"""

import argparse
import time
from dataclasses import replace

import numpy as np
import pandas as pd

import fqtl
from fqtl.model.results.fit import Fit
from tests.benchmarks.accuracy.methods import Answer
from tests.benchmarks.accuracy.metrics import measure
from tests.benchmarks.accuracy.scenarios import SCENARIOS, TEST, Data, simulate
from tests.model.summary.conftest import z_scores

OTHERS, FEWER = 500, 300
MISSING = 0.2
WAYS = ("individual", "same people", f"{OTHERS} others", f"{FEWER} others", "same, a fifth missing")


def gene(name: str, seed: int) -> tuple[Data, np.ndarray]:
    """A gene, and dosages of other people than those fitted and those predicted."""
    whole = simulate(SCENARIOS[name], seed, TEST + OTHERS)
    tested = replace(
        whole,
        x_test=whole.x_test[:TEST],
        y_test=whole.y_test[:TEST],
        genetic_test=whole.genetic_test[:TEST],
    )
    return tested, whole.x_test[TEST:]


def fitted(way: str, data: Data, others: np.ndarray, z: np.ndarray, n: np.ndarray) -> Fit:
    if way == "individual":
        return fqtl.fit(data.y, data.x, background=False)
    if way == WAYS[4]:
        rng = np.random.default_rng(0)
        z = np.where(rng.random(z.shape) < MISSING, np.nan, z)
    panel = {"same": data.x, f"{OTHERS}": others, f"{FEWER}": others[:FEWER]}
    return fqtl.fit_summary(z, n, panel=panel[way.split()[0].strip(",")], background=False)


def compare(name: str, seed: int) -> list[dict[str, object]]:
    data, others = gene(name, seed)
    with np.errstate(divide="ignore", invalid="ignore"):
        z, n = z_scores(data.y, data.x)
    rows = []
    for way in WAYS:
        started = time.process_time()
        fit = fitted(way, data, others, z, n)
        seconds = time.process_time() - started
        answer = Answer(
            fit.effects, seconds, fit.variant_pip, fit.tissue_pip, list(fit.credible_sets), fit.rank
        )
        found = measure(data, answer)
        rows.append({"scenario": name, "way": way, "seed": seed, "rank": fit.rank, **vars(found)})
        print(name, seed, way, f"r2 {found.r2:.3f}", flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.summary")
    parser.add_argument("--scenarios", nargs="+", choices=SCENARIOS, default=["A", "B", "C", "D"])
    parser.add_argument("--genes", type=int, default=8)
    parser.add_argument("--first", type=int, default=0, help="seed of the first")
    given = parser.parse_args()
    seeds = range(given.first, given.first + given.genes)
    rows = [row for name in given.scenarios for seed in seeds for row in compare(name, seed)]
    table = pd.DataFrame(rows).groupby(["scenario", "way"], sort=False)
    mean, total = table.mean(numeric_only=True), table.sum(numeric_only=True)
    whole = mean["r2"].groupby(level="scenario").transform("first")
    shown = pd.DataFrame(
        {
            "r2": mean["r2"],
            "of individual": mean["r2"] / whole,
            "slope": total["covariance"] / total["variance"],
            "null tissues called": total["null_called"] / total["null_tissues"],
            "genes with factors": table["rank"].agg(lambda rank: (rank > 0).mean()),
            "sets right": total["sets_twin"] / total["sets"],
            "sets": mean["sets"],
            "CPU s": mean["seconds"],
        }
    )
    print(shown.round(3).to_string())


if __name__ == "__main__":
    main()
