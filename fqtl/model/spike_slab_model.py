"""The model of the paper: a spike and slab, or a slab, on every variant by itself.

Factors whose variants and tissues have such priors, and effects of every variant in every tissue
beside them, or the latter alone; put together from `SpikeSlabOptions`. Against sums of single
effects (`single_effects_model.py`), the default, these priors pick one of several variants in LD,
and a credible set is of one variant. They serve both engines, the models beside `fqtl.fit`, and
comparisons.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fqtl.model.arrays.checked_options import Range
from fqtl.model.arrays.moments import Floats
from fqtl.model.arrays.variants import Variants
from fqtl.model.predictors.bilinear import Bilinear, LinearFactor
from fqtl.model.predictors.dense import Dense
from fqtl.model.predictors.linear import Linear
from fqtl.model.predictors.options import SpikeSlabOptions
from fqtl.model.predictors.predictor import Predictor
from fqtl.model.priors import (
    LoadingsPosterior,
    NonNegativePosterior,
    NonNegativePrior,
    SpikeSlabPosterior,
    SpikeSlabPrior,
)
from fqtl.model.priors.bounds import (
    ALWAYS_INCLUDED,
    PRECISION_BOUNDS,
    SPARSE_INCLUSION,
    Bounds,
)
from fqtl.model.priors.default_model import (
    LEAST_TISSUE_SHARE,
    SIZE_PRECISION,
    TISSUE_PRECISION,
    TISSUE_SHARE,
)
from fqtl.model.priors.single_effects import LIKELY
from fqtl.model.results.credible_sets import CredibleSet
from fqtl.model.results.posterior import Posterior

FACTOR_VARIANTS = 3.0  # of a factor, until the data teach better; taste
TISSUE_VARIANTS = 1.0  # with an effect on a tissue, until the data teach better; taste
MOST_DENSE = 0.5  # upper bound of the share of effects; taste: never likelier than not beforehand


def location_parts(
    x: Variants, observed: Floats, rank: int, factored: bool, options: SpikeSlabOptions
) -> list[Predictor]:
    """x (L R' + S): what tissues share, and what they do not.

    observed : (n, m) 1 where a donor has a tissue, else 0
    """
    m = observed.shape[1]
    parts: list[Predictor] = []
    if factored and m > 1:
        parts.append(factors(x, m, rank, options))
    if options.specific or not parts:
        parts.append(Dense(Linear.of(x, dense_effects(x.p, m, options))))
    return parts


def factors(
    x: Variants | None,
    m: int,
    rank: int,
    options: SpikeSlabOptions,
    weights: Floats | None = None,
    n: int = 0,
) -> Bilinear:
    """Factors of variants, or of n donors where there is no x.

    weights : (n, rank) of each donor in each factor
    """
    n = n if x is None else x.n

    def make(k: int) -> LinearFactor:
        left = Linear.of(x, factor_loadings(n if x is None else x.p, options))
        own = np.ones(n) if weights is None else weights[:, k]
        return LinearFactor(left, tissue_loadings(m, options), own)

    return Bilinear.empty(x, make, rank, options)


def factor_loadings(size: int, options: SpikeSlabOptions) -> SpikeSlabPosterior:
    """Of one factor."""
    bounds = bounds_of(options.inclusion, SPARSE_INCLUSION)
    return _spike_slab(
        size,
        ALWAYS_INCLUDED if options.variant_prior == "slab" else bounds,
        bounds_of(options.precision, PRECISION_BOUNDS),
        FACTOR_VARIANTS / size,
        indicators=1 if options.variant_prior == "column_spike_slab" else None,
    )


def dense_effects(
    p: int, m: int, options: SpikeSlabOptions, allowed: Floats | None = None
) -> SpikeSlabPosterior:
    """Of every variant in every tissue, or where it is allowed."""
    indicators = {"row_spike_slab": (p, 1), "column_spike_slab": (1, m)}.get(options.variant_prior)
    return _spike_slab(
        (p, m),
        ALWAYS_INCLUDED
        if options.variant_prior == "slab"
        else bounds_of(options.inclusion, (1 / (p * m), MOST_DENSE)),
        bounds_of(options.precision, PRECISION_BOUNDS),
        TISSUE_VARIANTS / p,
        indicators=indicators,
        allowed=allowed,
    )


def tissue_loadings(m: int, options: SpikeSlabOptions) -> LoadingsPosterior:
    """Of one factor."""
    precision = bounds_of(options.tissue_precision, PRECISION_BOUNDS)
    if options.tissue_prior == "non_negative":
        start = float(np.clip(TISSUE_PRECISION, *precision))
        return NonNegativePosterior.empty(NonNegativePrior(start, precision), m)
    inclusion = bounds_of(
        options.tissue_inclusion, (LEAST_TISSUE_SHARE, options.max_tissue_inclusion)
    )
    return _spike_slab(
        m,
        ALWAYS_INCLUDED if options.tissue_prior == "slab" else inclusion,
        precision,
        TISSUE_SHARE,
        slab=TISSUE_PRECISION,
    )


def bounds_of(chosen: Range, default: Bounds) -> Bounds:
    """Where a prior may be learned; equal bounds fix it."""
    if chosen is None:
        return default
    low, high = chosen if isinstance(chosen, tuple | list) else (chosen, chosen)
    return float(low), float(high)


def _spike_slab(
    shape: Any,
    inclusion_bounds: Bounds,
    precision_bounds: Bounds,
    inclusion: float,
    slab: float = SIZE_PRECISION,
    **layout: Any,
) -> SpikeSlabPosterior:
    precision = float(np.clip(slab, *precision_bounds))
    prior = SpikeSlabPrior(inclusion, precision, inclusion_bounds, precision_bounds)
    return SpikeSlabPosterior.empty(prior, shape, **layout)


def posteriors(parts: Sequence[Predictor], x: Variants, m: int) -> dict[str, Any]:
    """Posterior of the factors and of the effects beside them, in the terms of `Fit`."""
    factored = [part for part in parts if isinstance(part, Bilinear)]
    dense = [posterior_of(part.loadings) for part in parts if isinstance(part, Dense)]
    specific = dense[0] if dense else Posterior.zero(x.p, m)
    found = [factor for part in factored for factor in part.found()]
    sign = np.array([factor.sign for factor in found])
    variants = Posterior.of([factor.left.loadings for factor in found], x.p).times(sign)
    return {
        "variants": variants,
        "tissues": Posterior.of([factor.tissues for factor in found], m).times(sign),
        "specific": specific,
        "credible_sets": _sets_of_one(variants, of_factors=True)
        + _sets_of_one(specific, of_tissues=True),
    }


def _sets_of_one(
    effects: Posterior, *, of_factors: bool = False, of_tissues: bool = False
) -> tuple[CredibleSet, ...]:
    """An effect with an indicator of its own is of its variant and of no other."""
    if (effects.pip == 1).all():
        return ()  # a prior without a spike tells no effects apart
    return tuple(
        CredibleSet(
            variants=np.array([j]),
            pip=float(effects.pip[j, column]),
            coverage=1.0,
            purity=1.0,
            factor=int(column) if of_factors else None,
            tissue=int(column) if of_tissues else None,
        )
        for column, j in np.argwhere(effects.pip.T > LIKELY)
    )


def posterior_of(loadings: SpikeSlabPosterior) -> Posterior:
    """Of a table of loadings (p, m)."""
    pip = np.broadcast_to(loadings.pip, loadings.slab_mean.shape)
    if loadings.allowed is not None:
        pip = pip * loadings.allowed
    included = 1 - np.prod(1 - loadings.pip, axis=0)
    return Posterior(
        mean=loadings.mean,
        sd=np.sqrt(loadings.variance),
        pip=np.array(pip),
        any=np.broadcast_to(included, pip.shape[1:]).copy(),
        log_none=np.broadcast_to(loadings.log_absent.sum(axis=0), pip.shape[1:]).copy(),
    )
