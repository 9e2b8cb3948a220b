"""Covariates, M = c gamma, with a joint normal posterior of their effects in each tissue.

Serves the location, where c has an intercept, and the dispersion alike. Where all individuals have
the same row of c, as with an intercept alone, its moments have one row and so have its slopes.
"""

from dataclasses import dataclass

import numpy as np

from fqtl.model.arrays.moments import Floats, Moments
from fqtl.model.predictors.predictor import Visit
from fqtl.model.predictors.shared_noise import Precision
from fqtl.model.priors import Coordinates, Slab

SLAB_PRECISION = 1e-2  # a standard deviation of 10, where y and c are standardised


@dataclass
class Covariates:
    """Covariates with a joint normal posterior of their effects in each tissue.

    design : (n, q), or (1, q) where all individuals share one row, as with an intercept alone
    """

    design: Floats
    effects: Slab

    @classmethod
    def empty(
        cls, design: Floats, m: int, start: tuple[float, float] = (0.0, 1e-8)
    ) -> "Covariates":
        """No effects yet; `start` is the mean and variance of the intercept, the first column."""
        design = design[:1] if (design == design[0]).all() else design
        effects = Slab.empty(design.shape[1], m, SLAB_PRECISION)
        effects.mean[0], effects.covariance[:, 0, 0] = start
        return cls(design, effects)

    def mean(self) -> Floats:
        return self.design @ self.effects.mean

    def moments(self) -> Moments:
        return self.moments_of(self.effects)

    def moments_of(self, effects: Slab) -> Moments:
        """Moments that these effects would give."""
        spread = (self.design @ effects.covariance * self.design).sum(axis=-1)  # (m, n)
        return Moments(self.design @ effects.mean, spread.T)

    def divergence(self) -> float:
        return float(self.effects.divergence().sum())

    def covariance_along(self, direction: Floats) -> Floats:
        return direction * self.moments().variance

    def update(self, pull: Floats, precision: Precision, visit: Visit) -> None:
        """All tissues at once where their noise is independent, else one after the other."""
        weight = precision.diagonal
        if precision.shared is None:
            self.effects = self.posterior(pull, weight)
            return
        left = pull - precision.times(np.broadcast_to(self.mean(), pull.shape))
        for t in range(pull.shape[1]):
            one = slice(t, t + 1)
            before = self.design @ self.effects.mean[:, one]
            mine = Covariates(self.design, self.effects.of_tissue(t))
            found = mine.posterior(left[:, one] + weight[:, one] * before, weight[:, one])
            self.effects.mean[:, one], self.effects.covariance[one] = found.mean, found.covariance
            change = self.design @ found.mean - before
            left += precision.shared * (precision.shared[:, one] * change)

    def grow(self, pull: Floats, precision: Precision) -> bool:
        return False

    def clear(self) -> bool:
        return False

    def blocks(self) -> list[Slab]:
        return [self.effects]

    def slopes(self, mean: Floats, variance: Floats) -> list[Coordinates]:
        """d/d coordinates of the ELBO, from its slopes in the moments of eta."""
        if len(self.design) == 1 and len(mean) > 1:
            mean, variance = mean.sum(axis=0, keepdims=True), variance.sum(axis=0, keepdims=True)
        return [self.effects.slopes(self.design.T @ mean, self.design.T**2 @ variance)]

    def refresh(self) -> None:
        """Moments are made from the effects whenever they are asked for."""

    def solve(self, response: Floats, weight: Floats, precision: float | None = None) -> Slab:
        """Best posterior against a response and weights, each (n, m), or (1, m) if rows are shared.

        precision : of the prior, in place of its own
        """
        return self.posterior(weight * response, weight, precision)

    def posterior(self, weighted: Floats, weight: Floats, precision: float | None = None) -> Slab:
        """The same from the product of weight and response."""
        if len(self.design) == 1 and len(weight) > 1:
            weighted, weight = (
                weighted.sum(axis=0, keepdims=True),
                weight.sum(axis=0, keepdims=True),
            )
        information = (self.design.T * weight.T[:, None, :]) @ self.design  # (m, q, q)
        return self.effects.posterior(self.design.T @ weighted, information, precision)
