"""One job of `against.py`, run by the tree that PYTHONPATH names: its CPU seconds, ELBO and memory.

python -P tests/benchmarks/fitted.py JOB.npz fit|gene|memory
"""

import json
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np

import fqtl

FOLDS = 5
# fits of a release are without a background, which the first trees do not know
HAS_BACKGROUND = (Path(fqtl.__file__).parent / "model/predictors/background.py").exists()
WITHOUT = {"background": False} if HAS_BACKGROUND else {}


def whole_gene(y: np.ndarray, x: np.ndarray) -> None:
    """The eight fits of a gene of a release: data, two permutations, five folds."""
    n, m = y.shape
    rng = np.random.default_rng(0)
    mixed = y.copy()
    part = rng.permutation(m)[: max(m // 8, 1)]
    mixed[:, part] = mixed[rng.permutation(n)][:, part]
    jobs = [(y, x), (y, x[rng.permutation(n)]), (mixed, x)]
    fold = rng.permutation(n) % FOLDS
    jobs += [(y[fold != k], x[fold != k]) for k in range(FOLDS)]
    for response, genotypes in jobs:
        fqtl.fit(response, genotypes, rank=10, **WITHOUT)


def main() -> None:
    path, what = sys.argv[1:]
    with np.load(path) as file:
        y, x = file["y"], file["x"]
    elbo = 0.0
    fit = fqtl.fit
    fit(y[:100, :2], x[:100, :50])  # what is imported when it is first asked for is not of a fit
    if what == "memory":
        tracemalloc.start()
    started = time.process_time()
    if what == "gene":
        whole_gene(y, x)
    else:
        elbo = float(fit(y, x, rank=10).elbo_trace[-1])
    taken = time.process_time() - started
    peak = tracemalloc.get_traced_memory()[1] / x.nbytes if what == "memory" else 0.0
    print(json.dumps({"cpu": taken, "elbo": elbo, "memory": peak}))


if __name__ == "__main__":
    main()
