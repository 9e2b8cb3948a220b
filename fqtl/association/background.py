"""Inflation of an association by the polygenic background of a trait.

Of a trait that M variants of a genome share, each with an effect of N(0, h²/M) per standard
deviation, a predicted expression T has z-scores with

    E[z²] = 1 + N h² phi,   phi = sum_j r²(T, x_j) / M,

though T does nothing: it is in LD with many variants that each do a little. The larger the GWAS and
the more LD T has, the more; z / sqrt(1 + N h² phi) is standard normal again (Liang, Nyasimi & Im
2026, Am J Hum Genet 113:276, who learn phi from simulated traits). Here phi is computed: it is the
LD score of T over M, and needs no random number. What n people say of r² is too large by 1/n on
average, which is taken off, and variants near the model alone count: of all others r² is 0.
"""

import numpy as np


def sums_of_r2(scores: np.ndarray, values: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """(m,) sum of squared correlations with variants, without what chance adds.

    scores : (m, n) predicted expression; values : (p, n) dosages; rows of both with mean 0 and
        length 1
    counted : (m, p) which variants count for which model
    """
    r2 = (scores @ values.T) ** 2
    spare = max(scores.shape[1] - 2, 1)
    return np.asarray(np.where(counted, r2 - (1 - r2) / spare, 0.0).sum(axis=1))


def inflation(phi: np.ndarray, donors: float, h2: float) -> np.ndarray:
    """(m,) E[z²] of models that have no effect; a phi below 0 counts as 0, as S-PrediXcan has it.

    donors : of the GWAS; h2 : heritability of the trait by all variants
    """
    return np.asarray(1 + donors * h2 * np.maximum(phi, 0.0))
