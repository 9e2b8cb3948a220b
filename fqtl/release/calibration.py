"""P-values and false discovery rates from statistics of permuted fits.

A permuted fit says what a gene looks like when no variant acts on it. Three things follow.

*A gene by itself.* Its null statistics are drawn one by one and drawing stops when `most` of them
have reached the observed one (Besag & Clifford 1991, Biometrika 78:301): genes without effects stop
early, others draw all. The p-value is exact for each gene, but no smaller than 1/(draws + 1).

*All genes together.* The statistic of a fit is a probability in nats, and means the same in every
gene of as many tissues; where it is large, in every gene (`nearest_nulls.py`). So the nulls of all
genes make one pool, in which 20,000 genes with one null each resolve p-values of 5e-5, and 30
genes with five each those of 0.007. That drawing stops early does no harm:
whether another null is drawn depends on those before it and not on itself, so that the share of
nulls in the pool beyond any cut-off is expected to be their probability (Wald's identity). The
observed statistic counts among the null ones (Phipson & Smyth 2010, SAGMB 9:39), and ties count
against it, so no p-value is 0.

*False discovery rates.* q = pi0 times Benjamini and Hochberg's, with the share of nulls pi0 by
Storey's rule, in which the cut-off lambda has the least bootstrap mean squared error (Storey,
Taylor & Siegmund 2004, JRSSB 66:187; in closed form as in qvalue 2.0, pi0.method "bootstrap").
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import false_discovery_control

from fqtl.model.arrays.moments import Floats

LAMBDAS = np.minimum(0.05 + 0.05 * np.arange(19), 0.95)  # to the last bit, as R's seq has them
FEWEST_TESTS = 100  # whose share of nulls can be told; of fewer it is taken to be 1


@dataclass(frozen=True)
class Calibrated:
    """P-values of hypotheses and what follows from all of them.

    p, q : as many as there were statistics; NaN where a statistic was NaN
    pi0 : estimate of the share of hypotheses without an effect
    n_permuted : null statistics in the pool
    """

    p: Floats
    q: Floats
    pi0: float
    n_permuted: int


def calibrate(
    observed: Floats, null: Floats, *, tests: int | None = None, estimate_pi0: bool = True
) -> Calibrated:
    """Calibration of statistics against a pool of null ones; larger is stronger.

    tests : hypotheses there were, if only the strongest are among the observed; the others count
        with p = 1
    estimate_pi0 : False takes every hypothesis for null (Benjamini & Hochberg)
    """
    known = ~np.isnan(observed)
    p = np.full(len(observed), np.nan)
    pool = null[~np.isnan(null)]
    if len(pool):
        p[known] = pooled_p(observed[known], pool)
    return with_rates(p, len(pool), tests=tests, estimate_pi0=estimate_pi0)


def with_rates(
    p: Floats, n_permuted: int, *, tests: int | None = None, estimate_pi0: bool = True
) -> Calibrated:
    """P-values, NaN where there is none, with false discovery rates; the rest as in `calibrate`."""
    known = ~np.isnan(p)
    q = np.full(len(p), np.nan)
    if not known.any():
        return Calibrated(p, q, np.nan, n_permuted)
    share = pi0(p[known]) if estimate_pi0 else 1.0
    q[known] = q_values(p[known], share, tests)
    return Calibrated(p, q, share, n_permuted)


def pooled_p(observed: Floats, null: Floats) -> Floats:
    """(t,) share of null statistics, and the observed one, that reach the observed one."""
    ordered = np.sort(null)
    reached = len(ordered) - np.searchsorted(ordered, observed, side="left")
    return np.asarray((reached + 1) / (len(ordered) + 1))


def sequential_p(reached: int, draws: int, most: int) -> float:
    """P-value of one hypothesis from its own nulls; `reached` of `draws` reached the observed one.

    most : number of these after which drawing stops
    """
    return reached / draws if reached >= most else (reached + 1) / (draws + 1)


def pi0(p: Floats) -> float:
    """Share of hypotheses without an effect, from p-values that are uniform among these.

    It is 1 where it cannot be estimated: of few tests, and where no p-value reaches the largest
    cut-off, since among nulls some would. There qvalue stops.
    """
    tests = len(p)
    above = np.array([(p >= cut).sum() for cut in LAMBDAS])
    if tests < FEWEST_TESTS or not above[-1]:
        return 1.0
    shares = above / (tests * (1 - LAMBDAS))
    variance = above / (tests**2 * (1 - LAMBDAS) ** 2) * (1 - above / tests)
    best = np.argmin(variance + (shares - np.quantile(shares, 0.1)) ** 2)
    return float(min(shares[best], 1.0))


def q_values(p: Floats, share: float = 1.0, tests: int | None = None) -> Floats:
    """(t,) smallest false discovery rate at which each hypothesis is found.

    share : of nulls among the hypotheses; tests : hypotheses, the others with p = 1
    """
    others = np.ones(max((tests or 0) - len(p), 0))
    return share * false_discovery_control(np.concatenate([p, others]), method="bh")[: len(p)]
