"""Entries of a linear predictor with random posteriors, small enough for slow tests."""

import numpy as np

from fqtl.model.arrays.variants import Variants
from fqtl.model.predictors.bilinear import Bilinear, Component
from fqtl.model.predictors.covariates import Covariates
from fqtl.model.predictors.dense import Dense
from fqtl.model.predictors.linear import Linear
from fqtl.model.predictors.options import FactorOptions
from fqtl.model.priors import NonNegative, SpikeSlab

N, P, M, K = 9, 5, 3, 2
MASK = np.array([[1, 0, 1], [1, 1, 0], [0, 1, 1], [1, 1, 1], [0, 0, 0]], dtype=float)


def variants(seed=0):
    return Variants(np.random.default_rng(seed).standard_normal((P, N)))


def spike_slab(shape, gates=None, allowed=None):
    return SpikeSlab.empty(shape, inclusion=0.3, precision=2.0, gates=gates, allowed=allowed)


def slab(shape):
    return SpikeSlab.empty(shape, inclusion=1.0, precision=2.0, inclusion_bounds=(1.0, 1.0))


def non_negative(size):
    return NonNegative.empty(size, precision=2.0)


PRIORS = {
    "a spike and slab for every loading": lambda: spike_slab((P, M)),
    "a gate for every row": lambda: spike_slab((P, M), gates=(P, 1)),
    "a gate for every column": lambda: spike_slab((P, M), gates=(1, M)),
    "a spike and slab where allowed": lambda: spike_slab((P, M), allowed=MASK),
    "a gate for every row, where allowed": lambda: spike_slab((P, M), (P, 1), MASK),
    "a slab": lambda: slab((P, M)),
    "non-negative loadings": lambda: non_negative(P),
}


def bilinear(left, tissues, x, weights=None):
    own = np.ones((N, K)) if weights is None else weights

    def make(k):
        return Component(Linear(x, left()), tissues(), own[:, k])

    return Bilinear(x, make, K, FactorOptions())


WEIGHTS = np.random.default_rng(3).uniform(0, 1, (N, K))
ENTRIES = {
    **{
        f"dense, {name}": lambda prior=prior: Dense(Linear(variants(), prior()))
        for name, prior in PRIORS.items()
        if name != "non-negative loadings"
    },
    "factored": lambda: bilinear(lambda: spike_slab(P), lambda: spike_slab(M), variants()),
    "factored, a gate for a factor": lambda: bilinear(
        lambda: spike_slab(P, gates=1), lambda: slab(M), variants()
    ),
    "weighted factored, non-negative": lambda: bilinear(
        lambda: spike_slab(P), lambda: non_negative(M), variants(), WEIGHTS
    ),
    "factorisation": lambda: bilinear(lambda: slab(N), lambda: spike_slab(M), None),
    "factorisation, a gate for a factor": lambda: bilinear(
        lambda: spike_slab(N, gates=1), lambda: spike_slab(M, gates=1), None
    ),
    "deconvolution": lambda: bilinear(
        lambda: spike_slab(N), lambda: non_negative(M), None, WEIGHTS
    ),
    "intercept": lambda: Covariates.empty(np.ones((N, 1)), M),
    "covariates": lambda: Covariates.empty(np.random.default_rng(1).standard_normal((N, 2)), M),
}


def scatter(entry, seed, size=1.0):
    """A random posterior for every loading of an entry."""
    rng = np.random.default_rng(seed)
    for block in entry.blocks():
        block.move_to(
            tuple(
                array if np.isinf(array).all() else size * rng.standard_normal(array.shape)
                for array in block.coordinates()
            )
        )
    entry.refresh()
    return entry
