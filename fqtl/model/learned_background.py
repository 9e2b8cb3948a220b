"""How likely a polygenic background is, and how large: learned from what fits say of it.

A fit says how much likelier each variance of a grid makes what it saw than none does: BF_0(v) of a
background that tissues share, and BF_t(v) of each tissue's own where they share none. That the
tissues of a gene share what there is, at the odds o that there is any, is as likely as that each
has its own, at the odds o_t of `predictors/background.py`. So a gene makes

    L_g(o, median) = (1 + o E BF_0(v)) / (1 + o) + prod_t (1 + o_t E BF_t(v)) / (1 + o_t)

of the two numbers, where v has the prior of that median. Those that all genes make likeliest are
found on a grid, under a prior around their defaults. What a tissue has beside a shared background
is left out.
"""

from collections.abc import Sequence
from functools import cache
from math import fsum

import numpy as np
from scipy.special import expit, logit, logsumexp

from fqtl.model.arrays.moments import Floats
from fqtl.model.predictors.background import log_odds_alone
from fqtl.model.priors.polygenic import VariancePrior

PROBABILITIES = expit(np.linspace(-4.5, 4.5, 37))  # that are tried; taste
MEDIANS = np.geomspace(1e-3, 0.3, 28)  # that are tried; taste: of variances of 1e-4 to 1
SPREAD = 1.0  # of the logarithms of the median, and half that of the odds; taste


def said_of_background(log_bayes: Floats | None) -> Floats | None:
    """(probabilities, medians) ln L_g of a gene, 0 if it says nothing.

    None of a fit without a background.

    log_bayes : (1 + m, G) of each variance, of the shared one first
    """
    if log_bayes is None:
        return None
    m = len(log_bayes) - 1
    expected = logsumexp(log_bayes[:, None, :] + _log_mass(), axis=2)  # (1 + m, medians)
    log_odds = logit(PROBABILITIES)[:, None]
    said = _said_at(log_odds_alone(log_odds, m)[:, :, None], expected[1:].T).sum(axis=2)
    if m > 1:
        said = np.logaddexp(said, _said_at(log_odds, expected[0])) - np.log(2)
    return said


def _said_at(log_odds: Floats, log_bayes: Floats) -> Floats:
    """ln (1 + o BF) / (1 + o)."""
    return np.logaddexp(0.0, log_odds + log_bayes) - np.logaddexp(0.0, log_odds)


def learned_background(
    said: Sequence[Floats], usual_probability: float, usual_median: float
) -> tuple[float, float]:
    """The probability and the median that these make likeliest."""
    if not said:
        return usual_probability, usual_median
    value = np.array([[fsum(each) for each in row] for row in np.moveaxis(np.array(said), 0, -1)])
    odds = (logit(PROBABILITIES) - logit(usual_probability)) / (2 * SPREAD)
    value -= 0.5 * odds[:, None] ** 2
    value -= 0.5 * (np.log(MEDIANS / usual_median) / SPREAD) ** 2
    probability, median = np.unravel_index(value.argmax(), value.shape)
    return float(PROBABILITIES[probability]), float(MEDIANS[median])


@cache
def _log_mass() -> Floats:
    """(medians, G) of the prior of each median around each variance."""
    return np.array([VariancePrior(float(median)).log_mass for median in MEDIANS])
