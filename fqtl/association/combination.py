"""One test out of several: of a gene over its tissues, or over the factors that they share.

Principal components (S-MultiXcan; Barbeira et al. 2019, PLoS Genet 15:e1007889): with C the
correlation of z over m tissues and c_i its eigenvalues, those above the largest over a condition
number are kept, and z'C^+z is chi-squared with as many degrees of freedom.

Aggregated Cauchy (Liu & Xie 2020, JASA 115:393): the mean of tan(pi (1/2 - p)) is Cauchy under the
null whatever the correlation. For small p, tan(pi (1/2 - p)) = 1 / (pi p) (1 - O(p²)), so it is
added up in logarithms and p-values of 1e-500 combine.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincc, gammaln, logsumexp

CONDITION = 30.0  # S-MultiXcan's usual cut-off
LARGEST = 0.99
LARGE = 30.0  # logarithm of a sum from which on 1/t is the angle
SMALL = np.log(1e-8)  # below it, 1 / (pi p) is tan(pi (1/2 - p)) to 15 digits


@dataclass(frozen=True)
class Components:
    """A test of principal components.

    log_p : natural logarithm of p; NaN where there is no tissue
    statistic, components : chi-squared, and its degrees of freedom
    condition : the largest eigenvalue over the smallest that was kept
    """

    log_p: float
    statistic: float
    components: int
    condition: float


def components_test(
    z: np.ndarray, correlation: np.ndarray, max_condition: float = CONDITION
) -> Components:
    """z : (m,), correlation : (m, m) of z under the null; a NaN there leaves nothing to test."""
    if not len(z) or not np.isfinite(correlation).all():
        return Components(np.nan, np.nan, 0, np.nan)
    values, vectors = np.linalg.eigh((correlation + correlation.T) / 2)
    kept = values > values[-1] / max_condition
    values, scores = values[kept], vectors[:, kept].T @ z
    statistic = float(np.sum(scores**2 / values))
    size = int(kept.sum())
    return Components(
        log_chi2_tail(statistic, size), statistic, size, float(values[-1] / values[0])
    )


def log_chi2_tail(statistic: float, df: int) -> float:
    """log P(chi-squared of df > statistic), also where P is no double any more.

    There Q(a, x) = x^(a-1) e^-x / Gamma(a) (1 + (a-1)/x + (a-1)(a-2)/x² + …), which ends or is
    taken as far as its terms fall (Abramowitz & Stegun 6.5.32).
    """
    a, x = df / 2, statistic / 2
    tail = float(gammaincc(a, x))
    if tail > 1e-280:
        return float(np.log(tail))
    total = term = 1.0
    for i in range(1, 200):
        longer = term * (a - i) / x
        if abs(longer) >= abs(term) or abs(longer) < 1e-17 * total:
            break
        term = longer
        total += term
    return float((a - 1) * np.log(x) - x - gammaln(a) + np.log(total))


def cauchy_combination(log_p: np.ndarray) -> float:
    """Natural logarithm of the p-value of several; those that are NaN are left out.

    log_p : natural logarithms. A p above 0.99 counts as 0.99: the tangent of p = 1 is infinite, and
        one that finds nothing must not undo what another has found
    """
    log_p = log_p[~np.isnan(log_p)]
    size = len(log_p)
    if size < 2:
        return float(log_p[0]) if size else float("nan")
    small = log_p < SMALL
    p = np.minimum(np.exp(log_p[~small]), LARGEST)
    rest = float(np.sum(np.tan(np.pi * (0.5 - p))))
    if not small.any():
        return _log_tail(rest / size)
    large = float(logsumexp(-log_p[small] - np.log(np.pi)))
    if large < LARGE:
        return _log_tail((rest + np.exp(large)) / size)
    # arctan(x) is x to 15 digits from here on
    total = large + np.log1p(rest * np.exp(-large)) - np.log(size)
    return float(-total - np.log(np.pi))


def _log_tail(t: float) -> float:
    """log P(Cauchy > t); of large t by its reciprocal, which loses no digits."""
    tail = np.arctan(1 / t) / np.pi if t > 1 else 0.5 - np.arctan(t) / np.pi
    return float(np.log(tail))


def correlation_of(loadings: np.ndarray, ld: np.ndarray) -> np.ndarray:
    """(m, m) correlation of z of models, given their loadings (m, v) and LD (v, v)."""
    covariance = loadings @ ld @ loadings.T
    sd = np.sqrt(np.diagonal(covariance))
    with np.errstate(invalid="ignore", divide="ignore"):
        return covariance / sd[:, None] / sd
