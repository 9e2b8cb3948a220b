"""Colocalisation: whether an effect on expression and one on a trait are of one variant.

From log Bayes factors of both at the variants that they share, at most one causal variant each:

    H0 : neither,  H1, H2 : the one alone,  H3 : both, of two variants,  H4 : both, of one,

with prior probabilities p1 and p2 of a variant to act on the one and the other alone, and p12 on
both,

    P(H1) ∝ p1 Σ B1,  P(H2) ∝ p2 Σ B2,  P(H3) ∝ p1 p2 (Σ B1 Σ B2 - Σ B1 B2),  P(H4) ∝ p12 Σ B1 B2.

(Giambartolomei et al. 2014, PLoS Genet 10:e1004383; single effects in the place of whole signals:
Wallace 2021, PLoS Genet 17:e1009440, `coloc.bf_bf`.)

Log Bayes factors of the trait come of its z-scores: where people tell the LD, of each of several
effects beside the others (`single_effects.py`); else of one effect,
log BF = z² v / 2(1 + v) - log(1 + v) / 2, Wakefield's (2009, Genet Epidemiol 33:79) with v the
prior variance of the effect over its squared standard error.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from fqtl.association.single_effects import SingleEffects, log_bayes_factor

HYPOTHESES = 5
OVERLAP = 0.5  # of the probability of either that the shared variants must hold, as coloc has it


@dataclass(frozen=True)
class ColocPriors:
    """Probability that a variant acts on expression alone, on the trait alone, and on both."""

    p1: float = 1e-4
    p2: float = 1e-4
    p12: float = 5e-6


def colocalise(one: np.ndarray, other: np.ndarray, priors: ColocPriors) -> np.ndarray:
    """(5,) probabilities of H0 to H4; one, other : (v,) log Bayes factors at the same variants."""
    first, second, both = logsumexp(one), logsumexp(other), logsumexp(one + other)
    apart = -np.expm1(min(both - first - second, 0.0))  # of Σ B1 Σ B2 what is of two variants
    with np.errstate(divide="ignore"):  # of one variant alone there is no H3
        log_joint = np.array(
            [
                0.0,
                np.log(priors.p1) + first,
                np.log(priors.p2) + second,
                np.log(priors.p1) + np.log(priors.p2) + first + second + np.log(apart),
                np.log(priors.p12) + both,
            ]
        )
    return np.asarray(np.exp(log_joint - logsumexp(log_joint)))


def share_of(log_bf: np.ndarray, kept: np.ndarray) -> float:
    """Probability that an effect is of one of the variants `kept`, if it is of any."""
    return float(np.exp(logsumexp(log_bf[kept]) - logsumexp(log_bf))) if len(kept) else 0.0


def log_bayes_factors(
    z: np.ndarray, values: np.ndarray, found: SingleEffects, variance: float
) -> np.ndarray:
    """(l, e) of each effect on the trait at every variant, the other effects as they were found.

    z : (e,); values : (e, n) with rows of length 1, whose products are the correlations of z
    variance : of the z of an effect beforehand
    """
    each = (found.alpha * found.mean) @ values
    beside = each.sum(axis=0) - each
    return log_bayes_factor(z - beside @ values.T, np.full(len(z), variance))
