"""A factor, f r': a score of donors times loadings of tissues; and sums of factors.

f (n) and r (m) are independent under q, so

    M = E[f] E[r]',   S = V[f] E[r]^2 + E[f]^2 V[r] + V[f] V[r],

and the ELBO is quadratic in either side given the other. With the precision P_i of the noise of
donor i and the precision-weighted residual P_i z_i of what else there is,

    given r, f sees  target_i = E[r] . P_i z_i  and weights  E[r' P_i r]
    given f, r sees  score sum_i E[f_i] P_i z_i  and information  sum_i E[f_i^2] P_i.

Where tissues share noise the information is not diagonal, and tissues are updated one by one. Both
sides are updated in turn, and their priors, until the gain settles.

Multiplying f by c and r by 1/c, with their priors, changes nothing in the ELBO. The free scale
keeps the second moment of the slab of r at 1; the prior precision of an effect is then the inverse
of the variance that one variant explains in a typical tissue of the factor.

Two kinds of factors have this in common. In `factored.py` (the default model) f is a sum of single
effects, and a factor is there or is not; in `bilinear.py` every loading behind f has a prior of its
own, in a model whose number of factors is fixed. How factors are found differs with that, and is
told there.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Generic, Self, TypeVar

import numpy as np

from fqtl.model.arrays.moments import Floats, Moments
from fqtl.model.predictors.options import FactorOptions
from fqtl.model.priors import LoadingsPosterior, NoisePrecision

GROWTH_LIMIT = 3  # times the rank: growing ends should factors be dropped and found for ever; taste
# nats that a new factor may be behind: as its posterior is factorised its gain is too small; taste
SLACK = 1.0


class Factor(ABC):
    """One factor; frozen, as its two sides are."""

    tissues: LoadingsPosterior

    @property
    @abstractmethod
    def score(self) -> Moments:
        """Moments of f, each (n,)."""

    @abstractmethod
    def kl(self) -> float:
        """KL(q || p) of both sides, in nats."""

    @abstractmethod
    def with_unit_tissues(self) -> Self:
        """The same with a tissue slab of second moment 1; the ELBO stays, as the priors follow."""

    def mean(self) -> Floats:
        return np.outer(self.score.mean, self.tissues.mean)

    def moments(self) -> Moments:
        f, spread = self.score
        r, v = self.tissues.mean, self.tissues.variance
        variance = np.outer(spread, r**2 + v)
        variance += np.outer(f**2, v)
        return Moments(np.outer(f, r), variance)

    def covariance_along(self, direction: Floats) -> Floats:
        """(n, m) Cov(f r_t, f a.r) for a direction a (n, m)."""
        f, spread = self.score
        r = self.tissues.mean
        along = (direction @ r)[:, None]
        both = along * r + direction * self.tissues.variance
        return (f**2 + spread)[:, None] * both - (f**2)[:, None] * along * r

    @property
    def sign(self) -> float:
        """That makes the largest tissue loading positive."""
        tissues = self.tissues.mean
        return -1.0 if tissues[np.abs(tissues).argmax()] < 0 else 1.0

    @property
    def explained(self) -> float:
        """Variance of its part of eta, summed over tissues."""
        return float(self.score.mean.var() * (self.tissues.mean**2).sum())

    def seen_by_tissues(
        self, residual: Floats, precision: NoisePrecision
    ) -> tuple[Floats, Floats, Floats | None]:
        """Score (m,) of the tissue loadings; their information on the diagonal, and off it."""
        f, spread = self.score
        return f @ residual, *precision.of_tissues(f**2 + spread)

    def gain(self, residual: Floats, precision: NoisePrecision) -> float:
        """ELBO with this factor minus that without, all else as it is."""
        return self.gain_of(*self.seen_by_tissues(residual, precision))

    def gain_of(self, score: Floats, information: Floats, off_diagonal: Floats | None) -> float:
        """The same, from what tissues see."""
        r, v = self.tissues.mean, self.tissues.variance
        fitted = score @ r - 0.5 * information @ (r**2 + v)
        if off_diagonal is not None:
            fitted -= 0.5 * r @ off_diagonal @ r
        return float(fitted) - self.kl()


AnyFactor = TypeVar("AnyFactor", bound=Factor)


def alternate(
    factor: AnyFactor,
    turn: Callable[[AnyFactor, bool], tuple[AnyFactor, float]],
    options: FactorOptions,
    gain: float = -np.inf,
    is_left: Callable[[AnyFactor, float, float], bool] | None = None,
) -> tuple[AnyFactor, float]:
    """Turns of both sides until the gain settles; the factor and its gain.

    turn : the factor after both sides and their priors were updated once, and its gain; of a factor
        and of whether this is the first turn
    gain : of the factor as it is, if that is known
    is_left : whether it is given up, of the factor, its gain, and what the last turn added
    """
    for step in range(options.max_alternations):
        previous = gain
        factor, gain = turn(factor, step == 0)
        if gain - previous < options.factor_tolerance:
            break
        if is_left is not None and is_left(factor, gain, gain - previous):
            break
    return factor, gain


class FactorSum(ABC, Generic[AnyFactor]):
    """A sum of factors, as an entry of the location."""

    factors: tuple[AnyFactor, ...]

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int]:
        """(n, m)"""

    def mean(self) -> Floats:
        return self._mean

    @cached_property
    def _mean(self) -> Floats:
        total = np.zeros(self.shape)
        for factor in self.factors:
            total += factor.mean()
        return total

    def moments(self) -> Moments:
        total = Moments(*np.zeros((2, *self.shape)))
        for factor in self.factors:
            mean, variance = factor.moments()
            np.add(total.mean, mean, out=total.mean)
            np.add(total.variance, variance, out=total.variance)
            del mean, variance  # before the next are made
        return total

    def covariance_along(self, direction: Floats) -> Floats:
        total = np.zeros_like(direction)
        for factor in self.factors:
            total += factor.covariance_along(direction)
        return total

    def kl(self) -> float:
        return sum(factor.kl() for factor in self.factors)

    def without(self, residual: Floats, precision: NoisePrecision) -> Floats:
        """Precision-weighted residual (n, m) that all of its factors leave."""
        return residual - precision.times(self.mean())

    def in_turn(
        self,
        residual: Floats,
        precision: NoisePrecision,
        change: Callable[[int, AnyFactor, Floats], AnyFactor],
    ) -> tuple[AnyFactor, ...]:
        """Each factor changed, against what the others leave to it alone.

        change : of the factor's number, the factor, and its precision-weighted residual
        """
        factors, left = [], self.without(residual, precision)
        for k, factor in enumerate(self.factors):
            left += precision.times(factor.mean())
            factors.append(change(k, factor, left))
            left -= precision.times(factors[-1].mean())
        return tuple(factors)


def by_variance(factors: Sequence[AnyFactor]) -> list[AnyFactor]:
    """Factors in the order of the variance they explain."""
    explained = np.array([factor.explained for factor in factors])
    return [factors[k] for k in np.argsort(-explained, kind="stable")]
