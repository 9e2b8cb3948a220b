"""Half-sibling regression: what a gene shares with genes far from it is not its cis genetics.

Each gene is regressed on its best correlated genes of other chromosomes, its controls. A control
that follows the gene's own cis variants would take the gene's genetics away with it and is removed;
so the controls of a gene carry what is common to both, batches and cell types, and not what is
looked for. (Source: Schölkopf et al. 2016, https://doi.org/10.1073/pnas.1511656113, and the
original analysis of GTEx v8, which took ten controls and removed those with p < 1e-4.)
"""

from collections.abc import Iterator, Sequence

import numpy as np

from fqtl.prepare.normalise import standardise

BLOCK = 500  # genes whose correlations with all others are in memory at a time


def choose_controls(values: np.ndarray, chrom: Sequence[str], count: int) -> np.ndarray:
    """(g, count) for each gene the genes of other chromosomes that it is best correlated with.

    values : (g, n) with mean 0 and variance 1, nothing missing
    Ranked from the largest absolute correlation; -1 where other chromosomes have fewer genes.
    """
    place = np.asarray(chrom)
    most = min(count, len(values))
    chosen = np.full((len(values), count), -1)
    for first in range(0, len(values), BLOCK):
        rows = slice(first, first + BLOCK)
        strength = np.abs(values[rows] @ values.T)
        strength[place[rows, None] == place] = -1
        best = np.argpartition(-strength, most - 1, axis=1)[:, :most]
        r = np.take_along_axis(strength, best, axis=1)
        order = np.argsort(-r, axis=1, kind="stable")
        best, r = (np.take_along_axis(table, order, axis=1) for table in (best, r))
        chosen[rows, :most] = np.where(r >= 0, best, -1)
    return chosen


def follows(controls: np.ndarray, dosages: np.ndarray, max_p: float, freedom: int) -> np.ndarray:
    """(c,) whether any variant is associated with a control at p below `max_p`.

    controls : (c, n) with mean 0 and variance 1; dosages : (p, n), NaN where missing
    freedom : of a correlation's t statistic
    """
    from scipy.stats import t as student  # takes a second, for which only this should wait

    scaled = standardise(dosages)[0]
    known = np.where(np.isfinite(scaled), scaled, 0.0)
    t = student.isf(max_p / 2, freedom)
    limit = t / np.sqrt(freedom + t**2)
    r = controls @ known.T / controls.shape[1]
    return np.asarray((np.abs(r) > limit).any(axis=1))


def regress_on_siblings(
    values: np.ndarray,
    chrom: Sequence[str],
    windows: Iterator[tuple[int, np.ndarray]],
    *,
    count: int,
    max_p: float,
    freedom: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Residuals of values (g, n) on their controls, and how many controls each gene kept (g,).

    values : with mean 0 and variance 1, nothing missing, covariates regressed out
    windows : genes, and the dosages (p, n) of their cis windows; genes that do not come up keep
        their values
    """
    chosen = choose_controls(values, chrom, count)
    residual, used = values.copy(), np.zeros(len(values), dtype=int)
    for gene, dosages in windows:
        controls = values[chosen[gene][chosen[gene] >= 0]]
        controls = controls[~follows(controls, dosages, max_p, freedom)]
        effect = np.linalg.lstsq(controls.T, values[gene], rcond=None)[0]
        residual[gene] = values[gene] - effect @ controls
        used[gene] = len(controls)
    return residual, used
