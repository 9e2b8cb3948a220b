"""Single effects: sparse effects of the variants of a cis window, told apart as far as LD allows.

A score f = x' theta is a sum of few effects. A slot for an effect holds one with probability
`inclusion`; the effect is of exactly one variant, any of the p alike, and of size N(0, 1/precision)
(the single-effect regression of Wang, Sarkar, Carbonetto, Stephens 2020, JRSS B 82:1273, whose
slots may be empty here). Against

    sum_i t_i f_i - 1/2 sum_i d_i f_i^2

the best posterior of one effect, the others as they are, is

    s_j = precision + sum_i d_i x_ji^2,   b_j = (x_j . g) / s_j,   g = t - d (f of the others),
    ln BF_j = 1/2 ln(precision / s_j) + 1/2 s_j b_j^2,
    P(variant j) ∝ inclusion/p BF_j,   P(none) ∝ 1 - inclusion,

and the moments of its part of f are, with a_j = P(variant j),

    E f = sum_j a_j b_j x_j,   E f^2 = sum_j a_j (b_j^2 + 1/s_j) x_j^2,
    KL = sum_j a_j [ln(a_j p / inclusion) + 1/2 (ln(s_j/precision) - 1 + precision (b_j^2 + 1/s_j))]
       + a_0 ln(a_0 / (1 - inclusion)).

Variants in LD share the probability of an effect, whatever the order they come in: this is what a
spike and slab on every variant cannot do within a factorised posterior. Variants that hold less
than TAIL of an effect between them are left out of it.
"""

from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import log1p
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import entr
from scipy.stats import beta, gamma

from fqtl.model.arrays.moments import Floats, Indices
from fqtl.model.arrays.variants import Variants

TAIL = 1e-9
LIKELY = 0.5  # probability from which an effect counts as found, and another is looked for
NOTICEABLE = 0.1  # probability from which it is worth an update in every round
FEW = 200  # variants that are cheap to visit
FIRST = 0.99  # probability of a factor's first effect
ANOTHER = 0.5  # and of one more after each
SIZES = 1.0  # effects that the prior of a size amounts to
USUAL = 0.05  # and their square: an effect explains a twentieth of the variance
LEAST = 1e-7  # probability below which a slot is emptied


@dataclass
class EffectPrior:
    """Of a slot for an effect: that it holds one, and the precision of the effect's size."""

    inclusion: float
    precision: float
    inclusion_bounds: tuple[float, float] = (1e-8, 0.5)
    precision_bounds: tuple[float, float] = (1e-4, 1e8)

    @property
    def log_odds(self) -> float:
        return float(np.log(self.inclusion) - np.log1p(-self.inclusion))

    def of_slot(self, slot: int) -> "EffectPrior":
        """Prior of one slot; all are alike."""
        return self

    def learn(self, included: Floats, second_moment: float, sums: int) -> None:
        """What suits sums whose slots hold `included` (slots,) effects, all sums together."""
        self._learn_inclusion(included, sums)
        if second_moment > 0:
            precision = float(included.sum()) / second_moment
            self.precision = float(np.clip(precision, *self.precision_bounds))

    def _learn_inclusion(self, included: Floats, sums: int) -> None:
        share = float(included.sum()) / (sums * len(included))
        self.inclusion = float(np.clip(share, *self.inclusion_bounds))


@dataclass
class SuccessivePrior(EffectPrior):
    """Of slots that are ever less likely: the l-th holds an effect with probability inclusion^l.

    So the number of effects is expected to be as if each were followed by another with the same
    probability, and a slot far down costs nothing while it is empty. With slots that are all alike
    the learned share is too small: to leave a slot empty is only nearly the best that can be done
    with it, and the many empty ones bear witness against those that hold a weak effect.

    A few sums cannot teach a share, so it has a prior of its own, Beta(1 + lowest, 1 + unseen -
    lowest): what `unseen` more sums would say that held `lowest` first effects between them. Nor
    can a few effects teach a size: the prior of the precision is Gamma(1 + SIZES/2, SIZES USUAL/2),
    which SIZES more effects of a usual size amount to. Without it an effect could as well be there
    with no size as not be there, where there is nothing, and its probability would say nothing.
    """

    unseen: float = 10.0
    lowest: float = 0.1

    def learn(self, included: Floats, second_moment: float, sums: int) -> None:
        self._learn_inclusion(included, sums)
        precision = (float(included.sum()) + SIZES) / (second_moment + SIZES * USUAL)
        self.precision = float(np.clip(precision, *self.precision_bounds))

    def of_slot(self, slot: int) -> EffectPrior:
        return EffectPrior(self.inclusion ** (slot + 1), self.precision)

    def divergence(self) -> float:
        """-ln of the prior density of the share and of the precision."""
        share = beta.logpdf(self.inclusion, 1 + self.lowest, 1 + self.unseen - self.lowest)
        size = gamma.logpdf(self.precision, 1 + SIZES / 2, scale=2 / (SIZES * USUAL))
        return -float(share + size)

    def _learn_inclusion(self, included: Floats, sums: int) -> None:
        """Maximum of sum_l c_l ln pi^l + (n_l - c_l) ln(1 - pi^l), where its slope vanishes."""
        power = np.arange(1, len(included) + 1)
        held, empty = included.astype(np.float64), sums - included
        held[0] += self.lowest
        empty[0] += self.unseen - self.lowest

        def slope(inclusion: float) -> float:
            odds = inclusion**power / (1 - inclusion**power)
            return float(power @ (held - empty * odds))

        low, high = self.inclusion_bounds
        if slope(low) <= 0:
            self.inclusion = low
        elif slope(high) >= 0:
            self.inclusion = high
        else:
            self.inclusion = float(brentq(slope, low, high))


@dataclass
class FactorPrior(EffectPrior):
    """Of a factor's slots: the first holds an effect, or there is no factor; ANOTHER follows each.

    With slots that are all alike a factor pays for each effect as if it could be missing, 2 to 4
    nats in all, which private effects do not.
    """

    def of_slot(self, slot: int) -> EffectPrior:
        inclusion = self.inclusion if slot == 0 else ANOTHER**slot
        return EffectPrior(inclusion, self.precision)

    def _learn_inclusion(self, included: Floats, sums: int) -> None:
        """Nothing: it is fixed."""


@dataclass(frozen=True)
class Effect:
    """Posterior of one effect: of which variant it is, if it is there at all, and of which size.

    It is never changed but replaced, so that states of a fit can have it in common.

    index, alpha : variants that it may be and their probabilities; the rest of 1 is for none
    mean, precision : of its size, given the variant
    score, score_variance : (n,) moments of its part of f
    """

    index: Indices
    alpha: Floats
    mean: Floats
    precision: Floats
    score: Floats
    score_variance: Floats

    @classmethod
    def best(
        cls,
        x: Variants,
        gradient: Floats,
        weight: Floats,
        prior: EffectPrior,
        among: Indices | None = None,
        information: Floats | None = None,
    ) -> "Effect":
        """Optimum against a gradient at 0 and weights, each (n,).

        among : the variants that it may be; None for all
        information : (p,) sum_i weight_i x_ji^2, if it is known
        """
        index = x.all if among is None else among
        if information is None:
            score, information = x.dots(index, gradient, weight)
        else:
            score, information = x.scores(gradient)[index], information[index]
        precision = prior.precision + information
        mean = score / precision
        log_odds = 0.5 * (np.log(prior.precision / precision) + score * mean)
        log_odds += prior.log_odds - np.log(x.p)
        top = max(float(log_odds.max()), 0.0)
        alpha = np.exp(log_odds - top)
        alpha /= np.exp(-top) + alpha.sum()
        kept = alpha > TAIL / x.p
        if not kept.all():
            index, alpha, mean, precision = index[kept], alpha[kept], mean[kept], precision[kept]
        moment = alpha * (mean**2 + 1 / precision)
        if alpha.sum() < NOTICEABLE and len(index) > FEW:
            # hardly an effect, of anything: its variance as a whole, alike for all donors
            f = x.sum(index, alpha * mean)
            total = float(moment @ (precision - prior.precision))
            square = np.full(x.n, total / weight.sum())
        else:
            f, square = x.add(index, alpha * mean, moment)
        return cls(index, alpha, mean, precision, f, square - f**2)

    def __deepcopy__(self, memo: object) -> "Effect":
        return self

    @cached_property
    def pip(self) -> float:
        """Probability that there is an effect."""
        return min(float(self.alpha.sum()), 1.0)

    @cached_property
    def second_moment(self) -> float:
        """E[size^2]."""
        return float(self.alpha @ (self.mean**2 + 1 / self.precision))

    def divergence(self, prior: EffectPrior, p: int) -> float:
        """KL(q || p) of the slot."""
        none = 1 - self.pip
        gate = -entr(self.alpha).sum() - float(entr(none))
        gate -= self.pip * (np.log(prior.inclusion) - np.log(p)) + none * np.log1p(-prior.inclusion)
        ratio = self.precision / prior.precision
        size = np.log(ratio) - 1 + prior.precision * self.mean**2 + 1 / ratio
        return float(gate + 0.5 * self.alpha @ size)

    def scaled(self, factor: float) -> "Effect":
        """The same with its size multiplied by `factor`."""
        return replace(
            self,
            mean=self.mean * factor,
            precision=self.precision / factor**2,
            score=self.score * factor,
            score_variance=self.score_variance * factor**2,
        )


@dataclass
class SingleEffects:
    """Sum of at most `slots` effects.

    prior : of every slot; may be shared with other sums
    score, score_variance : (n,) moments of f
    """

    p: int
    slots: int
    prior: EffectPrior
    score: Floats
    score_variance: Floats
    effects: list[Effect] = field(default_factory=list)

    @classmethod
    def empty(cls, n: int, p: int, slots: int, prior: EffectPrior) -> "SingleEffects":
        """No effects."""
        return cls(p, slots, prior, np.zeros(n), np.zeros(n))

    def __deepcopy__(self, memo: dict[int, Any]) -> "SingleEffects":
        """The same moments, which are replaced and never changed, and a prior of its own."""
        return replace(self, prior=deepcopy(self.prior, memo), effects=list(self.effects))

    def update(
        self,
        x: Variants,
        target: Floats,
        weight: Floats,
        *,
        least: float,
        worth: float | None,
        most: int | None = None,
        anew: bool = True,
        information: Floats | None = None,
    ) -> None:
        """Every effect in turn against a target and weights, each (n,); then new ones.

        most : as many effects, if that is fewer than there are slots
        anew : whether an effect may be of any variant, or only of those it was of before
        information : (p,) sum_i weight_i x_ji^2, if it is known
        least : probability from which an effect is updated
        worth : probability from which a new effect is kept; None looks for none. The next is looked
            for only while all are likely, so that at most one slot is held by a mere possibility.
        """
        gradient = target - weight * self.score
        for k, effect in enumerate(self.effects):
            if effect.pip >= least:
                gradient += weight * effect.score
                among = None if anew else effect.index
                prior = self.prior.of_slot(k)
                effect = Effect.best(x, gradient, weight, prior, among, information)
                self.effects[k] = effect
                gradient -= weight * effect.score
        self.effects = [effect for effect in self.effects if effect.pip > LEAST]
        most = self.slots if most is None else min(most, self.slots)
        while worth is not None and len(self.effects) < most and self._all_likely():
            prior = self.prior.of_slot(len(self.effects))
            effect = Effect.best(x, gradient, weight, prior, None, information)
            if effect.pip < worth:
                break
            self.effects.append(effect)
            gradient -= weight * effect.score
        # the first slots are for the most probable effects
        self.effects.sort(key=lambda effect: -effect.pip)
        self._add_up()

    def _all_likely(self) -> bool:
        return all(effect.pip > LIKELY for effect in self.effects)

    def _add_up(self) -> None:
        nothing = np.zeros_like(self.score)
        self.score = sum((effect.score for effect in self.effects), nothing)
        self.score_variance = sum((effect.score_variance for effect in self.effects), nothing)

    def divergence(self) -> float:
        """KL(q || p) of all slots."""
        total = 0.0
        for k in range(self.slots):
            prior = self.prior.of_slot(k)
            held = k < len(self.effects)
            total += self.effects[k].divergence(prior, self.p) if held else -log1p(-prior.inclusion)
        return total

    def learn(self) -> None:
        """The prior that suits these effects best; for a prior that is not shared."""
        self.prior.learn(self.included, self.second_moment, 1)

    @property
    def included(self) -> Floats:
        """(slots,) probability of an effect in each slot."""
        pips = np.zeros(self.slots)
        pips[: len(self.effects)] = [effect.pip for effect in self.effects]
        return pips

    @property
    def count(self) -> float:
        """Expected number of effects."""
        return sum(effect.pip for effect in self.effects)

    @property
    def likely(self) -> int:
        """Number of effects found."""
        return sum(effect.pip > LIKELY for effect in self.effects)

    @property
    def most(self) -> float:
        """Probability of the most probable effect."""
        return max((effect.pip for effect in self.effects), default=0.0)

    @property
    def second_moment(self) -> float:
        return sum(effect.second_moment for effect in self.effects)

    def rescale(self, factor: float) -> None:
        """Multiply the sizes by `factor`, and the prior with them: the divergence stays."""
        self.effects = [effect.scaled(factor) for effect in self.effects]
        self.prior.precision /= factor**2
        self._add_up()

    @property
    def any(self) -> float:
        """Probability that there is any effect."""
        return 1 - float(np.prod([1 - effect.pip for effect in self.effects]))

    @property
    def pip(self) -> Floats:
        """(p,) probability that any effect is of a variant."""
        absent = np.ones(self.p)
        for effect in self.effects:
            absent[effect.index] *= 1 - effect.alpha
        return 1 - absent

    @property
    def mean(self) -> Floats:
        """(p,) E[theta]."""
        total = np.zeros(self.p)
        for effect in self.effects:
            total[effect.index] += effect.alpha * effect.mean
        return total

    @property
    def variance(self) -> Floats:
        """(p,) V[theta_j] of each variant."""
        total = np.zeros(self.p)
        for effect in self.effects:
            mean = effect.alpha * effect.mean
            total[effect.index] += effect.alpha * (effect.mean**2 + 1 / effect.precision) - mean**2
        return total
