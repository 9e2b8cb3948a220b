"""Tissue-specific effects, M = x S: a sum of single effects in every tissue, under one prior.

Tissues share nothing but the prior: how many effects there are, and how large. Every tissue keeps
one effect more than was found in it, however improbable, so that what little the data say is not
lost.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
from scipy.special import expit, logit

from fqtl.model.arrays._places import weigh_rows
from fqtl.model.arrays.moments import Floats, Moments
from fqtl.model.arrays.variants import Variants
from fqtl.model.predictors.options import SingleEffectsOptions
from fqtl.model.predictors.predictor import Grown, Visit
from fqtl.model.predictors.weak_effects import WeakEffects
from fqtl.model.priors import NoisePrecision, SuccessivePrior
from fqtl.model.priors.default_model import tissue_specific_effects
from fqtl.model.priors.place import NOTICEABLE, Alike
from fqtl.model.priors.single_effects import Regression, SingleEffect
from fqtl.model.priors.successive_effects import SuccessiveEffects

EM_STEPS = 20  # of the prior, before effects are looked for; taste: rounds go on from there
SETTLED = 1e-5  # of the prior, that another of these steps changes; taste
ACTIVE = NOTICEABLE  # probability of an effect from which its tissue is updated in every round


@dataclass(frozen=True)
class Observations:
    """Who was observed in which tissue, which never changes during a fit.

    observed : (n, m) 1 where a donor has a tissue, else 0
    """

    x: Variants
    observed: Floats

    @cached_property
    def information(self) -> np.ndarray:
        """(m, p) sum of x_ji^2 over the donors of a tissue, in the precision of x."""
        return np.ascontiguousarray(self.x.information(self.observed).T, dtype=self.x.dtype)


@dataclass(frozen=True)
class TissueSpecific:
    """Effects of the variants in each tissue.

    tissues : m chains of effects
    prior : of all of them
    weak : what is known of tissues that have hardly an effect
    """

    x: Variants
    tissues: tuple[SuccessiveEffects, ...]
    prior: SuccessivePrior
    observations: Observations
    weak: WeakEffects

    @classmethod
    def empty(
        cls, x: Variants, observed: Floats, options: SingleEffectsOptions
    ) -> "TissueSpecific":
        """No effects; observed : (n, m) 1 where a donor has a tissue, else 0."""
        m = observed.shape[1]
        nothing = SuccessiveEffects.empty(x.n, x.p, options.max_effects)
        prior = tissue_specific_effects(m, options.priors)
        weak = WeakEffects.none(x, m)
        return cls(x, (nothing,) * m, prior, Observations(x, observed), weak)

    def mean(self) -> Floats:
        return self._mean

    @cached_property
    def _mean(self) -> Floats:
        mean = np.empty(self.observations.observed.shape)
        for t, effects in enumerate(self.tissues):
            mean[:, t] = effects.fitted_mean
        return mean

    def moments(self) -> Moments:
        variance = np.empty(self.observations.observed.shape)
        for t, effects in enumerate(self.tissues):
            variance[:, t] = effects.fitted.variance
        return Moments(self.mean(), variance)

    def covariance_along(self, direction: Floats) -> Floats:
        return direction * self.moments().variance

    def kl(self) -> float:
        alike = None if self.prior.of_each else self.prior.of_slots(self.tissues[0].slots)
        sums = sum(
            effects.kl_under(alike or self.prior.of_tissue(t).of_slots(effects.slots))
            for t, effects in enumerate(self.tissues)
        )
        return sums + self.prior.neg_log_density()

    @property
    def likely(self) -> int:
        """Number of effects found."""
        return sum(effects.likely for effects in self.tissues)

    def updated(self, residual: Floats, precision: NoisePrecision, visit: Visit) -> Self:
        """Tissue after tissue; the prior, too, where all that it rules is visited."""
        if visit is Visit.ACTIVE_SET:
            active = [t for t, effects in enumerate(self.tissues) if effects.any >= ACTIVE]
            return self._swept(residual, precision, active, visit)
        entry = self._swept(residual, precision, range(len(self.tissues)), visit)
        included = np.array([effects.included for effects in entry.tissues])
        second = sum(effects.second_moment for effects in entry.tissues)
        return replace(entry, prior=self.prior.learned(included, second))

    def grown(self, residual: Floats, precision: NoisePrecision) -> Grown:
        """Effects are looked for under the prior that suits all tissues best."""
        entry, seen = self._looked_for(residual, precision)
        promising = seen.pip > ACTIVE
        if promising.any():
            # and those that hold nothing: under the new prior a slot that is left empty costs
            vacant = [not effects.effects for effects in self.tissues]
            where = np.flatnonzero(promising | vacant)
            entry = entry._swept(residual, precision, where, Visit.FULL_SWEEP)
        return Grown(entry, entry.likely > self.likely)

    def promise(self, residual: Floats, precision: NoisePrecision) -> float:
        """Nats that one more effect in each tissue would bring, if each were alone."""
        return float(self._looked_for(residual, precision)[1].gain.sum())

    def _looked_for(self, residual: Floats, precision: NoisePrecision) -> tuple[Self, "OneMore"]:
        """The entry under the prior that suits it best with one more effect in each tissue, and
        what is known of these."""
        left = residual - precision.times(self.mean())
        most = _largest(precision.diagonal)
        left /= most
        weak = replace(self.weak, scores=self.weak.scores.refreshed(left, range(len(self.tissues))))
        del left  # what follows holds as much
        return replace(self, weak=weak)._learned_from_all(weak.scores.squares(most), precision)

    def cleared(self) -> Self | None:
        if not self.likely:
            return None
        return replace(self, tissues=tuple(effects.of([]) for effects in self.tissues))

    def log_bayes_factors(self, residual: Floats, precision: NoisePrecision) -> list[list[Floats]]:
        """(p,) of each effect found in each tissue, all others as they are."""
        left = residual - precision.times(self.mean())
        found: list[list[Floats]] = []
        for t, effects in enumerate(self.tissues):
            if not effects.found():
                found.append([])
                continue
            weight = np.ascontiguousarray(precision.diagonal[:, t])
            target = left[:, t] + weight * effects.fitted_mean
            target, weight = self._seen_by_variants(t, target, weight)
            regression = Regression(self.x, weight, self.prior.of_tissue(t), self._alike(t, weight))
            found.append(effects.log_bayes_factors(target, regression))
        return found

    def _swept(
        self, residual: Floats, precision: NoisePrecision, where: Iterable[int], visit: Visit
    ) -> Self:
        """Effects of these tissues in turn, each against what the others leave."""
        diagonal, tissues, weak = precision.diagonal, list(self.tissues), self.weak
        left = residual - precision.times(self.mean())
        if visit is Visit.FULL_SWEEP and precision.shared is None:
            weak, found = self._weak(where, left, diagonal)
            for t, effect in found.items():
                if not tissues[t].effects or tissues[t].effects[0] is not effect:
                    tissues[t] = tissues[t].of([effect])
            where = [t for t in where if t not in found]
        for t in where:
            before = tissues[t].fitted_mean
            weight = np.ascontiguousarray(diagonal[:, t])
            tissues[t] = self._refined(tissues[t], t, left[:, t] + weight * before, weight, visit)
            if precision.shared is not None:
                change = tissues[t].fitted_mean - before
                left += precision.shared * (precision.shared[:, t] * change)[:, None]
        return replace(self, tissues=tuple(tissues), weak=weak)

    def _weak(
        self, where: Iterable[int], left: Floats, diagonal: Floats
    ) -> tuple[WeakEffects, dict[int, SingleEffect]]:
        """What a sweep leaves in those of these tissues that have hardly an effect, all at once.

        left : (n, m) residual of all effects
        """
        held: dict[int, SingleEffect | None] = {}
        for t in where:
            effects = self.tissues[t]
            if len(effects.effects) > 1 or effects.any >= NOTICEABLE:
                continue
            if _is_alike(diagonal[:, t]):
                held[t] = effects.effects[0] if effects.effects else None
        if not held:
            return self.weak, {}
        most = _largest(diagonal)
        beside = left / most + diagonal / most * self.mean()
        information = self.observations.information
        slots = self.tissues[0].slots
        priors = {t: self.prior.of_tissue(t).of_last(0, slots) for t in held}
        return self.weak.found(held, beside, diagonal, information, priors)

    def _refined(
        self,
        effects: SuccessiveEffects,
        tissue: int,
        target: Floats,
        weight: Floats,
        visit: Visit,
    ) -> SuccessiveEffects:
        """Effects of one tissue; in a full sweep of any variant, and one more than was found."""
        prior = self.prior.of_tissue(tissue)
        if visit is Visit.ACTIVE_SET:
            regression = Regression(self.x, weight, prior)
            return effects.refined(target, regression, least=ACTIVE, anew=False)
        regression = Regression(self.x, weight, prior, self._alike(tissue, weight))
        return effects.refined(target, regression).extended(target, regression)

    def _seen_by_variants(
        self, tissue: int, target: Floats, weight: Floats
    ) -> tuple[Floats, Floats]:
        """What variants of a tissue see of its target and weights, each (n,)."""
        return target, weight

    def _seen_by_new_effects(self, precision: NoisePrecision) -> Floats:
        """(m,) weight of all donors of each tissue."""
        return np.asarray(precision.diagonal.sum(axis=0))

    def _alike(self, tissue: int, weight: Floats) -> Alike | None:
        """What is known where all donors of the tissue are of one weight, and there are any."""
        if not _is_alike(weight) or weight.max() <= 0:
            return None
        return Alike(self.observations.information[tissue], float(weight.max()))

    def _learned_from_all(
        self, squares: np.ndarray, precision: NoisePrecision
    ) -> tuple[Self, "OneMore"]:
        """The prior by expectation and maximisation over one more effect in each tissue.

        The rows of x have sum d x^2 ≈ sum d. And these effects.

        squares : (m, p) of the scores of what all effects leave, in single precision
        """
        information = self._seen_by_new_effects(precision)
        slots = self.tissues[0].slots
        included = np.array([effects.included for effects in self.tissues])
        held = included >= ACTIVE
        slot = np.minimum(held.sum(axis=1), slots - 1)
        before = np.where(slot > 0, included[np.arange(len(slot)), slot - 1], 1.0)
        second = sum(effects.second_moment_of(ACTIVE) for effects in self.tissues)
        prior = self.prior
        squares = squares.astype(np.float32, copy=False)
        largest = squares.max(axis=1).astype(np.float64)
        share = self.x.copies.share.astype(np.float32)
        for _ in range(EM_STEPS):
            more = _one_more_effect(
                prior, slots, slot, before, squares, largest, information, share
            )
            last, square = prior, float(more.pip @ more.square)
            after = held * included
            after[np.arange(len(slot)), slot] += more.pip
            prior = prior.learned(after, second + square)
            if _is_near(prior, last):
                break
        return replace(self, prior=prior), more


def _is_alike(weight: Floats) -> bool:
    """Whether all donors that have a weight (n,) have the same."""
    return bool((weight[weight > 0] == weight.max()).all())


def _largest(weight: Floats) -> Floats:
    """(m,) largest weight of each tissue, 1 where nothing was observed."""
    most = weight.max(axis=0)
    return np.where(most > 0, most, 1.0)


def _is_near(prior: SuccessivePrior, before: SuccessivePrior) -> bool:
    """Whether a step has changed next to nothing."""
    change = prior.inclusion / before.inclusion - 1, prior.precision / before.precision - 1
    return max(map(abs, change)) < SETTLED


class OneMore(NamedTuple):
    """One more effect in each tissue, each (m,).

    pip, square : that it is there, and its mean square if it is
    gain : nats of evidence
    """

    pip: Floats
    square: Floats
    gain: Floats


def _one_more_effect(
    prior: SuccessivePrior,
    slots: int,
    slot: np.ndarray,
    before: Floats,
    squares: np.ndarray,
    largest: Floats,
    information: Floats,
    share: np.ndarray,
) -> OneMore:
    """An effect in a slot of each tissue, after which none was opened.

    slots : as many as a tissue may have
    slot : (m,) which slot of each tissue
    before : (m,) probability that the slot before holds an effect
    squares : (m, p) of the scores of rows, whose information (m,) is alike in a tissue
    largest : (m,) of these
    share : (p,) prior probability of each row, given an effect; both in single precision, of
        which exponentials take a fifth of the time
    """
    precision = prior.precision
    size_precision = precision + information
    scale = 0.5 / size_precision
    top, sums = scale * largest, np.empty((len(squares), 2))
    weigh_rows(squares, share, scale, top, sums)
    total, second = sums.T
    there = np.where(slot == 0, prior.inclusions(len(slot)), prior.another)
    later = np.where(slot + 1 < slots, np.log1p(-prior.another), 0.0)
    log_odds, log_absent = logit(there) + later, np.log1p(-there)
    log_bayes = 0.5 * np.log(precision / size_precision) + np.log(total) + top
    return OneMore(
        before * expit(log_odds + log_bayes),
        second / (total * size_precision**2) + 1 / size_precision,
        before * (log_absent + np.logaddexp(0.0, log_odds + log_bayes)),
    )
