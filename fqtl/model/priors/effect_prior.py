"""Priors of slots for effects: that a slot holds one, and of which size.

A score is a sum of single effects (`single_effects.py`), each in a slot that holds an effect with
probability `inclusion`, of size N(0, 1/precision). Three rules say how the slots of a sum differ:
`EffectPrior`, all alike; `SuccessivePrior`, of effects of single tissues; `FactorPrior`, of the
variants of a factor.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from math import log, log1p
from typing import Self

import numpy as np
from scipy.special import betaln, gammaln, xlog1py, xlogy

from fqtl.model.arrays.moments import Floats
from fqtl.model.priors.bounds import PRECISION_BOUNDS, SPARSE_INCLUSION, Bounds
from fqtl.model.priors.unlike_shares import best_shares, expected_log, of_each_tissue

ANOTHER = 0.5  # probability of one more effect of a factor after each; taste
# probability of one more effect of a tissue after each; taste: simulated genes with one to three
# effects in a tissue are told as well with 0.25 and 0.35, and worse with 0.5
ANOTHER_SPECIFIC = 0.3
PSEUDO_EFFECTS = 1.0  # effects that the prior of a size amounts to; taste: the least that counts
USUAL_SQUARE = 0.05  # and their square; taste: a usual effect explains a twentieth of the variance
PSEUDO_SUMS = 10.0  # sums that the prior of a share amounts to; taste
PSEUDO_FOUND = 0.1  # and first effects that they held; taste: one sum in a hundred


@dataclass(frozen=True)
class EffectPrior:
    """Of a slot for an effect: that it holds one, and the precision of the effect's size.

    later : nats that slots after it bring where it holds one
    """

    inclusion: float
    precision: float
    later: float = field(default=0.0, kw_only=True)

    @cached_property
    def log_odds(self) -> float:
        """ln of the odds of an effect."""
        return log(self.inclusion) - self.log_absent + self.later

    @cached_property
    def log_absent(self) -> float:
        """ln P(no effect)."""
        return log1p(-self.inclusion)

    def of_slot(self, slot: int) -> "EffectPrior":
        """Prior of one slot; all are alike."""
        return self

    def of_slots(self, slots: int) -> "list[EffectPrior]":
        """Priors of the first slots."""
        return [self.of_slot(k) for k in range(slots)]

    def rescaled(self, factor: float) -> Self:
        """Of effects times `factor`."""
        return replace(self, precision=self.precision / factor**2)


@dataclass(frozen=True)
class SuccessivePrior(EffectPrior):
    """Of the number of effects of a tissue: one with probability `inclusion`, and after each
    another with probability `another`.

    Slots are in a chain (`successive_effects.py`): one holds an effect only where the slot before
    does, so that the share of tissues with effects is told by first effects alone.

    A few sums cannot teach a share, so it has a prior of its own, Beta(1 + lowest, 1 + unseen -
    lowest): what `unseen` more sums would say that held `lowest` first effects between them. Nor
    can a few effects teach a size: the prior of the precision is
    Gamma(1 + PSEUDO_EFFECTS/2, PSEUDO_EFFECTS square/2), which PSEUDO_EFFECTS more effects of a
    usual size (their mean square) amount to. Without it an effect could as well be there with no
    size as not be there, where there is nothing, and its probability would say nothing.

    of_each : (m,) ln of the odds of effects of each tissue over those of `inclusion`; none where
        tissues are alike
    """

    inclusion_bounds: Bounds = SPARSE_INCLUSION
    precision_bounds: Bounds = PRECISION_BOUNDS
    another: float = ANOTHER_SPECIFIC
    unseen: float = PSEUDO_SUMS
    lowest: float = PSEUDO_FOUND
    square: float = USUAL_SQUARE
    of_each: tuple[float, ...] = ()

    def of_tissue(self, tissue: int) -> Self:
        """The same of one of the tissues."""
        if not self.of_each:
            return self
        return replace(self, inclusion=float(self._each[tissue]), of_each=())

    def inclusions(self, m: int) -> Floats:
        """(m,) probability that each tissue has effects."""
        return self._each if self.of_each else np.full(m, self.inclusion)

    def learned(self, included: Floats, second_moment: float) -> Self:
        """What suits tissues whose slots hold `included` (m, slots) effects."""
        second_moment = second_moment + PSEUDO_EFFECTS * self.square
        precision = (float(included.sum()) + PSEUDO_EFFECTS) / second_moment
        return replace(
            self,
            inclusion=self._share(included[:, 0]),
            precision=float(np.clip(precision, *self.precision_bounds)),
        )

    def of_slot(self, slot: int) -> EffectPrior:
        """Where the slot before holds an effect."""
        return EffectPrior(self.inclusion if slot == 0 else self.another, self.precision)

    def of_last(self, slot: int, slots: int) -> EffectPrior:
        """The same of a slot after which none was opened, of as many as there may be."""
        later = log1p(-self.another) if slot + 1 < slots else 0.0
        return replace(self.of_slot(slot), later=later)

    def neg_log_density(self) -> float:
        """-ln of the prior density of the share and of the precision, in nats."""
        share = _beta(self.inclusion, 1 + self.lowest, 1 + self.unseen - self.lowest)
        scale = 2 / (PSEUDO_EFFECTS * self.square)
        size = _gamma(self.precision / scale, 1 + PSEUDO_EFFECTS / 2) - np.log(scale)
        return -float(share + size)

    @cached_property
    def _each(self) -> Floats:
        """(m,) probability of each of tissues that are not alike."""
        share, most = np.array(self.inclusion), np.array(self.inclusion_bounds[1])
        return of_each_tissue(share, np.array(self.of_each), most)

    def _share(self, there: Floats) -> float:
        """The best one for tissues that have effects with probabilities (m,)."""
        if not self.of_each:
            share = (float(there.sum()) + self.lowest) / (len(there) + self.unseen)
            return float(np.clip(share, *self.inclusion_bounds))
        odds, most = np.array(self.of_each), np.array([self.inclusion_bounds[1]])
        usual = self.lowest / self.unseen
        best = best_shares(there, odds, most, usual, self.unseen)[0]
        tried = np.array([np.clip(best, *self.inclusion_bounds), self.inclusion])
        value = expected_log(there, of_each_tissue(tried, odds, most))
        value += xlogy(self.lowest, tried) + xlog1py(self.unseen - self.lowest, -tried)
        return float(tried[value.argmax()])


@dataclass(frozen=True)
class FactorPrior(EffectPrior):
    """Of a factor's slots: the first holds an effect, or there is no factor.

    `another` is the probability of one more after each.

    With slots that are all alike a factor pays for each effect as if it could be missing, 2 to 4
    nats in all, which effects of single tissues do not.

    square, weight : mean square of an effect beforehand, where tissue loadings are of size 1, and
        the number of effects that it counts for
    """

    precision_bounds: Bounds = PRECISION_BOUNDS
    another: float = ANOTHER
    square: float = USUAL_SQUARE
    weight: float = 0.0

    def of_slot(self, slot: int) -> EffectPrior:
        inclusion = self.inclusion if slot == 0 else self.another**slot
        return EffectPrior(inclusion, self.precision)

    def of_factor(self, included: Floats, second_moment: float, size: float) -> "FactorPrior":
        """What suits effects beside tissue loadings of a size."""
        expected = float(included.sum()) + self.weight
        squares = second_moment + self.weight * self.square / size**2
        if not squares > 0:
            return self
        return replace(self, precision=float(np.clip(expected / squares, *self.precision_bounds)))

    def neg_log_density(self, size: float) -> float:
        """-ln of the prior density of the precision over that at its best, in nats."""
        if not self.weight:
            return 0.0
        ratio = self.precision * self.square / size**2
        return 0.5 * self.weight * float(ratio - 1 - np.log(ratio))


# the densities of scipy.stats, which takes a second to import and a tenth of a millisecond a call
def _beta(x: float, a: float, b: float) -> float:
    """ln Beta(x | a, b)."""
    return float(xlog1py(b - 1.0, -x) + xlogy(a - 1.0, x) - betaln(a, b))


def _gamma(x: float, a: float) -> float:
    """ln Gamma(x | a, rate 1)."""
    return float(xlogy(a - 1.0, x) - x - gammaln(a))
