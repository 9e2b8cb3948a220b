"""From effects as files tell them to z-scores, without leaving logarithms.

The first of these that is there counts: an effect and its standard error, a z-score, a p-value with
the sign of an effect. p-values of 1e-500 and -log10 p of 1,000 are numbers: log p = log(2) +
log Phi(-|z|), which `ndtri_exp` turns round. A row without a z-score has a reason.
"""

from decimal import Decimal, InvalidOperation

import numpy as np
from scipy.special import log_ndtr, ndtri_exp

NO_EFFECT = "no effect is told"
NO_SIGN = "the sign of its effect is not told"
P_IS_ZERO = "its p is 0 and no standard error or z is told: give -log10 p, or beta and se"
P_INFINITE = "its -log10 p is infinite and no standard error or z is told: give beta and se"
P_IMPOSSIBLE = "its p is not above 0 and up to 1"
LN10 = np.log(10.0)
SMALLEST = 1e-290  # below it a double is not exact any more


def z_scores(
    *,
    beta: np.ndarray,
    se: np.ndarray,
    z: np.ndarray,
    log_p: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """z of each row, NaN where there is none, and why there is none.

    beta, se, z : (rows,) with NaN where they are not told; beta is a logarithm where it was a ratio
    log_p : (rows,) natural logarithm of the two-sided p, NaN where it is not told
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        wald = np.where((se > 0) & np.isfinite(se), beta / se, np.nan)
    found = np.where(np.isfinite(wald), wald, np.where(np.isfinite(z), z, np.nan))
    reasons = np.full(len(found), "", dtype=object)
    left = np.isnan(found)
    if not left.any():
        return found, reasons
    sign = np.sign(beta)
    usable = left & np.isfinite(log_p) & (log_p <= 0) & ~np.isnan(sign)
    found[usable] = (sign * magnitude(log_p))[usable]
    absent = np.isnan(found)
    reasons[absent] = NO_EFFECT
    reasons[absent & np.isfinite(log_p) & np.isnan(sign)] = NO_SIGN
    reasons[absent & (log_p > 0)] = P_IMPOSSIBLE
    reasons[absent & (log_p == -np.inf)] = P_IS_ZERO
    return found, reasons


def magnitude(log_p: np.ndarray) -> np.ndarray:
    """|z| of two-sided p-values, given their natural logarithm."""
    return np.maximum(-ndtri_exp(np.minimum(log_p, 0.0) - np.log(2.0)), 0.0)


def log_p_of(z: np.ndarray) -> np.ndarray:
    """Natural logarithm of the two-sided p-value of z."""
    return np.minimum(log_ndtr(-np.abs(z)) + np.log(2.0), 0.0)


def is_share(values: np.ndarray) -> np.ndarray:
    """(rows,) whether each is a number from 0 to 1."""
    return np.asarray((values >= 0) & (values <= 1))


def log_of_text(p: list[str | None]) -> np.ndarray:
    """Natural logarithms of p-values as they are written; NaN where there is none."""
    return np.array([np.nan if text is None else _log(text) for text in p], dtype=float)


def _log(text: str) -> float:
    value = float(text)
    if value > SMALLEST:
        return float(np.log(value))
    try:
        exact = Decimal(text.strip())
    except InvalidOperation:
        return float("nan")
    if exact < 0:
        return float("nan")
    if exact == 0:
        return float("-inf")
    return float(exact.log10()) * LN10
