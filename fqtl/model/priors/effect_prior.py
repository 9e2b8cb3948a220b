"""Priors of slots for effects: that a slot holds one, and of which size.

A score is a sum of single effects (`single_effects.py`), each in a slot that holds an effect with
probability `inclusion`, of size N(0, 1/precision). Three rules say how the slots of a sum differ:
`EffectPrior`, all alike; `SuccessivePrior`, of effects of single tissues; `FactorPrior`, of the
variants of a factor.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from math import log, log1p
from typing import Self

import numpy as np
from scipy.special import betaln, gammaln, xlog1py, xlogy

from fqtl.model.arrays.moments import Floats
from fqtl.model.priors.bounds import PRECISION_BOUNDS, SPARSE_INCLUSION, Bounds

ANOTHER = 0.5  # probability of one more effect of a factor after each; taste
PSEUDO_EFFECTS = 1.0  # effects that the prior of a size amounts to; taste: the least that counts
USUAL_SQUARE = 0.05  # and their square; taste: a usual effect explains a twentieth of the variance
PSEUDO_SUMS = 10.0  # sums that the prior of a share amounts to; taste
ROOT = 1e-12  # relative, of a root; derived: rounding
PSEUDO_FOUND = 0.1  # and first effects that they held; taste: one sum in a hundred


@dataclass(frozen=True)
class EffectPrior:
    """Of a slot for an effect: that it holds one, and the precision of the effect's size."""

    inclusion: float
    precision: float
    inclusion_bounds: Bounds = SPARSE_INCLUSION
    precision_bounds: Bounds = PRECISION_BOUNDS

    @cached_property
    def log_odds(self) -> float:
        """ln of the odds of an effect."""
        return log(self.inclusion) - self.log_absent

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

    def learned(self, included: Floats, second_moment: float, sums: int) -> Self:
        """What suits sums whose slots hold `included` (slots,) effects, all sums together."""
        precision = self.precision
        if second_moment > 0:
            precision = float(
                np.clip(float(included.sum()) / second_moment, *self.precision_bounds)
            )
        return replace(self, inclusion=self._inclusion(included, sums), precision=precision)

    def rescaled(self, factor: float) -> Self:
        """Of effects times `factor`."""
        return replace(self, precision=self.precision / factor**2)

    def _inclusion(self, included: Floats, sums: int) -> float:
        share = float(included.sum()) / (sums * len(included))
        return float(np.clip(share, *self.inclusion_bounds))


@dataclass(frozen=True)
class SuccessivePrior(EffectPrior):
    """Of slots that are ever less likely: the l-th holds an effect with probability inclusion^l.

    So the number of effects is expected to be as if each were followed by another with the same
    probability, and a slot far down costs nothing while it is empty. With slots that are all alike
    the learned share is too small: to leave a slot empty is only nearly the best that can be done
    with it, and the many empty ones bear witness against those that hold a weak effect.

    A few sums cannot teach a share, so it has a prior of its own, Beta(1 + lowest, 1 + unseen -
    lowest): what `unseen` more sums would say that held `lowest` first effects between them. Nor
    can a few effects teach a size: the prior of the precision is
    Gamma(1 + PSEUDO_EFFECTS/2, PSEUDO_EFFECTS square/2), which PSEUDO_EFFECTS more effects of a
    usual size (their mean square) amount to. Without it an effect could as well be there with no
    size as not be there, where there is nothing, and its probability would say nothing.
    """

    unseen: float = PSEUDO_SUMS
    lowest: float = PSEUDO_FOUND
    square: float = USUAL_SQUARE

    def learned(self, included: Floats, second_moment: float, sums: int) -> Self:
        second_moment = second_moment + PSEUDO_EFFECTS * self.square
        precision = (float(included.sum()) + PSEUDO_EFFECTS) / second_moment
        return replace(
            self,
            inclusion=self._inclusion(included, sums),
            precision=float(np.clip(precision, *self.precision_bounds)),
        )

    def of_slot(self, slot: int) -> EffectPrior:
        return EffectPrior(self.inclusion ** (slot + 1), self.precision)

    def neg_log_density(self) -> float:
        """-ln of the prior density of the share and of the precision, in nats."""
        share = _beta(self.inclusion, 1 + self.lowest, 1 + self.unseen - self.lowest)
        scale = 2 / (PSEUDO_EFFECTS * self.square)
        size = _gamma(self.precision / scale, 1 + PSEUDO_EFFECTS / 2) - np.log(scale)
        return -float(share + size)

    def _inclusion(self, included: Floats, sums: int) -> float:
        """Maximum of sum_l c_l ln pi^l + (n_l - c_l) ln(1 - pi^l), where its slope vanishes."""
        held = [float(expected) for expected in included]
        empty = [sums - expected for expected in held]
        held[0] += self.lowest
        empty[0] += self.unseen - self.lowest

        def slope(inclusion: float) -> float:
            total, present = 0.0, 1.0
            for power, (full, vacant) in enumerate(zip(held, empty, strict=True), start=1):
                present *= inclusion
                total += power * (full - vacant * present / (1 - present))
            return total

        low, high = self.inclusion_bounds
        if slope(low) <= 0:
            return low
        if slope(high) >= 0:
            return high
        return _root(slope, low, high)


@dataclass(frozen=True)
class FactorPrior(EffectPrior):
    """Of a factor's slots: the first holds an effect, or there is no factor.

    `another` is the probability of one more after each.

    With slots that are all alike a factor pays for each effect as if it could be missing, 2 to 4
    nats in all, which effects of single tissues do not.

    square, weight : mean square of an effect beforehand, where tissue loadings are of size 1, and
        the number of effects that it counts for
    """

    another: float = ANOTHER
    square: float = USUAL_SQUARE
    weight: float = 0.0

    def of_slot(self, slot: int) -> EffectPrior:
        inclusion = self.inclusion if slot == 0 else self.another**slot
        return EffectPrior(inclusion, self.precision)

    def of_factor(self, included: Floats, second_moment: float, size: float) -> "FactorPrior":
        """What suits effects beside tissue loadings of a size."""
        if not self.weight:
            return self.learned(included, second_moment, 1)
        expected = float(included.sum()) + self.weight
        precision = expected / (second_moment + self.weight * self.square / size**2)
        return replace(self, precision=float(np.clip(precision, *self.precision_bounds)))

    def neg_log_density(self, size: float) -> float:
        """-ln of the prior density of the precision over that at its best, in nats."""
        if not self.weight:
            return 0.0
        ratio = self.precision * self.square / size**2
        return 0.5 * self.weight * float(ratio - 1 - np.log(ratio))

    def _inclusion(self, included: Floats, sums: int) -> float:
        """As it is: it is fixed."""
        return self.inclusion


# the densities of scipy.stats, which takes a second to import and a tenth of a millisecond a call
def _beta(x: float, a: float, b: float) -> float:
    """ln Beta(x | a, b)."""
    return float(xlog1py(b - 1.0, -x) + xlogy(a - 1.0, x) - betaln(a, b))


def _gamma(x: float, a: float) -> float:
    """ln Gamma(x | a, rate 1)."""
    return float(xlogy(a - 1.0, x) - x - gammaln(a))


def _root(slope: Callable[[float], float], low: float, high: float) -> float:
    """Where a function vanishes that falls from above 0 at `low` to below 0 at `high`.

    Regula falsi, in which an end that stays counts for half (the Illinois algorithm; Dowell &
    Jarratt 1971, BIT 11:168). scipy.optimize has others, and takes half a second to import.
    """
    above, below, side = slope(low), slope(high), 0
    while high - low > ROOT * high:
        middle = (low * below - high * above) / (below - above)
        value = slope(middle)
        if value == 0 or not low < middle < high:
            return middle
        if value > 0:
            low, above = middle, value
            below = below / 2 if side > 0 else below
            side = 1
        else:
            high, below = middle, value
            above = above / 2 if side < 0 else above
            side = -1
        if abs(value) < ROOT * abs(above - below):
            return middle
    return (low + high) / 2
