"""Scores f = x theta of loadings theta: their moments, sweeps of coordinate ascent, and slopes.

Loadings belong to variants, or, where there is no x, to the individuals themselves (the left side
of a matrix factorisation). Against

    sum_it target_it f_it - 1/2 weight_it (f_it^2 + V[f_it]) - KL

a loading of an individual has its optimum in closed form; loadings of variants are visited one by
one, strongest first, each to its optimum given the others. Where one gate spans them all, the slabs
are swept as if it were open, and then

    logit pip = logit inclusion + sum_it target_it g_it - 1/2 weight_it (g_it^2 + h_it) - KL(slabs),

g and h the moments of the score with an open gate.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.special import expit, logit

from fqtl.model.arrays._kernels import sweep
from fqtl.model.arrays.moments import Floats, Indices, Moments
from fqtl.model.arrays.variants import Variants
from fqtl.model.predictors.predictor import Visit
from fqtl.model.priors import Coordinates, Prior, SpikeSlab

NEGLIGIBLE = 1e-3  # pip below which a variant waits for a visit to all
TOLERANCE = 1e-4  # standard errors of a score below which a loading stays as it is


@dataclass
class Linear:
    """Loadings and the linear part of their scores.

    x : variants of the loadings; None where they belong to individuals
    loadings : (p, m) or (p,); without x (n, m) or (n,)
    linear : their moments on the way to the score (see `Prior.linear`), (n, m) or (n,)
    """

    x: Variants | None
    loadings: Prior
    linear: Moments = field(init=False)

    def __post_init__(self) -> None:
        self.refresh()

    def refresh(self) -> None:
        """Make the moments anew, after loadings were moved."""
        parts = self.loadings.linear()
        self.linear = parts if self.x is None else self.x.combine(*parts)

    def moments(self) -> Moments:
        """Mean and variance of the scores."""
        return self.loadings.score(self.linear)

    def update(self, target: Floats, weight: Floats, visit: Visit) -> None:
        """Raise the ELBO against target and weight, each of the shape of the scores."""
        if self.x is None:
            self.loadings.update(target, weight)
            self.linear = self.loadings.linear()
            return
        assert isinstance(self.loadings, SpikeSlab)
        if self.loadings.spans:
            self._sweep(target, weight, visit, np.ones_like(self.loadings.slab_mean), np.inf)
            self._set_gate(target, weight)
        else:
            log_odds = float(logit(self.loadings.inclusion))
            self._sweep(target, weight, visit, self.loadings.pip, log_odds)

    def slopes(self, mean: Floats, variance: Floats) -> Coordinates:
        """d/d coordinates of  mean . E[f] + variance . V[f] - KL."""
        (first, second), gate = self.loadings.through(self.linear, mean, variance)
        if self.x is not None:
            first, second = self.x.combine_back(first, second)
        return self.loadings.slopes(first, second, gate)

    def _sweep(
        self, target: Floats, weight: Floats, visit: Visit, pip: Floats, log_odds: float
    ) -> None:
        loadings, x = self.loadings, self.x
        assert isinstance(loadings, SpikeSlab)
        assert x is not None
        mean, variance = (_rows(moment) for moment in self.linear)
        weight_rows = _rows(weight)
        gradient = _rows(target) - weight_rows * mean
        sweep(
            x.x,
            self._order(gradient, weight_rows, visit),
            _allowed(loadings),
            weight_rows,
            mean,
            variance,
            gradient,
            _columns(pip),
            _columns(loadings.slab_mean),
            _columns(loadings.slab_precision),
            log_odds,
            loadings.precision,
            TOLERANCE,
        )
        shape = target.shape
        self.linear = Moments(mean.T.reshape(shape), variance.T.reshape(shape))

    def _order(self, gradient: Floats, weight: Floats, visit: Visit) -> Indices:
        """Variants to visit, strongest first."""
        loadings, x = self.loadings, self.x
        assert isinstance(loadings, SpikeSlab)
        assert x is not None
        pull = x.scores(gradient.T) + _columns(loadings.mean) * weight.sum(axis=1)
        strength = np.abs(pull).max(axis=1)
        order = np.argsort(-strength, kind="stable")
        if visit is Visit.EVERY or loadings.spans:
            return order
        return order[_columns(loadings.pip).max(axis=1)[order] > NEGLIGIBLE]

    def _set_gate(self, target: Floats, weight: Floats) -> None:
        loadings = self.loadings
        assert isinstance(loadings, SpikeSlab)
        g, h = self.linear
        open_gate = (target * g - 0.5 * weight * (g**2 + h)).sum(axis=0, keepdims=True)
        cost = loadings.per_gate(loadings.slab_divergence())
        loadings.pip[:] = expit(logit(loadings.inclusion) + open_gate - cost)


def _columns(values: Floats) -> Floats:
    """View as (rows, columns); a vector is one column."""
    return values[:, None] if values.ndim == 1 else values


def _rows(values: Floats) -> Floats:
    """(m, n) copy, for kernels, of (n, m) or (n,)."""
    return np.array(_columns(values).T, dtype=np.float64, order="C")


def _allowed(loadings: SpikeSlab) -> np.ndarray:
    shape = _columns(loadings.slab_mean).shape
    if loadings.allowed is None:
        return np.broadcast_to(np.ones((1, 1), dtype=np.uint8), shape)
    return _columns(loadings.allowed).astype(np.uint8)
