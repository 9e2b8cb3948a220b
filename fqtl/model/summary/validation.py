"""Pseudo-validation: how well effects predict people who are not in the fit, without any.

Rows y of n people have noise of covariance N between tissues, which rows of hardly any effect show
whatever it is from: what of it were taken for independent would be told to both sides. With
e_j ~ N(0, K N), independent, and mean e,

    y_j = y + e_j - e,   j = 1 … K

are rows as K independent parts of the people would have given them, whose mean is y. Effects b of
all parts but one predict x~ b, which has the covariance (x~ b)'y_j/k with the expression of part j,
in standard deviations, and the variance |x~ b|²/k.
(As subsampled summary statistics: Zhao et al. 2021, Genome Biology 22:257. Both sides see the same
LD: what an error of LD takes from prediction is not seen.)
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from fqtl.errors import FqtlError
from fqtl.model.arrays.moments import Floats
from fqtl.model.summary.problem import SummaryProblem
from fqtl.model.summary.rows import Rows
from fqtl.model.summary.summary_fit import SummaryFit


@dataclass(frozen=True)
class PseudoPrediction:
    """Agreement of expression with its prediction from other parts of the people, each (m,).

    r : correlation over all parts, 0 where nothing is predicted
    r2 : its square, 0 where r is negative
    p : one-sided p-value of r
    """

    r: Floats
    r2: Floats
    p: Floats


def pseudo_validate(
    problem: SummaryProblem,
    folds: int,
    seed: int,
    effects_of: Callable[[SummaryFit], Floats],
) -> PseudoPrediction:
    """Prediction of each part from the others.

    effects_of : (p, m) of a fit, in its own unit
    """
    if folds < 2:
        raise FqtlError(f"pseudo-validation needs at least 2 folds, found {folds}.")
    rows, rng = problem.rows, np.random.default_rng(seed)
    parts = rows.y + _apart(rows, folds, rng)
    x, sd = rows.x.T, problem.ld.sd
    covariance, variance = np.zeros((2, rows.y.shape[1]))
    for part in parts:
        rest = problem.with_y((folds * rows.y - part) / (folds - 1), rows.n * (folds - 1) / folds)
        effects = (effects_of(rest.fit()) * sd[:, None]).astype(x.dtype)
        score = (x @ effects).astype(np.float64)
        covariance += np.nansum(score * part, axis=0) / rows.k / folds
        variance += (score**2).mean(axis=0) / folds
    there = (variance > 0) & (rows.n > 0)
    r = np.divide(covariance, np.sqrt(variance), out=np.zeros_like(variance), where=there)
    r = np.clip(r, -0.999, 0.999)
    z = r * np.sqrt(np.maximum(rows.n - 2, 0) / (1 - r**2))
    return PseudoPrediction(r, np.maximum(r, 0) ** 2, np.where(there, norm.sf(z), 1.0))


def _apart(rows: Rows, folds: int, rng: np.random.Generator) -> Floats:
    """(folds, k, m) e_j - e; covariance as in the rows of hardly any effect, at least k/n."""
    low = np.nan_to_num(rows.y[rows.k // 2 :])
    variance = np.maximum((low**2).mean(axis=0), np.finfo(float).tiny)
    low = low * np.sqrt(np.maximum(rows.noise() / variance, 1.0) * folds / len(low))
    apart = rng.standard_normal((folds, rows.k, len(low))) @ low
    return np.asarray(apart - apart.mean(axis=0))
