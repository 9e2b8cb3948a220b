"""How likely one more effect of a tissue is after each: learned from how many tissues have.

A tissue that has an effect with probability w, and K of them with q(K) if it has any, in a fit that
took one more to be there with probability rho_0 after each, says of any other rho

    w ln sum_K q(K) (rho / rho_0)^(K-1) ((1 - rho) / (1 - rho_0))^[K < slots].

A second effect is looked for beside a first that was found, so others say nothing. rho is the mode
on a grid, beside so many effects that are followed by another as by default.
"""

from collections.abc import Sequence
from math import fsum

import numpy as np
from scipy.special import expit, xlog1py, xlogy

from fqtl.model.arrays.moments import Floats
from fqtl.model.priors.single_effects import LIKELY

PROBABILITIES = expit(np.linspace(-4.0, 2.0, 61))  # that are tried; taste


def said_of_another(number: Floats, another: float) -> Floats:
    """(G,) ln of the likelihood of each of PROBABILITIES.

    number : (m, 1 + slots) probability of each number of effects of a tissue, from none on
    another : probability of one more in that fit
    """
    there = 1 - number[:, 0]
    found = number[there > LIKELY]
    slots = number.shape[1] - 1
    further = np.arange(slots)
    followed = np.where(further + 1 < slots, 1.0, 0.0)  # by none: the last is not
    log_prior = xlogy(further, PROBABILITIES[:, None]) + xlog1py(followed, -PROBABILITIES[:, None])
    log_prior -= xlogy(further, another) + xlog1py(followed, -another)
    each = np.log(found[:, 1:] @ np.exp(log_prior).T / (1 - found[:, :1])) * (1 - found[:, :1])
    return np.array([fsum(column) for column in each.T])


def learned_another(said: Sequence[Floats], usual: float, unseen: float) -> float:
    """The most probable one; unseen : effects that were followed by another as usual."""
    if not said:
        return usual
    value = unseen * (xlogy(usual, PROBABILITIES) + xlog1py(1 - usual, -PROBABILITIES))
    value += [fsum(column) for column in np.array(said).T]
    return float(PROBABILITIES[value.argmax()])
