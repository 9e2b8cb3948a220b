"""CTIMP, which trained UTMOST's weights: a sparse group lasso of all tissues.

    min  sum_t 1/(2 n_t) |y_t - x_t b_t|^2 + within sum_t |b_t|_1 / n_t + across sum_j |b_j.|_2

with both penalties by cross-validation over donors, on the grid of SHARES and MIXES, by accelerated
proximal gradients. A baseline, written from the article alone.
(Hu et al. 2019, Nature Genetics 51:568)
"""

import numpy as np
from scipy.linalg import eigvalsh

from fqtl.gene.cross_validation import assign_folds

FOLDS = 5
SHARES = (0.9, 0.6, 0.4, 0.25, 0.15)  # of the penalty that leaves nothing
MIXES = (0.1, 0.5, 0.9)  # how much of the penalty is across tissues
STEPS, TOLERANCE = 200, 1e-4


def ctimp(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """(p, m) effects per unit of x; y (n, m) with NaN."""
    sd = np.maximum(x.std(axis=0), 1e-9)
    standard = ((x - x.mean(axis=0)) / sd).astype(np.float32)
    fold = assign_folds(len(y), FOLDS, seed=0)
    loss = sum(_errors(y, standard, fold == k) for k in range(FOLDS))
    mix, share = np.unravel_index(int(np.argmin(loss)), loss.shape)
    *_, effects = _path(y, standard, MIXES[mix], SHARES[: share + 1])
    return effects / sd[:, None]


def _errors(y: np.ndarray, x: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """(mixes, shares) squared error per observation of donors that are left out."""
    mean = np.nanmean(y[~held_out], axis=0)
    return np.array(
        [
            [
                np.nanmean((y[held_out] - mean - x[held_out] @ effects) ** 2)
                for effects in _path(y[~held_out], x[~held_out], mix, SHARES)
            ]
            for mix in MIXES
        ]
    )


def _path(y: np.ndarray, x: np.ndarray, mix: float, shares: tuple[float, ...]) -> list[np.ndarray]:
    """(p, m) effects at penalties from large to small, each from the one before."""
    seen = ~np.isnan(y)
    count = seen.sum(axis=0)
    weight = (seen / count).astype(np.float32)
    centred = np.where(seen, y - np.nanmean(y, axis=0), 0).astype(np.float32)
    gradient = x.T @ (weight * centred)
    # a step that no tissue is too steep for
    steepest = max(_largest_eigenvalue(x[seen[:, t]]) / count[t] for t in range(len(count)))
    within = (1 - mix) * count.mean() / count  # on the scale of the other penalty
    largest = np.sqrt((gradient**2).sum(axis=1)).max()
    effects, found = np.zeros_like(gradient), []
    for share in shares:
        effects = _descend(
            effects,
            centred,
            x,
            weight,
            1 / steepest,
            share * largest * within,
            share * largest * mix,
        )
        found.append(effects)
    return found


def _largest_eigenvalue(x: np.ndarray) -> float:
    """Of x x'."""
    return float(eigvalsh(x @ x.T, subset_by_index=[len(x) - 1, len(x) - 1])[0])


def _descend(
    effects: np.ndarray,
    y: np.ndarray,
    x: np.ndarray,
    weight: np.ndarray,
    step: float,
    within: np.ndarray,
    across: float,
) -> np.ndarray:
    """FISTA from `effects` at fixed penalties."""
    ahead, momentum = effects, 1.0
    for _ in range(STEPS):
        gradient = x.T @ (weight * (x @ ahead - y))
        moved = _shrunk(ahead - step * gradient, step * within, step * across)
        following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = moved + (momentum - 1) / following * (moved - effects)
        change = np.abs(moved - effects).max()
        effects, momentum = moved.astype(np.float32), following
        ahead = ahead.astype(np.float32)
        if change < TOLERANCE * max(np.abs(effects).max(), TOLERANCE):
            break
    return effects


def _shrunk(values: np.ndarray, within: np.ndarray, across: float) -> np.ndarray:
    """The proximal map: every entry towards 0 by `within`, then every row by `across`."""
    left = np.sign(values) * np.maximum(np.abs(values) - within, 0)
    size = np.sqrt((left**2).sum(axis=1, keepdims=True))
    return left * np.maximum(1 - across / np.maximum(size, 1e-12), 0)
