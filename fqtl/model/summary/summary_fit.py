"""What a fit to summary statistics gives back."""

from dataclasses import dataclass

import numpy as np

from fqtl.model.arrays.moments import Floats
from fqtl.model.results.fit import Fit


@dataclass(frozen=True, repr=False)
class SummaryFit(Fit):
    """A `Fit` whose y has variance 1 in every tissue, with what was found about z-scores and LD.

    `effects` are in standard deviations of expression per unit of x: per allele where dosages or
    frequencies were given, else per standard deviation. `shared_noise` is in standard deviations of
    a z-score's noise, as is `noise_variance` in its variance.

    mismatch : how far the LD is that of other people: 0 of the same, 1 of others of the same
        population
    noise_correlation : (m, m) that the fit assumes of z-scores where nothing acts
    flipped, left_out : (p,) variants whose z-scores contradict their neighbours, turned round or
        left out
    contradiction : (p,) the largest |z| of a variant beside what its neighbours say, over tissues;
        NaN where that is not known
    n_people : (m,) behind z-scores
    """

    mismatch: float = 0.0
    noise_correlation: Floats | None = None
    flipped: np.ndarray | None = None
    left_out: np.ndarray | None = None
    contradiction: Floats | None = None
    n_people: Floats | None = None
