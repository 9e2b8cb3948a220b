"""The default model of effects: sums of effects that are each of one variant.

Factors that tissues share, and effects of single tissues beside them, or the latter alone; and,
last, a polygenic background of what these leave. Variants in LD share the probability of an effect,
so that each effect that is likely there has a credible set. The other priors, of every variant by
itself, are in `spike_slab_model.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fqtl.model.arrays.copies import Copies
from fqtl.model.arrays.moments import Floats
from fqtl.model.arrays.variants import Variants
from fqtl.model.engines.solution import Solution
from fqtl.model.predictors.background import Background
from fqtl.model.predictors.factored import Factored
from fqtl.model.predictors.options import SingleEffectsOptions
from fqtl.model.predictors.predictor import Predictor
from fqtl.model.predictors.tissue_specific import TissueSpecific
from fqtl.model.priors.default_model import default_priors
from fqtl.model.priors.single_effects import SingleEffectsPosterior
from fqtl.model.priors.successive_effects import SuccessiveEffects
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
        parts.append(Background.empty(x, observed, *_of_background(m, options)))
    return parts


def _of_background(m: int, options: SingleEffectsOptions) -> tuple[float, float]:
    """Median of its variance, and the probability that there is one."""
    priors = options.priors or default_priors(m)
    median, probability = options.median_background, options.background_probability
    return (
        priors.background_median if median is None else median,
        priors.background_probability if probability is None else probability,
    )


def posteriors(solution: Solution, x: Variants, m: int) -> dict[str, Any]:
    """Posterior of every part and the credible sets of its effects, in the terms of `Fit`."""
    parts = solution.model.location[1:]
    copies, p = x.copies, x.n_variants
    factors = [factor for part in parts if isinstance(part, Factored) for factor in part.ordered()]
    loadings = Spread([factor.effects for factor in factors], copies)
    beside = [part for part in parts if isinstance(part, TissueSpecific)]
    specific = Spread([sums for part in beside for sums in part.tissues], copies)
    background = [part for part in parts if isinstance(part, Background)]
    sign = np.array([factor.sign for factor in factors])
    of_factors, of_tissues = _log_bayes_factors(solution)
    sets = []
    for k, found in enumerate(of_factors):
        if found:
            of_factor = credible_sets(loadings[k].found(), x, found, factor=k)
            sets += [replace(one, pip=factors[k].there * one.pip) for one in of_factor]
    for t, found in enumerate(of_tissues):
        if found:
            sets += credible_sets(specific[t].found(), x, found, tissue=t)
    return {
        "variants": Posterior.of(loadings, p).times(sign),
        "tissues": Posterior.of([factor.tissues for factor in factors], m)
        .where_there(np.array([factor.log_odds for factor in factors]))
        .times(sign),
        "factor_there": np.array([factor.there for factor in factors]),
        "specific": Posterior.of(specific, p) if beside else Posterior.zero(p, m),
        "credible_sets": tuple(sets),
        "standardised_background": background[0].effects() if background else None,
        "background_variance": background[0].variance() if background else np.zeros(m),
        "background_log_bayes": background[0].log_bayes_factors() if background else None,
        "factor_share": np.array([factor.tissues.prior.inclusion for factor in factors]),
        "tissue_prior": np.column_stack(
            [np.zeros((m, 0)), *(np.full(m, one.tissues.prior.inclusions) for one in factors)]
        ),
        **(_of_tissues(beside[0]) if beside else {}),
    }


def _of_tissues(beside: TissueSpecific) -> dict[str, Any]:
    """What is known of the numbers of effects of single tissues, in the terms of `Fit`."""
    return {
        "specific_share": beside.prior.inclusion,
        "specific_prior": beside.prior.inclusions(len(beside.tissues)),
        "specific_number": np.array([effects.number for effects in beside.tissues]),
        "specific_another": beside.prior.another,
    }


@dataclass(frozen=True)
class Spread:
    """Effects of variants, of effects whose rows are classes of copies: each made when it is asked
    for, as those of all tissues together would be more than the genotypes."""

    of_classes: Sequence[SingleEffectsPosterior | SuccessiveEffects]
    copies: Copies

    def __len__(self) -> int:
        return len(self.of_classes)

    def __getitem__(self, k: int) -> SingleEffectsPosterior | SuccessiveEffects:
        return self.of_classes[k].spread(self.copies)

    def __iter__(self) -> Iterator[SingleEffectsPosterior | SuccessiveEffects]:
        return (effects.spread(self.copies) for effects in self.of_classes)


def _log_bayes_factors(solution: Solution) -> tuple[list[list[Floats]], list[list[Floats]]]:
    """(k,) of each effect found in each factor, and in each tissue: what one more update of it
    would be made of."""
    of_factors: list[list[Floats]] = []
    of_tissues: list[list[Floats]] = []
    working = solution.working
    assert working is not None
    for index, part in enumerate(solution.model.location):
        if not isinstance(part, Factored | TissueSpecific):
            continue
        residual = working.weighted_residual(solution.model, index)
        found = part.log_bayes_factors(residual, working.precision)
        (of_factors if isinstance(part, Factored) else of_tissues).extend(found)
    return of_factors, of_tissues
