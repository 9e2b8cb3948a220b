"""Shares of tissues that are not alike: the odds of each are those of the share times its own.

A share is learned from m indicators, 1 where a tissue has something, of which the posterior knows
PIPs q_t. With l for its log-odds and a_t for what a tissue has beside it,

    p_t = min(expit(l + a_t), most),

the best l, beside w tissues more of which a share u has it, is where the sum of q_t - p_t over
tissues that are not at the bound and w (u - expit(l)) make 0.
"""

import numpy as np
from scipy.special import expit, logit, xlog1py, xlogy

from fqtl.model.arrays.moments import Floats

# of the search for a share, on the scale of log-odds; taste
RARE, NEWTON_STEPS, LONGEST_STEP, SETTLED = 1e-5, 20, 2.0, 1e-9


def of_each_tissue(share: Floats, log_odds: Floats, most: Floats) -> Floats:
    """(..., m) probability of each tissue, of shares (...) that are up to `most` (...).

    Nor is that of a tissue higher: what is asked of each by its own data does not change.
    """
    each = expit(logit(share)[..., None] + log_odds)
    return np.asarray(np.minimum(each, most[..., None]))


def expected_log(pip: Floats, probability: Floats) -> Floats:
    """(...) E[ln p] of the indicators of tissues, of PIPs (m,) and probabilities (..., m)."""
    return np.asarray((xlogy(pip, probability) + xlog1py(1 - pip, -probability)).sum(axis=-1))


def best_shares(pip: Floats, log_odds: Floats, most: Floats, usual: float, weight: float) -> Floats:
    """(b,) share that suits PIPs (m,) best under each bound `most` (b,), if the search finds it.

    usual, weight : share beforehand, and tissues more that it counts for

    Newton's method on log-odds, in steps that are not longer than `LONGEST_STEP`. A bound makes a
    second peak possible, so that what is found may be less than what was known: compare.
    """
    wanted = (pip.sum() + weight * usual) / (len(pip) + weight)
    at = np.full(len(most), logit(min(max(wanted, RARE), 1 - RARE)))
    for _ in range(NEWTON_STEPS):
        each, common = expit(at[:, None] + log_odds), expit(at)
        free = each < most[:, None]
        left = ((pip - each) * free).sum(axis=1) + weight * (usual - common)
        slope = (each * (1 - each) * free).sum(axis=1) + weight * common * (1 - common)
        step = np.clip(left / np.maximum(slope, RARE), -LONGEST_STEP, LONGEST_STEP)
        at = np.clip(at + step, logit(RARE), logit(1 - RARE))
        if np.abs(step).max() < SETTLED:
            break
    return np.asarray(expit(at))
