"""What weight files lose or gain by the polygenic background, in prediction of real expression.

    python -m tests.benchmarks.background FOLDER_OF_CHR22 [--genes 120] [--groups 1]

The folder is that of `make chr22`. Of each gene, five folds: share of the variance of held-out
donors that is predicted by a fit without a background, and with one by its sparse effects alone,
with all of the background, and with variants that stand in for it.
"""

import argparse
from pathlib import Path

import numpy as np

import fqtl
from fqtl.gene import sparse_background as stand_in
from fqtl.gene.record import sparse_effects
from fqtl.model.arrays.threads import one_thread
from tests.benchmarks.accuracy.real.data import read_chr22
from tests.benchmarks.accuracy.real.settings import FOLDS, Case, Setting, case_of

MIN_PIP = 0.01  # weights.min_pip
STAND_INS = {10: 0.9, 20: 0.9, 40: 0.97}  # variants at the most, part of the score


def effects_of(y: np.ndarray, x: np.ndarray) -> dict[str, np.ndarray]:
    """Effects (p, m) from the donors of y (n, m) and x (n, p), by what is made of a background."""
    without, fit = fqtl.fit(y, x, background=False), fqtl.fit(y, x)
    beside = sparse_effects(fit, MIN_PIP)
    found = {
        "none": sparse_effects(without, MIN_PIP),
        "left out": beside,
        "every variant": beside + fit.background,
    }
    for most, kept in STAND_INS.items():
        stand_in.MOST, stand_in.KEPT = most, kept
        found[f"{most} variants"] = beside + stand_in.sparse_background(fit, x).effects
    return found


def predicted_shares(case: Case) -> dict[str, float]:
    """Mean over contexts of the share of variance that is predicted."""
    predicted: dict[str, np.ndarray] = {}
    for fold in range(FOLDS):
        held_out = case.fold == fold
        x = case.x[held_out] - case.x[~held_out].mean(axis=0)
        for name, effects in effects_of(*case.without(fold)).items():
            score = x @ effects
            predicted.setdefault(name, np.empty_like(case.y))[held_out] = score - score.mean(axis=0)
    centre = np.nanmean(case.y, axis=0)
    total = np.nansum((case.y - centre) ** 2, axis=0)
    return {
        name: float(np.mean(1 - np.nansum((case.y - centre - score) ** 2, axis=0) / total))
        for name, score in predicted.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.background")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--genes", type=int, default=120)
    parser.add_argument("--groups", type=int, default=1, help="into which the people are split")
    given = parser.parse_args()
    source, setting = read_chr22(given.folder), Setting("", "chr22", given.groups)
    with one_thread():
        shares = [
            predicted_shares(case_of(setting, source.gene(name)))
            for name in source.names[: given.genes]
        ]
    none = np.array([share["none"] for share in shares])
    for name in shares[0]:
        values = np.array([share[name] for share in shares])
        error = (values - none).std() / np.sqrt(len(values))
        print(f"{name}: {values.mean():.4f}, {(values - none).mean():+.4f} ± {error:.4f}")


if __name__ == "__main__":
    main()
