"""Where a new factor may start: patterns of tissues that the data suggest.

From the scores of every variant in every tissue, z = score / sqrt(information), three patterns:
the tissues of the variant that is strongest over all tissues together, the single strongest pair,
and the leading direction of the score matrix. The first two are the ends of a scale (an effect
shared by all tissues, an effect of one), the third does not hang on any single variant.
"""

from dataclasses import dataclass, field

import numpy as np

from fqtl.model.moments import Floats, Genotypes

STALE = 0.05  # part of a tissue's residual that may have changed before its scores are made anew


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

    def patterns(self, weighted: Floats, weight: Floats) -> list[Floats]:
        """Tissue loadings (m,) to start a factor from, at most three; none where nothing is left.

        weighted : (n, m) residual times weight
        weight : (n, m)
        """
        information = weight.sum(axis=0)
        measured = information > 0
        scale = np.sqrt(np.where(measured, information, 1.0))
        self._refresh(weighted / scale)
        z = self._z
        if not z.any():
            return []
        squares = z * z
        pooled = z[int(squares.sum(axis=1).argmax())]
        pair = np.zeros(self.m)
        pair[int(squares.max(axis=0).argmax())] = 1.0
        _, directions = np.linalg.eigh((z.T @ z).astype(np.float64))
        found = (pooled, pair, directions[:, -1])
        return [np.where(measured, pattern / scale, 0.0) for pattern in found]

    def _refresh(self, residual: Floats) -> None:
        change = np.linalg.norm(residual - self._made_from, axis=0)
        stale = np.flatnonzero(change > STALE * np.linalg.norm(residual, axis=0))
        if len(stale):
            self._z[:, stale] = self.x @ residual[:, stale].astype(self.x.dtype)
            self._made_from[:, stale] = residual[:, stale]
