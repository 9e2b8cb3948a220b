"""Specific effects, M = x S: a sum of single effects in every tissue, under one prior.

Tissues share nothing but the prior: how many effects there are, and how large. Every tissue keeps
one effect more than was found in it, however improbable, so that what little the data say is not
lost.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import expit

from fqtl.model.arrays.moments import Floats, Moments
from fqtl.model.arrays.variants import Variants
from fqtl.model.predictors.options import SingleEffectsOptions
from fqtl.model.predictors.predictor import Visit
from fqtl.model.predictors.shared_noise import Precision
from fqtl.model.priors.single_effects import SingleEffects, SuccessivePrior

EM_STEPS = 20
NOTICEABLE = 0.25  # probability from which an effect is worth an update in every round
EXPECTED = 0.1  # tissues of a gene that have effects beside its factors, at least
ALONE = 0.3  # probability that a tissue has any where there is no other, and no factor


@dataclass(frozen=True)
class Observations:
    """Who was observed in which tissue, which never changes during a fit.

    observed : (n, m) 1 where a donor has a tissue, else 0
    """

    x: Variants
    observed: Floats

    def __deepcopy__(self, memo: object) -> "Observations":
        return self

    @cached_property
    def information(self) -> Floats:
        """(p, m) sum of x_ji^2 over the donors of a tissue."""
        return self.x.information(self.observed)


@dataclass
class Specific:
    """Effects of the variants in each tissue.

    tissues : m sums of effects
    prior : of all of them
    """

    x: Variants
    tissues: list[SingleEffects]
    prior: SuccessivePrior
    observations: Observations

    @classmethod
    def empty(cls, x: Variants, observed: Floats, options: SingleEffectsOptions) -> "Specific":
        """No effects; observed : (n, m) 1 where a donor has a tissue, else 0."""
        m = observed.shape[1]
        slots = options.max_effects
        least = EXPECTED / m if m > 1 else ALONE
        prior = SuccessivePrior(least, 10.0, (least, 0.5))
        tissues = [SingleEffects.empty(x.n, x.p, slots, prior) for _ in range(m)]
        return cls(x, tissues, prior, Observations(x, observed))

    def mean(self) -> Floats:
        return np.column_stack([effects.score for effects in self.tissues])

    def moments(self) -> Moments:
        variance = np.column_stack([effects.score_variance for effects in self.tissues])
        return Moments(self.mean(), variance)

    def covariance_along(self, direction: Floats) -> Floats:
        return direction * self.moments().variance

    def divergence(self) -> float:
        return sum(effects.divergence() for effects in self.tissues) + self.prior.divergence()

    def update(self, pull: Floats, precision: Precision, visit: Visit) -> None:
        """Tissue after tissue; the prior, too, where all that it rules is visited."""
        if visit is Visit.EVERY:
            self._sweep(pull, precision, range(len(self.tissues)), least=0.0, worth=0.0)
            self.prior.learn(
                np.sum([effects.included for effects in self.tissues], axis=0),
                sum(effects.second_moment for effects in self.tissues),
                len(self.tissues),
            )
        else:
            known = [t for t, effects in enumerate(self.tissues) if effects.most >= NOTICEABLE]
            self._sweep(pull, precision, known, least=NOTICEABLE, worth=None)

    def grow(self, pull: Floats, precision: Precision) -> bool:
        """Look for effects under the prior that suits all tissues best; whether any was found."""
        before = sum(effects.likely for effects in self.tissues)
        promising = self._learn_from_all(pull, precision) > NOTICEABLE
        if promising.any():
            # and those that hold nothing: under the new prior a slot that is left empty costs
            vacant = [not effects.effects for effects in self.tissues]
            self._sweep(pull, precision, np.flatnonzero(promising | vacant), least=0.0, worth=0.0)
        return sum(effects.likely for effects in self.tissues) > before

    def clear(self) -> bool:
        if not any(effects.likely for effects in self.tissues):
            return False
        self.tissues = [
            SingleEffects.empty(self.x.n, self.x.p, effects.slots, self.prior)
            for effects in self.tissues
        ]
        return True

    def _sweep(
        self,
        pull: Floats,
        precision: Precision,
        tissues: Iterable[int],
        *,
        least: float,
        worth: float | None,
    ) -> None:
        """Effects of these tissues in turn; `least` and `worth` as in `SingleEffects.update`."""
        diagonal = precision.diagonal
        left = pull - precision.times(self.mean())
        for t in tissues:
            effects, before = self.tissues[t], self.tissues[t].score
            weight = np.ascontiguousarray(diagonal[:, t])
            target = left[:, t] + weight * before
            effects.update(
                self.x,
                target,
                weight,
                least=least,
                worth=worth,
                anew=worth is not None,
                information=self._information(t, weight) if worth is not None else None,
            )
            if precision.shared is not None:
                change = effects.score - before
                left += precision.shared * (precision.shared[:, t] * change)[:, None]

    def _information(self, tissue: int, weight: Floats) -> Floats | None:
        """(p,) sum_i w_i x_ji^2, where all donors of the tissue have the same weight."""
        most = weight.max()
        seen = weight > 0
        if (weight[seen] != most).any():
            return None
        return most * self.observations.information[:, tissue]

    def _learn_from_all(self, pull: Floats, precision: Precision) -> Floats:
        """The prior by expectation and maximisation over one more effect in each tissue.

        One product with x gives the scores of all; the rows of x have sum d x^2 ≈ sum d. Gives the
        probability of each tissue's effect.
        """
        left = pull - precision.times(self.mean())
        score = self.x.scores(left)
        information = precision.diagonal.sum(axis=0)
        held = np.array([[pip >= NOTICEABLE for pip in sums.included] for sums in self.tissues])
        slot = np.minimum(held.sum(axis=1), held.shape[1] - 1)
        known = [effect for sums in self.tissues for effect in sums.effects]
        included = (held * [sums.included for sums in self.tissues]).sum(axis=0)
        second = sum(effect.second_moment for effect in known if effect.pip >= NOTICEABLE)
        pip = np.zeros(len(self.tissues))
        for _ in range(EM_STEPS):
            size_precision = self.prior.precision + information
            log_bayes = 0.5 * (
                np.log(self.prior.precision / size_precision) + score**2 / size_precision
            )
            top = log_bayes.max(axis=0)
            alpha = np.exp(log_bayes - top)
            total = alpha.sum(axis=0)
            log_odds = np.array([self.prior.of_slot(k).log_odds for k in range(held.shape[1])])
            pip = expit(log_odds[slot] + np.log(total / len(score)) + top)
            square = np.einsum("pt,pt->t", alpha, score**2) / (total * size_precision**2)
            square += 1 / size_precision
            new = np.bincount(slot, weights=pip, minlength=held.shape[1])
            self.prior.learn(included + new, second + float(pip @ square), len(pip))
        return pip
