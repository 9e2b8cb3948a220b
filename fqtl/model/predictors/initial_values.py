"""Where a new factor may start: patterns of tissues that the data suggest.

From the scores of every variant in every tissue, z = score / sqrt(information), three patterns:
the tissues of the variant that is strongest over all tissues together, the single strongest pair,
and the leading direction of the score matrix. The first two are the ends of a scale (an effect
shared by all tissues, an effect of one), the third does not hang on any single variant.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.special import logsumexp

from fqtl.model.arrays.moments import Floats, Indices
from fqtl.model.arrays.variants import Variants

EFFECTS = 0.1  # that a tissue has of its own, when it is asked what they would bring
EFFECT_PRECISION = 10.0  # of their sizes: a standard deviation of 0.3
STALE = 0.05  # part of a tissue's residual that may have changed before its scores are made anew


Start = Floats  # (m,) tissue loadings, the largest 1 in size


@dataclass
class Starts:
    """Scores of all variants, kept from one new factor to the next.

    The product that makes them costs as much as all else about a factor, and a factor changes the
    residual of its own tissues only: the columns of the others are kept.
    """

    x: Variants
    m: int
    _z: np.ndarray = field(init=False)
    _made_from: Floats = field(init=False)

    def __post_init__(self) -> None:
        self._z = np.zeros((self.x.p, self.m), dtype=self.x.x.dtype)
        self._made_from = np.zeros((self.x.n, self.m))

    def propose(self, pull: Floats, weight: Floats) -> list[Start]:
        """Places to start a factor from, at most three; none where nothing is left.

        pull : (n, m) of the residual
        weight : (n, m)
        """
        information = weight.sum(axis=0)
        scale = np.sqrt(np.where(information > 0, information, 1.0))
        self._refresh(pull / scale)
        z = self._z
        if not z.any():
            return []
        squares = z * z
        pooled = z[int(squares.sum(axis=1).argmax())]
        pair = np.zeros(self.m)
        pair[int(squares.max(axis=0).argmax())] = 1.0
        _, directions = np.linalg.eigh((z.T @ z).astype(np.float64))
        starts = []
        for pattern in (pooled, pair, directions[:, -1]):
            tissues = np.where(information > 0, pattern / scale, 0.0)
            tissues /= np.abs(tissues).max()
            starts.append(tissues)
        return starts

    def gain_alone(self, among: Indices, weight: Floats) -> Floats:
        """(m,) nats that an effect of its own, of one of some variants, would bring each tissue."""
        information = weight.sum(axis=0)
        shrunk = information / (EFFECT_PRECISION + information)
        # a tissue at a time: all at once would be the largest arrays of a fit
        scores = zip(self._z[among].T, shrunk, strict=True)
        total = [logsumexp(0.5 * part * z.astype(np.float64) ** 2) for z, part in scores]
        log_odds = np.log(EFFECTS / self.x.p) + 0.5 * np.log1p(-shrunk) + total
        return np.logaddexp(0.0, log_odds)

    def _refresh(self, residual: Floats) -> None:
        change = np.linalg.norm(residual - self._made_from, axis=0)
        stale = np.flatnonzero(change > STALE * np.linalg.norm(residual, axis=0))
        if len(stale):
            self._z[:, stale] = self.x.scores(residual[:, stale])
            self._made_from[:, stale] = residual[:, stale]
