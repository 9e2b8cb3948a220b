"""Quality of a tissue: variance explained by covariates, and outlying donors."""

import numpy as np

FAR = 5.0  # median absolute deviations (as of a normal distribution) below the median
MIN_GENES = 100  # by which donors can be told apart
MAD_OF_NORMAL = 1.4826


def explained_by_each(values: np.ndarray, covariates: np.ndarray) -> np.ndarray:
    """(q,) share of the variance of a gene that each covariate explains by itself, over genes.

    values : (g, n) with mean 0 and variance 1; covariates : (n, q)
    """
    centred = covariates - covariates.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    unit = np.divide(centred, length, out=np.zeros_like(centred), where=length > 0)
    return np.asarray(((values @ unit) ** 2).mean(axis=0) / values.shape[1])


def connectivity(values: np.ndarray) -> np.ndarray:
    """(n,) median correlation of each donor's expression with that of the others.

    values : (g, n) with mean 0 and variance 1
    0 throughout where there are too few genes to tell donors apart.
    Source: Wright et al. 2014, https://doi.org/10.1038/ng.2951 (D-statistic), as in GTEx.
    """
    if len(values) < MIN_GENES:
        return np.zeros(values.shape[1])
    correlation = np.corrcoef(values.T)
    np.fill_diagonal(correlation, np.nan)
    return np.asarray(np.nanmedian(correlation, axis=1))


def far_below(values: np.ndarray) -> np.ndarray:
    """(n,) by how many deviations each value lies below the median; an outlier exceeds FAR."""
    below = np.median(values) - values
    spread = MAD_OF_NORMAL * np.median(np.abs(below))
    return np.asarray(below / spread) if spread > 0 else np.zeros_like(values)
