"""Predictors: the entries of a linear predictor. A predictor knows x and its loadings, never y.

Each entry adds mean and variance to eta (`moments`), maximises the ELBO over its own loadings
against a working response and weights (`update`), and knows its divergence from the prior.
Writing Z for the response minus the other entries and W for the weights, the part of the ELBO that
an entry with moments M, S sees is, up to a constant,

    sum W (Z M - 1/2 (M^2 + S)) - KL.

The entries there are: `factored.py`, `dense.py`, `covariates.py`.
"""

from enum import Enum, auto
from typing import Protocol

from fqtl.model.moments import Floats, Moments
from fqtl.model.priors import SpikeSlab

FINE = 0.1  # of the usual tolerance: how still a loading must stand to be passed over at the end


class Visit(Enum):
    """Which loadings an update looks at, from cheap to complete."""

    KNOWN = auto()  # those that mattered when all were last looked at
    PROMISING = auto()  # those that one look at all of them does not rule out
    EVERY = auto()  # all, so that each gets its own posterior, however small


class Predictor(Protocol):
    """What engines ask of an entry of the location."""

    def mean(self) -> Floats:
        """Mean of its part of eta, (n, m) or (1, m)."""

    def moments(self) -> Moments:
        """Mean and variance of its part of eta."""

    def update(self, response: Floats, weight: Floats, visit: Visit) -> None:
        """Raise the ELBO against a response (n, m) and weights (n, m)."""

    def grow(self, response: Floats, weight: Floats) -> bool:
        """Add loadings if the ELBO rises by it; whether it did. Most entries never grow."""

    def divergence(self) -> float:
        """KL(q || p) of its loadings, in nats."""


class Effects(Predictor, Protocol):
    """Entry whose loadings belong to variants and tissues."""

    def sides(self) -> tuple[list[SpikeSlab], list[SpikeSlab]]:
        """Variant and tissue loadings of each factor: their products sum to the effects."""
