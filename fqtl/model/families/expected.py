"""Expectation of a log-density that is not quadratic in eta1, by Gauss-Hermite sums.

With eta1 ~ N(M, S) and eta2 ~ N(M2, S2) independent,

    E = sum_k sum_q w_k w_q log p(y | M + sqrt(S) z_k, theta(M2 + sqrt(S2) z_q)),

and by the theorems of Bonnet and Price the derivatives of E in M and in S are the sums of the first
and of half the second derivative of log p in eta1; likewise for eta2, by the chain rule through
theta.

Densities are smooth over a distance of about 1 in either eta, so few nodes do where the variance is
small: up to a variance of 1 the sums are good to 1e-6 of a nat an entry. The variance of eta2 is
often 5 to 9, of a tissue whose dispersion is near its upper bound whatever eta2 is; there a Gauss
rule of the dispersion itself does with fewer than half of the nodes what one of eta2 does.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Protocol

import numpy as np

from fqtl.model.arrays.moments import Floats, Gradient, Moments
from fqtl.model.families._densities import expect
from fqtl.model.families.bounds import Bounds, Curve
from fqtl.model.families.quadrature import average, hermite
from fqtl.model.families.response import Response

# up to this variance of eta, so many nodes
NODES = (
    (0.01, 3),
    (0.03, 4),
    (0.1, 6),
    (0.3, 8),
    (1.0, 12),
    (np.inf, 20),
)  # measured: sums are good to 1e-6 nats an entry
# and of eta2, at most, where donors share it; measured: the same sums as 20 nodes of eta2
CONDENSED = 8
RULES = tuple((largest, np.array(hermite(nodes))) for largest, nodes in NODES)


class Density(Protocol):
    """What is summed.

    density : name of the C function
    dispersed : whether eta2 enters at all
    """

    density: ClassVar[str]
    dispersed: ClassVar[bool]

    @property
    def bounds(self) -> Bounds | None:
        """Of the number that eta2 moves, if there is one."""

    def theta(self, eta2: Floats) -> Curve:
        """What the C function calls theta."""

    def base(self, y: Response) -> Floats:
        """(n, m) part of the log-density that y alone decides."""


@dataclass
class Expected:
    """Likelihood of a density at given moments of the location.

    mean, variance : (n, m) of eta1, the offset included
    shared : whether a tissue has one dispersion for all
    """

    family: Density
    y: Response
    mean: Floats
    variance: Floats
    shared: bool
    _at: Moments | None = field(default=None, repr=False)
    _sums: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._sums = np.zeros((7, *self.mean.shape))

    @classmethod
    def at(cls, family: Density, y: Response, location: Moments, shared: bool) -> "Expected":
        mean = np.ascontiguousarray(np.broadcast_to(location.mean + y.offset, y.values.shape))
        # the variance of what is hardly there is spread alike over donors: some may owe a little
        positive = np.maximum(location.variance, 0.0)
        variance = np.ascontiguousarray(np.broadcast_to(positive, y.values.shape))
        return cls(family, y, mean, variance, shared)

    @property
    def dispersed(self) -> bool:
        return self.family.dispersed

    def expect(self, dispersion: Moments) -> tuple[Floats, Gradient]:
        self._move_to(dispersion)
        value = (self._sums[0] + self.base).sum(axis=0)
        gradient = self._sums[4:]
        if not self.shared:
            return value, Gradient(*gradient.copy())
        return value, Gradient(*(part.sum(axis=0, keepdims=True) for part in gradient))

    def location_gradient(self, dispersion: Moments) -> Gradient:
        self._move_to(dispersion)
        return Gradient(*self._sums[1:4].copy())

    def information(self, dispersion: Moments) -> Floats:
        return self.location_gradient(dispersion).information

    def squared_residuals(self) -> None:
        return None

    @cached_property
    def base(self) -> Floats:
        """(n, m) part of the log-density that y alone decides."""
        return self.family.base(self.y)

    def _move_to(self, dispersion: Moments) -> None:
        """Fill the sums, of tissues whose dispersion has moved since they were last filled."""
        moved = np.ones(self.mean.shape[1], dtype=np.uint8)
        if self._at is not None:
            same = [now == then for now, then in zip(dispersion, self._at, strict=True)]
            moved[(same[0] & same[1]).all(axis=0)] = 0
        self._at = dispersion
        if not moved.any():
            return
        largest = dispersion.variance[:, moved > 0].max()
        _, (z, weight) = next(rule for rule in RULES if largest <= rule[0])
        eta = dispersion.mean + np.sqrt(dispersion.variance) * z[:, None, None]
        weights = np.broadcast_to(weight[:, None, None], eta.shape)
        bounds = self.family.bounds
        if bounds is not None and self.shared and len(z) > CONDENSED:
            fewer = bounds.condensed(eta[:, 0], weight, CONDENSED)
            eta, weights = (part[:, None] for part in fewer)
        curve = self.family.theta(eta)
        expect(
            self.family.density,
            self.y.values,
            self.y.observed * moved,
            np.ascontiguousarray(np.broadcast_to(self.y.trials, self.mean.shape)),
            self.mean,
            self.variance,
            RULES,
            np.ascontiguousarray(weights),
            np.ascontiguousarray(curve.value),
            np.ascontiguousarray(curve.first),
            np.ascontiguousarray(curve.second),
            self._sums,
        )


def expectation(curve_of: Callable[[Floats], Curve], dispersion: Moments) -> Floats:
    """E of a number that eta2 moves, in the shape of the dispersion."""
    z, _ = hermite()
    eta = dispersion.mean + np.sqrt(dispersion.variance) * z[:, None, None]
    return average(curve_of(eta).value)
