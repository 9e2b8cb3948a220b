"""What predictors and engines ask of a prior.

Engines that climb by gradients move each posterior in coordinates without bounds: the logit of
probabilities, the logarithm of precisions, means as they are. A score f = x theta has the moments
x E and x^2 V of independent loadings; where one gate spans the variants, f = gate (x slab), and

    E[f] = pip g,   V[f] = pip h + pip (1 - pip) g^2,   g = x slab_mean,   h = x^2/slab_precision.
"""

from typing import Protocol

from fqtl.model.arrays.moments import Floats, Moments

Coordinates = tuple[Floats, ...]


class Loadings(Protocol):
    """Loadings of one factor, or effects of one tissue."""

    @property
    def mean(self) -> Floats: ...

    @property
    def variance(self) -> Floats: ...

    @property
    def pip(self) -> Floats: ...

    @property
    def any(self) -> float: ...


class Prior(Loadings, Protocol):
    """What predictors and engines ask of independent loadings with a learned prior."""

    def divergence(self) -> float:
        """KL(q || p) summed over the loadings, in nats."""

    def update(self, score: Floats, information: Floats, beside: Floats | None = None) -> None:
        """Best q against  score theta - 1/2 information theta^2."""

    def learn(self) -> None:
        """The prior that suits q best, within its bounds."""

    def rescale(self, factor: float) -> None:
        """Multiply every loading by `factor` > 0 and the prior with it: the divergence stays."""

    @property
    def precision(self) -> float:
        """Of the prior's slab."""

    def linear(self) -> Moments:
        """Mean and variance that go through x and x^2 on the way to a score."""

    def score(self, linear: Moments) -> Moments:
        """Moments of the score from these of its linear part."""

    def through(self, linear: Moments, mean: Floats, variance: Floats) -> tuple[Moments, Floats]:
        """Slopes in the linear part, from slopes in the moments of the score; that of the gate."""

    def coordinates(self) -> Coordinates:
        """The posterior in coordinates without bounds."""

    def move_to(self, coordinates: Coordinates) -> None:
        """Take the posterior from its coordinates."""

    def slopes(self, mean: Floats, variance: Floats, gate: Floats | float = 0.0) -> Coordinates:
        """d/d coordinates of  mean . m + variance . v + gate . pip - KL,  (m, v) = `linear()`."""
