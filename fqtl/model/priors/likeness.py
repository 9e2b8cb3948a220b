"""Tissue loadings of a factor: which tissues have it, and how alike they are.

r_t = 0 with probability 1 - inclusion, else N(mean, 1/precision), where

    mean^2 = likeness * size,   1/precision = (1 - likeness) * size

so that the loadings of two tissues that have the factor are correlated by the likeness when the
sign is not known. At 0 tissues share which variants matter and nothing else; towards 1 an effect is
of one size in all tissues that have it, as most are: what a tissue of few donors cannot tell of it,
the others do.

Some tissues may be known to have factors more often than others: the odds of an inclusion are those
of the share of tissues, which the factor learns, times those of the tissue, which a release says,
up to the bound of the share.

The size is the scale that variants and tissues may trade, so nothing speaks for any. The likeness
is one of LIKENESS, whichever suits the loadings best together with the share of tissues that it
allows. By default each is as probable as the others, and any share as another; what a release says
of them (`release_priors.py`) counts for the logarithm of a probability beside the largest, and for
so many tissues more.

With S0, S1, S2 the sums of pip, pip b, pip (b^2 + 1/s) over tissues, and c^2 the size, what the
loadings say of a likeness h is

    -S0/2 ln(c^2 (1 - h)) - (S2 - 2 c sqrt(h) |S1| + S0 c^2 h) / (2 c^2 (1 - h)),

largest at 1/c = (sqrt(h) |S1| + sqrt(h S1^2 + 4 S2 S0 (1 - h))) / (2 S2).
"""

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import xlog1py, xlogy

from fqtl.model.arrays.moments import Floats
from fqtl.model.priors.bounds import Bounds
from fqtl.model.priors.spike_slab import Included, SpikeSlabPrior
from fqtl.model.priors.unlike_shares import best_shares, expected_log, of_each_tissue

# places at which it is looked for: standard deviations of loadings beside their root mean square
# of 1, 0.87, 0.71, 0.5, 0.32, 0.22, 0.14; taste: each differs from the next as 10 tissues can tell
LIKENESS = (0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98)


@dataclass(frozen=True)
class TissuePrior(SpikeSlabPrior):
    """Of the loadings of all tissues of a factor.

    likeness : number of one of LIKENESS
    most : upper bound of the inclusion under each of LIKENESS, where above `inclusion_bounds`
    log_weights : ln of the probability of each of LIKENESS over that of the likeliest
    share, weight : share of tissues beforehand, and the number of tissues that it counts for
    log_odds : (m,) ln of the odds of each tissue over those of the share; none where all are alike
    """

    likeness: int = field(default=0, kw_only=True)
    most: tuple[float, ...] = field(default=(0.0,) * len(LIKENESS), kw_only=True)
    log_weights: tuple[float, ...] = field(default=(0.0,) * len(LIKENESS), kw_only=True)
    share: float = field(default=0.5, kw_only=True)
    weight: float = field(default=0.0, kw_only=True)
    log_odds: tuple[float, ...] = field(default=(), kw_only=True)

    @property
    def inclusions(self) -> Floats | float:
        if not self.log_odds:
            return self.inclusion
        share, most = np.array(self.inclusion), np.array(self._bounds[1])
        return of_each_tissue(share, np.array(self.log_odds), most)

    def log_probability(self, pip: Floats, count: float) -> float:
        if not self.log_odds:
            return super().log_probability(pip, count)
        return float(expected_log(pip, np.asarray(self.inclusions)))

    @property
    def _most(self) -> Floats:
        """(7,) upper bound of the share under each likeness."""
        return np.maximum(self.inclusion_bounds[1], self.most)

    @property
    def _bounds(self) -> Bounds:
        least, most = self.inclusion_bounds
        return least, max(most, self.most[self.likeness])

    def learned(self, seen: Included, count: float) -> "TissuePrior":
        """What suits `count` loadings best, within the bounds."""
        inclusion, value = self._shares(seen, count)
        inverse, fit = self._sizes(seen)
        best = int((value + fit).argmax())
        size = 1 / inverse[best]
        mean = np.copysign(np.sqrt(LIKENESS[best]) * size, seen.first)
        return replace(
            self,
            inclusion=float(inclusion[best]),
            mean=float(mean),
            precision=float(1 / ((1 - LIKENESS[best]) * size**2)),
            likeness=best,
        )

    def _shares(self, seen: Included, count: float) -> tuple[Floats, Floats]:
        """(7,) the share that suits indicators best under each likeness, and the nats that these
        then make, with the density of the share and the likeness."""
        if self.log_odds:
            return self._shares_beside_odds(seen.pip)
        included, share = seen.share * count, seen.share
        if self.weight:
            share = (included + self.weight * self.share) / (count + self.weight)
        inclusion = self._within_bounds(share)
        value = xlogy(included, inclusion) + xlog1py(count - included, -inclusion)
        return inclusion, value + self._log_density(inclusion)

    def _shares_beside_odds(self, pip: Floats) -> tuple[Floats, Floats]:
        """The same where tissues are not alike, of PIPs (m,); where the search leads to less than
        the present share has, that stays."""
        odds, most = np.array(self.log_odds), self._most
        best = best_shares(pip, odds, most, self.share, self.weight)
        found = [np.clip(share, self.inclusion_bounds[0], most) for share in (best, self.inclusion)]
        values = [
            expected_log(pip, of_each_tissue(share, odds, most)) + self._log_density(share)
            for share in found
        ]
        better = values[0] >= values[1]
        return np.where(better, *found), np.where(better, *values)

    def neg_log_density(self) -> float:
        """-ln of the prior density of the share and the likeness, over that at their best."""
        return -float(self._log_density(np.array(self.inclusion))[self.likeness])

    def _within_bounds(self, share: float) -> Floats:
        """(7,) the share that is nearest under each likeness."""
        return np.clip(share, self.inclusion_bounds[0], self._most)

    def _log_density(self, inclusion: Floats) -> Floats:
        """(7,) of a share under each likeness, over that of the share that is best there."""
        if not self.weight:
            return np.array(self.log_weights)
        a, b = self.weight * self.share, self.weight * (1 - self.share)
        best = self._within_bounds(self.share)
        over = a * np.log(inclusion / best) + b * (np.log1p(-inclusion) - np.log1p(-best))
        return over + self.log_weights

    def _sizes(self, seen: Included) -> tuple[Floats, Floats]:
        """(7,) best 1/c under each likeness, and what the loadings then say of it, in nats."""
        h, own = np.array(LIKENESS), 1 - np.array(LIKENESS)
        if seen.slabs <= 0 or seen.second <= 0:
            return np.full(len(h), 1 / self.size), np.where(
                h == LIKENESS[self.likeness], 0.0, -np.inf
            )
        drawn = np.sqrt(h) * abs(seen.first)
        root = np.sqrt(drawn**2 + 4 * seen.second * seen.slabs * own)
        inverse = np.clip((drawn + root) / (2 * seen.second), *np.sqrt(self.precision_bounds))
        left = seen.second * inverse**2 - 2 * inverse * drawn + seen.slabs * h
        return inverse, seen.slabs * np.log(inverse) - 0.5 * (seen.slabs * np.log(own) + left / own)


def weight_of_evidence(slabs: float, first: float, second: float) -> Floats:
    """(7,) nats that loadings say of each likeness, under which their size is at its best.

    slabs, first, second : sums over tissues of PIP, of mean and of second moment
    """
    prior = TissuePrior(0.5, 1.0)
    return prior._sizes(Included(0.0, slabs, first, second, np.zeros(0)))[1]
