"""SuSiE of one tissue: sums of single effects, as the field fits them.

The defaults of susieR 0.12: ten effects, each of which has a prior variance of its own that is
estimated (and set to 0 where that is no worse), and an estimated residual variance; fitted until
the ELBO rises by less than 1e-3. A baseline, written from the article alone.
(Wang, Sarkar, Carbonetto, Stephens 2020, JRSS B 82:1273)
"""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

EFFECTS = 10
TOLERANCE, MOST_ROUNDS = 1e-3, 100
SCALED_PRIOR_VARIANCE = 0.2


def susie(y: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(p,) effects per unit of x and PIPs; y (n,), x (n, p), nothing missing."""
    varies = np.flatnonzero(x.std(axis=0) > 0)
    sd = x[:, varies].std(axis=0, ddof=1)
    standard = ((x[:, varies] - x[:, varies].mean(axis=0)) / sd).astype(np.float64)
    mean, pip = _fit(y - y.mean(), standard)
    effects, included = np.zeros((2, x.shape[1]))
    effects[varies], included[varies] = mean / sd, pip
    return effects, included


def _fit(y: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n, p = x.shape
    squares, total = n - 1.0, y.var(ddof=1)  # sum of squares of every standardised variant
    alpha, mean, second = np.zeros((3, EFFECTS, p))
    fitted, kl = np.zeros((EFFECTS, n)), np.zeros(EFFECTS)
    prior, noise, elbo = np.full(EFFECTS, SCALED_PRIOR_VARIANCE * total), total, -np.inf
    for _ in range(MOST_ROUNDS):
        for k in range(EFFECTS):
            residual = y - (fitted.sum(axis=0) - fitted[k])
            slope, error = residual @ x / squares, noise / squares
            prior[k], evidence = _prior_variance(slope, error, prior[k])
            log_bayes = _log_bayes(slope, error, prior[k])
            alpha[k] = np.exp(log_bayes - logsumexp(log_bayes))
            shrunk = prior[k] / (prior[k] + error)
            mean[k], second[k] = shrunk * slope, (shrunk * slope) ** 2 + shrunk * error
            fitted[k] = x @ (alpha[k] * mean[k])
            explained = 2 * residual @ fitted[k] - squares * alpha[k] @ second[k]
            kl[k] = explained / (2 * noise) - evidence
        left = ((y - fitted.sum(axis=0)) ** 2).sum() - (fitted**2).sum()
        left += squares * (alpha * second).sum()
        before = elbo
        elbo = -0.5 * n * np.log(2 * np.pi * noise) - left / (2 * noise) - kl.sum()
        if elbo - before < TOLERANCE:
            break
        noise = left / n
    return (alpha * mean).sum(axis=0), 1 - np.prod(1 - alpha[prior > 0], axis=0)


def _log_bayes(slope: np.ndarray, error: float, prior: float) -> np.ndarray:
    """ln of each variant's Bayes factor."""
    shrunk = prior / (prior + error)
    return 0.5 * (np.log(error / (prior + error)) + slope**2 / error * shrunk)


def _prior_variance(slope: np.ndarray, error: float, now: float) -> tuple[float, float]:
    """The most likely prior variance, and the log evidence there; 0 and 0 where none is better."""

    def evidence(log_variance: float) -> float:
        return float(logsumexp(_log_bayes(slope, error, np.exp(log_variance)))) - np.log(len(slope))

    found = minimize_scalar(lambda v: -evidence(v), bounds=(-30, 15), method="bounded").x
    tried = [found, *([np.log(now)] if now > 0 else [])]
    best = max(tried, key=evidence)
    return (float(np.exp(best)), evidence(best)) if evidence(best) > 0 else (0.0, 0.0)
