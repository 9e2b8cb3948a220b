"""Effects of tissues that have hardly any, all tissues at once, and none made anew without need.

Where tissues share no noise, what one has does not touch the others: scores of all are one product.
From one sweep to the next next to nothing changes of most of them. An effect that is the best one
for a problem as near as this loses, against the best one, the KL divergence between the two, which
falls with the square of what has changed: a score that is off by d of its standard errors z costs
z^2 d^2/2 times the probability of the effect, which is below a quarter. So scores are kept until
the residual has moved by STALE of its length (d is then at most STALE sqrt(n), and as a rule
STALE), and effects until their prior has changed by OTHER.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from fqtl.model.arrays.moments import Floats
from fqtl.model.arrays.variants import Variants
from fqtl.model.priors.effect_prior import EffectPrior
from fqtl.model.priors.place import SeenRows
from fqtl.model.priors.single_effects import SingleEffect

STALE = 1e-3  # part of a residual that may have changed; taste: 0.001 nats of a tissue at most
# change of what else an effect hangs on, in logarithms; taste: 1e-4 nats of a tissue
OTHER = 0.03


class TissueScores(NamedTuple):
    """Scores of every variant in a tissue, and the residual that they were made from.

    z : (p,); made_from : (n,), both in the precision of x
    """

    z: np.ndarray
    made_from: np.ndarray

    def is_stale(self, now: np.ndarray) -> bool:
        """Whether the residual has moved from there."""
        moved = now - self.made_from
        return bool(moved @ moved > STALE**2 * (now @ now))


@dataclass(frozen=True)
class ResidualScores:
    """Scores of every variant in every tissue, until the residual has changed.

    Those of each tissue are by themselves, as what a fit may go back to shares those that are the
    same.
    """

    x: Variants
    of_tissues: tuple[TissueScores, ...]

    @classmethod
    def none(cls, x: Variants, m: int) -> "ResidualScores":
        """Of no residual."""
        z, made_from = np.zeros(x.p, dtype=x.dtype), np.zeros(x.n, dtype=x.dtype)
        return cls(x, (TissueScores(z, made_from),) * m)

    def refreshed(self, residual: Floats, tissues: Iterable[int]) -> "ResidualScores":
        """Scores of this residual (n, m) in some tissues, made anew where it has moved."""
        now = np.ascontiguousarray(residual.T, dtype=self.x.dtype)
        stale = [t for t in tissues if self.of_tissues[t].is_stale(now[t])]
        if not stale:
            return self
        of_tissues = list(self.of_tissues)
        for t, z in zip(stale, self.x.scores_of_each(residual[:, stale]), strict=True):
            # copies, as views would hold those of all tissues
            of_tissues[t] = TissueScores(z.copy(), now[t].copy())
        return replace(self, of_tissues=tuple(of_tissues))

    def squares(self, weight: Floats) -> np.ndarray:
        """(m, p) of scores times the weight (m,) of their tissue, in the precision of x."""
        squares = np.stack([scores.z for scores in self.of_tissues])
        squares *= weight[:, None].astype(self.x.dtype)
        squares *= squares
        return squares


class Made(NamedTuple):
    """An effect, the scores that it was made from, and what else it is the best one for.

    at : ln of the prior odds, of the prior precision and of the weight of a donor
    """

    effect: SingleEffect
    scores: TissueScores
    at: tuple[float, float, float]

    def is_near(self, scores: TissueScores, at: tuple[float, float, float]) -> bool:
        """Whether another problem is as good as this."""
        close = all(abs(here - there) < OTHER for here, there in zip(at, self.at, strict=True))
        return close and scores is self.scores


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
        information: np.ndarray,
        priors: Mapping[int, EffectPrior],
    ) -> tuple["WeakEffects", dict[int, SingleEffect]]:
        """The best effect of each of these tissues, where it is a weak one.

        held : what each tissue has now
        residual : (n, m) of all but that, 0 where nothing was observed
        weight : (n, m) of donors, alike in a tissue
        information : (m, p) on each variant, of donors of weight 1
        priors : of each of these tissues
        """
        tissues = sorted(held)
        scores = self.scores.refreshed(residual, tissues)
        most = np.where(weight.any(axis=0), weight.max(axis=0), 1.0)  # nothing was observed there
        found: dict[int, SingleEffect] = {}
        anew: list[int] = []
        at = {
            t: (prior.log_odds, float(np.log(prior.precision)), float(np.log(most[t])))
            for t, prior in priors.items()
        }
        for t in tissues:
            made, effect, here = self.made.get(t), held[t], scores.of_tissues[t]
            if made is None or made.effect is not effect or not made.is_near(here, at[t]):
                anew.append(t)
            else:
                found[t] = made.effect
        made_now = dict(self.made)
        seen = [
            SeenRows(scores.x, scores.of_tissues[t].z, information[t], float(most[t]), priors[t])
            for t in anew
        ]
        best = SingleEffect.best_of_each(scores.x, seen, weight[:, anew])
        for t, effect in zip(anew, best, strict=True):
            if effect is not None:
                found[t] = effect
                made_now[t] = Made(effect, scores.of_tissues[t], at[t])
        return WeakEffects(scores, made_now), found
