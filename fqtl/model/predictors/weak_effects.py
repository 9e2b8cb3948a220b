"""Effects of tissues that have hardly any, all tissues at once, and none made anew without need.

Where tissues share no noise, what one has does not touch the others: scores of all are one product.
From one sweep to the next next to nothing changes of most of them. An effect that is the best one
for a problem as near as this loses, against the best one, the KL divergence between the two, which
falls with the square of what has changed: a score that is off by d of its standard errors z costs
z^2 d^2/2 times the probability of the effect, which is below a tenth. So scores are kept until the
residual has moved by STALE of its length (d is then at most STALE sqrt(n), and as a rule STALE),
and effects until their prior has changed by OTHER.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from fqtl.model.arrays.moments import Floats, Indices
from fqtl.model.arrays.variants import Variants
from fqtl.model.priors.effect_prior import EffectPrior
from fqtl.model.priors.single_effects import SingleEffect

STALE = 1e-3  # part of a residual that may have changed; taste: 0.001 nats of a tissue at most
# change of what else an effect hangs on, in logarithms; taste: 1e-4 nats of a tissue
OTHER = 0.03


@dataclass(frozen=True)
class ResidualScores:
    """Scores of every variant in every tissue, until the residual has changed.

    z : (m, p) in the precision of x; made_from : (n, m) residuals
    """

    x: Variants
    z: np.ndarray
    made_from: Floats

    @classmethod
    def none(cls, x: Variants, m: int) -> "ResidualScores":
        """Of no residual."""
        nothing = np.zeros((), dtype=x.dtype)
        made_from = np.broadcast_to(np.zeros(()), (x.n, m))
        return cls(x, np.broadcast_to(nothing, (m, x.p)), made_from)

    def refreshed(
        self, residual: Floats, tissues: Indices | slice = slice(None)
    ) -> "ResidualScores":
        """Scores of this residual (n, m) in some tissues, made anew where it has moved."""
        now = residual[:, tissues]
        moved = ((now - self.made_from[:, tissues]) ** 2).sum(axis=0)
        which = np.arange(len(self.z))[tissues]
        stale = which[moved > STALE**2 * (now**2).sum(axis=0)]
        if not len(stale):
            return self
        z, made_from = self.z.copy(), self.made_from.copy()
        z[stale] = self.x.scores_of_each(residual[:, stale])
        made_from[:, stale] = residual[:, stale]
        return replace(self, z=z, made_from=made_from)


class Made(NamedTuple):
    """An effect, what its scores were made from, and what else it is the best one for.

    at : ln of the prior odds, of the prior precision and of the weight of a donor
    """

    effect: SingleEffect
    made_from: Floats
    at: tuple[float, float, float]

    def is_near(self, made_from: Floats, at: tuple[float, float, float]) -> bool:
        """Whether another problem is as good as this."""
        close = all(abs(here - there) < OTHER for here, there in zip(at, self.at, strict=True))
        return close and bool((made_from == self.made_from).all())


@dataclass(frozen=True)
class WeakEffects:
    """What is known of them from earlier sweeps.

    made : of some tissues
    """

    scores: ResidualScores
    made: Mapping[int, Made] = field(default_factory=dict)

    @classmethod
    def none(cls, x: Variants, m: int) -> "WeakEffects":
        """Nothing."""
        return cls(ResidualScores.none(x, m))

    def found(
        self,
        held: Mapping[int, SingleEffect | None],
        residual: Floats,
        weight: Floats,
        informations: Mapping[int, Floats],
        prior: EffectPrior,
    ) -> tuple["WeakEffects", dict[int, SingleEffect]]:
        """The best effect of each of these tissues, where it is a weak one.

        held : what each tissue has now
        residual : (n, m) of all but that, 0 where nothing was observed
        weight : (n, m) of donors, alike in a tissue; informations : (p,) of each tissue
        """
        tissues = np.array(sorted(held), dtype=np.intp)
        scores = self.scores.refreshed(residual, tissues)
        most = np.where(weight.any(axis=0), weight.max(axis=0), 1.0)  # nothing was observed there
        found: dict[int, SingleEffect] = {}
        anew: list[int] = []
        at = {
            t: (prior.log_odds, float(np.log(prior.precision)), float(np.log(most[t])))
            for t in held
        }
        for t in tissues.tolist():
            made, effect = self.made.get(t), held[t]
            from_here = scores.made_from[:, t]
            if made is None or made.effect is not effect or not made.is_near(from_here, at[t]):
                anew.append(t)
            else:
                found[t] = made.effect
        made_now = dict(self.made)
        for t, effect in zip(
            anew, self._best(anew, scores, weight, informations, prior), strict=True
        ):
            if effect is not None:
                found[t] = effect
                made_now[t] = Made(effect, scores.made_from[:, t], at[t])
        return WeakEffects(scores, made_now), found

    @staticmethod
    def _best(
        tissues: Sequence[int],
        scores: ResidualScores,
        weight: Floats,
        informations: Mapping[int, Floats],
        prior: EffectPrior,
    ) -> list[SingleEffect | None]:
        if not tissues:
            return []
        weights = weight[:, tissues]
        of_each = scores.z[tissues] * weights.max(axis=0)[:, None]
        return SingleEffect.best_of_each(
            scores.x, of_each, weights, [informations[t] for t in tissues], prior
        )
