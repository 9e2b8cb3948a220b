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

from fqtl.model.priors.bounds import Bounds
from fqtl.model.priors.effect_prior import FactorPrior, SuccessivePrior
from fqtl.model.priors.shared_noise import SharedNoise
from fqtl.model.priors.slab import SlabPrior
from fqtl.model.priors.spike_slab import SpikeSlabPrior

# a tenth of the variance each, until the data teach better: a standard deviation of 0.3; taste
SIZE_PRECISION = 10.0
FIRST_EFFECT = 0.99  # probability of a factor's first effect: without one it is none; taste
TISSUE_SHARE = 0.5  # of tissues that have a factor, until the data teach better; taste
LEAST_TISSUE_SHARE = 1e-4  # taste: far below one of the most tissues there are
TISSUE_PRECISION = 1.0  # derived: fixes the scale that variants and tissues may trade
SPECIFIC_TISSUES = 0.1  # tissues of a gene that have effects beside its factors, at least; taste
SPECIFIC_ALONE = 0.3  # probability that a tissue has any where there is no other; taste
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


def factor_tissues(max_inclusion: float) -> SpikeSlabPrior:
    """Of a new factor's loadings of tissues; `max_inclusion` bounds their share."""
    bounds: Bounds = (LEAST_TISSUE_SHARE, max_inclusion)
    return SpikeSlabPrior(TISSUE_SHARE, TISSUE_PRECISION, inclusion_bounds=bounds)


def tissue_specific_effects(m: int) -> SuccessivePrior:
    """Of the effects of m tissues that are no factor's."""
    least = SPECIFIC_TISSUES / m if m > 1 else SPECIFIC_ALONE
    return SuccessivePrior(least, SIZE_PRECISION, (least, MOST_SPECIFIC))
