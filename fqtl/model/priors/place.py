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
NOTICEABLE = 0.25  # probability from which it is updated in every round, donor by donor; taste
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

    def kept(self, x: Variants) -> "KeptRows":
        """What is kept of the rows; of many in the precision of x, as scores are no better."""
        if len(self.rows) <= FEW:
            return KeptRows(self.rows, self.each)
        rows = self.rows if self.rows is x.all else self.rows.astype(np.int32)
        return KeptRows(rows, self.each.astype(x.dtype))

    def is_spread_out(self, x: Variants) -> bool:
        """Whether it is hardly an effect, of any of many variants."""
        if self.sums.included >= NOTICEABLE:
            return False
        whole = self.rows is x.all
        return (x.n_variants if whole else x.copies.count[self.rows].sum()) > FEW


class KeptRows(NamedTuple):
    """Rows of a place, and what each has, as in `Place`."""

    rows: np.ndarray
    each: np.ndarray

    def made(self) -> "KeptRows":
        """Itself."""
        return self


class Alike(NamedTuple):
    """Donors who are all of one weight, but for those of weight 0.

    information : (p,) on each row, sum_i x_ji^2, of donors of weight 1
    """

    information: np.ndarray
    weight: float

    @property
    def of_each(self) -> Floats:
        """(p,) sum_i weight_i x_ji^2."""
        return self.weight * self.information.astype(np.float64)


class SeenRows(NamedTuple):
    """What a place among all rows follows from, and is made of when it is asked for.

    Of weak effects of all tissues, and of what a fit may go back to, places would be the most that
    a fit holds; what they follow from is less, or there for other reasons.

    z, information : (p,) score of each row and information on it, of donors of weight 1
    weight : of each donor
    """

    x: Variants
    z: np.ndarray
    information: np.ndarray
    weight: float
    prior: EffectPrior

    def place(self) -> Place:
        """The best one."""
        score, information = (
            self.weight * each.astype(np.float64) for each in (self.z, self.information)
        )
        return Place.best(self.x, self.x.all, score, information, self.prior)

    def made(self) -> KeptRows:
        """Its rows."""
        place = self.place()
        return KeptRows(place.rows, place.each)


class Sums(NamedTuple):
    """What is asked of a place again and again, over its rows.

    included : sum of alpha
    second : of E[size^2]
    shape : of alpha (ln(alpha/share) + 1/2 (ln precision - 1)), what the KL has whatever the prior
    """

    included: float
    second: float
    shape: float

    def times(self, factor: float) -> "Sums":
        """Of probabilities times `factor`."""
        shape = factor * (self.shape + self.included * log(factor))
        return Sums(self.included * factor, self.second * factor, shape)

    def scaled(self, factor: float) -> "Sums":
        """Of sizes times `factor`."""
        shape = self.shape - self.included * log(abs(factor))
        return Sums(self.included, self.second * factor**2, shape)
