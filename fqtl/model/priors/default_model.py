"""The priors of the default model, all in one place.

| what | prior |
|---|---|
| effects of the variants of a factor | `factor_effects` |
| which tissues have a factor, and how much | `factor_tissues` |
| effects of single tissues beside factors | `tissue_specific_effects` |
| polygenic background | `VariancePrior`: v ~ median / (median + v)^2, and the odds of one |
| noise that the tissues of a donor share | `SharedNoise`: u_i ~ N(0, 1), v_t ~ N(0, 1/ridge) |
| intercepts and covariates of the mean | `COVARIATES` |
| intercepts and covariates of the dispersion | `DISPERSION` |

These are where a fit starts: shares and sizes are learned from there, within the bounds. Variances
are in units of the standardised response, as genotypes are standardised, too. What a release says
of them (`release_priors.py`) takes the place of these constants.
"""

from dataclasses import replace

import numpy as np

from fqtl.model.priors.effect_prior import (
    ANOTHER,
    ANOTHER_SPECIFIC,
    PSEUDO_FOUND,
    PSEUDO_SUMS,
    USUAL_SQUARE,
    FactorPrior,
    SuccessivePrior,
)
from fqtl.model.priors.likeness import LIKENESS, TissuePrior
from fqtl.model.priors.release_priors import Priors
from fqtl.model.priors.shared_noise import SharedNoise
from fqtl.model.priors.slab import SlabPrior

# a tenth of the variance each, until the data teach better: a standard deviation of 0.3; taste
SIZE_PRECISION = 10.0
FIRST_EFFECT = 0.99  # probability of a factor's first effect: without one it is none; taste
TISSUE_SHARE = 0.5  # of tissues that have a factor, until the data teach better; taste
LEAST_TISSUE_SHARE = 1e-4  # taste: far below one of the most tissues there are
TISSUE_PRECISION = 1.0  # derived: fixes the scale that variants and tissues may trade
MOST_UNLIKE = 0.25  # upper bound of that share, of other factors: `max_tissue_inclusion`; taste
# upper bound of the share of tissues that have a factor whose loadings are alike, of few tissues: a
# second may have it by default, while each of many is asked for a Bayes factor of its own; taste
MOST_SHARE = 0.9
# further tissues that halve how far it is above the bound of other factors; measured on people in 2
# and 4 groups, and on simulated genes of 44 tissues, of which hardly one more is called
SHARE_TISSUES = 6.0
# part of that by likeness: a slab of standard deviation above 1/2 reaches 0; taste
APART = (0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 1.0)
# probability that a tissue has effects beside factors, at least; fits start with it
SPECIFIC_ALONE = 0.4  # where there is no other tissue; taste
SPECIFIC_TISSUES = 0.1  # tissues of a gene that have such effects, where there are many; taste
# further tissues from which many are nearer than none; measured: an effect is found beside another
# tissue nearly as if alone, and nothing in the noise of five
FEW_TISSUES = 1.8
BACKGROUND_PROBABILITY = 0.5  # that there is a polygenic background; taste
BACKGROUND_MEDIAN = 0.01  # of the share of variance that it explains; taste
MOST_SPECIFIC = 0.5  # upper bound of that share; taste: never likelier than not beforehand

COVARIATES = SlabPrior(1e-2)  # a standard deviation of 10, where y and c are standardised; taste
# A standard deviation of 4 of what a sigmoid moves between two bounds. A wider prior has nearly all
# of its mass where the noise is all of the observed variance, or none of it: with 10, effects which
# explain a tenth of the variance of 300 donors leave the noise at that bound. A narrower one takes
# the noise of tissues that nothing explains for less than was observed. Measured: E[1/V] of 300
# donors is 1.02 where nothing is explained, and 1.07 where a tenth is.
DISPERSION = SlabPrior(1 / 16)

__all__ = [
    "COVARIATES",
    "DISPERSION",
    "SharedNoise",
    "default_priors",
    "factor_effects",
    "factor_tissues",
    "tissue_specific_effects",
]


def default_priors(m: int) -> Priors:
    """What these constants say of genes of m tissues."""
    return Priors(
        n_tissues=m,
        specific_start=_least_share(m),
        specific_share=PSEUDO_FOUND / PSEUDO_SUMS,
        specific_weight=PSEUDO_SUMS,
        specific_square=USUAL_SQUARE,
        another_specific=ANOTHER_SPECIFIC,
        factor_share=_most_share(m, MOST_UNLIKE, 1.0) / 2,
        factor_weight=0.0,
        factor_square=1 / SIZE_PRECISION,
        factor_square_weight=0.0,
        another_effect=ANOTHER,
        background_probability=BACKGROUND_PROBABILITY,
        background_median=BACKGROUND_MEDIAN,
        likeness=(1 / len(LIKENESS),) * len(LIKENESS),
    )


def factor_effects(priors: Priors | None = None) -> FactorPrior:
    """Of a new factor's effects of variants."""
    if priors is None:
        return FactorPrior(FIRST_EFFECT, SIZE_PRECISION)
    return FactorPrior(
        FIRST_EFFECT,
        1 / priors.factor_square,
        another=priors.another_effect,
        square=priors.factor_square,
        weight=priors.factor_square_weight,
    )


def factor_tissues(m: int, max_inclusion: float, priors: Priors | None = None) -> TissuePrior:
    """Of a new factor's loadings of m tissues; `max_inclusion` bounds their share where loadings
    may be small, and so cannot be told from none.

    It starts with loadings that are not alike: one that starts alike has no place for a tissue in
    which the effect is reversed, and does not learn of it.
    """
    prior = TissuePrior(
        TISSUE_SHARE,
        TISSUE_PRECISION,
        (LEAST_TISSUE_SHARE, max_inclusion),
        most=tuple(_most_share(m, max_inclusion, apart) for apart in APART),
    )
    if priors is None:
        return prior
    likeness = np.array(priors.likeness)
    with np.errstate(divide="ignore"):
        log_weights = np.log(likeness / likeness.max())
    return replace(
        prior,
        log_weights=tuple(log_weights.tolist()),
        share=priors.factor_share,
        weight=priors.factor_weight,
        log_odds=priors.factor_log_odds,
    )


def tissue_specific_effects(m: int, priors: Priors | None = None) -> SuccessivePrior:
    """Of the effects of m tissues that are no factor's.

    What a release says of the start is of its number of tissues; for others the default's changes
    in proportion.
    """
    least = _least_share(m)
    if priors is None:
        return SuccessivePrior(least, SIZE_PRECISION, (least, MOST_SPECIFIC))
    start = least * (priors.specific_start / _least_share(priors.n_tissues))
    start = min(start, MOST_SPECIFIC)
    return SuccessivePrior(
        start,
        SIZE_PRECISION,
        (min(least, start), MOST_SPECIFIC),
        another=priors.another_specific,
        unseen=priors.specific_weight,
        lowest=priors.specific_weight * priors.specific_share,
        square=priors.specific_square,
        of_each=priors.specific_log_odds,
    )


def _most_share(m: int, unlike: float, apart: float) -> float:
    """Upper bound of the share of m tissues that have a factor, by how far its slab is from 0."""
    above = max(MOST_SHARE - unlike, 0.0) / (1 + ((m - 1) / SHARE_TISSUES) ** 2)
    return unlike + above * apart


def _least_share(m: int) -> float:
    """Probability that a tissue of m has effects beside factors, at least."""
    alone = 1 / (1 + ((m - 1) / FEW_TISSUES) ** 4)
    return alone * SPECIFIC_ALONE + (1 - alone) * SPECIFIC_TISSUES / m
