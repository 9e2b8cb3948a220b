"""The priors of the default model, all in one place.

| what | prior |
|---|---|
| effects of the variants of a factor | `factor_effects` |
| which tissues have a factor, and how much | `factor_tissues` |
| effects of single tissues beside factors | `tissue_specific_effects` |
| noise that the tissues of a donor share | `SharedNoise`: u_i ~ N(0, 1), v_t ~ N(0, 1/ridge) |
| intercepts and covariates, of mean and of dispersion | `COVARIATES` |

These are where a fit starts: shares and sizes are learned from there, within the bounds. Variances
are in units of the standardised response, as genotypes are standardised, too.
"""

from fqtl.model.priors.effect_prior import FactorPrior, SuccessivePrior
from fqtl.model.priors.likeness import TissuePrior
from fqtl.model.priors.shared_noise import SharedNoise
from fqtl.model.priors.slab import SlabPrior

# a tenth of the variance each, until the data teach better: a standard deviation of 0.3; taste
SIZE_PRECISION = 10.0
FIRST_EFFECT = 0.99  # probability of a factor's first effect: without one it is none; taste
TISSUE_SHARE = 0.5  # of tissues that have a factor, until the data teach better; taste
LEAST_TISSUE_SHARE = 1e-4  # taste: far below one of the most tissues there are
TISSUE_PRECISION = 1.0  # derived: fixes the scale that variants and tissues may trade
# upper bound of the share of tissues that have a factor whose loadings are alike, of few tissues: a
# second may have it by default, while each of many is asked for a Bayes factor of its own; taste
MOST_SHARE = 0.9
# further tissues that halve how far it is above the bound of other factors; measured on people in 2
# and 4 groups, and on simulated genes of 44 tissues, of which hardly one more is called
SHARE_TISSUES = 6.0
# part of that by likeness: a slab of standard deviation above 1/2 reaches 0; taste
APART = (0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 1.0)
# probability that a tissue has effects beside factors, at least; fits start with it
SPECIFIC_ALONE = 0.3  # where there is no other tissue; taste
SPECIFIC_TISSUES = 0.1  # tissues of a gene that have such effects, where there are many; taste
# further tissues that halve what a lone tissue has above that; measured: an effect is found beside
# another tissue nearly as if alone, and nothing in the noise of five
FEW_TISSUES = 1.8
MOST_SPECIFIC = 0.5  # upper bound of that share; taste: never likelier than not beforehand

COVARIATES = SlabPrior(1e-2)  # a standard deviation of 10, where y and c are standardised; taste

__all__ = [
    "COVARIATES",
    "SharedNoise",
    "factor_effects",
    "factor_tissues",
    "tissue_specific_effects",
]


def factor_effects() -> FactorPrior:
    """Of a new factor's effects of variants."""
    return FactorPrior(FIRST_EFFECT, SIZE_PRECISION)


def factor_tissues(m: int, max_inclusion: float) -> TissuePrior:
    """Of a new factor's loadings of m tissues; `max_inclusion` bounds their share where loadings
    may be small, and so cannot be told from none.

    It starts with loadings that are not alike: one that starts alike has no place for a tissue in
    which the effect is reversed, and does not learn of it.
    """
    above = max(MOST_SHARE - max_inclusion, 0.0) / (1 + ((m - 1) / SHARE_TISSUES) ** 2)
    return TissuePrior(
        TISSUE_SHARE,
        TISSUE_PRECISION,
        (LEAST_TISSUE_SHARE, max_inclusion),
        most=tuple(max_inclusion + above * apart for apart in APART),
    )


def tissue_specific_effects(m: int) -> SuccessivePrior:
    """Of the effects of m tissues that are no factor's."""
    above = (SPECIFIC_ALONE - SPECIFIC_TISSUES) / (1 + ((m - 1) / FEW_TISSUES) ** 4)
    least = SPECIFIC_TISSUES / m + above
    return SuccessivePrior(least, SIZE_PRECISION, (least, MOST_SPECIFIC))
