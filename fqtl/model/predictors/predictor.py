"""Predictors: the entries of a linear predictor. A predictor knows x and its loadings, never y.

Each entry adds mean and variance to eta (`moments`), maximises the ELBO over its own loadings
against a working response under a precision of the noise (`update`), and knows its divergence from
the prior. Writing z_i for the response of donor i minus the other entries, and P_i for the
precision (`noise.py`), the part of the ELBO that an entry eta sees is, up to a constant,

    sum_i E[eta_i] . P_i z_i - 1/2 E[eta_i' P_i eta_i] - KL,

so what it is given is the pull P_i z_i and P. The entries there are: `factored.py`, `specific.py`,
`covariates.py`.
"""

from enum import Enum, auto
from typing import Protocol

from fqtl.model.arrays.moments import Floats, Moments
from fqtl.model.predictors.shared_noise import Precision


class Visit(Enum):
    """Which loadings an update looks at, from cheap to complete."""

    KNOWN = auto()  # those that mattered when all were last looked at
    EVERY = auto()  # all, and new ones


class Predictor(Protocol):
    """What engines ask of an entry of the location."""

    def mean(self) -> Floats:
        """Mean of its part of eta, (n, m) or (1, m)."""

    def moments(self) -> Moments:
        """Mean and variance of its part of eta."""

    def covariance_along(self, direction: Floats) -> Floats:
        """(n, m) covariance of each tissue's part of eta with direction . eta, as (n, m)."""

    def update(self, pull: Floats, precision: Precision, visit: Visit) -> None:
        """Raise the ELBO against a pull (n, m)."""

    def grow(self, pull: Floats, precision: Precision) -> bool:
        """Add loadings if the ELBO rises by it; whether it did. Most entries never grow."""

    def clear(self) -> bool:
        """Forget what was found, so that others may find it; False if nothing was, or in an entry
        that has no rivals."""

    def divergence(self) -> float:
        """KL(q || p) of its loadings, in nats."""
