"""Exact test of Hardy-Weinberg equilibrium.

Given n people and their count of the rarer allele, the number of heterozygotes h has probability
proportional to 2^h / (h! a! b!), a and b the homozygotes. The p-value is that of all numbers that
are no more probable than the one seen. (Wigginton, Cutler and Abecasis 2005, doi 10.1086/429864)
"""

import numpy as np
from scipy.special import gammaln, logsumexp

TIE = 1e-9  # relative: probabilities that are equal may differ by rounding


def hardy_weinberg_p(dosage: np.ndarray) -> float:
    """p-value of one variant's dosages (n,), NaN where missing; imputed ones become calls."""
    calls = np.rint(dosage[~np.isnan(dosage)])
    minor = int(min(calls.sum(), (2 - calls).sum()))
    het = np.arange(minor % 2, minor + 1, 2)
    rare = (minor - het) // 2
    common = len(calls) - het - rare
    log_p = het * np.log(2) - gammaln(het + 1) - gammaln(rare + 1) - gammaln(common + 1)
    p = np.exp(log_p - logsumexp(log_p))
    seen = p[het == int((calls == 1).sum())][0]
    return float(min(p[p <= seen * (1 + TIE)].sum(), 1.0))
