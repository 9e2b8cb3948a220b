"""Effects of one tissue, each there only beside those before it: how many there are, and which.

A tissue has K effects: none with probability 1 - pi, and after each another with probability rho
(`SuccessivePrior`). The posterior is of the same shape, a chain of slots: with c_l for the
probability that slot l holds an effect where the slot before does,

    P(K >= l) = c_1 ... c_l,   f = s_1 (f_1 + s_2 (f_2 + ...)),   s_l ~ Bernoulli(c_l),

where f_l is the part of the score that the effect of slot l makes, of one variant and a size
(`single_effects.py`), independent of the others. So a second effect is looked for beside a first
that is there, not beside one that is there by half, and is no more improbable than rho where the
first is certain. Of what follows slot l - 1, where that holds an effect, the mean, the second
moment and the KL are sums from the last slot back,

    M_l = c_l (F_l + M_l+1),   S_l = c_l (Q_l + 2 F_l M_l+1 + S_l+1),
    KL_l = KL(slot l) + c_l KL_l+1,

with F and Q for the moments of f_l given that it is there; after the last slot that was opened
KL is -ln(1 - rho). Against sum_i t_i f_i - 1/2 sum_i d_i f_i^2 the best posterior of slot l sees
what the effects before it leave where all of them are there, and what those after it make where it
is,

    g = t - d (F_1 + ... + F_l-1 + M_l+1),
    logit c_l = logit P(slot l) + ln BF + sum_i [(t - d (F_1 + ... + F_l-1)) M_l+1 - 1/2 d S_l+1]
                - KL_l+1.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np

from fqtl.model.arrays.copies import Copies
from fqtl.model.arrays.moments import Floats, Indices, Moments
from fqtl.model.priors.effect_prior import EffectPrior
from fqtl.model.priors.single_effects import LEAST, LIKELY, Regression, SingleEffect


class Following(NamedTuple):
    """What follows a slot that holds an effect.

    mean, square : first and second moment of its score, (n,) or 0 of nothing
    kl : of its slots
    """

    mean: Floats | float
    square: Floats | float
    kl: float

    def beside(self, effect: SingleEffect, prior: EffectPrior) -> "Following":
        """What follows the slot before that of an effect, which this follows."""
        mean, square = _beside(effect, self.mean, self.square)
        return Following(mean, square, effect.kl(prior) + effect.pip * self.kl)

    def gain(self, target: Floats, weight: Floats) -> float:
        """Nats that it brings against a target and weights, each (n,)."""
        return float(np.sum(target * self.mean - 0.5 * weight * self.square)) - self.kl


@dataclass(frozen=True)
class SuccessiveEffects:
    """Chain of at most `slots` effects.

    n, p : donors, and rows of x that effects may be of
    effects : of each slot that was opened, given that the slot before holds one
    """

    n: int
    p: int
    slots: int
    effects: tuple[SingleEffect, ...] = ()

    @classmethod
    def empty(cls, n: int, p: int, slots: int) -> Self:
        """No effects."""
        return cls(n, p, slots)

    def of(self, effects: Sequence[SingleEffect]) -> Self:
        """These effects in place of its own."""
        return replace(self, effects=tuple(effects))

    @property
    def reached(self) -> Floats:
        """(k,) probability that each slot holds an effect."""
        pips = [effect.pip for effect in self.effects]
        return np.asarray(np.cumprod(pips), dtype=np.float64)

    @property
    def each(self) -> tuple[SingleEffect, ...]:
        """Effects with the whole probability that they are there."""
        before = np.concatenate([[1.0], self.reached])
        return tuple(
            effect.times(float(there)) for effect, there in zip(self.effects, before, strict=False)
        )

    @property
    def score(self) -> Floats:
        """(n,) E f."""
        total: Floats | float = 0.0
        for effect in reversed(self.effects):
            total = effect.score + effect.pip * total
        return total + np.zeros(self.n)

    @property
    def score_variance(self) -> Floats:
        """(n,) V f."""
        mean: Floats | float = 0.0
        square: Floats | float = 0.0
        for effect in reversed(self.effects):
            mean, square = _beside(effect, mean, square)
        return square - np.square(mean) + np.zeros(self.n)

    @property
    def fitted(self) -> Moments:
        """What a response sees of it, each (n,)."""
        return Moments(self.score, self.score_variance)

    @property
    def fitted_mean(self) -> Floats:
        """(n,) the mean of that."""
        return self.score

    def refined(
        self,
        target: Floats,
        regression: Regression,
        *,
        least: float = 0.0,
        anew: bool = True,
    ) -> Self:
        """Every effect in turn at its best given the others.

        target : (n,) precision-weighted, of the whole sum
        least : probability from which an effect is updated
        anew : whether an effect may be of any variant, or only of those it was of before
        """
        effects, reached = list(self.effects), 1.0
        slots = regression.prior.of_slots(self.slots)
        for slot in range(len(effects)):
            if reached * effects[slot].pip < least:
                break
            among = None if anew else effects[slot].index
            following = self._following(effects, slot + 1, slots)
            residual = _left(target, regression.weight, effects[:slot])
            effects[slot] = _best(regression, following, residual, slots[slot], among)
            reached *= effects[slot].pip
            if reached <= LEAST:
                del effects[slot:]
                break
        return self.of(effects)._in_order(target, regression)

    def extended(self, target: Floats, regression: Regression) -> Self:
        """The same and new effects, as long as the last is likelier there than not."""
        effects = list(self.effects)
        slots = regression.prior.of_slots(self.slots)
        reached = float(np.prod([effect.pip for effect in effects]))
        while len(effects) < self.slots and (reached > LIKELY or not effects):
            slot = len(effects)
            following = self._following(effects, slot + 1, slots)
            residual = _left(target, regression.weight, effects)
            effects.append(_best(regression, following, residual, slots[slot]))
            reached *= effects[-1].pip
        return self.of(effects)

    def _following(
        self, effects: Sequence[SingleEffect], first: int, slots: Sequence[EffectPrior]
    ) -> Following:
        """What slots from `first` on make, where the one before holds an effect."""
        after = max(len(effects), first)
        following = Following(0.0, 0.0, -slots[after].log_absent if after < self.slots else 0.0)
        for effect, slot in zip(
            reversed(effects[first:]), reversed(slots[first:after]), strict=True
        ):
            following = following.beside(effect, slot)
        return following

    def _in_order(self, target: Floats, regression: Regression) -> Self:
        """Effects that bring more before those that bring less: the ELBO rises by
        (P(K >= l) - P(K >= l + 1)) times the difference where two change places."""
        effects = list(self.effects)
        for last in range(len(effects) - 1, 0, -1):
            for slot in range(last):
                residual = _left(target, regression.weight, effects[:slot])
                one, next_one = effects[slot : slot + 2]
                if _worth(one, residual, regression) < _worth(next_one, residual, regression):
                    effects[slot] = next_one.times(one.pip / next_one.pip)
                    effects[slot + 1] = one.times(next_one.pip / one.pip)
        return self.of(effects)

    def found(self) -> list[SingleEffect]:
        """Effects that are likelier there than not."""
        return [effect for effect in self.each if effect.pip > LIKELY]

    def log_bayes_factors(self, target: Floats, regression: Regression) -> list[Floats]:
        """(p,) of each effect that was found, the others as they are.

        target : (n,) precision-weighted, of the whole sum
        """
        slots = regression.prior.of_slots(self.slots)
        found = []
        for slot in range(self.likely):
            residual = _left(target, regression.weight, self.effects[:slot])
            following = self._following(self.effects, slot + 1, slots)
            found.append(regression.log_bayes_factor(residual - regression.weight * following.mean))
        return found

    def kl_under(self, slots: Sequence[EffectPrior]) -> float:
        """KL(q || p) of all slots, from the prior of each."""
        return self._following(self.effects, 0, slots).kl

    @property
    def included(self) -> Floats:
        """(slots,) probability of an effect in each slot."""
        pips = np.zeros(self.slots)
        pips[: len(self.effects)] = self.reached
        return pips

    @property
    def number(self) -> Floats:
        """(1 + slots,) probability of each number of effects, from none on."""
        at_least = np.concatenate([[1.0], self.included, [0.0]])
        return at_least[:-1] - at_least[1:]

    @property
    def likely(self) -> int:
        """Number of effects found."""
        return int((self.reached > LIKELY).sum())

    @property
    def any(self) -> float:
        """Probability that there is any effect."""
        return self.effects[0].pip if self.effects else 0.0

    @property
    def log_none(self) -> float:
        """ln of the probability that there is no effect."""
        return self.effects[0].log_none if self.effects else 0.0

    @property
    def second_moment(self) -> float:
        """Sum of E[size^2]."""
        return self.second_moment_of(0.0)

    def second_moment_of(self, least: float) -> float:
        """The same of effects that are there with at least this probability."""
        total, before = 0.0, 1.0
        for effect in self.effects:
            reached = before * effect.pip
            total += before * effect.second_moment if reached >= least else 0.0
            before = reached
        return total

    def spread(self, copies: Copies) -> Self:
        """The same of single variants, of which the rows are classes."""
        effects = tuple(effect.spread(copies) for effect in self.effects)
        return replace(self, p=len(copies.of), effects=effects)

    @property
    def pip(self) -> Floats:
        """(p,) probability that any effect is of a variant."""
        absent = np.ones(self.p)
        for effect in reversed(self.effects):
            held = np.zeros(self.p)
            held[effect.index] = effect.alpha
            absent = 1 - effect.pip + (effect.pip - held) * absent
        return 1 - absent

    @property
    def mean(self) -> Floats:
        """(p,) E[theta]."""
        return self._moments[0]

    @property
    def variance(self) -> Floats:
        """(p,) V[theta_j] of each variant."""
        mean, square = self._moments
        return square - mean**2

    @property
    def _moments(self) -> tuple[Floats, Floats]:
        """(p,) first and second moment of the effect of each variant."""
        mean, square = np.zeros((2, self.p))
        for effect in reversed(self.effects):
            (alpha, size, precision), at = effect.each, effect.index
            again = 2 * alpha * size * mean[at]  # where an effect after it is of the same variant
            mean, square = effect.pip * mean, effect.pip * square
            mean[at] += alpha * size
            square[at] += alpha * (size**2 + 1 / precision) + again
        return mean, square


def _beside(
    effect: SingleEffect, mean: Floats | float, square: Floats | float
) -> tuple[Floats, Floats]:
    """First and second moment of the score of an effect and of what follows it, from those of the
    latter where the effect is there."""
    first, there = effect.score, effect.pip
    return first + there * mean, effect.square + 2 * first * mean + there * square


def _best(
    regression: Regression,
    following: Following,
    residual: Floats,
    slot: EffectPrior,
    among: Indices | None = None,
) -> SingleEffect:
    """Of a slot, against the residual (n,) of those before it, where some follow."""
    weight = regression.weight
    prior = replace(slot, later=following.gain(residual, weight))
    left = residual - weight * following.mean
    return SingleEffect.best(regression.x, left, weight, prior, among, regression.alike)


def _left(target: Floats, weight: Floats, effects: Sequence[SingleEffect]) -> Floats:
    """(n,) what these leave of a target where all of them are there."""
    for effect in effects:
        target = target - weight * (effect.score / effect.pip)
    return target


def _worth(effect: SingleEffect, residual: Floats, regression: Regression) -> float:
    """Nats that an effect brings against a residual (n,), given that it is there."""
    explained = residual @ effect.score - 0.5 * np.sum(regression.weight * effect.square)
    return float(explained) / effect.pip - effect.kl_if_there(regression.prior.precision)
