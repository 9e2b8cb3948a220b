"""Cross-validated prediction of a gene, kept as sums from which every measure follows."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fqtl.gene.cross_validation import centred
from tests.benchmarks.accuracy.real.methods import Method, Training
from tests.benchmarks.accuracy.real.settings import Case


@dataclass(frozen=True)
class Sums:
    """Of expression y and prediction f of held-out donors, both around their mean in a context.

    yy, ff, yf : sums of y², f² and yf in every context
    seconds : of CPU, of all folds
    """

    yy: list[float]
    ff: list[float]
    yf: list[float]
    seconds: float


def predict(case: Case, method: Method, learned: Sequence[Any] = ()) -> Sums:
    """Every donor is predicted from the other folds; a fold holds a donor in all contexts.

    learned : without each fold, for a method that learns
    """
    started = time.process_time()
    predicted = np.zeros_like(case.y)
    for k in np.unique(case.fold):
        test = case.fold == k
        y, x = case.without(k)
        effects = method.run(Training(y, x, case.real, learned[k] if learned else None))
        seen = np.isfinite(y).astype(float)
        mean = seen.T @ x / np.maximum(seen.sum(axis=0), 1)[:, None]  # (m, p)
        predicted[test] = case.x[test] @ effects - (mean.T * effects).sum(axis=0)
    seconds = time.process_time() - started
    y, f = centred(case.y), centred(np.where(np.isfinite(case.y), predicted, np.nan))
    sums = ((a * b).sum(axis=0).tolist() for a, b in ((y, y), (f, f), (y, f)))
    return Sums(*sums, seconds)


def share(yy: np.ndarray, ff: np.ndarray, yf: np.ndarray) -> float:
    """1 - SSE / SST of contexts together; below 0 where the mean predicts better."""
    return float((2 * yf.sum() - ff.sum()) / yy.sum())


def r2(yy: np.ndarray, ff: np.ndarray, yf: np.ndarray) -> float:
    """Squared correlation within contexts, 0 where it is negative or nothing is predicted."""
    if yf.sum() <= 0 or ff.sum() <= 1e-12 * yy.sum():
        return 0.0
    return float(yf.sum() ** 2 / (yy.sum() * ff.sum()))
