"""Factors whose variants tell their score no better than the LD does.

The error of the score (`score_error.py`) is one for all tissues of the factor: however many it has,
they are no more witnesses of where it is than 1 / tau^2.

Tissues see x l alone. u is the same error for whatever else z-scores of these people have, noise
of tissues without effects, too, and would tie them to the factor.
"""

from dataclasses import dataclass, replace
from typing import Self

from fqtl.model.arrays.moments import Floats, Moments
from fqtl.model.predictors.factored import Data, Factored, SingleEffectsFactor
from fqtl.model.predictors.initial_values import Pattern
from fqtl.model.predictors.score_error import Blurred, error_variance
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
        return error_variance(self.effects, self.blur)

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
        weight, target = super()._regression(data).weight, super()._target(data)
        found = Blurred.of(self.effects, target, weight, self.blur)
        if found is None:
            return self.sharp()
        return replace(self, blurred=found.score, error_kl=found.kl)


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
