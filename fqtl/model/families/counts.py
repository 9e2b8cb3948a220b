"""Negative binomial counts.

With shape a and mean mu = exp(eta1), the offset being part of eta1 (Park et al. 2017, bioRxiv
107623; for size factors Robinson & Smyth 2008, Anders & Huber 2010):

    V[y] = mu + mu^2/a,
    log p = ln G(y + a) - ln G(a) - ln G(y + 1) + y u - (y + a) ln(1 + e^u),   u = eta1 - ln a.

The paper calls u the location, so that its mean is a exp(eta1). That is the same model with another
intercept; but the mean and the shape are orthogonal (Cox & Reid 1987) where u and the shape are
not, and posteriors of the two may then be taken as independent.

    nb         a = 1 + 1/phi,  phi between 1e-4 and phi_max,
    nb_pseudo  a = a0 + a_min + (a_max - a_min) sigmoid(-eta2).

phi_max is what moments give, (V[y] - mean)/mean^2 for equal libraries, so that the variance of the
model does not exceed the observed one. The shape of nb is above 1: tissues in which one standard
deviation exceeds the mean are for nb_pseudo.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
from scipy.special import gammaln

from fqtl.model.arrays.moments import Floats, Indices, Moments
from fqtl.model.families.bounds import AT_THE_BOUND, Bounds, Curve
from fqtl.model.families.domain import not_counts, refuse, refuse_sizes
from fqtl.model.families.expected import Expected, expectation
from fqtl.model.families.response import Response

LEAST = 1e-4  # of phi: a standard deviation of 1 % of the mean beside counting; taste
FLAT = 1e-3  # of phi_max: where counts vary less than Poisson's; taste
PSEUDO = 0.1  # a0; taste
RATE = 1e-8  # of a tissue without counts; taste


@dataclass(frozen=True)
class NegativeBinomial:
    """Counts with shape a = 1 + 1/phi.

    bounds : of phi
    level : (m,) log of the mean count at offset 0
    """

    bounds: Bounds
    level: Floats
    name: ClassVar[str] = "nb"
    density: ClassVar[str] = "counts"
    quadratic: ClassVar[bool] = False
    dispersed: ClassVar[bool] = True
    dispersion_start: ClassVar[tuple[float, float]] = AT_THE_BOUND

    @classmethod
    def check(cls, y: Response) -> None:
        hint = "Estimated counts are to be rounded; log expression is for family gaussian."
        refuse(y, not_counts(y.values), cls.name, "whole counts of at least 0", hint)
        refuse_sizes(y, cls.name)

    @classmethod
    def linked(cls, y: Response) -> Floats:
        """Logarithm of half a count more."""
        return np.log(np.maximum(y.values, 0) + 0.5) - y.offset

    @classmethod
    def of(cls, y: Response) -> "NegativeBinomial":
        return cls(Bounds(*phi_bounds(y)), log_rate(y))

    def theta(self, eta2: Floats) -> Curve:
        """The shape a."""
        return self.bounds.at(eta2).reciprocal().plus(1.0)

    def base(self, y: Response) -> Floats:
        return np.asarray(-y.observed * gammaln(y.values + 1))

    def of_tissues(self, index: Indices) -> Self:
        return replace(self, bounds=self.bounds.of_tissues(index), level=self.level[index])

    def given(self, y: Response, location: Moments, shared: bool) -> Expected:
        return Expected.at(self, y, location, shared)

    def log_prob(self, y: Response, eta1: Floats, eta2: Floats) -> Floats:
        """ln G(y + a) - ln G(a) - ln G(y + 1) + y u - (y + a) ln(1 + e^u),  u = eta1 - ln a."""
        a = self.theta(eta2).value
        u = eta1 + y.offset - np.log(a)
        value = gammaln(y.values + a) - gammaln(a) - gammaln(y.values + 1)
        return np.asarray(y.observed * (value + y.values * u - (y.values + a) * np.logaddexp(0, u)))

    def noise_variance(self, dispersion: Moments) -> Floats:
        """E[1/a]: the squared coefficient of variation beside counting."""
        return expectation(lambda eta: self.theta(eta).reciprocal(), dispersion)

    def mean(self, eta1: Floats) -> Floats:
        return np.exp(eta1)

    def draw(self, rng: np.random.Generator, eta1: Floats, eta2: Floats, trials: Floats) -> Floats:
        """A Poisson count whose rate is gamma distributed."""
        a = self.theta(eta2).value
        return rng.poisson(rng.gamma(a, np.exp(eta1) / a)).astype(np.float64)


@dataclass(frozen=True)
class PseudoNegativeBinomial(NegativeBinomial):
    """Counts with shape a0 + a.

    bounds : of a
    """

    name: ClassVar[str] = "nb_pseudo"

    @classmethod
    def of(cls, y: Response) -> "PseudoNegativeBinomial":
        phi = Bounds(*phi_bounds(y))
        least = np.maximum(1 / phi.high - PSEUDO, LEAST)
        return cls(Bounds(least, least + 1 / phi.low, falling=True), log_rate(y))

    def theta(self, eta2: Floats) -> Curve:
        return self.bounds.at(eta2).plus(PSEUDO)


def log_rate(y: Response) -> Floats:
    """(m,) log of counts over size factors, in total."""
    size = y.average(np.broadcast_to(np.exp(y.offset), y.values.shape))
    rate = y.average(y.values) / np.where(size > 0, size, 1.0)
    return np.log(np.maximum(rate, RATE))


def phi_bounds(y: Response) -> tuple[Floats, Floats]:
    """(m,) least and largest phi, the latter by moments of counts over size factors.

    (V - mean E[1/size])/mean^2 (Anders & Huber 2010, Genome Biology 11:R106).
    """
    size = np.broadcast_to(np.exp(y.offset), y.values.shape)
    rate = y.values / size
    mean = y.average(rate)
    excess = y.average((rate - mean) ** 2) - mean * y.average(1 / size)
    most = np.divide(excess, mean**2, out=np.zeros_like(mean), where=mean > 0)
    return np.full(len(mean), LEAST), np.maximum(most, FLAT)
