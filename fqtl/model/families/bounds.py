"""A number that eta2 moves between two bounds: low + (high - low) sigmoid(eta2)."""

from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit

from fqtl.model.arrays.moments import Floats, Indices
from fqtl.model.families.quadrature import gauss

EPSILON = 1e-16  # nearer to a bound the number does not move; taste
# Mean and variance of eta2 near which a tissue of a few hundred donors settles that nothing
# explains, whose number is at its bound: E[1/V] = 1.02/v_max; taste.
AT_THE_BOUND = (4.5, 1.8)


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
    """Of a number that eta2 moves.

    low, high : (m,) of each tissue
    falling : whether the number falls as eta2 rises
    """

    low: Floats
    high: Floats
    falling: bool = False

    def of_tissues(self, index: Indices) -> "Bounds":
        return Bounds(self.low[index], self.high[index], self.falling)

    def at(self, eta: Floats) -> Curve:
        """The number at eta (..., m)."""
        sign = -1.0 if self.falling else 1.0
        logistic = expit(sign * eta)
        width = self.high - self.low
        first = width * logistic * (1 - logistic)
        return Curve(self.low + width * logistic, sign * first, first * (1 - 2 * logistic))

    def condensed(self, eta: Floats, weight: Floats, kept: int) -> tuple[Floats, Floats]:
        """`kept` nodes of eta and their weights (kept, m), for sums over eta (nodes, m).

        The Gauss rule of the distribution of the number's logarithm, whose first 2 kept moments it
        has: what a log-density is smooth in. Far out in a saturated region of the sigmoid many
        nodes of eta are one of it.
        """
        sign = -1.0 if self.falling else 1.0
        floor = self.low / (self.high - self.low)
        # the logarithm of the number over its upper bound, with all the digits of what is near it
        logarithm = np.log1p(-expit(-sign * eta) / (1 + floor))
        node, weights = gauss(logarithm, weight, kept)
        rest = np.clip(-(1 + floor) * np.expm1(node), EPSILON, 1 - EPSILON)
        return -sign * logit(rest), weights
