"""The polygenic background as a few variants, which is how weight files can hold it.

A background has an effect of every variant of the window, and programs that read weights refuse
models of thousands of variants or take hours over their covariances. But its score, x times its
effects, lies in the few directions that LD leaves: greedily chosen variants tell most of it
(orthogonal matching pursuit; Pati, Rezaiifar, Krishnaprasad 1993). The variant that correlates best
with what is left of the score comes next, then the effects of all that were chosen are fitted anew
by least squares, until they hold `KEPT` of the variance of the score, or are `MOST`.

Most tissues have what all tissues share and nothing of their own: their backgrounds are the same
up to the scale of expression, and so are the variants that stand in. What is shared by most tissues
comes first, and others begin with its variants, so that those of a gene are few in all.
"""

from dataclasses import dataclass

import numpy as np

from fqtl.gene.cross_validation import centred
from fqtl.model.arrays.moments import Floats
from fqtl.model.results.fit import Fit

KEPT = 0.9  # of the variance of the score, with which it is enough; measured
MOST = 20  # variants of a tissue; measured: more predict no better
SAME = 1e-9  # relative difference of backgrounds that are one: rounding; derived
NOTHING = 1e-12  # part of the variance of a variant or a score that is rounding; derived


@dataclass(frozen=True)
class SparseBackground:
    """What stands in for the background of a fit.

    effects : (p, m) per unit of x, 0 but of a few variants
    kept : (m,) part of the variance of the background's score that they hold; NaN where there is
        no background
    """

    effects: Floats
    kept: Floats


def sparse_background(result: Fit, x: np.ndarray) -> SparseBackground:
    """Of the background of a fit to donors with dosages x (n, p), NaN where missing."""
    p, m = result.background.shape
    found = SparseBackground(np.zeros((p, m)), np.full(m, np.nan))
    if result.standardised_background is None:
        return found
    x = centred(x)
    norm = np.sqrt((x**2).sum(axis=0))
    varies = norm > 0
    unit = np.divide(x, norm, out=np.zeros_like(x), where=varies)
    scores, first = x @ result.background, np.empty(0, dtype=np.int64)
    for tissues in alike(result.standardised_background):
        chosen = pursued(unit, scores[:, tissues[0]], first)
        if not len(first):
            first = chosen
        for t in tissues:
            effects, found.kept[t] = refitted(unit[:, chosen], scores[:, t])
            found.effects[chosen, t] = effects / norm[chosen]
    return found


def alike(background: Floats) -> list[list[int]]:
    """Tissues with the same background (p, m), the most tissues first; those with none left out."""
    groups: list[list[int]] = []
    for t, column in enumerate(background.T):
        if not column.any():
            continue
        size = np.abs(column).max()
        for group in groups:
            if np.abs(background[:, group[0]] - column).max() <= SAME * size:
                group.append(t)
                break
        else:
            groups.append([t])
    return sorted(groups, key=len, reverse=True)


def pursued(unit: Floats, score: Floats, first: np.ndarray) -> np.ndarray:
    """Numbers of the variants chosen, those of `first` and as many more as are needed.

    unit : (n, p) centred dosages of length 1; score : (n,)
    """
    chosen = list(first)
    total = score @ score
    while True:
        left = score - unit[:, chosen] @ least_squares(unit[:, chosen], score)
        if left @ left <= (1 - KEPT) * total or len(chosen) >= len(first) + MOST:
            return np.array(chosen, dtype=np.int64)
        agreement = np.abs(left @ unit)
        agreement[chosen] = 0.0
        if agreement.max() ** 2 <= NOTHING * total:
            return np.array(chosen, dtype=np.int64)
        chosen.append(int(agreement.argmax()))


def refitted(unit: Floats, score: Floats) -> tuple[Floats, float]:
    """Least-squares effects of these variants on the score, and the part of it that they hold."""
    effects = least_squares(unit, score)
    left = score - unit @ effects
    return effects, 1 - float(left @ left) / max(float(score @ score), np.finfo(float).tiny)


def least_squares(unit: Floats, score: Floats) -> Floats:
    return np.asarray(np.linalg.lstsq(unit, score, rcond=None)[0], dtype=np.float64)
