"""Slab: N(0, 1/precision) without a spike, for covariates and dispersion.

Its loadings of one tissue are few, so their joint normal posterior is kept whole instead of
factorising it.
"""

from dataclasses import dataclass, replace

import numpy as np

from fqtl.model.arrays.moments import Floats
from fqtl.model.priors.posterior import Unconstrained

NO_VARIANCE = 1e-8  # of a posterior that has seen nothing yet; taste: any that adds nothing to eta


@dataclass(frozen=True)
class SlabPrior:
    """N(0, 1/precision), which is not learned."""

    precision: float


@dataclass(frozen=True)
class SlabPosterior:
    """Normal loadings (q, m): a joint normal posterior per tissue under N(0, 1/precision).

    mean : (q, m)
    covariance : (m, q, q)
    """

    prior: SlabPrior
    mean: Floats
    covariance: Floats

    @classmethod
    def empty(cls, prior: SlabPrior, q: int, m: int) -> "SlabPosterior":
        """Posterior equal to the prior's mean, without uncertainty to speak of."""
        return cls(prior, np.zeros((q, m)), np.tile(np.eye(q) * NO_VARIANCE, (m, 1, 1)))

    def of_tissue(self, tissue: int) -> "SlabPosterior":
        """Posterior of one tissue."""
        one = slice(tissue, tissue + 1)
        return replace(self, mean=self.mean[:, one], covariance=self.covariance[one])

    def kl(self) -> Floats:
        """(m,) KL(q || p) of each tissue."""
        q, precision = len(self.mean), self.prior.precision
        trace = np.trace(self.covariance, axis1=1, axis2=2) + (self.mean**2).sum(axis=0)
        log_det = np.linalg.slogdet(self.covariance)[1]
        return 0.5 * (precision * trace - q - log_det - q * np.log(precision))

    def updated(
        self, score: Floats, information: Floats, ridge: float | None = None
    ) -> "SlabPosterior":
        """Best q against  score' theta - 1/2 theta' information theta.

        score : (q, m)
        information : (m, q, q)
        ridge : precision of the prior, in place of its own
        """
        ridge = self.prior.precision if ridge is None else ridge
        precision = information + ridge * np.eye(len(self.mean))
        covariance = np.asarray(np.linalg.inv(precision), dtype=np.float64)
        mean = (covariance @ score.T[:, :, None])[:, :, 0].T
        return replace(self, mean=mean, covariance=covariance)

    def towards(self, goal: "SlabPosterior", step: Floats) -> "SlabPosterior":
        """Posterior moved from here by `step` (m,) of the way to `goal`."""
        mean = self.mean + step * (goal.mean - self.mean)
        covariance = self.covariance + step[:, None, None] * (goal.covariance - self.covariance)
        return replace(self, mean=mean, covariance=covariance)

    def unconstrained(self) -> Unconstrained:
        """(mean, ln variance) of each loading on its own: what is off the diagonal is left out."""
        return self.mean.copy(), np.log(self.diagonal())

    def at(self, parameters: Unconstrained) -> "SlabPosterior":
        """The posterior of these unconstrained parameters."""
        mean, log_variance = parameters
        covariance = np.exp(log_variance.T)[:, :, None] * np.eye(len(mean))
        return replace(self, mean=mean.copy(), covariance=covariance)

    def gradient(self, mean: Floats, variance: Floats) -> Unconstrained:
        """Of  mean . E + variance . V - KL,  each (q, m), in the unconstrained parameters."""
        v, precision = self.diagonal(), self.prior.precision
        return mean - precision * self.mean, v * (variance - 0.5 * precision) + 0.5

    def diagonal(self) -> Floats:
        """(q, m) variance of each loading."""
        return np.diagonal(self.covariance, axis1=1, axis2=2).T
