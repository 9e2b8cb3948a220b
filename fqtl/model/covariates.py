"""Covariates, M = c gamma, with a joint normal posterior of their effects in each tissue.

Serves the location, where c has an intercept, and the dispersion alike. Where all individuals have
the same row of c, as with an intercept alone, its moments have one row and so have its slopes.
"""

from dataclasses import dataclass

from fqtl.model.moments import Floats, Moments
from fqtl.model.predictors import Visit
from fqtl.model.priors import Slab

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

    def update(self, response: Floats, weight: Floats, visit: Visit) -> None:
        self.effects = self.solve(response, weight)

    def grow(self, response: Floats, weight: Floats) -> bool:
        return False

    def solve(self, response: Floats, weight: Floats, precision: float | None = None) -> Slab:
        """Best posterior against a response and weights, each (n, m), or (1, m) if rows are shared.

        precision : of the prior, in place of its own
        """
        weighted = weight * response
        if len(self.design) == 1 and len(weight) > 1:
            weighted, weight = (
                weighted.sum(axis=0, keepdims=True),
                weight.sum(axis=0, keepdims=True),
            )
        information = (self.design.T * weight.T[:, None, :]) @ self.design  # (m, q, q)
        return self.effects.posterior(self.design.T @ weighted, information, precision)
