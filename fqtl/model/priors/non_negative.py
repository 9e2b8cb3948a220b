"""Non-negative: N(0, 1/precision) cut at 0, with a posterior of the same kind, N+(b, 1/s).

With a = b sqrt(s) and h = phi(a)/Phi(a),

    E[theta] = (a + h)/sqrt(s),   V[theta] = (1 - h (a + h))/s,
    dKL = s b dE[theta] - 1/2 (s - precision) dE[theta^2]    (an exponential family).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import erfcx, log_ndtr

from fqtl.model.arrays.moments import Floats, Moments
from fqtl.model.priors.prior import Coordinates

FAR = -200.0  # a beyond which moments of N+ are those of the tail


@dataclass
class NonNegative:
    """Loadings of at least 0: a normal prior and normal posteriors, both cut at 0.

    location, rate : b and s of the posteriors N+(b, 1/s)
    precision : of the prior N+(0, 1/precision)
    """

    location: Floats
    rate: Floats
    precision: float
    precision_bounds: tuple[float, float] = (1e-4, 1e8)

    @classmethod
    def empty(
        cls,
        size: int,
        *,
        precision: float,
        precision_bounds: tuple[float, float] = (1e-4, 1e8),
    ) -> "NonNegative":
        """Posteriors equal to the prior."""
        rate = np.full(size, precision)
        return cls(np.zeros(size), rate, precision, precision_bounds)

    @property
    def pip(self) -> Floats:
        return np.ones_like(self.location)

    @property
    def any(self) -> float:
        return 1.0

    @property
    def mean(self) -> Floats:
        return self._shape()[0] / np.sqrt(self.rate)

    @property
    def variance(self) -> Floats:
        return self._shape()[1] / self.rate

    def _shape(self) -> tuple[Floats, Floats, Floats]:
        """Mean, variance and the slope of the variance in a, of N+(a, 1)."""
        a = self.location * np.sqrt(self.rate)
        near = np.maximum(a, FAR)
        h = np.sqrt(2 / np.pi) / erfcx(-near / np.sqrt(2))
        mean = near + h
        variance = 1 - h * mean
        slope = h * (mean**2 - variance)
        tail = a < FAR
        if tail.any():
            r = -1 / a[tail]
            mean[tail], variance[tail] = r - 2 * r**3, r**2 - 6 * r**4
            slope[tail] = 2 * r**3
        return mean, variance, slope

    def divergence(self) -> float:
        a = self.location * np.sqrt(self.rate)
        second = self.mean**2 + self.variance
        slab = (
            self.rate * self.location * self.mean
            - 0.5 * (self.rate - self.precision) * second
            - 0.5 * a**2
            + 0.5 * np.log(self.rate / self.precision)
            - log_ndtr(a)
            - np.log(2)
        )
        return float(slab.sum())

    def update(self, score: Floats, information: Floats, beside: Floats | None = None) -> None:
        """Best q, each loading on its own, or one after the other as in `SpikeSlab.update`."""
        self.rate[:] = self.precision + information
        if beside is None:
            self.location[:] = score / self.rate
            return
        mean = self.mean
        for t in np.argsort(-np.abs(score), kind="stable"):
            self.location[t] = (score[t] - beside[t] @ mean) / self.rate[t]
            mean[t] = NonNegative(self.location[[t]], self.rate[[t]], self.precision).mean[0]

    def learn(self) -> None:
        second = float((self.mean**2 + self.variance).mean())
        self.precision = float(np.clip(1 / second, *self.precision_bounds))

    def rescale(self, factor: float) -> None:
        """Multiply every loading by `factor` > 0 and the prior with it."""
        self.location *= factor
        self.rate /= factor**2
        self.precision /= factor**2

    def linear(self) -> Moments:
        return Moments(self.mean, self.variance)

    def score(self, linear: Moments) -> Moments:
        return linear

    def through(self, linear: Moments, mean: Floats, variance: Floats) -> tuple[Moments, Floats]:
        return Moments(mean, variance), np.zeros(())

    def coordinates(self) -> Coordinates:
        """(location, ln rate)."""
        return self.location.copy(), np.log(self.rate)

    def move_to(self, coordinates: Coordinates) -> None:
        self.location[:] = coordinates[0]
        np.exp(coordinates[1], out=self.rate)

    def slopes(self, mean: Floats, variance: Floats, gate: Floats | float = 0.0) -> Coordinates:
        m, v, slope = self._shape()
        sd = self.rate**-0.5
        a = self.location / sd
        first = sd * m
        # d E, d V in the location and in ln rate
        mean_by = (v, 0.5 * sd * (v * a - m))
        variance_by = (sd * slope, sd**2 * (0.5 * a * slope - v))
        left, curved = mean - self.rate * self.location, 0.5 * (self.rate - self.precision)
        in_location, in_rate = (
            (left + 2 * curved * first) * of_mean + (variance + curved) * of_variance
            for of_mean, of_variance in zip(mean_by, variance_by, strict=True)
        )
        return in_location, in_rate
