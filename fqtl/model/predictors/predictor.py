"""Predictors: the entries of a linear predictor. A predictor knows x and its loadings, never y.

Each entry adds mean and variance to eta (`moments`), maximises the ELBO over its own loadings
against a working response under a precision of the noise (`updated`), and knows its KL from the
prior. Writing z_i for the response of donor i minus the other entries, and P_i for the precision
of its noise (`priors/shared_noise.py`), the part of the ELBO that an entry eta sees is, up to a
constant,

    sum_i E[eta_i] . P_i z_i - 1/2 E[eta_i' P_i eta_i] - KL,

so what it is given is the precision-weighted residual P_i z_i, and P. An entry never changes: an
update gives another. The entries there are: `factored.py`, `tissue_specific.py`,
`background.py`, `covariates.py`; of the model's paper, `bilinear.py` and `dense.py`.
"""

from enum import Enum, auto
from typing import NamedTuple, Protocol, Self

from fqtl.model.arrays.moments import Floats, Moments
from fqtl.model.priors.shared_noise import NoisePrecision


class Visit(Enum):
    """Which loadings an update looks at, from cheap to complete."""

    ACTIVE_SET = auto()  # those that mattered when all were last looked at
    FULL_SWEEP = auto()  # all, and new ones


class Predictor(Protocol):
    """What engines ask of an entry of the location."""

    def mean(self) -> Floats:
        """Mean of its part of eta, (n, m) or (1, m)."""

    def moments(self) -> Moments:
        """Mean and variance of its part of eta."""

    def covariance_along(self, direction: Floats) -> Floats:
        """(n, m) covariance of each tissue's part of eta with direction . eta, as (n, m)."""

    def updated(self, residual: Floats, precision: NoisePrecision, visit: Visit) -> Self:
        """The entry of higher ELBO against a precision-weighted residual (n, m)."""

    def grown(self, residual: Floats, precision: NoisePrecision) -> "Grown":
        """The entry with new loadings if the ELBO rises by it. Most entries never grow."""

    def cleared(self) -> Self | None:
        """The entry without what was found, so that others may find it; None if nothing was, or of
        an entry that has no rivals."""

    def kl(self) -> float:
        """KL(q || p) of its loadings, in nats."""


class Grown(NamedTuple):
    """An entry that was asked to grow, and whether it found anything.

    Where it did not it may still know more than before: scores that were made anew, a prior.
    """

    entry: Predictor
    found: bool
