"""CPU seconds of a fit by n, p and m: the coefficients of `fqtl/shards/cost.py`.

python -m tests.benchmarks.cost
"""

import time
from itertools import product

import numpy as np
from scipy.optimize import nnls

import fqtl
from fqtl.model.arrays.threads import one_thread
from fqtl.shards.cost import Runs, seconds_of_genes
from tests.conftest import linked_genotypes

SIZES = {"n": (200, 450, 838), "p": (300, 1500, 5000), "m": (1, 8, 24, 49)}
TERMS = {
    "a fit": lambda n, p, m: 1.0,
    "a tissue": lambda n, p, m: m,
    "a call": lambda n, p, m: n * p,
    "a call and tissue": lambda n, p, m: n * p * m,
}


def expression(x: np.ndarray, m: int, simulated: bool, rng: np.random.Generator) -> np.ndarray:
    """(n, m) expression, 40 % observed; two variants act in a quarter of the tissues or none."""
    n, p = x.shape
    y = rng.standard_normal((n, m))
    if simulated:
        tissues = rng.choice(m, max(1, m // 4), replace=False)
        causal = x[:, [p // 3, p // 2]]
        score = ((causal - causal.mean(axis=0)) / causal.std(axis=0)) @ np.array([0.35, 0.3])
        y[:, tissues] += score[:, None]
    if m > 1:
        y[rng.random((n, m)) > 0.4] = np.nan
    return y


def main() -> None:
    sizes, seconds = [], []
    for n, p in product(SIZES["n"], SIZES["p"]):
        rng = np.random.default_rng(n + p)
        x = linked_genotypes(rng, n, p, correlation=0.95, min_maf=0.05).astype(np.float32)
        for m, simulated in product(SIZES["m"], (False, True)):
            y = expression(x, m, simulated, rng)
            with one_thread():
                started = time.process_time()
                fqtl.fit(y, x)
                seconds.append(time.process_time() - started)
            sizes.append((n, p, m))
    taken = np.array(seconds)
    design = np.array([[term(*size) for term in TERMS.values()] for size in sizes])
    weight = taken**-0.7  # between absolute and relative errors: dear genes matter most
    found, _ = nnls(design * weight[:, None], taken * weight)
    for name, value in zip(TERMS, found, strict=True):
        print(f"seconds for {name:<20}{value:.2g}")
    expected = np.array(
        [seconds_of_genes(n, np.array([p]), np.array([m]), Runs(0, 0))[0] for n, p, m in sizes]
    )
    ratio = np.log(expected / taken)
    print(
        f"expected cost: median error {np.median(np.abs(ratio)):.0%}, correlation of logarithms ",
        end="",
    )
    print(f"{np.corrcoef(np.log(expected), np.log(taken))[0, 1]:.2f}")


if __name__ == "__main__":
    main()
