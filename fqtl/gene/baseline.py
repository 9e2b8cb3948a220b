"""The baseline of prediction: an elastic net of each tissue by itself (scikit-learn).

As PredictDB's and FUSION's models of one tissue: equal parts of lasso and ridge, the penalty chosen
by cross-validation among the donors it is trained on. Within the cross-validation of a gene it is
therefore nested: a held-out donor chooses no penalty.
"""

import warnings
from typing import Any

import numpy as np

from fqtl.gene.cross_validation import centred
from fqtl.model.arrays.moments import Floats

SETTINGS: dict[str, Any] = {"l1_ratio": 0.5, "cv": 5}
PENALTIES, SMALLEST_PENALTY = 20, 0.05  # on a logarithmic scale, of the one that leaves nothing
MIN_DONORS = 10  # two in each part of the inner cross-validation


def elastic_net(y: Floats, x: np.ndarray, tolerance: float = 1e-2) -> Floats:
    """(p, m) effects per unit of x, from y (n, m) with NaN and x (n, p).

    tolerance : of coordinate descent, relative; 1e-3 takes four times as long as 1e-2
    """
    return np.column_stack([_of_tissue(column, x, tolerance) for column in y.T])


def _of_tissue(y: Floats, x: np.ndarray, tolerance: float) -> Floats:
    """(p,) effects; 0 where there is too little to learn from."""
    # imported by those who ask for it: a fit without a baseline needs no scikit-learn
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import ElasticNetCV

    seen = np.isfinite(y)
    if seen.sum() < MIN_DONORS or np.ptp(y[seen]) == 0:
        return np.zeros(x.shape[1])
    x = centred(x[seen])
    sd = np.maximum(x.std(axis=0), 1e-9)
    standard = np.asfortranarray(x / sd, dtype=np.float32)
    response = (y[seen] - y[seen].mean()).astype(np.float32)
    largest = np.abs(standard.T @ response).max() / (len(response) * SETTINGS["l1_ratio"])
    if largest == 0:
        return np.zeros(x.shape[1])
    penalties = np.geomspace(largest, SMALLEST_PENALTY * largest, PENALTIES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = ElasticNetCV(alphas=penalties, tol=tolerance, **SETTINGS).fit(standard, response)
    return np.asarray(fitted.coef_ / sd, dtype=np.float64)
