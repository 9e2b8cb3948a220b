"""Genetic scores f = x theta of loadings: their moments, sweeps of coordinate ascent, gradients.

Loadings belong to variants, or, where there is no x, to the donors themselves (the left side of a
matrix factorisation). Against

    sum_it target_it f_it - 1/2 weight_it (f_it^2 + V[f_it]) - KL

a loading of a donor has its optimum in closed form; loadings of variants are visited one by one,
strongest first, each to its optimum given the others. Where they share one inclusion indicator, the
slabs are swept as if it were 1, and then

    logit pip = logit inclusion + sum_it target_it g_it - 1/2 weight_it (g_it^2 + h_it) - KL(slabs),

g and h the moments of the score with an indicator of 1.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit, logit

from fqtl.model.arrays._kernels import Scores, Slabs, sweep
from fqtl.model.arrays.moments import Floats, Indices, Moments
from fqtl.model.arrays.variants import Variants
from fqtl.model.predictors.predictor import Visit
from fqtl.model.priors import LoadingsPosterior, SpikeSlabPosterior, Unconstrained

INACTIVE = 1e-3  # pip below which a variant waits for a full sweep; taste
UNMOVED = 1e-4  # standard errors of a score below which a loading stays as it is; taste


@dataclass(frozen=True)
class Linear:
    """Loadings and the linear part of their scores.

    x : variants of the loadings; None where they belong to donors
    loadings : (p, m) or (p,); without x (n, m) or (n,)
    linear : their moments on the way to the score (see `LoadingsPosterior.linear`), (n, m) or (n,)
    """

    x: Variants | None
    loadings: LoadingsPosterior
    linear: Moments

    @classmethod
    def of(cls, x: Variants | None, loadings: LoadingsPosterior) -> "Linear":
        """These loadings, with their scores."""
        parts = loadings.linear()
        return cls(x, loadings, parts if x is None else x.combine(*parts))

    def moments(self) -> Moments:
        """Mean and variance of the scores."""
        return self.loadings.score(self.linear)

    def learned(self) -> "Linear":
        """The same under the prior that suits it best."""
        return replace(self, loadings=self.loadings.learned())

    def rescaled(self, factor: float) -> "Linear":
        """Loadings and scores times `factor`, and the prior with them."""
        mean, variance = self.linear
        linear = Moments(mean * factor, variance * factor**2)
        return Linear(self.x, self.loadings.rescaled(factor), linear)

    def updated(self, target: Floats, weight: Floats, visit: Visit) -> "Linear":
        """Of higher ELBO against target and weight, each of the shape of the scores."""
        if self.x is None:
            return Linear.of(None, self.loadings.updated(target, weight))
        loadings = self._spike_slab
        if not loadings.has_shared_indicator:
            log_odds = float(logit(loadings.prior.inclusion))
            return self._swept(target, weight, visit, loadings, log_odds)
        included = replace(loadings, pip=np.ones_like(loadings.slab_mean))
        swept = self._swept(target, weight, visit, included, np.inf)
        return swept._with_indicator(target, weight, loadings)

    def gradient(self, mean: Floats, variance: Floats) -> Unconstrained:
        """Of  mean . E[f] + variance . V[f] - KL  in the unconstrained parameters."""
        (first, second), indicator = self.loadings.chain_rule(self.linear, mean, variance)
        if self.x is not None:
            first, second = self.x.combine_back(first, second)
        return self.loadings.gradient(first, second, indicator)

    @property
    def _spike_slab(self) -> SpikeSlabPosterior:
        assert isinstance(self.loadings, SpikeSlabPosterior)
        return self.loadings

    def _swept(
        self,
        target: Floats,
        weight: Floats,
        visit: Visit,
        loadings: SpikeSlabPosterior,
        log_odds: float,
    ) -> "Linear":
        """These loadings in its place, each at its optimum given the others."""
        assert self.x is not None
        mean, variance = (_rows(moment) for moment in self.linear)
        weight_rows = _rows(weight)
        gradient = _rows(target) - weight_rows * mean
        order = self._order(gradient, weight_rows, visit)
        pip, slab_mean, slab_precision = (
            part.copy() for part in (loadings.pip, loadings.slab_mean, loadings.slab_precision)
        )
        sweep(
            self.x.x,
            order,
            Scores(weight_rows, mean, variance, gradient),
            Slabs(_columns(pip), _columns(slab_mean), _columns(slab_precision), _allowed(loadings)),
            log_odds,
            loadings.prior.precision,
            UNMOVED,
        )
        swept = replace(loadings, pip=pip, slab_mean=slab_mean, slab_precision=slab_precision)
        linear = Moments(mean.T.reshape(target.shape), variance.T.reshape(target.shape))
        return Linear(self.x, swept, linear)

    def _order(self, gradient: Floats, weight: Floats, visit: Visit) -> Indices:
        """Variants to visit, strongest first."""
        loadings, x = self._spike_slab, self.x
        assert x is not None
        strength = x.scores(gradient.T) + _columns(loadings.mean) * weight.sum(axis=1)
        order = np.argsort(-np.abs(strength).max(axis=1), kind="stable")
        if visit is Visit.FULL_SWEEP or loadings.has_shared_indicator:
            return order
        return order[_columns(loadings.pip).max(axis=1)[order] > INACTIVE]

    def _with_indicator(
        self, target: Floats, weight: Floats, before: SpikeSlabPosterior
    ) -> "Linear":
        """The slabs under the one indicator that they had before, at its optimum."""
        loadings = replace(self._spike_slab, pip=before.pip)
        g, h = self.linear
        included = (target * g - 0.5 * weight * (g**2 + h)).sum(axis=0, keepdims=True)
        cost = loadings.per_indicator(loadings.slab_kl())
        pip = expit(logit(loadings.prior.inclusion) + included - cost)
        pip = np.broadcast_to(pip, before.pip.shape).copy()
        return replace(self, loadings=replace(loadings, pip=pip))


def _columns(values: Floats) -> Floats:
    """View as (rows, columns); a vector is one column."""
    return values[:, None] if values.ndim == 1 else values


def _rows(values: Floats) -> Floats:
    """(m, n) copy, for kernels, of (n, m) or (n,)."""
    return np.array(_columns(values).T, dtype=np.float64, order="C")


def _allowed(loadings: SpikeSlabPosterior) -> np.ndarray:
    shape = _columns(loadings.slab_mean).shape
    if loadings.allowed is None:
        return np.broadcast_to(np.ones((1, 1), dtype=np.uint8), shape)
    return _columns(loadings.allowed).astype(np.uint8)
