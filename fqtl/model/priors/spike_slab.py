"""Spike and slab: a loading is 0 with probability 1 - inclusion and normal otherwise.

The slab of the prior is N(mean, 1/precision), with mean 0 but for tissues of a factor, whose
loadings are alike (`likeness.py`). Written for 0:

    q(theta) = pip N(slab_mean, 1/slab_precision) + (1 - pip) delta_0
    E[theta] = pip slab_mean
    V[theta] = pip/slab_precision + pip (1 - pip) slab_mean^2
    KL(q || p) = pip ln(pip/inclusion) + (1 - pip) ln((1 - pip)/(1 - inclusion))
               + pip/2 [ln(slab_precision/precision) - 1
                        + precision (slab_mean^2 + 1/slab_precision)]

An inclusion indicator may be shared: by a row of loadings (a variant acts in all tissues or in
none) or by a column (a factor is there or is not). The term of the slab is then summed over the
loadings of the indicator.

Against a quadratic objective  score theta - 1/2 information theta^2  the best q is

    slab_precision = precision + information,   slab_mean = score/slab_precision,
    logit pip = logit inclusion + sum over the indicator's loadings of
                1/2 ln(precision/slab_precision) + 1/2 slab_precision slab_mean^2.

Given q, the prior that minimises the sum of KL (empirical Bayes) has inclusion = mean pip and
1/precision = the pip-weighted mean of slab_mean^2 + 1/slab_precision, clipped to the bounds; where
the bounds are equal the prior is fixed. With inclusion 1 there is no spike. A mean of the slab adds
precision * mean to the score, takes 1/2 precision mean^2 from the log-odds, and the KL holds
(slab_mean - mean)^2.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np
from scipy.special import entr, expit, log_expit, logit, xlog1py, xlogy

from fqtl.model.arrays.moments import Floats, Moments
from fqtl.model.priors.bounds import ANY_INCLUSION, PRECISION_BOUNDS, Bounds
from fqtl.model.priors.posterior import Unconstrained

CERTAIN = 1e-12  # a probability as near to 0 or 1 as its logit is followed; taste
KNOWN_PRECISION = 1e4  # of loadings taken as known: a standard deviation of 0.01; taste
NO_SPIKE_PRECISION = 1e8  # of loadings without a spike that have seen nothing yet; taste


@dataclass(frozen=True)
class SpikeSlabPrior:
    """Of independent loadings.

    inclusion : probability that a loading is not 0
    precision, mean : of the slab
    inclusion_bounds, precision_bounds : between which they are learned
    """

    inclusion: float
    precision: float
    inclusion_bounds: Bounds = ANY_INCLUSION
    precision_bounds: Bounds = PRECISION_BOUNDS
    mean: float = 0.0

    def __post_init__(self) -> None:
        low, high = self._bounds
        object.__setattr__(self, "inclusion", min(max(self.inclusion, low), high))

    @property
    def _bounds(self) -> Bounds:
        return self.inclusion_bounds

    @property
    def inclusions(self) -> Floats | float:
        """Of each loading, where some are likelier than others; else of any."""
        return self.inclusion

    @property
    def has_spike(self) -> bool:
        """Whether a loading may be 0."""
        return self.inclusion < 1

    @property
    def size(self) -> float:
        """Root mean square of a loading that is not 0."""
        return float(np.sqrt(self.mean**2 + 1 / self.precision))

    def learned(self, seen: "Included", count: float) -> Self:
        """What suits `count` loadings best, within the bounds; the mean of the slab stays."""
        precision = self.precision
        if seen.second > 0:
            precision = float(np.clip(seen.slabs / seen.second, *self.precision_bounds))
        inclusion = float(np.clip(seen.share, *self.inclusion_bounds))
        return replace(self, inclusion=inclusion, precision=precision)

    def log_probability(self, pip: Floats, count: float) -> float:
        """E[ln p] of indicators, `count` of which may be 1; pip : under q."""
        included = float(pip.sum())
        return float(xlogy(included, self.inclusion) + xlog1py(count - included, -self.inclusion))

    def neg_log_density(self) -> float:
        """-ln of the density of what is learned, in nats: 0 where any is as good as another."""
        return 0.0

    def rescaled(self, factor: float) -> Self:
        """Of loadings times `factor`."""
        return replace(self, precision=self.precision / factor**2, mean=self.mean * factor)


class Included(NamedTuple):
    """What the hyper-parameters are learned from.

    share : of the indicators that are expected to be 1
    slabs : expected number of loadings that are not 0
    first, second : sums of their means and second moments
    pip : of each indicator
    """

    share: float
    slabs: float
    first: float
    second: float
    pip: Floats


@dataclass(frozen=True)
class SpikeSlabPosterior:
    """Independent spike-and-slab loadings under one prior.

    pip : probability of inclusion; of the slab's shape, or of extent 1 where indicators are shared
    slab_mean, slab_precision : arrays of one shape, the posterior of what is included
    allowed : 1 where a loading may be included, 0 where it is known to be 0; None: everywhere
    """

    prior: SpikeSlabPrior
    pip: Floats
    slab_mean: Floats
    slab_precision: Floats
    allowed: Floats | None = None

    @classmethod
    def empty(
        cls,
        prior: SpikeSlabPrior,
        shape: int | tuple[int, ...],
        *,
        indicators: int | tuple[int, ...] | None = None,
        allowed: Floats | None = None,
    ) -> "SpikeSlabPosterior":
        """Loadings that are all 0; without a spike, loadings without uncertainty to speak of.

        indicators : shape of the inclusion indicators where loadings share them
        """
        certain = prior.inclusion_bounds[0] == 1
        present = np.ones(shape) if allowed is None else allowed
        pip = np.broadcast_to(float(certain) * present, shape).copy()
        if indicators is not None:
            pip = np.full(indicators, float(certain))
        precision = NO_SPIKE_PRECISION if certain else prior.precision
        return cls(prior, pip, np.zeros(shape), np.full(shape, precision), allowed)

    @property
    def mean(self) -> Floats:
        return self.pip * self.slab_mean

    @property
    def any(self) -> float:
        """Probability that any loading is included."""
        return 1 - float(np.prod(1 - self.pip))

    @property
    def log_absent(self) -> Floats:
        """ln(1 - pip) of each inclusion indicator.

        Where 1 - pip is lost to rounding it is that of the best indicator given the slabs. It is
        -inf without a spike, and where an indicator that all variants share rounds to 1: what such
        an indicator is worth hangs on x.
        """
        with np.errstate(divide="ignore"):
            absent = np.log1p(-self.pip)
        if not self.prior.has_spike or self.has_shared_indicator:
            return absent
        log_odds = self.log_odds(self.slab_mean, self.slab_precision)
        return np.where(self.pip < 1 - CERTAIN, absent, log_expit(-log_odds))

    @property
    def log_none(self) -> float:
        return float(self.log_absent.sum())

    @property
    def variance(self) -> Floats:
        spread = self.pip / self.slab_precision + self.pip * (1 - self.pip) * self.slab_mean**2
        return spread if self.allowed is None else spread * self.allowed

    @property
    def prior_precision(self) -> float:
        """Of the prior's slab."""
        return self.prior.precision

    @property
    def has_shared_indicator(self) -> bool:
        """Whether all variants share one inclusion indicator."""
        return self.pip.shape[0] < self.slab_mean.shape[0]

    def known(self, loadings: Floats) -> "SpikeSlabPosterior":
        """These loadings, included and as good as certain."""
        precision = np.full_like(self.slab_precision, KNOWN_PRECISION)
        slab_mean = np.array(loadings, dtype=np.float64)
        return replace(
            self, pip=np.ones_like(self.pip), slab_mean=slab_mean, slab_precision=precision
        )

    def of_columns(self, columns: slice) -> "SpikeSlabPosterior":
        """Some columns, which share no inclusion indicator with others."""
        return replace(
            self,
            pip=self.pip[:, columns],
            slab_mean=self.slab_mean[:, columns],
            slab_precision=self.slab_precision[:, columns],
            allowed=None if self.allowed is None else self.allowed[:, columns],
        )

    def per_indicator(self, values: Floats) -> Floats:
        """Sum over the loadings that share an inclusion indicator."""
        shared = tuple(
            axis
            for axis, (here, size) in enumerate(zip(self.pip.shape, values.shape, strict=True))
            if here < size
        )
        if self.allowed is not None:
            values = values * self.allowed
        return values.sum(axis=shared, keepdims=True) if shared else values

    def log_odds(self, slab_mean: Floats, slab_precision: Floats | float) -> Floats:
        """Posterior log-odds of inclusion for a slab posterior."""
        bayes = np.log(self.prior.precision / slab_precision) + slab_precision * slab_mean**2
        bayes = bayes - self.prior.precision * self.prior.mean**2
        return logit(self.prior.inclusions) + 0.5 * self.per_indicator(bayes)

    def slab_kl(self) -> Floats:
        """KL of the slab of every loading, were it included."""
        precision = self.prior.precision
        ratio, away = self.slab_precision / precision, self.slab_mean - self.prior.mean
        return 0.5 * (np.log(ratio) - 1 + precision * away**2 + 1 / ratio)

    def kl(self) -> float:
        """KL(q || p) summed over the loadings, and -ln of the density of what is learned."""
        doubt = -entr(self.pip).sum() - entr(1 - self.pip).sum()
        prior = self.prior.log_probability(self.pip, self._indicators)
        slabs = (self.pip * self.per_indicator(self.slab_kl())).sum()
        return float(doubt - prior + slabs) + self.prior.neg_log_density()

    @property
    def _indicators(self) -> float:
        """Number of inclusion indicators that may be 1."""
        if self.allowed is None:
            return float(self.pip.size)
        return float((self.per_indicator(np.ones_like(self.slab_mean)) > 0).sum())

    def updated(
        self, score: Floats, information: Floats, off_diagonal: Floats | None = None
    ) -> "SpikeSlabPosterior":
        """Best q against  score theta - 1/2 information theta^2, each loading on its own.

        off_diagonal : (m, m) information between loadings, 0 on the diagonal; they are then updated
            one after the other
        """
        precision = np.broadcast_to(
            self.prior.precision + information, self.slab_precision.shape
        ).copy()
        drawn = self.prior.precision * self.prior.mean
        if off_diagonal is None:
            slab_mean = (score + drawn) / precision
            pip = expit(self.log_odds(slab_mean, precision))
            return replace(self, pip=pip, slab_mean=slab_mean, slab_precision=precision)
        prior = logit(self.prior.inclusions) - 0.5 * drawn * self.prior.mean
        prior = np.broadcast_to(prior, self.pip.shape)
        pip, slab_mean = self.pip.copy(), self.slab_mean.copy()
        for t in np.argsort(-np.abs(score), kind="stable"):
            residual = score[t] - off_diagonal[t] @ (pip * slab_mean)
            slab_mean[t] = (residual + drawn) / precision[t]
            bayes = np.log(self.prior.precision / precision[t]) + precision[t] * slab_mean[t] ** 2
            pip[t] = expit(prior[t] + 0.5 * bayes)
        return replace(self, pip=pip, slab_mean=slab_mean, slab_precision=precision)

    def log_bayes_factor(self) -> Floats:
        """What each loading adds to the ELBO at its best q, in nats: ln of its Bayes factor."""
        log_odds = self.log_odds(self.slab_mean, self.slab_precision)
        return np.log1p(-self.prior.inclusions) + np.logaddexp(0.0, log_odds)

    def learned(self) -> "SpikeSlabPosterior":
        """The same under the prior that suits it best."""
        seen = Included(
            float(self.pip.sum()) / self._indicators,
            self._sum(np.ones_like(self.slab_mean)),
            self._sum(self.slab_mean),
            self._sum(self.slab_mean**2 + 1 / self.slab_precision),
            self.pip,
        )
        return replace(self, prior=self.prior.learned(seen, self._indicators))

    def _sum(self, values: Floats) -> float:
        """Of the loadings that are included."""
        return float((self.pip * self.per_indicator(values)).sum())

    def rescaled(self, factor: float) -> "SpikeSlabPosterior":
        """Every loading times `factor`, and the prior with it: the KL stays."""
        return replace(
            self,
            prior=self.prior.rescaled(factor),
            slab_mean=self.slab_mean * factor,
            slab_precision=self.slab_precision / factor**2,
        )

    def linear(self) -> Moments:
        if self.has_shared_indicator:
            return Moments(self.slab_mean, 1 / self.slab_precision)
        return Moments(self.mean, self.variance)

    def score(self, linear: Moments) -> Moments:
        if not self.has_shared_indicator:
            return linear
        pip, (g, h) = self.pip, linear
        return Moments(pip * g, pip * h + pip * (1 - pip) * g**2)

    def chain_rule(self, linear: Moments, mean: Floats, variance: Floats) -> tuple[Moments, Floats]:
        if not self.has_shared_indicator:
            return Moments(mean, variance), np.zeros(())
        pip, (g, h) = self.pip, linear
        indicator = (mean * g + variance * (h + (1 - 2 * pip) * g**2)).sum(axis=0, keepdims=True)
        return Moments(pip * mean + 2 * pip * (1 - pip) * g * variance, pip * variance), indicator

    def unconstrained(self) -> Unconstrained:
        """(logit pip, slab_mean, ln slab_precision)."""
        pip = np.clip(self.pip, CERTAIN, 1 - CERTAIN) if self.prior.has_spike else self.pip
        return logit(pip), self.slab_mean.copy(), np.log(self.slab_precision)

    def at(self, parameters: Unconstrained) -> "SpikeSlabPosterior":
        logit_pip, mean, log_precision = parameters
        pip = expit(logit_pip)
        if self.allowed is not None:
            pip = pip * (self.per_indicator(np.ones_like(self.slab_mean)) > 0)
        mean = mean.copy() if self.allowed is None else mean * self.allowed
        return replace(self, pip=pip, slab_mean=mean, slab_precision=np.exp(log_precision))

    def gradient(
        self, mean: Floats, variance: Floats, indicator: Floats | float = 0.0
    ) -> Unconstrained:
        pip, b, v = self.pip, self.slab_mean, 1 / self.slab_precision
        precision = self.prior.precision
        if self.has_shared_indicator:
            of_pip, of_mean, of_variance = indicator, mean, variance
        else:
            of_pip = self.per_indicator(mean * b + variance * (v + (1 - 2 * pip) * b**2))
            of_pip = of_pip + indicator
            of_mean = pip * (mean + 2 * (1 - pip) * b * variance)
            of_variance = pip * variance
        of_mean = of_mean - pip * precision * (b - self.prior.mean)
        of_variance = of_variance - 0.5 * pip * (precision - self.slab_precision)
        if self.allowed is not None:
            of_mean, of_variance = of_mean * self.allowed, of_variance * self.allowed
        return self._indicator_gradient(of_pip), of_mean, -v * of_variance

    def _indicator_gradient(self, of_pip: Floats | float) -> Floats:
        """d/d logit pip; 0 where there is no spike, and where nothing is allowed."""
        if not self.prior.has_spike:
            return np.zeros_like(self.pip)
        pip = np.clip(self.pip, CERTAIN, 1 - CERTAIN)
        cost = logit(pip) - logit(self.prior.inclusion) + self.per_indicator(self.slab_kl())
        gradient = self.pip * (1 - self.pip) * (of_pip - cost)
        return np.asarray(gradient, dtype=np.float64)
