"""Where one effect may be: the probability of each variant, and its size there.

The formulas stand in `single_effects.py`, which makes effects of places.
"""

from math import expm1, log1p
from typing import NamedTuple

import numpy as np

from fqtl.model.arrays.moments import Floats, Indices
from fqtl.model.arrays.variants import Variants
from fqtl.model.priors.effect_prior import EffectPrior

TAIL = 1e-9  # of an effect, left out between all variants; taste: below what float32 products tell
NOTICEABLE = 0.1  # probability from which it is updated in every round, donor by donor; taste
FEW = 200  # variants that are cheap to visit; taste, beside the costs in `variants.py`


def log_bayes_factor(score: Floats, information: Floats, prior_precision: float) -> Floats:
    """ln BF of an effect of N(0, 1/prior_precision) at each variant, against none."""
    precision = prior_precision + information
    mean = score / precision
    return np.asarray(0.5 * (np.log(prior_precision / precision) + score * mean))


class Place(NamedTuple):
    """Which variant an effect may be of, and of which size.

    rows, alpha : rows of x that it may be and their probabilities; the rest of 1 is for none
    mean, precision : of its size, given the variant
    log_none : ln P(none), however close to 0 that is, before variants were left out
    log_share : ln of the prior probability of each of these rows, given an effect
    """

    rows: Indices
    alpha: Floats
    mean: Floats
    precision: Floats
    log_none: float
    log_share: Floats

    @classmethod
    def best(
        cls, x: Variants, index: Indices, score: Floats, information: Floats, prior: EffectPrior
    ) -> "Place":
        """Of the scores of some rows, and the information on each."""
        precision = prior.precision + information
        log_share = x.copies.log_share[index]
        log_odds = log_bayes_factor(score, information, prior.precision)
        log_odds += log_share + prior.log_odds
        top = max(float(log_odds.max()), 0.0)
        alpha = np.exp(log_odds - top)
        total = float(alpha.sum())
        alpha /= np.exp(-top) + total
        place = cls(
            index,
            alpha,
            score / precision,
            precision,
            -(top + log1p(expm1(-top) + total)),
            log_share,
        )
        kept = alpha > TAIL * np.exp(log_share)
        return place if kept.all() else place.of(kept)

    def of(self, kept: np.ndarray) -> "Place":
        """Without the other rows."""
        rows, alpha, mean, precision, log_none, log_share = self
        return Place(
            rows[kept], alpha[kept], mean[kept], precision[kept], log_none, log_share[kept]
        )

    def is_spread_out(self, x: Variants) -> bool:
        """Whether it is hardly an effect, of any of many variants."""
        return bool(self.alpha.sum() < NOTICEABLE and x.copies.count[self.rows].sum() > FEW)

    @property
    def first(self) -> Floats:
        """E[size] of each row."""
        return self.alpha * self.mean

    @property
    def second(self) -> Floats:
        """E[size^2] of each row."""
        return self.alpha * (self.mean**2 + 1 / self.precision)
