"""Where a new factor may start: patterns of tissues that the data suggest.

From the scores of every variant in every tissue, z = score / sqrt(information), three patterns:
the tissues of the variant that is strongest over all tissues together, the single strongest pair,
and the leading direction of the score matrix. The first two are the ends of a scale (an effect
shared by all tissues, an effect of one), the third does not hang on any single variant.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from fqtl.model.arrays.moments import Floats, Indices
from fqtl.model.arrays.variants import Variants
from fqtl.model.priors.default_model import SIZE_PRECISION

OWN_EFFECTS = 0.1  # that a tissue has, when it is asked what they would bring; taste
# part of a tissue's residual that may have changed before its scores are made anew; taste: they
# only suggest where to start
STALE = 0.05

Pattern = Floats  # (m,) tissue loadings, the largest 1 in size


class Start(NamedTuple):
    """A pattern, and the sum of squared scores that speaks for it."""

    pattern: Pattern
    strength: float


@dataclass(frozen=True)
class TissueScores:
    """z of every variant in every tissue, kept from one new factor to the next.

    The product that makes them costs as much as all else about a factor, and a factor changes the
    residual of its own tissues only: the columns of the others are kept.

    x : whose rows may be classes of copies
    z : (p, m)
    made_from : (n, m) residual over sqrt(information) that it was made from; both in the precision
        of x
    """

    x: Variants
    z: np.ndarray
    made_from: np.ndarray

    @classmethod
    def none(cls, x: Variants, m: int) -> "TissueScores":
        """Of no residual."""
        nothing = np.zeros((), dtype=x.dtype)
        return cls(x, np.broadcast_to(nothing, (x.p, m)), np.broadcast_to(nothing, (x.n, m)))

    def refreshed(self, residual: Floats, weight: Floats) -> "TissueScores":
        """Scores of this precision-weighted residual (n, m), under weights (n, m)."""
        residual = residual / _scale(weight)
        change = np.linalg.norm(residual - self.made_from, axis=0)
        stale = np.flatnonzero(change > STALE * np.linalg.norm(residual, axis=0))
        if not len(stale):
            return self
        z, made_from = self.z.copy(), self.made_from.copy()
        z[:, stale] = self.x.scores_of_each(residual[:, stale]).T
        made_from[:, stale] = residual[:, stale]
        return replace(self, z=z, made_from=made_from)

    def starts(self, weight: Floats) -> list[Start]:
        """Places to start a factor from, at most three; none where nothing is left."""
        z = self.z
        if not z.any():
            return []
        squares = z * z
        over_all, alone = squares.sum(axis=1), squares.max(axis=0)
        pooled = z[int(over_all.argmax())]
        pair = np.zeros(z.shape[1])
        pair[int(alone.argmax())] = 1.0
        count = self.x.copies.count.astype(z.dtype)
        spread, directions = np.linalg.eigh((z.T @ (z * count[:, None])).astype(np.float64))
        seen, scale = weight.sum(axis=0) > 0, _scale(weight)
        starts = []
        for pattern, strength in (
            (pooled, over_all.max()),
            (pair, alone.max()),
            (directions[:, -1], spread[-1]),
        ):
            tissues = np.where(seen, pattern / scale, 0.0)
            tissues /= np.abs(tissues).max()
            starts.append(Start(tissues, float(strength)))
        return starts

    def gain_alone(self, among: Indices, weight: Floats) -> Floats:
        """(m,) nats that an effect of its own, of one of some variants, would bring each tissue."""
        information = weight.sum(axis=0)
        if not len(among):
            return np.zeros(len(information))
        shrunk = information / (SIZE_PRECISION + information)
        # a tissue at a time: all at once would be the largest arrays of a fit
        share = self.x.copies.share[among]
        total = np.empty(len(information))
        for t, part in enumerate(shrunk):
            log_bayes = 0.5 * part * self.z[among, t].astype(np.float64) ** 2
            top = log_bayes.max()
            total[t] = top + np.log(share @ np.exp(log_bayes - top))
        log_odds = np.log(OWN_EFFECTS) + 0.5 * np.log1p(-shrunk) + total
        return np.logaddexp(0.0, log_odds)


def _scale(weight: Floats) -> Floats:
    """(m,) square root of the information on each tissue, 1 where there is none."""
    information = weight.sum(axis=0)
    return np.sqrt(np.where(information > 0, information, 1.0))
