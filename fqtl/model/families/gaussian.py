"""A normal response with a bounded variance.

With location eta1 ~ N(M, S) and dispersion eta2 ~ N(M2, S2) per entry:

    E[log p] = -1/2 ((y - M)^2 + S) E[1/V] - 1/2 E[ln V] - 1/2 ln 2 pi,
    V = v_min + (v_max - v_min) sigmoid(eta2),

so  dE/dM = E[1/V] (y - M)  and  dE/dS = -1/2 E[1/V]: the working response is y itself and the
working weight E[1/V]. Expectations over eta2 are Gauss-Hermite sums. V is bounded by the observed
variance of the tissue, as in the model's paper (Park et al. 2017, bioRxiv 107623): without the
bound a rich location could drive the noise to zero.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from scipy.special import expit, logit

from fqtl.model.arrays.moments import Floats, Gradient, Indices, Moments
from fqtl.model.families.bounds import AT_THE_BOUND, Bounds, Curve
from fqtl.model.families.family import SquaredResiduals
from fqtl.model.families.quadrature import average, hermite
from fqtl.model.families.response import Response

LOG_2PI = float(np.log(2 * np.pi))


@dataclass(frozen=True)
class Gaussian:
    """Normal response.

    variance_min, variance_max : (m,) bounds of the residual variance of each tissue
    """

    variance_min: Floats
    variance_max: Floats
    name: ClassVar[str] = "gaussian"
    quadratic: ClassVar[bool] = True
    dispersed: ClassVar[bool] = True
    dispersion_start: ClassVar[tuple[float, float]] = AT_THE_BOUND

    @classmethod
    def check(cls, y: Response) -> None:
        """Any number will do."""

    @classmethod
    def linked(cls, y: Response) -> Floats:
        return y.values - y.offset

    @classmethod
    def of(cls, y: Response) -> "Gaussian":
        """Bounds from the data: at most the observed variance of a tissue, at least 1e-4 of it."""
        return cls(*variance_bounds(y))

    @property
    def level(self) -> Floats:
        """(m,) 0: a Gaussian response comes standardised."""
        return np.zeros_like(self.variance_max)

    def of_tissues(self, index: Indices) -> "Gaussian":
        low, high, _ = self._bounds.of_tissues(index)
        return replace(self, variance_min=low, variance_max=high)

    def given(self, y: Response, location: Moments, shared: bool) -> "GaussianLikelihood":
        residual = y.values - location.mean  # in place: each is as large as y
        residual -= y.offset
        residual *= y.observed
        squares = y.observed * location.variance
        squares += residual * residual
        count = y.observed
        if shared:
            squares, count = squares.sum(axis=0, keepdims=True), count.sum(axis=0, keepdims=True)
        return GaussianLikelihood(self, residual, squares, count, y.observed)

    @property
    def _bounds(self) -> Bounds:
        return Bounds(self.variance_min, self.variance_max)

    def variance_at(self, dispersion: Moments) -> Curve:
        """V and its first two derivatives in eta2, each (nodes, rows, m)."""
        z, _ = hermite()
        return self._bounds.at(dispersion.mean + np.sqrt(dispersion.variance) * z[:, None, None])

    def noise_variance(self, dispersion: Moments) -> Floats:
        """E[V], in the shape of the dispersion."""
        return average(self.variance_at(dispersion).value)

    def log_prob(self, y: Response, eta1: Floats, eta2: Floats) -> Floats:
        """-1/2 (y - eta1)^2/V - 1/2 ln V - 1/2 ln 2 pi."""
        variance = self._bounds.at(eta2).value
        value = (y.values - eta1 - y.offset) ** 2 / variance + np.log(variance) + LOG_2PI
        return np.asarray(-0.5 * y.observed * value)

    def mean(self, eta1: Floats) -> Floats:
        return eta1

    def draw(self, rng: np.random.Generator, eta1: Floats, eta2: Floats, trials: Floats) -> Floats:
        sd = np.sqrt(self._bounds.at(eta2).value)
        return eta1 + sd * rng.standard_normal(eta1.shape)


@dataclass(frozen=True)
class GaussianLikelihood:
    """Gaussian log-likelihood at given moments of the location.

    residual, observed : (n, m)
    squares, count : E[(y - eta1)^2] and the number of observations, (n, m) or pooled to (1, m)
    """

    family: Gaussian
    residual: Floats
    squares: Floats
    count: Floats
    observed: Floats
    dispersed: ClassVar[bool] = True

    def expect(self, dispersion: Moments) -> tuple[Floats, Gradient]:
        variance, first, second = self.family.variance_at(dispersion)
        rate = first / variance  # d ln V / d eta2
        bend = second / variance
        value = self.squares * average(1 / variance) + self.count * (
            average(np.log(variance)) + LOG_2PI
        )
        gradient = Gradient(
            mean=0.5 * (self.squares * average(rate / variance) - self.count * average(rate)),
            variance=0.25
            * (
                self.squares * average((bend - 2 * rate**2) / variance)
                - self.count * average(bend - rate**2)
            ),
            information=0.5 * self.count * average(rate**2),
        )
        return -0.5 * value.sum(axis=0), gradient

    def location_gradient(self, dispersion: Moments) -> Gradient:
        weight = self.information(dispersion)
        return Gradient(weight * self.residual, -0.5 * weight, weight)

    def information(self, dispersion: Moments) -> Floats:
        return self.observed * average(1 / self.family.variance_at(dispersion).value)

    def squared_residuals(self) -> SquaredResiduals:
        seen = self.count > 0
        mean = np.divide(self.squares, self.count, out=np.zeros_like(self.squares), where=seen)
        return SquaredResiduals(mean, self.count, self._dispersion_at)

    def _dispersion_at(self, variance: Floats) -> tuple[Floats, Floats]:
        low, width = self.family.variance_min, self.family.variance_max - self.family.variance_min
        logistic = np.clip((variance - low) / width, 0.01, expit(AT_THE_BOUND[0]))
        rate = width * logistic * (1 - logistic) / (low + width * logistic)  # d ln V / d eta2
        return logit(logistic), 0.5 * rate**2


def variance_bounds(y: Response) -> tuple[Floats, Floats]:
    """(m,) least and largest residual variance: 1e-4 of what was observed, and what was."""
    variance = y.average((y.values - y.offset - y.average(y.values - y.offset)) ** 2)
    variance = np.where(variance > 0, variance, 1.0)
    return 1e-4 * variance, variance
