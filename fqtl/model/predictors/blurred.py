"""Factors whose variants tell their score no better than the LD does.

Where LD is a sample's, and z-scores are of other people, effects l of variants make other scores
than x l: the error E of the LD adds noise E l, which is white along the rows of `summary/rows.py`
(`blur_of` tells its size) and which every tissue of the factor has alike,

    f = x l + u,   u_i ~ N(0, tau^2),   tau^2 = blur * mean of (x l)^2.

Given the tissues, f sees a target t and weights w. With u integrated out, variants see t / (1 +
tau^2 w) and w / (1 + tau^2 w): however many tissues a factor has, they are no more witnesses of
where it is than 1 / tau^2. And

    q(u_i | l) = N(v_i (t_i - w_i (x l)_i), v_i),   v_i = 1 / (w_i + 1 / tau^2).

Tissues see x l alone. u is the same error for whatever else z-scores of these people have, noise
of tissues without effects, too, and would tie them to the factor.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from fqtl.model.arrays.moments import Floats, Moments
from fqtl.model.predictors.factored import Data, Factored, SingleEffectsFactor
from fqtl.model.predictors.initial_values import Pattern
from fqtl.model.priors.single_effects import Regression


@dataclass(frozen=True)
class BlurredFactor(SingleEffectsFactor):
    """A factor with a score beside that of its effects.

    blur : tau^2 over the mean square of the score of its effects
    blurred : moments of x l + u, each (n,); None before there are any
    error_kl : KL(q(u | l) || p), in nats
    """

    blur: float = 0.0
    blurred: Moments | None = None
    error_kl: float = 0.0

    @property
    def score(self) -> Moments:
        return super().score if self.blurred is None else self.blurred

    @property
    def explained(self) -> float:
        return self.sharp().explained if self.blurred is not None else super().explained

    def sharp(self) -> Self:
        """The factor as if its effects made its score."""
        return replace(self, blurred=None, error_kl=0.0)

    def kl(self) -> float:
        return super().kl() + self.error_kl

    def with_unit_tissues(self) -> Self:
        scale, factor = self.tissues.prior.size, super().with_unit_tissues()
        if self.blurred is None:
            return factor
        mean, variance = self.blurred
        return replace(factor, blurred=Moments(scale * mean, scale**2 * variance))

    @property
    def _error_variance(self) -> float:
        """tau^2"""
        return self.blur * float((self.effects.score**2 + self.effects.score_variance).mean())

    def _turn(self, data: Data, least: float, anew: bool, most: int | None) -> tuple[Self, float]:
        factor, _ = super(BlurredFactor, self.sharp())._turn(data, least, anew, most)
        factor = factor._with_error(data)
        return factor, factor.gain(data.residual, data.precision)

    def _regression(self, data: Data) -> Regression:
        seen = super()._regression(data)
        return replace(seen, weight=seen.weight / (1 + self._error_variance * seen.weight))

    def _target(self, data: Data) -> Floats:
        weight = super()._regression(data).weight
        return super()._target(data) / (1 + self._error_variance * weight)

    def _with_error(self, data: Data) -> Self:
        """The factor with u, as the tissues have it now."""
        tau2 = self._error_variance
        if tau2 <= 0:
            return self.sharp()
        weight, target = super()._regression(data).weight, super()._target(data)
        score, spread = self.effects.score, self.effects.score_variance
        variance = 1 / (weight + 1 / tau2)
        mean = variance * (target - weight * score)
        square = mean**2 + (variance * weight) ** 2 * spread + variance
        kl = 0.5 * float((square / tau2 - 1 - np.log(variance / tau2)).sum())
        known = (1 - variance * weight) ** 2 * spread
        return replace(self, blurred=Moments(score + mean, variance + known), error_kl=kl)


@dataclass(frozen=True)
class BlurredFactors(Factored):
    """Sum of such factors, of one blur."""

    blur: float = 0.0

    @classmethod
    def of(cls, factors: Factored, blur: float) -> Self:
        """As no factors yet."""
        return cls(factors.x, factors.m, factors.rank, factors.options, factors.scores, blur=blur)

    def _started(self, pattern: Pattern) -> SingleEffectsFactor:
        return replace(BlurredFactor.start(self.x, pattern, self.options), blur=self.blur)
