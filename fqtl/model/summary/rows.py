"""z-scores and LD as rows of data that the model can be fitted to.

Of standardised y and x, r = x'y/n = R b + x'e/n, whose noise has the covariance (s²/n) R. With
R = V D V' rotated to its eigenvectors and scaled,

    x~ = sqrt(k) D^1/2 V',   y~ = sqrt(k) D^-1/2 V' r = x~ b + noise of variance k s²/n,

k independent rows in the place of n people: a regression, whose columns x~ have mean square 1 as
standardised dosages have, and with the same posterior of b. All of R's n eigenvectors give back the
rotated y itself. Of a tissue with a z-score of every variant this is all.

Where z-scores are missing, r of those that are there (O) is A g + rest, A = V_O D^1/2, with g the
rows over sqrt(k) and a rest of variance psi_j that the eigenvectors do not hold. Given r_O,

    g = (A' Psi^-1 A + ridge)^-1 A' Psi^-1 r_O

which costs no information where the variants that are there span the eigenvectors. The ridge is 1,
since noise of g has the variance 1/n and that of the rest psi/n: with less of it what is hardly
told is the rest divided by next to nothing, and looks like effects. A row of which they hold less
than half, that is a row told with more error than it has noise, is missing.

Where the LD is of other people, y~ is divided by eigenvalues that are nearer to those of the
population (`ld.py`); x~ keeps those of the reference. Shrunken ones are the better on average over
all pairs of variants, most of which are hardly correlated, but say too little of LD between
neighbours, which is what effects are told apart by: with 300 others the square of an error of
neighbours (r² 0.2 to 0.8) is 1.6 times the usual with shrunken ones, and 1.15 times with these.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from fqtl.errors import FqtlError
from fqtl.model.arrays.inputs import as_matrix
from fqtl.model.arrays.moments import Floats, Indices
from fqtl.model.summary.ld import LD

RIDGE = 1.0  # derived: noise of a row over that of the rest, in units of the latter's psi
LEAST_REST = 1e-3  # of a variant's variance, which eigenvectors do not hold; taste
LEAST_HELD = 0.5  # of a row, by the variants that a tissue has; taste
LEAST_PEOPLE = 10  # of a tissue, below which z-scores say nothing; taste
UNLIKE = 0.5  # part of the usual number of people, below which a z-score is left out; taste


@dataclass(frozen=True)
class Scores:
    """z-scores of p variants in m tissues, checked.

    r : (p, m) correlations of genotype and expression, NaN where there is none
    n : (m,) people of each tissue; 0 where it has no z-score
    few : z-scores left out since they are of far fewer people than others of the tissue
    """

    r: Floats
    n: Floats
    few: int

    @classmethod
    def of(cls, z: np.ndarray, n: np.ndarray) -> "Scores":
        """z (p, m), n (m,) or (p, m)."""
        values = as_matrix("z", z, missing=True).astype(np.float64)
        size = _numbers(n)
        if size.shape not in ((), values.shape[1:], values.shape):
            raise FqtlError(
                f"n must have a number for each of {values.shape[1]} tissues, or the shape of z, "
                f"{values.shape}; found shape {size.shape}."
            )
        size = np.broadcast_to(size, values.shape)
        seen = np.isfinite(values)
        if not seen.any():
            raise FqtlError(f"z of shape {values.shape} holds no number.")
        bad = seen & ~((size >= LEAST_PEOPLE) & np.isfinite(size))
        if bad.any():
            row, column = np.argwhere(bad)[0]
            raise FqtlError(
                f"n must be a number from {LEAST_PEOPLE} on where there is a z-score, found "
                f"{size[row, column]:g} at variant {row}, tissue {column} ({int(bad.sum())} such "
                "entries)."
            )
        usual = _usual(np.where(seen, size, np.nan))
        few = seen & (size < UNLIKE * usual)
        values = np.where(few, np.nan, values)
        return cls(values / np.sqrt(size - 2 + values**2), usual, int(few.sum()))

    def of_variants(self, sign: Floats) -> "Scores":
        """With variants turned round (sign -1) or left out (sign 0)."""
        with np.errstate(invalid="ignore"):
            turned = np.where(sign[:, None] == 0, np.nan, self.r * sign[:, None])
        return Scores(turned, np.where(np.isfinite(turned).any(axis=0), self.n, 0.0), self.few)


def _numbers(n: np.ndarray) -> Floats:
    try:
        return np.asarray(n, dtype=np.float64)
    except (TypeError, ValueError) as fault:
        raise FqtlError(f"n must hold numbers of people: {fault}.") from fault


def _usual(size: Floats) -> Floats:
    """(m,) median of what is known; 0 where nothing is."""
    known = np.isfinite(size).any(axis=0)
    usual = np.zeros(size.shape[1])
    usual[known] = np.nanmedian(size[:, known], axis=0)
    return usual


@dataclass(frozen=True)
class Rows:
    """Data of k rows.

    x : (p, k) float32, a variant per row as `Variants` wants it
    y : (k, m) NaN where a tissue does not tell a row
    n : (m,) people: the variance of noise in y is k/n
    """

    x: np.ndarray
    y: Floats
    n: Floats

    @classmethod
    def of(cls, scores: Scores, ld: LD) -> "Rows":
        y = responses(scores, ld)
        scale = (np.sqrt(ld.k) * np.sqrt(ld.sample)).astype(np.float32)
        x = np.ascontiguousarray(ld.vectors, dtype=np.float32) * scale
        return cls(x, y, np.where(np.isfinite(y).any(axis=0), scores.n, 0.0))

    def of_tissues(self, index: Indices) -> "Rows":
        """Of these tissues alone."""
        return Rows(self.x, self.y[:, index], self.n[index])

    @property
    def k(self) -> int:
        return len(self.y)

    def noise(self) -> Floats:
        """(m,) variance of the noise of y, if nothing is explained; 1 where nothing is known."""
        return np.where(self.n > 0, self.k / np.maximum(self.n, 1.0), 1.0)


def responses(scores: Scores, ld: LD) -> Floats:
    """(k, m) y of the rows."""
    root = np.sqrt(ld.values)
    known = np.isfinite(scores.r) & (ld.sd > 0)[:, None]
    y = np.full((ld.k, scores.r.shape[1]), np.nan)
    for where, tissues in patterns_of(known, ld.sd > 0):
        part = scores.r[where][:, tissues]
        y[:, tissues] = _rotated(part, where, ld, root)
    return np.asarray(np.sqrt(ld.k) * y)


def patterns_of(known: np.ndarray, varying: np.ndarray) -> list[tuple[np.ndarray, list[int]]]:
    """Tissues by which variants they have z-scores of."""
    groups: dict[bytes, list[int]] = {}
    for t in range(known.shape[1]):
        if known[:, t].any():
            groups.setdefault(known[:, t].tobytes(), []).append(t)
    return [(np.flatnonzero(known[:, group[0]]), group) for group in groups.values()]


def _rotated(r: Floats, where: np.ndarray, ld: LD, root: Floats) -> Floats:
    """(k, tissues) of r (variants, tissues) of the variants `where`."""
    if len(where) == int((ld.sd > 0).sum()):
        return (ld.vectors[where].T @ r) / root[:, None]
    a = ld.vectors[where] * root
    rest = np.maximum(ld.left_out()[where], LEAST_REST)
    information = (a.T / rest) @ a
    information[np.diag_indices(ld.k)] += RIDGE
    factor = cho_factor(information)
    found = cho_solve(factor, (a.T / rest) @ r)
    held = 1 - RIDGE * np.diag(cho_solve(factor, np.eye(ld.k)))
    found[held < LEAST_HELD] = np.nan
    return np.asarray(found)
