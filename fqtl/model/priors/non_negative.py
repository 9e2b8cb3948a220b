"""Non-negative: N(0, 1/precision) cut at 0, with a posterior of the same kind, N+(b, 1/s).

With a = b sqrt(s) and h = phi(a)/Phi(a),

    E[theta] = (a + h)/sqrt(s),   V[theta] = (1 - h (a + h))/s,
    dKL = s b dE[theta] - 1/2 (s - precision) dE[theta^2]    (an exponential family).
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import erfcx, log_ndtr

from fqtl.model.arrays.moments import Floats, Moments
from fqtl.model.priors.bounds import PRECISION_BOUNDS, Bounds
from fqtl.model.priors.posterior import Unconstrained
from fqtl.model.priors.spike_slab import KNOWN_PRECISION

# a below which moments are those of a series; derived: there cancellation would cost 2e-7 of the
# variance, and the series' next term is 3e-8 of it
FAR_TAIL = -200.0


@dataclass(frozen=True)
class NonNegativePrior:
    """N+(0, 1/precision), whose precision is learned between bounds."""

    precision: float
    precision_bounds: Bounds = PRECISION_BOUNDS


@dataclass(frozen=True)
class NonNegativePosterior:
    """Loadings of at least 0: a normal prior and normal posteriors, both cut at 0.

    location, rate : b and s of the posteriors N+(b, 1/s)
    """

    prior: NonNegativePrior
    location: Floats
    rate: Floats

    @classmethod
    def empty(cls, prior: NonNegativePrior, size: int) -> "NonNegativePosterior":
        """Posteriors equal to the prior."""
        return cls(prior, np.zeros(size), np.full(size, prior.precision))

    @property
    def pip(self) -> Floats:
        return np.ones_like(self.location)

    @property
    def any(self) -> float:
        return 1.0

    @property
    def log_none(self) -> float:
        return -np.inf

    @property
    def prior_precision(self) -> float:
        """Of the normal distribution that is cut at 0."""
        return self.prior.precision

    @property
    def mean(self) -> Floats:
        return self._shape()[0] / np.sqrt(self.rate)

    @property
    def variance(self) -> Floats:
        return self._shape()[1] / self.rate

    def known(self, loadings: Floats) -> "NonNegativePosterior":
        """These loadings, or those of opposite sign if these are rather negative; as certain."""
        up = loadings if loadings.sum() >= 0 else -loadings
        rate = np.full_like(self.rate, KNOWN_PRECISION)
        return replace(self, location=np.maximum(up, 0.0), rate=rate)

    def _shape(self) -> tuple[Floats, Floats, Floats]:
        """Mean, variance and the slope of the variance in a, of N+(a, 1)."""
        a = self.location * np.sqrt(self.rate)
        near = np.maximum(a, FAR_TAIL)
        h = np.sqrt(2 / np.pi) / erfcx(-near / np.sqrt(2))
        mean = near + h
        variance = 1 - h * mean
        slope = h * (mean**2 - variance)
        tail = a < FAR_TAIL
        if tail.any():
            r = -1 / a[tail]
            mean[tail], variance[tail] = r - 2 * r**3, r**2 - 6 * r**4
            slope[tail] = 2 * r**3
        return mean, variance, slope

    def kl(self) -> float:
        """KL(q || p) summed over the loadings, in nats."""
        precision = self.prior.precision
        a = self.location * np.sqrt(self.rate)
        second = self.mean**2 + self.variance
        slab = (
            self.rate * self.location * self.mean
            - 0.5 * (self.rate - precision) * second
            - 0.5 * a**2
            + 0.5 * np.log(self.rate / precision)
            - log_ndtr(a)
            - np.log(2)
        )
        return float(slab.sum())

    def updated(
        self, score: Floats, information: Floats, off_diagonal: Floats | None = None
    ) -> "NonNegativePosterior":
        """Best q, each loading on its own, or in turn as in `SpikeSlabPosterior.updated`."""
        rate = np.broadcast_to(self.prior.precision + information, self.rate.shape).copy()
        if off_diagonal is None:
            return replace(self, location=score / rate, rate=rate)
        location, mean = self.location.copy(), replace(self, rate=rate).mean
        for t in np.argsort(-np.abs(score), kind="stable"):
            location[t] = (score[t] - off_diagonal[t] @ mean) / rate[t]
            mean[t] = replace(self, location=location[[t]], rate=rate[[t]]).mean[0]
        return replace(self, location=location, rate=rate)

    def learned(self) -> "NonNegativePosterior":
        """The same under the prior that suits it best."""
        second = float((self.mean**2 + self.variance).mean())
        precision = float(np.clip(1 / second, *self.prior.precision_bounds))
        return replace(self, prior=replace(self.prior, precision=precision))

    def rescaled(self, factor: float) -> "NonNegativePosterior":
        """Every loading times `factor` > 0, and the prior with it: the KL stays."""
        return replace(
            self,
            prior=replace(self.prior, precision=self.prior.precision / factor**2),
            location=self.location * factor,
            rate=self.rate / factor**2,
        )

    def linear(self) -> Moments:
        return Moments(self.mean, self.variance)

    def score(self, linear: Moments) -> Moments:
        return linear

    def chain_rule(self, linear: Moments, mean: Floats, variance: Floats) -> tuple[Moments, Floats]:
        return Moments(mean, variance), np.zeros(())

    def unconstrained(self) -> Unconstrained:
        """(location, ln rate)."""
        return self.location.copy(), np.log(self.rate)

    def at(self, parameters: Unconstrained) -> "NonNegativePosterior":
        return replace(self, location=parameters[0].copy(), rate=np.exp(parameters[1]))

    def gradient(
        self, mean: Floats, variance: Floats, indicator: Floats | float = 0.0
    ) -> Unconstrained:
        m, v, slope = self._shape()
        sd = self.rate**-0.5
        a = self.location / sd
        first = sd * m
        # d E, d V in the location and in ln rate
        mean_by = (v, 0.5 * sd * (v * a - m))
        variance_by = (sd * slope, sd**2 * (0.5 * a * slope - v))
        of_first = mean - self.rate * self.location
        of_second = 0.5 * (self.rate - self.prior.precision)
        in_location, in_rate = (
            (of_first + 2 * of_second * first) * of_mean + (variance + of_second) * of_variance
            for of_mean, of_variance in zip(mean_by, variance_by, strict=True)
        )
        return in_location, in_rate
