"""A number that eta2 moves between two bounds: low + (high - low) sigmoid(eta2)."""

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from fqtl.model.moments import Floats, Indices


class Curve(NamedTuple):
    """A number as a function of eta2, with its first two derivatives."""

    value: Floats
    first: Floats
    second: Floats

    def reciprocal(self) -> "Curve":
        """Of one over the number."""
        inverse = 1 / self.value
        first = -self.first * inverse**2
        return Curve(inverse, first, -self.second * inverse**2 - 2 * first * self.first * inverse)

    def plus(self, constant: float) -> "Curve":
        return self._replace(value=self.value + constant)


class Bounds(NamedTuple):
    """low, high : (m,) of each tissue."""

    low: Floats
    high: Floats

    def of_tissues(self, index: Indices) -> "Bounds":
        return Bounds(self.low[index], self.high[index])

    def at(self, eta: Floats) -> Curve:
        """The number at eta (..., m)."""
        gate = expit(eta)
        width = self.high - self.low
        first = width * gate * (1 - gate)
        return Curve(self.low + width * gate, first, first * (1 - 2 * gate))

    def falling_at(self, eta: Floats) -> Curve:
        """The number that falls as eta rises."""
        there = self.at(-np.asarray(eta))
        return there._replace(first=-there.first)
