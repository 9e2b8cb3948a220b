"""Noise of rows that tissues share: of shared donors, and of LD that is not quite theirs.

A tissue's noise has variance k/n_t; donors whose tissues deviate together give rows of two tissues
the covariance k C_ts / sqrt(n_t n_s), with C the correlation of their z-scores where nothing acts.

LD of other people is R + E. A sample of n_ref people has E b ~ N(0, (b'R b R + R b b'R)/n_ref); the
part along R b is an error of size, the other part is noise of rows, whose variance is k/n_ref of
that of the score of b, less what eigenvalues of the population take from it (`blur_of`). A factor
has it in all its tissues alike (`predictors/blurred.py`). z-scores of the same people as the LD
have none of this, so the part that is learned (`mismatch_of`) scales it.

The engine knows one direction of shared noise (`priors/shared_noise.py`): that which explains most
of what donors share beside the diagonal.
"""

from dataclasses import dataclass

import numpy as np

from fqtl.model.arrays.moments import Floats
from fqtl.model.priors import SharedNoise
from fqtl.model.priors.shared_noise import NoisePosterior
from fqtl.model.summary.ld import LD
from fqtl.model.summary.rows import Rows, Scores, responses

MOST_MISMATCH = 1.5  # of which 1 is other people of the same population; taste
STEPS = 31  # at which the mismatch is looked for; taste
# of the variance of a sample's errors, where the eigenvalues of noise are those of the population;
# measured: 0.76 and 0.75 of 300 and of 500 people
ERROR_LEFT = 0.75
BEYOND = 0.25  # times the eigenvectors: directions of z-scores beside them; taste
LEAST_BEYOND = 1e-3  # of a variant's variance, beyond the eigenvectors; taste
MOST_SHARED = 0.9  # of the standard deviation of a tissue's noise; taste
SETTLED = 1e-6  # of its largest square, that another step changes; taste
FACTOR_STEPS = 50  # of the diagonal of a matrix that one direction explains; taste


@dataclass(frozen=True)
class KnownNoise(SharedNoise):
    """A direction that is not learned from the gene."""

    def learned(self, residual: Floats, weight: Floats, part: NoisePosterior) -> "KnownNoise":
        return self

    def log_prior(self) -> float:
        return 0.0


def mismatch_of(scores: Scores, ld: LD) -> float:
    """How far eigenvalues are those of the population, rather than of the LD reference, from 0 on.

    By likelihood of r along the lower half of the eigenvectors under no effect, which has next to
    nothing of what variants do: a twentieth of the trace. And of what lies beyond the eigenvectors,
    where z-scores of the same people have nothing, however few tissues there are.
    """
    if ld.people is None or ld.k < 2:
        return 0.0
    part = np.linspace(0, MOST_MISMATCH, STEPS)
    y = responses(scores, ld)
    low = slice(ld.k // 2, ld.k)
    square = (y[low] ** 2 * scores.n / ld.k).T  # 1 on average if the eigenvalues are right
    seen = np.isfinite(square)
    log_ratio = np.log(ld.expected[low] / ld.values[low])
    cost = np.array(
        [
            (seen * one * log_ratio + np.where(seen, square, 0) * np.exp(-one * log_ratio)).sum()
            for one in part
        ]
    )
    cost += _cost_beyond(scores, ld, y, part)
    return float(part[int(np.argmin(cost))])


def _cost_beyond(scores: Scores, ld: LD, y: Floats, part: Floats) -> Floats:
    """-2 log likelihood, at each of `part`, of the size of r that the eigenvectors do not hold."""
    square = ld.vectors**2
    known = np.isfinite(scores.r) & (ld.sd > 0)[:, None]
    within = ld.vectors * np.sqrt(ld.values) @ (np.nan_to_num(y) / np.sqrt(ld.k))
    size = scores.n * np.where(known, scores.r - within, 0.0) ** 2
    there = known.any(axis=0)
    found = size.sum(axis=0)[there]
    values = np.column_stack([ld.between(one).values for one in part])
    left = np.maximum(1 - square @ values, 0.0).T @ known[:, there]
    expected = np.maximum(left, LEAST_BEYOND * known[:, there].sum(axis=0))
    cost = (found / expected + np.log(expected)).sum(axis=1)
    return np.asarray(BEYOND * ld.k * cost)


def found_in_low_rows(rows: Rows) -> KnownNoise | None:
    """What tissues share of rows that hold next to nothing of what variants do; None for nothing.

    Tissues that tell no row are left out.
    """
    there = rows.n > 0
    low = rows.y[rows.k // 2 :, there]
    there[there] = np.isfinite(low).sum(axis=0) > 1
    low = rows.y[rows.k // 2 :, there]
    seen = np.isfinite(low)
    sd = np.sqrt(np.nanmean(low**2, axis=0))  # of all that varies, as the search wants it
    found = SharedNoise.found_in(np.where(seen, low / sd, 0.0), seen.astype(np.float64))
    if found is None:
        return None
    loadings = np.zeros(len(rows.n))
    loadings[there] = np.clip(found.loadings, -MOST_SHARED, MOST_SHARED)
    return KnownNoise(loadings * np.sqrt(rows.noise()))


def correlation_in_low_rows(rows: Rows) -> Floats:
    """(m, m) of tissues in rows that hold next to nothing of what variants do.

    0 beside a tissue that tells no such row.
    """
    low = rows.y[rows.k // 2 :]
    seen = np.isfinite(low)
    low = np.where(seen, low, 0.0)
    size = np.sqrt((low**2).T @ seen)  # of the first tissue, in rows that both tell
    both = size * size.T
    found = np.divide(low.T @ low, both, out=np.zeros_like(both), where=both > 0)
    np.fill_diagonal(found, 1.0)
    return np.asarray(found)


def total(noise: SharedNoise | None, rows: Rows) -> float:
    """Variance of noise in a direction, in units of what tissues have by themselves."""
    return 0.0 if noise is None else float((noise.loadings**2 / rows.noise()).sum())


def largest_by_chance(rows: Rows) -> float:
    """Largest eigenvalue of correlations of m independent tissues in the low rows.

    (Marchenko & Pastur 1967: the square of 1 + sqrt(m / rows).)
    """
    return float((1 + np.sqrt((rows.n > 0).sum() / (rows.k - rows.k // 2))) ** 2)


def of_donors(correlation: Floats, rows: Rows) -> Floats:
    """(m, m) covariance of rows, of z-scores with this correlation."""
    sd = np.sqrt(rows.noise())
    return np.asarray(correlation * np.outer(sd, sd))


def blur_of(rows: Rows, ld: LD, mismatch: float) -> float:
    """Variance of the noise that errors of LD add to a row, as a part of that of a score x l.

    Of effects that tissues share. The people behind z-scores are taken for as many as have the
    largest tissue: those of the others are most of them the same.
    """
    return float(_blur(rows.n.max(), rows.k, ld, mismatch))


def blur_of_tissues(rows: Rows, ld: LD, mismatch: float) -> Floats:
    """(m,) the same of effects of one tissue, whose own people count."""
    return np.asarray(_blur(np.maximum(rows.n, 1.0), rows.k, ld, mismatch))


def _blur(n: Floats, k: int, ld: LD, mismatch: float) -> Floats:
    if ld.people is None:
        return 0.0 * n
    return k * min(mismatch, 1.0) * (ERROR_LEFT / ld.people + 1 / n)


def direction_of(covariance: Floats) -> KnownNoise | None:
    """What explains most of a covariance (m, m) beside its diagonal; None where that is nothing."""
    matrix, loadings = covariance.copy(), np.zeros(len(covariance))
    for _ in range(FACTOR_STEPS):
        np.fill_diagonal(matrix, loadings**2)
        values, vectors = np.linalg.eigh(matrix)
        before, loadings = loadings, vectors[:, -1] * np.sqrt(max(values[-1], 0.0))
        if np.abs(loadings**2 - before**2).max() <= SETTLED * (loadings**2).max():
            break
    return KnownNoise(loadings) if loadings.any() else None
