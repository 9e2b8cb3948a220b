"""Where a new factor may start: patterns of tissues that the data suggest.

From the scores of every variant in every tissue, z = score / sqrt(information), three patterns:
the tissues of the variant that is strongest over all tissues together, the single strongest pair,
and the leading direction of the score matrix. The first two are the ends of a scale (an effect
shared by all tissues, an effect of one), the third does not hang on any single variant.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from fqtl.model.moments import Floats, Genotypes

STALE = 0.05  # part of a tissue's residual that may have changed before its scores are made anew


class Start(NamedTuple):
    """Tissue loadings to start from, and what they make of the variants.

    tissues : (m,) the largest is 1 in size
    score : (p,) gradient of every variant loading at 0, against these tissues
    information : of a variant loading, the same for all (their columns have unit variance)
    """

    tissues: Floats
    score: Floats
    information: float


@dataclass
class Starts:
    """Scores of all variants, kept from one new factor to the next.

    The product that makes them costs as much as all else about a factor, and a factor changes the
    residual of its own tissues only: the columns of the others are kept.
    """

    x: Genotypes
    m: int
    _z: np.ndarray = field(init=False)
    _made_from: Floats = field(init=False)

    def __post_init__(self) -> None:
        p, n = self.x.shape
        self._z = np.zeros((p, self.m), dtype=self.x.dtype)
        self._made_from = np.zeros((n, self.m))

    def propose(self, weighted: Floats, weight: Floats) -> list[Start]:
        """Places to start a factor from, at most three; none where nothing is left.

        weighted : (n, m) residual times weight
        weight : (n, m)
        """
        information = weight.sum(axis=0)
        scale = np.sqrt(np.where(information > 0, information, 1.0))
        self._refresh(weighted / scale)
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
            score = z @ (scale * tissues).astype(z.dtype)
            starts.append(Start(tissues, score, float(information @ tissues**2)))
        return starts

    def _refresh(self, residual: Floats) -> None:
        change = np.linalg.norm(residual - self._made_from, axis=0)
        stale = np.flatnonzero(change > STALE * np.linalg.norm(residual, axis=0))
        if len(stale):
            self._z[:, stale] = self.x @ residual[:, stale].astype(self.x.dtype)
            self._made_from[:, stale] = residual[:, stale]
