"""Logarithms of counts, whose variance falls with their mean.

    E[y] = eta1,   V[y] = exp(-eta1) + phi,   phi = phi_min + (phi_max - phi_min) sigmoid(eta2),
    log p = -1/2 (y - eta1)^2/V - 1/2 ln V - 1/2 ln 2 pi

(after Law et al. 2014, Genome Biology 15:R29). phi_max is the observed variance. log p is not
concave in eta1, since a small eta1 brings a large variance.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from fqtl.model.arrays.moments import Floats, Indices, Moments
from fqtl.model.families.bounds import AT_THE_BOUND, Bounds, Curve
from fqtl.model.families.expected import Expected, expectation
from fqtl.model.families.gaussian import LOG_2PI, variance_bounds
from fqtl.model.families.response import Response


@dataclass(frozen=True)
class Voom:
    """Log-counts.

    bounds : of phi
    level : (m,) mean at offset 0
    """

    bounds: Bounds
    level: Floats
    name: ClassVar[str] = "voom"
    density: ClassVar[str] = "voom"
    quadratic: ClassVar[bool] = False
    dispersed: ClassVar[bool] = True
    dispersion_start: ClassVar[tuple[float, float]] = AT_THE_BOUND

    @classmethod
    def check(cls, y: Response) -> None:
        """Any number will do."""

    @classmethod
    def linked(cls, y: Response) -> Floats:
        return y.values - y.offset

    @classmethod
    def of(cls, y: Response) -> "Voom":
        return cls(Bounds(*variance_bounds(y)), y.average(y.values - y.offset))

    def theta(self, eta2: Floats) -> Curve:
        """phi."""
        return self.bounds.at(eta2)

    def base(self, y: Response) -> Floats:
        return -0.5 * LOG_2PI * y.observed

    def of_tissues(self, index: Indices) -> "Voom":
        return replace(self, bounds=self.bounds.of_tissues(index), level=self.level[index])

    def given(self, y: Response, location: Moments, shared: bool) -> Expected:
        return Expected.at(self, y, location, shared)

    def log_prob(self, y: Response, eta1: Floats, eta2: Floats) -> Floats:
        """-1/2 (y - eta1)^2/V - 1/2 ln V - 1/2 ln 2 pi."""
        mean = eta1 + y.offset
        variance = np.exp(-mean) + self.theta(eta2).value
        value = (y.values - mean) ** 2 / variance + np.log(variance) + LOG_2PI
        return np.asarray(-0.5 * y.observed * value)

    def noise_variance(self, dispersion: Moments) -> Floats:
        """E[phi]."""
        return expectation(self.theta, dispersion)

    def mean(self, eta1: Floats) -> Floats:
        return eta1

    def draw(self, rng: np.random.Generator, eta1: Floats, eta2: Floats, trials: Floats) -> Floats:
        variance = np.exp(-eta1) + self.theta(eta2).value
        return eta1 + np.sqrt(variance) * rng.standard_normal(eta1.shape)
