"""Inverse normal ranks and standardisation."""

import numpy as np
import pandas as pd
from scipy.special import ndtri


def inverse_normal(values: np.ndarray) -> np.ndarray:
    """Each row's ranks as quantiles of a standard normal, rank/(n + 1); ties share their mean rank.

    values : (g, n), NaN where missing, which stays missing
    """
    ranks = pd.DataFrame(values).rank(axis="columns").to_numpy()
    return ndtri(ranks / (np.isfinite(values).sum(axis=1, keepdims=True) + 1))


def standardise(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows with mean 0 and variance 1 over what is observed, and which rows do not vary.

    A row that does not vary becomes NaN.
    """
    observed = np.isfinite(values)
    count = np.maximum(observed.sum(axis=1, keepdims=True), 1)
    mean = np.where(observed, values, 0).sum(axis=1, keepdims=True) / count
    centred = np.where(observed, values - mean, 0)
    sd = np.sqrt((centred**2).sum(axis=1, keepdims=True) / count)
    size = np.abs(np.where(observed, values, 0)).max(axis=1, keepdims=True, initial=0)
    constant = sd <= 1e-10 * size
    scaled = np.divide(centred, sd, out=np.zeros_like(centred), where=~constant)
    return np.where(observed & ~constant, scaled, np.nan), constant[:, 0]
