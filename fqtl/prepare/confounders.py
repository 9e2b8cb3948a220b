"""Regression of confounders out of expression."""

import numpy as np
from scipy.linalg import lstsq


def design_of(covariates: np.ndarray) -> np.ndarray:
    """Orthonormal columns (n, r) that span the intercept and the covariates (n, q).

    Constant and collinear covariates add nothing; r - 1 is the number of independent ones.
    """
    if not len(covariates):
        return np.empty((0, 0))
    sd = covariates.std(axis=0)
    scaled = (covariates - covariates.mean(axis=0)) / np.where(sd > 0, sd, 1.0)
    columns = np.column_stack([np.ones(len(covariates)), scaled])
    left, singular, _ = np.linalg.svd(columns, full_matrices=False)
    return left[:, singular > 1e-8 * singular[0]]


def regress_out(values: np.ndarray, design: np.ndarray) -> np.ndarray:
    """Residuals of each row of values (g, n) after least squares on the design (n, r).

    A row with NaN is regressed over what it has.
    """
    residual = values - (values @ design) @ design.T
    for row in np.flatnonzero(np.isnan(values).any(axis=1)):
        seen = np.isfinite(values[row])
        effect = lstsq(design[seen], values[row, seen])[0]
        residual[row, seen] = values[row, seen] - design[seen] @ effect
    return residual
