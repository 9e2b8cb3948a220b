"""The error that LD of other people adds to a score, and its posterior.

Where LD is a sample's, and z-scores are of other people, effects l of variants make other scores
than x l: the error E of the LD adds noise E l, which is white along the rows of `summary/rows.py`
(`blur_of` tells its size),

    f = x l + u,   u_i ~ N(0, tau^2),   tau^2 = blur * mean of (x l)^2.

f sees a target t and weights w. With u integrated out, variants see t / (1 + tau^2 w) and
w / (1 + tau^2 w): however large w is, they are no more witnesses of where an effect is than 1 /
tau^2. And

    q(u_i | l) = N(v_i (t_i - w_i (x l)_i), v_i),   v_i = 1 / (w_i + 1 / tau^2).
"""

from typing import NamedTuple

import numpy as np

from fqtl.model.arrays.moments import Floats, Moments
from fqtl.model.priors.single_effects import SingleEffectsPosterior
from fqtl.model.priors.successive_effects import SuccessiveEffects


class Blurred(NamedTuple):
    """A score with its error.

    score : moments of x l + u, each (n,)
    kl : KL(q(u | l) || p), in nats
    """

    score: Moments
    kl: float

    @classmethod
    def of(
        cls,
        effects: SingleEffectsPosterior | SuccessiveEffects,
        target: Floats,
        weight: Floats,
        blur: float,
    ) -> "Blurred | None":
        """Of these effects, against a target and weights (n,); None where they have no size."""
        tau2 = error_variance(effects, blur)
        if tau2 <= 0:
            return None
        score, spread = effects.score, effects.score_variance
        variance = 1 / (weight + 1 / tau2)
        mean = variance * (target - weight * score)
        square = mean**2 + (variance * weight) ** 2 * spread + variance
        kl = 0.5 * float((square / tau2 - 1 - np.log(variance / tau2)).sum())
        known = (1 - variance * weight) ** 2 * spread
        return cls(Moments(score + mean, variance + known), kl)


def error_variance(effects: SingleEffectsPosterior | SuccessiveEffects, blur: float) -> float:
    """tau^2"""
    return blur * float((effects.score**2 + effects.score_variance).mean())
