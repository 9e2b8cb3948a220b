"""Where one effect may be: the probability of each variant, and its size there.

The formulas stand in `single_effects.py`, which makes effects of places.
"""

from math import log
from typing import NamedTuple

import numpy as np

from fqtl.model.arrays._places import place_rows
from fqtl.model.arrays.moments import Floats, Indices
from fqtl.model.arrays.variants import Variants
from fqtl.model.priors.effect_prior import EffectPrior

TAIL = 1e-9  # of an effect, left out between all variants; taste: below what float32 products tell
NOTICEABLE = 0.1  # probability from which it is updated in every round, donor by donor; taste
FEW = 200  # variants that are cheap to visit; taste, beside the costs in `variants.py`


def log_bayes_factor(score: Floats, information: Floats, prior_precision: float) -> Floats:
    """ln BF of an effect of N(0, 1/prior_precision) at each variant, against none."""
    precision = prior_precision + information
    mean = score / precision
    return np.asarray(0.5 * (np.log(prior_precision / precision) + score * mean))


class Place(NamedTuple):
    """Which variant an effect may be of, and of which size.

    rows : of x that it may be
    each : (3, k) their probabilities alpha, of which the rest of 1 is for none, and the mean and
        precision of its size, given the row
    log_none : ln P(none), however close to 0 that is, before variants were left out
    first, second : E[size], E[size^2] of each row
    sums : of all rows
    """

    rows: np.ndarray
    each: np.ndarray
    log_none: float
    first: Floats
    second: Floats
    sums: "Sums"

    @classmethod
    def best(
        cls, x: Variants, index: Indices, score: Floats, information: Floats, prior: EffectPrior
    ) -> "Place":
        """Of the scores of some rows, and the information on each."""
        whole = index is x.all
        log_share, share = (
            known if whole else known[index] for known in (x.copies.log_share, x.copies.share)
        )
        found, moments, scratch = (np.empty((rows, len(score))) for rows in (3, 2, 3))
        kept = np.empty(len(score), dtype=np.intp)
        count, log_none, *of_all = place_rows(
            score,
            information,
            log_share,
            share,
            prior.precision,
            prior.log_odds,
            TAIL,
            found,
            moments,
            scratch,
            kept,
        )
        included, square, shape = of_all
        size = included * (log(prior.precision) - 1)
        sums = Sums(included, square, shape + 0.5 * size)
        rows = index
        if count < len(score):
            # copies, as views would hold what is of all rows
            found, kept = found[:, :count].copy(), kept[:count]
            rows = index[kept]
        first, second = moments[:, :count]
        return cls(rows, found, log_none, first, second, sums)

    @property
    def precision(self) -> Floats:
        """(k,) of the size, given the row."""
        return self.each[2]

    def compact(self, x: Variants) -> "Place":
        """What is kept of many rows: no moments of the loading, the rest in the precision of x."""
        nothing = np.empty(0)
        rows = self.rows if self.rows is x.all else self.rows.astype(np.int32)
        each = self.each.astype(x.dtype)
        return self._replace(rows=rows, each=each, first=nothing, second=nothing)

    def is_spread_out(self, x: Variants) -> bool:
        """Whether it is hardly an effect, of any of many variants."""
        if self.sums.included >= NOTICEABLE:
            return False
        whole = self.rows is x.all
        return (x.n_variants if whole else x.copies.count[self.rows].sum()) > FEW


class Sums(NamedTuple):
    """What is asked of a place again and again, over its rows.

    included : sum of alpha
    second : of E[size^2]
    shape : of alpha (ln(alpha/share) + 1/2 (ln precision - 1)), what the KL has whatever the prior
    """

    included: float
    second: float
    shape: float

    def scaled(self, factor: float) -> "Sums":
        """Of sizes times `factor`."""
        shape = self.shape - self.included * log(abs(factor))
        return Sums(self.included, self.second * factor**2, shape)
