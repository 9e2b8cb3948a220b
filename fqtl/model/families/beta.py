"""Shares between 0 and 1, as of methylation or splicing.

    mean mu = sigmoid(eta1),   V[y] = rho mu (1 - mu),
    rho = rho_min + (rho_max - rho_min) sigmoid(eta2),   precision k = 1/rho - 1,
    log p = ln G(k) - ln G(mu k) - ln G((1 - mu) k) + (mu k - 1) ln y + ((1 - mu) k - 1) ln(1 - y)

(Ferrari & Cribari-Neto 2004, J Appl Stat 31:799). rho_max is the observed variance over
mean (1 - mean), and rho_min 1e-4 of it. log p is not concave in eta1.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from scipy.special import betaln, expit, logit

from fqtl.model.arrays.moments import Floats, Indices, Moments
from fqtl.model.families.bounds import AT_THE_BOUND, Bounds, Curve
from fqtl.model.families.domain import refuse
from fqtl.model.families.expected import Expected, expectation
from fqtl.model.families.response import Response

LARGEST = 0.99  # of rho, which is 1 only where y is 0 or 1; taste


@dataclass(frozen=True)
class Beta:
    """Shares.

    bounds : of rho
    level : (m,) log-odds of the mean
    """

    bounds: Bounds
    level: Floats
    name: ClassVar[str] = "beta"
    density: ClassVar[str] = "beta"
    quadratic: ClassVar[bool] = False
    dispersed: ClassVar[bool] = True
    dispersion_start: ClassVar[tuple[float, float]] = AT_THE_BOUND

    @classmethod
    def check(cls, y: Response) -> None:
        hint = "Shares of counts are for family logit with trials=…."
        outside = ~((y.values > 0) & (y.values < 1))
        refuse(y, outside, cls.name, "shares between 0 and 1, both excluded", hint)

    @classmethod
    def linked(cls, y: Response) -> Floats:
        return logit(np.where(y.observed > 0, y.values, 0.5)) - y.offset

    @classmethod
    def of(cls, y: Response) -> "Beta":
        mean = np.clip(y.average(y.values), 1e-6, 1 - 1e-6)
        variance = y.average((y.values - mean) ** 2)
        rho = np.clip(variance / (mean * (1 - mean)), 1e-8, LARGEST)
        offset = y.average(np.broadcast_to(y.offset, y.values.shape))
        return cls(Bounds(1e-4 * rho, rho), logit(mean) - offset)

    def theta(self, eta2: Floats) -> Curve:
        """The precision k."""
        return self.bounds.at(eta2).reciprocal().plus(-1.0)

    def base(self, y: Response) -> Floats:
        return np.zeros_like(y.values)

    def of_tissues(self, index: Indices) -> "Beta":
        return replace(self, bounds=self.bounds.of_tissues(index), level=self.level[index])

    def given(self, y: Response, location: Moments, shared: bool) -> Expected:
        return Expected.at(self, y, location, shared)

    def log_prob(self, y: Response, eta1: Floats, eta2: Floats) -> Floats:
        """(mu k - 1) ln y + ((1 - mu) k - 1) ln(1 - y) - ln B(mu k, (1 - mu) k)."""
        mu, k = expit(eta1 + y.offset), self.theta(eta2).value
        values = np.where(y.observed > 0, y.values, 0.5)
        a, b = mu * k, (1 - mu) * k
        value = (a - 1) * np.log(values) + (b - 1) * np.log1p(-values) - betaln(a, b)
        return np.asarray(y.observed * value)

    def noise_variance(self, dispersion: Moments) -> Floats:
        """E[rho]."""
        return expectation(self.bounds.at, dispersion)

    def mean(self, eta1: Floats) -> Floats:
        return expit(eta1)

    def draw(self, rng: np.random.Generator, eta1: Floats, eta2: Floats, trials: Floats) -> Floats:
        mu, k = expit(eta1), self.theta(eta2).value
        return rng.beta(mu * k, (1 - mu) * k)
