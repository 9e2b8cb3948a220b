"""Families: log p(y | eta) and its expectation under q. A family knows eta, never x.

A family is one class with a name and one method, `given`, which sees the response and the moments
of the location and returns a likelihood: the expected log-likelihood with its slopes, as the
moments of the dispersion vary. Everything an engine needs follows from these: by Price's theorem
the slopes of the location define a working response and working weights that turn any family into
a weighted Gaussian problem.

Gaussian, with location eta1 ~ N(M, S) and dispersion eta2 ~ N(M2, S2) per entry:

    E[log p] = -1/2 ((y - M)^2 + S) E[1/V] - 1/2 E[ln V] - 1/2 ln 2 pi,
    V = v_min + (v_max - v_min) sigmoid(eta2),

so  dE/dM = E[1/V] (y - M)  and  dE/dS = -1/2 E[1/V]: the working response is y itself and the
working weight E[1/V]. Expectations over eta2 are Gauss-Hermite sums. V is bounded by the observed
variance of the tissue, as in the model's paper (Park et al. 2017, bioRxiv 107623): without the
bound a rich location could drive the noise to zero.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from scipy.special import expit, logit

from fqtl.model.moments import Floats, Moments, Slope

QUADRATURE_NODES = 20
LOG_2PI = float(np.log(2 * np.pi))


@dataclass(frozen=True)
class Response:
    """What was measured.

    values : (n, m) with 0 where a tissue was not measured
    observed : (n, m) 1.0 where it was, 0.0 where not
    """

    values: Floats
    observed: Floats

    @classmethod
    def of(cls, y: Floats) -> "Response":
        """Response of y (n, m), whose NaN mark what was not measured."""
        observed = ~np.isnan(y)
        return cls(np.where(observed, y, 0.0), observed.astype(np.float64))


class Likelihood(Protocol):
    """Expected log-likelihood at given moments of the location, as the dispersion moves."""

    def expect(self, dispersion: Moments) -> tuple[Floats, Slope]:
        """(m,) expected log-likelihood of each tissue, and its slope in the dispersion."""

    def location_slope(self, dispersion: Moments) -> Slope:
        """Slope in the location, each entry (n, m), 0 where nothing was observed."""

    def observed_variance(self) -> tuple[Floats, Floats]:
        """Mean squared residual in the shape of the dispersion, and of how many observations."""

    def dispersion_at(self, variance: Floats) -> tuple[Floats, Floats]:
        """eta2 that gives this variance, and what one observation tells about it (Fisher)."""


class Family(Protocol):
    """What engines ask of a family."""

    @property
    def dispersion_start(self) -> tuple[float, float]:
        """Mean and variance of eta2 to start from."""

    def noise_variance(self, dispersion: Moments) -> Floats:
        """Expected residual variance, in the shape of the dispersion."""

    def given(self, y: Response, location: Moments, shared: bool) -> Likelihood:
        """Likelihood at these moments; `shared`: a tissue has one dispersion for all."""


@lru_cache
def hermite(nodes: int = QUADRATURE_NODES) -> tuple[Floats, Floats]:
    """Nodes z and weights with E[h(z)] ≈ weights · h(nodes) for a standard normal z."""
    z, weight = np.polynomial.hermite_e.hermegauss(nodes)
    return z, weight / weight.sum()


@dataclass(frozen=True)
class Gaussian:
    """Normal response with a bounded variance.

    variance_min, variance_max : (m,) bounds of the residual variance of each tissue
    """

    variance_min: Floats
    variance_max: Floats
    dispersion_start: tuple[float, float] = (
        9.0,
        7.0,
    )  # E[1/V] = 1.003/v_max, near the optimum there

    @classmethod
    def of(cls, y: Response) -> "Gaussian":
        """Bounds from the data: at most the observed variance of a tissue, at least 1e-4 of it."""
        count = np.maximum(y.observed.sum(axis=0), 1.0)
        mean = y.values.sum(axis=0) / count
        variance = (y.observed * (y.values - mean) ** 2).sum(axis=0) / count
        variance = np.where(variance > 0, variance, 1.0)
        return cls(1e-4 * variance, variance)

    def given(self, y: Response, location: Moments, shared: bool) -> "GaussianLikelihood":
        residual = y.observed * (y.values - location.mean)
        squares = residual * residual + y.observed * location.variance
        count = y.observed
        if shared:
            squares, count = squares.sum(axis=0, keepdims=True), count.sum(axis=0, keepdims=True)
        return GaussianLikelihood(self, residual, squares, count, y.observed)

    def variance_at(self, dispersion: Moments) -> tuple[Floats, Floats, Floats]:
        """V and its first two derivatives in eta2, each (nodes, rows, m)."""
        z, _ = hermite()
        gate = expit(dispersion.mean + np.sqrt(dispersion.variance) * z[:, None, None])
        width = self.variance_max - self.variance_min
        first = width * gate * (1 - gate)
        return self.variance_min + width * gate, first, first * (1 - 2 * gate)

    def noise_variance(self, dispersion: Moments) -> Floats:
        """E[V], in the shape of the dispersion."""
        return _average(self.variance_at(dispersion)[0])


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

    def expect(self, dispersion: Moments) -> tuple[Floats, Slope]:
        variance, first, second = self.family.variance_at(dispersion)
        rate = first / variance  # d ln V / d eta2
        bend = second / variance
        value = self.squares * _average(1 / variance) + self.count * (
            _average(np.log(variance)) + LOG_2PI
        )
        slope = Slope(
            mean=0.5 * (self.squares * _average(rate / variance) - self.count * _average(rate)),
            variance=0.25
            * (
                self.squares * _average((bend - 2 * rate**2) / variance)
                - self.count * _average(bend - rate**2)
            ),
            information=0.5 * self.count * _average(rate**2),
        )
        return -0.5 * value.sum(axis=0), slope

    def location_slope(self, dispersion: Moments) -> Slope:
        precision = _average(1 / self.family.variance_at(dispersion)[0])
        weight = self.observed * precision
        return Slope(precision * self.residual, -0.5 * weight, weight)

    def observed_variance(self) -> tuple[Floats, Floats]:
        seen = self.count > 0
        mean = np.divide(self.squares, self.count, out=np.zeros_like(self.squares), where=seen)
        return mean, self.count

    def dispersion_at(self, variance: Floats) -> tuple[Floats, Floats]:
        low, width = self.family.variance_min, self.family.variance_max - self.family.variance_min
        gate = np.clip((variance - low) / width, 0.01, 1 - 1e-4)
        rate = width * gate * (1 - gate) / (low + width * gate)  # d ln V / d eta2
        return logit(gate), 0.5 * rate**2


def _average(h: Floats) -> Floats:
    """Quadrature over the leading axis of nodes."""
    _, weight = hermite()
    return (weight @ h.reshape(len(weight), -1)).reshape(h.shape[1:])
