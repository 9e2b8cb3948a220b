"""Cross-validation: prediction of expression in donors that a fit has not seen."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import combine_pvalues, pearsonr, rankdata

from fqtl.model.arrays.moments import Floats, Indices

MIN_DONORS = 3  # a correlation of fewer is not defined or always 1


@dataclass(frozen=True)
class Prediction:
    """Agreement of expression with its cross-validated prediction, each (m,).

    r : correlation over all held-out donors, 0 where the prediction is constant
    r2 : its square, 0 where r is negative
    p : one-sided p-value of r
    fold_r2 : mean over folds of the square of the correlation within the fold
    fold_p : Fisher's combination of the folds' p-values
    spearman : rank correlation, 0 where the prediction is constant
    """

    r: Floats
    r2: Floats
    p: Floats
    fold_r2: Floats
    fold_p: Floats
    spearman: Floats


def assign_folds(n: int, folds: int, seed: int) -> Indices:
    """(n,) fold of each donor; sizes differ by at most one."""
    return np.random.default_rng(seed).permutation(np.arange(n) % folds)


def cross_validate(
    y: Floats, x: np.ndarray, fold: Indices, effects_of: Callable[[np.ndarray], Floats]
) -> Prediction:
    """Fit to all folds but one, predict that one, and compare.

    A donor is held out in all tissues at once. Predictions are centred within their fold, so that
    the mean of the training donors does not enter. Where training donors show nothing that varies,
    nothing is predicted.

    y : (n, m) with NaN, on the scale of the prediction; x : (n, p) dosages, NaN where missing
    fold : (n,)
    effects_of : effects (p, m) per unit of x from the training donors, given as a mask (n,)
    """
    predicted = np.zeros_like(y)
    for k in np.unique(fold):
        test = fold == k
        if _varies(y[~test]):
            predicted[test] = centred(x[test]) @ effects_of(~test)
    return compare(y, predicted, fold)


def compare(y: Floats, predicted: Floats, fold: Indices) -> Prediction:
    """Agreement of y (n, m) with its prediction (n, m), over all donors and within folds."""
    m = y.shape[1]
    overall = np.array([_correlate(y[:, t], predicted[:, t]) for t in range(m)])
    within = np.array(
        [
            [_correlate(y[fold == k, t], predicted[fold == k, t]) for t in range(m)]
            for k in np.unique(fold)
        ]
    )
    r, p = overall.T
    fold_r, fold_p = within[..., 0], np.maximum(within[..., 1], np.finfo(float).tiny)
    return Prediction(
        r=r,
        r2=np.maximum(r, 0) ** 2,
        p=p,
        fold_r2=(np.maximum(fold_r, 0) ** 2).mean(axis=0),
        fold_p=np.array([combine_pvalues(column).pvalue for column in fold_p.T]),
        spearman=np.array([_rank_correlation(y[:, t], predicted[:, t]) for t in range(m)]),
    )


def _correlate(y: Floats, predicted: Floats) -> tuple[float, float]:
    """Correlation over what is observed and its one-sided p-value; (0, 1) where there is none."""
    seen = np.isfinite(y)
    y, predicted = y[seen], predicted[seen]
    if len(y) < MIN_DONORS or np.ptp(y) == 0 or np.ptp(predicted) <= 1e-12:
        return 0.0, 1.0
    result = pearsonr(y, predicted, alternative="greater")
    return float(result.statistic), float(result.pvalue)


def _rank_correlation(y: Floats, predicted: Floats) -> float:
    """Correlation of the ranks of what is observed."""
    seen = np.isfinite(y)
    if not seen.any() or np.ptp(predicted[seen]) <= 1e-12:
        return 0.0  # what differs by rounding alone must not be ranked
    return _correlate(rankdata(y[seen]), rankdata(predicted[seen]))[0]


def _varies(y: Floats) -> bool:
    """Whether there is anything to learn from: two different values of one tissue."""
    seen = np.isfinite(y)
    low = np.where(seen, y, np.inf).min(axis=0)
    high = np.where(seen, y, -np.inf).max(axis=0)
    return bool((high > low).any())


def centred(x: np.ndarray) -> Floats:
    """Columns around their mean; a missing value stands at it."""
    seen = np.isfinite(x)
    mean = np.where(seen, x, 0).sum(axis=0, dtype=np.float64) / np.maximum(seen.sum(axis=0), 1)
    return np.where(seen, x - mean, 0.0)
