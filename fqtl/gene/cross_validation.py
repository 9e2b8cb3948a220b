"""Cross-validation: prediction of expression in donors that a fit has not seen."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, chdtrc
from scipy.stats import rankdata

from fqtl.gene.donors import genotypes_of
from fqtl.model.arrays.moments import Floats, Indices

CONSTANT = 1e-12  # range of a prediction that is rounding alone; derived
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
    """How well donors are predicted by fits that have not seen them, as `predict_held_out` does."""
    return compare(y, predict_held_out(y, x, fold, effects_of), fold)


def predict_held_out(
    y: Floats, x: np.ndarray, fold: Indices, effects_of: Callable[[np.ndarray], Floats]
) -> Floats:
    """(n, m) prediction of each fold by the fit to all others.

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
            effects = effects_of(~test)
            used = np.flatnonzero(effects.any(axis=1))
            predicted[test] = centred(genotypes_of(x[:, used], test)) @ effects[used]
    return predicted


def compare(y: Floats, predicted: Floats, fold: Indices) -> Prediction:
    """Agreement of y (n, m) with its prediction (n, m), over all donors and within folds."""
    parts = np.unique(fold)
    r, p = _correlations(y, predicted)
    within = [_correlations(y[fold == k], predicted[fold == k]) for k in parts]
    fold_r, fold_p = (np.array(side) for side in zip(*within, strict=True))
    fishers = -2 * np.log(np.maximum(fold_p, np.finfo(float).tiny)).sum(axis=0)
    return Prediction(
        r=r,
        r2=np.maximum(r, 0) ** 2,
        p=p,
        fold_r2=(np.maximum(fold_r, 0) ** 2).mean(axis=0),
        fold_p=chdtrc(2 * len(parts), fishers),
        spearman=_rank_correlations(y, predicted),
    )


def _correlations(y: Floats, predicted: Floats) -> tuple[Floats, Floats]:
    """(m,) correlations over what is observed and their one-sided p-values.

    Where nothing is correlated (r + 1)/2 is Beta(n/2 - 1, n/2 - 1). (0, 1) where there is no
    correlation, of too few donors or of what does not vary.
    """
    seen = np.isfinite(y)
    count = seen.sum(axis=0)
    defined = (count >= MIN_DONORS) & (_range(y, seen) > 0) & (_range(predicted, seen) > CONSTANT)
    a, b = centred(y), centred(np.where(seen, predicted, np.nan))
    length = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    r = np.divide((a * b).sum(axis=0), length, out=np.zeros(len(count)), where=defined)
    r = np.clip(r, -1, 1)
    half = np.maximum(count, MIN_DONORS) / 2 - 1
    return r, np.where(defined, betainc(half, half, (1 - r) / 2), 1.0)


def _range(values: Floats, seen: np.ndarray) -> Floats:
    """(m,) largest minus smallest of what is observed; -inf where nothing is."""
    low = np.where(seen, values, np.inf).min(axis=0, initial=np.inf)
    high = np.where(seen, values, -np.inf).max(axis=0, initial=-np.inf)
    return np.asarray(high - low)


def _rank_correlations(y: Floats, predicted: Floats) -> Floats:
    """(m,) correlations of the ranks of what is observed."""
    ranks = np.full((2, *y.shape), np.nan)
    seen = np.isfinite(y)
    varies = _range(predicted, seen) > CONSTANT  # what differs by rounding alone is not ranked
    for t in np.flatnonzero(varies):
        rows = seen[:, t]
        ranks[:, rows, t] = rankdata(y[rows, t]), rankdata(predicted[rows, t])
    return _correlations(*ranks)[0]


def _varies(y: Floats) -> bool:
    """Whether there is anything to learn from: two different values of one tissue."""
    return bool((_range(y, np.isfinite(y)) > 0).any())


def centred(x: np.ndarray) -> Floats:
    """Columns around their mean; a missing value stands at it."""
    seen = np.isfinite(x)
    mean = np.where(seen, x, 0).sum(axis=0, dtype=np.float64) / np.maximum(seen.sum(axis=0), 1)
    return np.where(seen, x - mean, 0.0)
