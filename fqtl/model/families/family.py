"""What engines and results ask of a family, and what a family answers with."""

from collections.abc import Callable
from typing import ClassVar, NamedTuple, Protocol

import numpy as np

from fqtl.model.arrays.moments import Floats, Gradient, Indices, Moments
from fqtl.model.families.response import Response


class SquaredResiduals(NamedTuple):
    """What they say of the dispersion.

    mean, observations : their mean and number, in the shape of the dispersion
    dispersion_at : eta2 that gives a variance, and what one observation tells about it (Fisher)
    """

    mean: Floats
    observations: Floats
    dispersion_at: Callable[[Floats], tuple[Floats, Floats]]


class Likelihood(Protocol):
    """Expected log-likelihood at given moments of the location, as the dispersion moves."""

    @property
    def dispersed(self) -> bool:
        """Whether eta2 enters at all."""

    def expect(self, dispersion: Moments) -> tuple[Floats, Gradient]:
        """(m,) expected log-likelihood of each tissue, and its gradient in the dispersion."""

    def location_gradient(self, dispersion: Moments) -> Gradient:
        """Gradient in the location, each entry (n, m), 0 where nothing was observed."""

    def information(self, dispersion: Moments) -> Floats:
        """(n, m) that of this gradient."""

    def squared_residuals(self) -> SquaredResiduals | None:
        """None where they do not tell the dispersion."""


class Family(Protocol):
    """A family whose bounds and starting point were taken from a response of m tissues.

    quadratic : whether log p is quadratic in eta1, so that the working problem is the model itself
    dispersed : whether eta2 enters at all
    dispersion_start : mean and variance of eta2 to start from
    """

    name: ClassVar[str]
    quadratic: ClassVar[bool]
    dispersed: ClassVar[bool]
    dispersion_start: ClassVar[tuple[float, float]]

    @property
    def level(self) -> Floats:
        """(m,) eta1 of the average donor, beside its offset: where to start from."""

    @classmethod
    def check(cls, y: Response) -> None:
        """Raise FqtlError that names the first entry which this family cannot have."""

    @classmethod
    def linked(cls, y: Response) -> Floats:
        """(n, m) y on the scale of eta1, without its offset: what a prediction is compared with."""

    @classmethod
    def of(cls, y: Response) -> "Family":
        """Bounds and level from the data."""

    def of_tissues(self, index: Indices) -> "Family":
        """The family of these tissues, in this order; a tissue may come more than once."""

    def given(self, y: Response, location: Moments, shared: bool) -> Likelihood:
        """Likelihood at these moments; `shared`: a tissue has one dispersion for all."""

    def log_prob(self, y: Response, eta1: Floats, eta2: Floats) -> Floats:
        """Log-density of every entry (n, m), 0 where nothing was observed.

        eta1 : (..., n, m), to which the offset of y is added
        eta2 : (..., n, m) or (..., 1, m)
        """

    def noise_variance(self, dispersion: Moments) -> Floats:
        """Expected residual variance, in the shape of the dispersion.

        In families whose variance hangs on the mean, the number that eta2 moves.
        """

    def mean(self, eta1: Floats) -> Floats:
        """Expected response (of one trial) at eta1, the offset included."""

    def draw(self, rng: np.random.Generator, eta1: Floats, eta2: Floats, trials: Floats) -> Floats:
        """Responses at eta1, the offset included, and eta2."""
