"""Entries of a linear predictor with random posteriors, small enough for slow tests."""

import numpy as np

from fqtl.model.arrays.variants import Variants
from fqtl.model.predictors.bilinear import Bilinear, LinearFactor
from fqtl.model.predictors.covariates import Covariates
from fqtl.model.predictors.dense import Dense
from fqtl.model.predictors.linear import Linear
from fqtl.model.predictors.options import FactorOptions
from fqtl.model.priors import (
    NonNegativePosterior,
    NonNegativePrior,
    SpikeSlabPosterior,
    SpikeSlabPrior,
)
from fqtl.model.priors.bounds import ALWAYS_INCLUDED

N, P, M, K = 9, 5, 3, 2
MASK = np.array([[1, 0, 1], [1, 1, 0], [0, 1, 1], [1, 1, 1], [0, 0, 0]], dtype=float)


def variants(seed=0):
    return Variants(np.random.default_rng(seed).standard_normal((P, N)))


def spike_slab(shape, indicators=None, allowed=None):
    prior = SpikeSlabPrior(0.3, 2.0)
    return SpikeSlabPosterior.empty(prior, shape, indicators=indicators, allowed=allowed)


def slab(shape):
    prior = SpikeSlabPrior(1.0, 2.0, inclusion_bounds=ALWAYS_INCLUDED)
    return SpikeSlabPosterior.empty(prior, shape)


def non_negative(size):
    return NonNegativePosterior.empty(NonNegativePrior(2.0), size)


PRIORS = {
    "a spike and slab for every loading": lambda: spike_slab((P, M)),
    "an indicator for every row": lambda: spike_slab((P, M), indicators=(P, 1)),
    "an indicator for every column": lambda: spike_slab((P, M), indicators=(1, M)),
    "a spike and slab where allowed": lambda: spike_slab((P, M), allowed=MASK),
    "an indicator for every row, where allowed": lambda: spike_slab((P, M), (P, 1), MASK),
    "a slab": lambda: slab((P, M)),
    "non-negative loadings": lambda: non_negative(P),
}


def bilinear(left, tissues, x, weights=None):
    own = np.ones((N, K)) if weights is None else weights

    def make(k):
        return LinearFactor(Linear.of(x, left()), tissues(), own[:, k])

    return Bilinear.empty(x, make, K, FactorOptions())


WEIGHTS = np.random.default_rng(3).uniform(0, 1, (N, K))
ENTRIES = {
    **{
        f"dense, {name}": lambda prior=prior: Dense(Linear.of(variants(), prior()))
        for name, prior in PRIORS.items()
        if name != "non-negative loadings"
    },
    "factored": lambda: bilinear(lambda: spike_slab(P), lambda: spike_slab(M), variants()),
    "factored, an indicator for a factor": lambda: bilinear(
        lambda: spike_slab(P, indicators=1), lambda: slab(M), variants()
    ),
    "weighted factored, non-negative": lambda: bilinear(
        lambda: spike_slab(P), lambda: non_negative(M), variants(), WEIGHTS
    ),
    "factorisation": lambda: bilinear(lambda: slab(N), lambda: spike_slab(M), None),
    "factorisation, an indicator for a factor": lambda: bilinear(
        lambda: spike_slab(N, indicators=1), lambda: spike_slab(M, indicators=1), None
    ),
    "deconvolution": lambda: bilinear(
        lambda: spike_slab(N), lambda: non_negative(M), None, WEIGHTS
    ),
    "intercept": lambda: Covariates.empty(np.ones((N, 1)), M),
    "covariates": lambda: Covariates.empty(np.random.default_rng(1).standard_normal((N, 2)), M),
}


def scatter(entry, seed, size=1.0):
    """The entry with a random posterior for every loading."""
    rng = np.random.default_rng(seed)
    return entry.with_blocks([scattered(block, rng, size) for block in entry.blocks()])


def scattered(block, rng, size=1.0):
    """A random posterior."""
    return block.at(
        tuple(
            array if np.isinf(array).all() else size * rng.standard_normal(array.shape)
            for array in block.unconstrained()
        )
    )
