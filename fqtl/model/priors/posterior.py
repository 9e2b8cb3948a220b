"""What predictors and engines ask of a posterior.

A prior is a frozen class of hyper-parameters; a posterior is a frozen class of arrays that are
never written to, beside the prior that it answers to. An update gives a new posterior, so that a
fit undoes a step by keeping the old one.

Engines that climb by gradients move each posterior in unconstrained parameters: the logit of
probabilities, the logarithm of precisions, means as they are. A score f = x theta has the moments
x E and x^2 V of independent loadings; where the loadings share one inclusion indicator,
f = indicator (x slab), and

    E[f] = pip g,   V[f] = pip h + pip (1 - pip) g^2,   g = x slab_mean,   h = x^2/slab_precision.
"""

from typing import Protocol, Self

from fqtl.model.arrays.moments import Floats, Moments

Unconstrained = tuple[Floats, ...]


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

    @property
    def log_none(self) -> float:
        """ln(1 - any), known where `any` rounds to 1."""


class LoadingsPosterior(Loadings, Protocol):
    """What predictors and engines ask of independent loadings with a learned prior."""

    def kl(self) -> float:
        """KL(q || p) summed over the loadings, in nats."""

    def updated(
        self, score: Floats, information: Floats, off_diagonal: Floats | None = None
    ) -> Self:
        """Best q against  score theta - 1/2 information theta^2."""

    def learned(self) -> Self:
        """The same under the prior that suits it best, within the prior's bounds."""

    def rescaled(self, factor: float) -> Self:
        """Every loading times `factor` > 0, and the prior with it: the KL stays."""

    @property
    def prior_precision(self) -> float:
        """Of the prior's slab."""

    def known(self, loadings: Floats) -> Self:
        """These loadings, taken as known."""

    def linear(self) -> Moments:
        """Mean and variance that go through x and x^2 on the way to a score."""

    def score(self, linear: Moments) -> Moments:
        """Moments of the score from these of its linear part."""

    def chain_rule(self, linear: Moments, mean: Floats, variance: Floats) -> tuple[Moments, Floats]:
        """Gradient in the linear part, from that in the moments of the score; in the indicator."""

    def unconstrained(self) -> Unconstrained:
        """The posterior as parameters without bounds."""

    def at(self, parameters: Unconstrained) -> Self:
        """The posterior of these unconstrained parameters."""

    def gradient(
        self, mean: Floats, variance: Floats, indicator: Floats | float = 0.0
    ) -> Unconstrained:
        """Of  mean . m + variance . v + indicator . pip - KL  in the unconstrained parameters.

        (m, v) = `linear()`.
        """
