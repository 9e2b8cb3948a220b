"""Covariates, M = c gamma, with a joint normal posterior of their effects in each tissue.

Serves the location, where c has an intercept, and the dispersion alike. Where all individuals have
the same row of c, as with an intercept alone, its moments have one row and so has its gradient.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fqtl.model.arrays.moments import Floats, Moments
from fqtl.model.predictors.predictor import Grown, Visit
from fqtl.model.priors import NoisePrecision, SlabPosterior, Unconstrained
from fqtl.model.priors.default_model import COVARIATES, DISPERSION


@dataclass(frozen=True)
class Covariates:
    """Covariates with a joint normal posterior of their effects in each tissue.

    design : (n, q), or (1, q) where all individuals share one row, as with an intercept alone
    """

    design: Floats
    effects: SlabPosterior

    @classmethod
    def empty(cls, design: Floats, m: int) -> "Covariates":
        """No effects yet, of the mean."""
        design = _of_one_row(design)
        return cls(design, SlabPosterior.empty(COVARIATES, design.shape[1], m))

    @classmethod
    def of_dispersion(cls, design: Floats, m: int, start: tuple[float, float]) -> "Covariates":
        """No effects yet, of the dispersion; `start` is the mean and variance of the intercept,
        the first column."""
        design = _of_one_row(design)
        nothing = SlabPosterior.empty(DISPERSION, design.shape[1], m)
        mean, covariance = nothing.mean.copy(), nothing.covariance.copy()
        mean[0], covariance[:, 0, 0] = start
        return cls(design, replace(nothing, mean=mean, covariance=covariance))

    def mean(self) -> Floats:
        return self.design @ self.effects.mean

    def moments(self) -> Moments:
        return self.moments_of(self.effects)

    def moments_of(self, effects: SlabPosterior) -> Moments:
        """Moments that these effects would give."""
        spread = (self.design @ effects.covariance * self.design).sum(axis=-1)  # (m, n)
        return Moments(self.design @ effects.mean, spread.T)

    def kl(self) -> float:
        return float(self.effects.kl().sum())

    def covariance_along(self, direction: Floats) -> Floats:
        return direction * self.moments().variance

    def updated(self, residual: Floats, precision: NoisePrecision, visit: Visit) -> "Covariates":
        """All tissues at once where their noise is independent, else one after the other."""
        if precision.shared is None:
            return replace(self, effects=self.posterior(residual, precision.diagonal))
        return self._tissue_by_tissue(residual, precision)

    def grown(self, residual: Floats, precision: NoisePrecision) -> Grown:
        return Grown(self, False)

    def cleared(self) -> None:
        return None

    def blocks(self) -> list[SlabPosterior]:
        return [self.effects]

    def with_blocks(self, blocks: Sequence[SlabPosterior]) -> "Covariates":
        (effects,) = blocks
        return replace(self, effects=effects)

    def learned(self) -> "Covariates":
        """Itself: their prior is fixed."""
        return self

    def gradient(self, mean: Floats, variance: Floats) -> list[Unconstrained]:
        """Of the ELBO in the unconstrained parameters, from that in the moments of eta."""
        if len(self.design) == 1 and len(mean) > 1:
            mean, variance = mean.sum(axis=0, keepdims=True), variance.sum(axis=0, keepdims=True)
        return [self.effects.gradient(self.design.T @ mean, self.design.T**2 @ variance)]

    def _tissue_by_tissue(self, residual: Floats, precision: NoisePrecision) -> "Covariates":
        """Effects in each tissue against what the others leave."""
        weight, shared = precision.diagonal, precision.shared
        assert shared is not None
        mean, covariance = self.effects.mean.copy(), self.effects.covariance.copy()
        left = residual - precision.times(np.broadcast_to(self.mean(), residual.shape))
        for t in range(residual.shape[1]):
            one = slice(t, t + 1)
            before = self.design @ mean[:, one]
            own = Covariates(self.design, self.effects.of_tissue(t))
            found = own.posterior(left[:, one] + weight[:, one] * before, weight[:, one])
            mean[:, one], covariance[one] = found.mean, found.covariance
            change = self.design @ found.mean - before
            left += shared * (shared[:, one] * change)
        return replace(self, effects=replace(self.effects, mean=mean, covariance=covariance))

    def solve(self, response: Floats, weight: Floats, ridge: float | None = None) -> SlabPosterior:
        """Best posterior against a response and weights, each (n, m), or (1, m) if rows are shared.

        ridge : precision of the prior, in place of its own
        """
        return self.posterior(weight * response, weight, ridge)

    def posterior(
        self, weighted: Floats, weight: Floats, ridge: float | None = None
    ) -> SlabPosterior:
        """The same from the product of weight and response."""
        if len(self.design) == 1 and len(weight) > 1:
            weighted, weight = (
                weighted.sum(axis=0, keepdims=True),
                weight.sum(axis=0, keepdims=True),
            )
        information = (self.design.T * weight.T[:, None, :]) @ self.design  # (m, q, q)
        return self.effects.updated(self.design.T @ weighted, information, ridge)


def _of_one_row(design: Floats) -> Floats:
    """(1, q) where all individuals share one, else the design (n, q) itself."""
    return design[:1] if (design == design[0]).all() else design
