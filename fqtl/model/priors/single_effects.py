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

Of copies every BF_j, s_j and b_j (but for its sign) is the same. So a class of them is one row,
with the sum of their prior in the place of 1/p, and `spread` gives each its part: the same
posterior, KL and moments.

A slot's prior is `effect_prior.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log, log1p
from typing import Self

import numpy as np

from fqtl.model.arrays.copies import Copies
from fqtl.model.arrays.moments import Floats, Indices
from fqtl.model.arrays.variants import Variants
from fqtl.model.priors.effect_prior import EffectPrior
from fqtl.model.priors.place import Alike, KeptRows, Place, SeenRows, Sums, log_bayes_factor

LIKELY = 0.5  # probability from which an effect counts as found, and another is looked for; taste
NO_WEIGHT = 1e-300  # of all donors, where none was observed: any that can be divided by; derived
ALMOST_ONE = 1 - 1e-16  # largest probability whose complement has a logarithm; derived: rounding
LEAST = 1e-7  # probability below which a slot is emptied; taste: it costs the ELBO as little


@dataclass(frozen=True)
class SingleEffect:
    """Posterior of one effect: its `Place`, and the part of f that it makes.

    where : the rows that it may be of
    sums : of these
    first, square : E f and E f^2 of that part, (n,) or, of the latter, alike for all donors
    """

    where: KeptRows | SeenRows
    log_none: float
    sums: Sums
    first: np.ndarray
    square: Floats | float

    @classmethod
    def of(
        cls,
        place: Place,
        where: KeptRows | SeenRows,
        first: np.ndarray,
        square: Floats | float,
    ) -> "SingleEffect":
        """At a place."""
        return cls(where, place.log_none, place.sums, first, square)

    @property
    def index(self) -> Indices:
        """(k,) its rows."""
        return self.where.made().rows.astype(np.intp, copy=False)

    @property
    def each(self) -> Floats:
        """(3, k) alpha, mean and precision of its rows."""
        return self.where.made().each.astype(np.float64, copy=False)

    @property
    def score(self) -> Floats:
        """(n,) E f."""
        return self.first.astype(np.float64, copy=False)

    @property
    def score_variance(self) -> Floats:
        """(n,) V f."""
        return np.asarray(self.square - self.score**2)

    @property
    def alpha(self) -> Floats:
        """(k,) probability that the effect is of each row."""
        return self.each[0]

    @property
    def mean(self) -> Floats:
        """(k,) of the size, given the row."""
        return self.each[1]

    @property
    def precision(self) -> Floats:
        """(k,) of the size, given the row."""
        return self.each[2]

    @classmethod
    def best(
        cls,
        x: Variants,
        gradient: Floats,
        weight: Floats,
        prior: EffectPrior,
        among: Indices | None = None,
        alike: Alike | None = None,
    ) -> "SingleEffect":
        """Optimum against a gradient at 0 and weights, each (n,).

        among : the variants that it may be; None for all
        alike : what is known of donors if they are of one weight
        """
        index = x.all if among is None else among
        seen = None
        if alike is None:
            place = Place.best(x, index, *x.dots(index, gradient, weight), prior)
        else:
            if index is x.all:
                z = x.scores(gradient / alike.weight)
                seen = SeenRows(x, z, alike.information, alike.weight, prior)
                place = seen.place()
            else:
                score, information = x.scores(gradient)[index], alike.of_each[index]
                place = Place.best(x, index, score, information, prior)
        if place.is_spread_out(x):
            first = x.sum(place.rows, place.first).astype(x.dtype)
            if seen is not None:
                return cls.of(place, seen, first, _square(place.second, place, weight, prior))
            kept, of_donor = spread_out(place, weight, prior, x)
            return cls.of(place, kept, first, of_donor)
        f, square = x.add(place.rows, place.first, place.second)
        return cls.of(place, place.kept(x), f, square)

    @classmethod
    def best_of_each(
        cls,
        x: Variants,
        seen: Sequence[SeenRows],
        weights: Floats,
    ) -> "list[SingleEffect | None]":
        """`best` of k responses, in one product.

        None of those whose effect is not spread out.
        seen : of each response; weights : (n, k)
        """
        loadings = np.zeros((len(seen), x.p), dtype=x.dtype)
        effects: list[SingleEffect | None] = []
        for row, rows, weight in zip(loadings, seen, weights.T, strict=True):
            place = rows.place()
            if not place.is_spread_out(x):
                effects.append(None)
                continue
            row[place.rows] = place.first
            square = _square(place.second, place, weight, rows.prior)
            effects.append(cls.of(place, rows, row[:0], square))
        return [
            # copies, as views would hold those of all responses
            None if one is None else replace(one, first=first.copy())
            for one, first in zip(effects, x.sums(loadings), strict=True)
        ]

    @property
    def pip(self) -> float:
        """Probability that there is an effect."""
        return min(self.sums.included, 1.0)

    @property
    def second_moment(self) -> float:
        """E[size^2]."""
        return self.sums.second

    def kl(self, prior: EffectPrior) -> float:
        """KL(q || p) of the slot."""
        pip = self.pip
        none = (1 - pip) * log(1 - pip) if pip < 1 else 0.0
        which = -pip * log(prior.inclusion) - (1 - pip) * log1p(-prior.inclusion)
        size = prior.precision * self.sums.second - self.sums.included * log(prior.precision)
        return self.sums.shape + none + which + 0.5 * size

    def kl_if_there(self, precision: float) -> float:
        """KL of its variant and its size, given that it is there; precision : of sizes."""
        of_all = self.sums.shape + 0.5 * (
            precision * self.sums.second - self.sums.included * log(precision)
        )
        return of_all / self.pip - log(self.pip)

    def times(self, factor: float) -> "SingleEffect":
        """The same with `factor` times its probability."""
        if factor == 1:
            return self
        (rows, each), scale = self.where.made(), np.array([[factor], [1.0], [1.0]])
        sums = self.sums.times(factor)
        return SingleEffect(
            KeptRows(rows, each * scale.astype(each.dtype)),
            log1p(-min(sums.included, ALMOST_ONE)),
            sums,
            self.first * float(factor),  # in its precision
            self.square * factor,
        )

    def spread(self, copies: Copies) -> "SingleEffect":
        """The same of single variants, of which the rows are classes."""
        rows, each = self.where.made()
        variants, place = copies.variants_of(rows.astype(np.intp, copy=False))
        each = each[:, place].astype(np.float64, copy=False)
        each[0] /= copies.count[rows][place]
        each[1] *= copies.sign[variants]
        return replace(self, where=KeptRows(variants, each))

    def scaled(self, factor: float) -> "SingleEffect":
        """The same with its size multiplied by `factor`."""
        (rows, each), scale = self.where.made(), np.array([[1.0], [factor], [factor**-2.0]])
        return replace(
            self,
            where=KeptRows(rows, each * scale.astype(each.dtype)),
            sums=self.sums.scaled(factor),
            first=self.first * float(factor),  # in its precision
            square=self.square * factor**2,
        )


def _sum(parts: list[Floats], n: int) -> Floats:
    """Of parts (n,), 0 of none."""
    return sum(parts[1:], parts[0]) if parts else np.zeros(n)


def spread_out(
    place: Place, weight: Floats, prior: EffectPrior, x: Variants
) -> tuple[KeptRows, float]:
    """Hardly an effect, of anything: what is kept of it, and E f^2, as if alike for all donors.

    weight : (n,)
    """
    kept = place.kept(x)
    alpha, mean, size_precision = kept.each.astype(np.float64)
    second = alpha * (mean**2 + 1 / size_precision)
    return kept, _square(second, place, weight, prior)


def _square(second: Floats, place: Place, weight: Floats, prior: EffectPrior) -> float:
    """E f^2 of each donor, if it is alike for all; second : (k,) E[size^2] of each row."""
    observed = max(float(weight.sum()), NO_WEIGHT)
    return float(second @ (place.precision - prior.precision)) / observed


@dataclass(frozen=True)
class Regression:
    """What effects are found by, beside the residual.

    weight : (n,) of the donors
    prior : of all slots
    alike : what is known of donors if they are of one weight
    """

    x: Variants
    weight: Floats
    prior: EffectPrior
    alike: Alike | None = None

    def residual(self, target: Floats, effects: "SingleEffectsPosterior") -> Floats:
        """(n,) t - d f: what effects leave of a target."""
        return target - self.weight * effects.score

    def best(self, residual: Floats, slot: int, among: Indices | None = None) -> SingleEffect:
        """Best effect of a slot against a residual; `among` some variants, None for all."""
        prior = self.prior.of_slot(slot)
        return SingleEffect.best(self.x, residual, self.weight, prior, among, self.alike)

    def log_bayes_factor(self, residual: Floats) -> Floats:
        """(p,) ln BF of one effect at each row of x against none, beside what left the residual.

        All slots have effects of one size, so that it is the same for each.
        """
        if self.alike is None:
            found = self.x.dots(self.x.all, residual, self.weight)
        else:
            found = self.x.scores(residual), self.alike.of_each
        return log_bayes_factor(*found, self.prior.precision)


@dataclass(frozen=True)
class SingleEffectsPosterior:
    """Sum of at most `slots` effects, the most probable first.

    n, p : donors, and rows of x that effects may be of
    """

    n: int
    p: int
    slots: int
    effects: tuple[SingleEffect, ...] = ()

    @classmethod
    def empty(cls, n: int, p: int, slots: int) -> "SingleEffectsPosterior":
        """No effects."""
        return cls(n, p, slots)

    def of(self, effects: list[SingleEffect]) -> Self:
        """These effects in place of its own; the first slots are for the most probable."""
        return replace(self, effects=tuple(sorted(effects, key=lambda effect: -effect.pip)))

    @property
    def score(self) -> Floats:
        """(n,) E f."""
        return _sum([effect.score for effect in self.effects], self.n)

    @property
    def score_variance(self) -> Floats:
        """(n,) V f."""
        return _sum([effect.score_variance for effect in self.effects], self.n)

    def refined(
        self,
        residual: Floats,
        regression: Regression,
        *,
        least: float = 0.0,
        anew: bool = True,
    ) -> tuple["SingleEffectsPosterior", Floats]:
        """Every effect in turn at its best given the others; and the residual that they leave.

        residual : (n,) precision-weighted, t - d f of the whole sum
        least : probability from which an effect is updated
        anew : whether an effect may be of any variant, or only of those it was of before
        """
        weight, residual, effects = regression.weight, residual.copy(), list(self.effects)
        for slot, effect in enumerate(effects):
            if effect.pip >= least:
                residual += weight * effect.score
                effects[slot] = regression.best(residual, slot, None if anew else effect.index)
                residual -= weight * effects[slot].score
        return self.of([effect for effect in effects if effect.pip > LEAST]), residual

    def extended(
        self,
        residual: Floats,
        regression: Regression,
        *,
        worth: float,
        most: int | None = None,
    ) -> "SingleEffectsPosterior":
        """The same and new effects, as long as they are likely.

        residual : (n,) as `refined` leaves it
        worth : probability from which a new effect is kept. The next is looked for only while all
            are likely, so that at most one slot is held by a mere possibility.
        most : as many effects, if that is fewer than there are slots
        """
        effects = list(self.effects)
        most = self.slots if most is None else min(most, self.slots)
        while len(effects) < most and all(effect.pip > LIKELY for effect in effects):
            effect = regression.best(residual, len(effects))
            if effect.pip < worth:
                break
            effects.append(effect)
            residual = residual - regression.weight * effect.score
        return self.of(effects)

    def found(self) -> list[SingleEffect]:
        """Effects that are likelier there than not."""
        return [effect for effect in self.effects if effect.pip > LIKELY]

    def log_bayes_factors(self, target: Floats, regression: Regression) -> list[Floats]:
        """(p,) of each effect that was found, the others as they are.

        target : (n,) precision-weighted, of the whole sum
        """
        residual = regression.residual(target, self)
        return [
            regression.log_bayes_factor(residual + regression.weight * effect.score)
            for effect in self.found()
        ]

    def kl(self, prior: EffectPrior) -> float:
        """KL(q || p) of all slots."""
        return self.kl_under(prior.of_slots(self.slots))

    def kl_under(self, slots: Sequence[EffectPrior]) -> float:
        """The same, from the prior of each slot."""
        held = sum(effect.kl(slot) for effect, slot in zip(self.effects, slots, strict=False))
        return held - sum(slot.log_absent for slot in slots[len(self.effects) :])

    def rescaled(self, factor: float) -> "SingleEffectsPosterior":
        """Sizes times `factor`; under a prior that is rescaled, too, the KL stays."""
        return self.of([effect.scaled(factor) for effect in self.effects])

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
    def second_moment(self) -> float:
        return sum(effect.second_moment for effect in self.effects)

    @property
    def any(self) -> float:
        """Probability that there is any effect."""
        return 1 - float(np.prod([1 - effect.pip for effect in self.effects]))

    @property
    def log_none(self) -> float:
        """ln of the probability that there is no effect."""
        return sum((effect.log_none for effect in self.effects), 0.0)

    def spread(self, copies: Copies) -> "SingleEffectsPosterior":
        """The same of single variants, of which the rows are classes."""
        effects = tuple(effect.spread(copies) for effect in self.effects)
        return replace(self, p=len(copies.of), effects=effects)

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
