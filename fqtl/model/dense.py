"""Dense effects, M = x A: every variant may have its own effect in every tissue.

A is sparse, under one prior that the tissues share; they share nothing else. Z and W
of tissue t alone enter its column of A.
"""

from dataclasses import dataclass

import numpy as np

from fqtl.model.moments import Floats, Genotypes, Moments
from fqtl.model.options import Options
from fqtl.model.predictors import FINE, Visit
from fqtl.model.priors import SpikeSlab


@dataclass
class Dense:
    """Sparse effects of every variant in every tissue, under one prior.

    x : (p, n) standardised genotypes, a variant per row
    effects : posterior of shape (m, p)
    score, score_variance : (m, n) of x A, kept up to date with the effects
    """

    x: Genotypes
    effects: SpikeSlab
    score: Floats
    score_variance: Floats
    options: Options

    @classmethod
    def empty(cls, x: Genotypes, m: int, options: Options) -> "Dense":
        p, n = x.shape
        effects = SpikeSlab.empty(
            (m, p),
            inclusion=3 / p,
            precision=10.0,
            inclusion_bounds=(1e-8, options.max_variant_inclusion),
        )
        return cls(x, effects, np.zeros((m, n)), np.zeros((m, n)), options)

    def mean(self) -> Floats:
        return self.score.T

    def moments(self) -> Moments:
        return Moments(self.score.T, self.score_variance.T)

    def divergence(self) -> float:
        return self.effects.divergence()

    def update(self, response: Floats, weight: Floats, visit: Visit) -> None:
        """Look at all tissues by one product with x, sweep what is worth it, learn the prior."""
        if visit is Visit.EVERY:
            self._sweep(response, weight, negligible=0.0, move=FINE * self.options.move)
        else:
            self._sweep(response, weight, self.options.screen, self.options.move)
        self.effects.learn()

    def grow(self, response: Floats, weight: Floats) -> bool:
        return False

    def sides(self) -> tuple[list[SpikeSlab], list[SpikeSlab]]:
        """One factor per tissue, which is in it for certain and alone."""
        m = len(self.score)
        return [self.effects.row(t) for t in range(m)], [SpikeSlab.certain(m, t) for t in range(m)]

    def _sweep(self, response: Floats, weight: Floats, negligible: float, move: float) -> None:
        gradient = (weight * (response - self.score.T)).astype(self.x.dtype)
        information = weight.sum(axis=0)
        scores = (self.x @ gradient).T + self.effects.mean * information[:, None]
        for tissue in range(len(self.score)):
            effects = self.effects.row(tissue)
            order = effects.screen(scores[tissue], information[tissue], negligible)
            w = np.ascontiguousarray(weight[:, tissue])
            effects.sweep(
                self.x,
                order,
                weight=w,
                score=self.score[tissue],
                score_variance=self.score_variance[tissue],
                gradient=w * (response[:, tissue] - self.score[tissue]),
                tolerance=move,
            )
