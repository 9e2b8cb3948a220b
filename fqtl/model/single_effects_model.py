"""The default model of effects: sums of effects that are each of one variant.

Factors that tissues share, and effects of single tissues beside them, or the latter alone; and,
last, a polygenic background of what these leave. Variants in LD share the probability of an effect,
so that each effect that is likely there has a credible set. The other priors, of every variant by
itself, are in `spike_slab_model.py`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fqtl.model.arrays.moments import Floats
from fqtl.model.arrays.variants import Variants
from fqtl.model.predictors.background import Background
from fqtl.model.predictors.factored import Factored
from fqtl.model.predictors.options import SingleEffectsOptions
from fqtl.model.predictors.predictor import Predictor
from fqtl.model.predictors.tissue_specific import TissueSpecific
from fqtl.model.results.credible_sets import credible_sets
from fqtl.model.results.posterior import Posterior


def location_parts(
    x: Variants, observed: Floats, rank: int, factored: bool, options: SingleEffectsOptions
) -> list[Predictor]:
    """x (L R' + S + B): what tissues share, what they do not, and the background.

    observed : (n, m) 1 where a donor has a tissue, else 0
    """
    m = observed.shape[1]
    parts: list[Predictor] = []
    if factored and m > 1:
        parts.append(Factored.empty(x, m, rank, options))
    if options.specific or not parts:
        parts.append(TissueSpecific.empty(x, observed, options))
    if options.background:
        parts.append(
            Background.empty(x, observed, options.median_background, options.background_probability)
        )
    return parts


def posteriors(parts: Sequence[Predictor], x: Variants, m: int) -> dict[str, Any]:
    """Posterior of every part and the credible sets of its effects, in the terms of `Fit`."""
    copies, p = x.copies, x.n_variants
    factors = [factor for part in parts if isinstance(part, Factored) for factor in part.ordered()]
    loadings = [factor.effects.spread(copies) for factor in factors]
    beside = [part for part in parts if isinstance(part, TissueSpecific)]
    specific = [sums.spread(copies) for part in beside for sums in part.tissues]
    background = [part for part in parts if isinstance(part, Background)]
    sign = np.array([factor.sign for factor in factors])
    sets = []
    for k, sums in enumerate(loadings):
        sets += credible_sets(sums, x, factor=k)
    for t, sums in enumerate(specific):
        sets += credible_sets(sums, x, tissue=t)
    return {
        "variants": Posterior.of(loadings, p).times(sign),
        "tissues": Posterior.of([factor.tissues for factor in factors], m).times(sign),
        "specific": Posterior.of(specific, p) if specific else Posterior.zero(p, m),
        "credible_sets": tuple(sets),
        "standardised_background": background[0].effects() if background else None,
        "background_variance": background[0].variance() if background else np.zeros(m),
        "factor_share": np.array([factor.tissues.prior.inclusion for factor in factors]),
        "specific_share": beside[0].prior.inclusion if beside else None,
    }
