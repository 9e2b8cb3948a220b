"""Slab: N(0, 1/precision) without a spike, for covariates and dispersion.

Its loadings of one tissue are few, so their joint normal posterior is kept whole instead of
factorising it.
"""

from dataclasses import dataclass

import numpy as np

from fqtl.model.arrays.moments import Floats
from fqtl.model.priors.prior import Coordinates


@dataclass
class Slab:
    """Normal loadings (q, m): a joint normal posterior per tissue under N(0, 1/precision).

    mean : (q, m)
    covariance : (m, q, q)
    """

    mean: Floats
    covariance: Floats
    precision: float

    @classmethod
    def empty(cls, q: int, m: int, precision: float) -> "Slab":
        """Posterior equal to the prior's mean, without uncertainty to speak of."""
        return cls(np.zeros((q, m)), np.tile(np.eye(q) * 1e-8, (m, 1, 1)), precision)

    def of_tissue(self, tissue: int) -> "Slab":
        """Posterior of one tissue."""
        one = slice(tissue, tissue + 1)
        return Slab(self.mean[:, one], self.covariance[one], self.precision)

    def divergence(self) -> Floats:
        """(m,) KL(q || p) of each tissue."""
        q = len(self.mean)
        trace = np.trace(self.covariance, axis1=1, axis2=2) + (self.mean**2).sum(axis=0)
        log_det = np.linalg.slogdet(self.covariance)[1]
        return 0.5 * (self.precision * trace - q - log_det - q * np.log(self.precision))

    def posterior(
        self, score: Floats, information: Floats, precision: float | None = None
    ) -> "Slab":
        """Best q against  score' theta - 1/2 theta' information theta.

        score : (q, m)
        information : (m, q, q)
        precision : of the prior, in place of its own
        """
        ridge = self.precision if precision is None else precision
        precision_matrix = information + ridge * np.eye(len(self.mean))
        covariance = np.asarray(np.linalg.inv(precision_matrix), dtype=np.float64)
        mean = (covariance @ score.T[:, :, None])[:, :, 0].T
        return Slab(mean, covariance, self.precision)

    def towards(self, goal: "Slab", step: Floats) -> "Slab":
        """Posterior moved from here by `step` (m,) of the way to `goal`."""
        mean = self.mean + step * (goal.mean - self.mean)
        covariance = self.covariance + step[:, None, None] * (goal.covariance - self.covariance)
        return Slab(mean, covariance, self.precision)

    def coordinates(self) -> Coordinates:
        """(mean, ln variance) of each loading on its own: what lies beside it is left out."""
        return self.mean.copy(), np.log(self.own_variance())

    def move_to(self, coordinates: Coordinates) -> None:
        mean, log_variance = coordinates
        self.mean = mean.copy()
        self.covariance = np.exp(log_variance.T)[:, :, None] * np.eye(len(mean))

    def slopes(self, mean: Floats, variance: Floats) -> Coordinates:
        """d/d coordinates of  mean . E + variance . V - KL,  each (q, m)."""
        v = self.own_variance()
        return mean - self.precision * self.mean, v * (variance - 0.5 * self.precision) + 0.5

    def own_variance(self) -> Floats:
        """(q, m)"""
        return np.diagonal(self.covariance, axis1=1, axis2=2).T
