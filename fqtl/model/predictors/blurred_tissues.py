"""Tissue-specific effects whose variants tell their score no better than the LD does.

Each tissue's sum of effects has an error of its own (`score_error.py`), whose variance is a part of
that which they explain. In a tissue of more people than the LD is of, an error near a strong effect
would pass for another effect. Where hardly an effect is, hardly an error is: none is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from fqtl.model.arrays.moments import Floats, Moments
from fqtl.model.predictors.predictor import Visit
from fqtl.model.predictors.score_error import Blurred, error_variance
from fqtl.model.predictors.tissue_specific import TissueSpecific
from fqtl.model.priors import NoisePrecision
from fqtl.model.priors.effect_prior import EffectPrior
from fqtl.model.priors.place import NOTICEABLE
from fqtl.model.priors.single_effects import SingleEffect
from fqtl.model.priors.successive_effects import SuccessiveEffects


@dataclass(frozen=True)
class BlurredEffects(SuccessiveEffects):
    """Effects of one tissue.

    blurred : their score with its error; None before there is any
    """

    blurred: Blurred | None = None

    @classmethod
    def like(cls, other: SuccessiveEffects) -> Self:
        """Without an error."""
        return cls(other.n, other.p, other.slots, other.effects)

    def of(self, effects: Sequence[SingleEffect]) -> Self:
        return replace(super().of(effects), blurred=None)

    @property
    def fitted(self) -> Moments:
        return super().fitted if self.blurred is None else self.blurred.score

    @property
    def fitted_mean(self) -> Floats:
        return self.fitted.mean

    def kl_under(self, slots: Sequence[EffectPrior]) -> float:
        return super().kl_under(slots) + (0.0 if self.blurred is None else self.blurred.kl)


@dataclass(frozen=True)
class BlurredTissues(TissueSpecific):
    """Such effects in every tissue.

    blur : of each tissue, variance of the error over the mean square of the score
    """

    blur: tuple[float, ...] = ()

    @classmethod
    def of(cls, entry: TissueSpecific, blur: Floats) -> Self:
        """Of an entry without effects."""
        tissues = tuple(BlurredEffects.like(effects) for effects in entry.tissues)
        return cls(
            entry.x, tissues, entry.prior, entry.observations, entry.weak, blur=tuple(blur.tolist())
        )

    def scores(self) -> Floats:
        """(n, m) x l, without errors."""
        return np.column_stack([effects.score for effects in self.tissues])

    def _refined(
        self,
        effects: SuccessiveEffects,
        tissue: int,
        target: Floats,
        weight: Floats,
        visit: Visit,
    ) -> SuccessiveEffects:
        seen = self._seen_by_variants(tissue, target, weight)
        found = super()._refined(effects, tissue, *seen, visit)
        assert isinstance(found, BlurredEffects)
        if found.any < NOTICEABLE:
            return found
        return replace(found, blurred=Blurred.of(found, target, weight, self.blur[tissue]))

    def _seen_by_variants(
        self, tissue: int, target: Floats, weight: Floats
    ) -> tuple[Floats, Floats]:
        shrunk = 1 + self._error_variance(tissue) * weight
        return target / shrunk, weight / shrunk

    def _seen_by_new_effects(self, precision: NoisePrecision) -> Floats:
        weight = precision.diagonal
        error = np.array([self._error_variance(t) for t in range(len(self.tissues))])
        return np.asarray((weight / (1 + error * weight)).sum(axis=0))

    def _error_variance(self, tissue: int) -> float:
        effects = self.tissues[tissue]
        return error_variance(effects, self.blur[tissue]) if effects.any >= NOTICEABLE else 0.0
