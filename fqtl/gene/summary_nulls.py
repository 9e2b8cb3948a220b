"""Fits to z-scores of a gene on which nothing acts, in the place of permuted fits.

Where nothing acts z-scores are N(0, R) over variants, R the LD of the people behind them, and
follow the noise correlation over tissues. R is the panel's with the eigenvalues that the gene's own
z-scores ask for (`LD.between`): of other people than the panel's these are not the panel's own.
Variants and tissues without a z-score have none, and everything is learned anew, as of z-scores
that were given: mismatch, contradictions, effects.

As permuted fits, one kind is of all tissues and one of an eighth of them beside the others as they
are, whose noise they do not share. What errors of LD make of the effects that the others have is in
the second kind and not in the first.
"""

from dataclasses import replace

import numpy as np

from fqtl.gene.permutations import PermutationPlan, PermutedFits, generator_of, some_tissues
from fqtl.model.arrays.moments import Floats
from fqtl.model.summary.problem import SummaryProblem
from fqtl.model.summary.rows import Scores


def draw_nulls(
    gene_id: str,
    problem: SummaryProblem,
    observed: float,
    correlation: Floats,
    plan: PermutationPlan,
) -> PermutedFits:
    """Fits to simulated nulls.

    observed : statistic of the gene; correlation : (m, m) of the noise of z-scores
    """
    found, scores = PermutedFits(), problem.checked.scores
    if plan.permute == "tissues":
        correlation = np.eye(len(correlation))
    reached = 0
    for draw in range(plan.permutations):
        if reached == plan.exceedances:
            break
        rng = generator_of(plan.seed, gene_id, 0, draw)
        null = problem.with_scores(null_scores(problem, correlation, rng)).fit()
        found.statistics.append(null.neg_log_null_prob)
        found.factors += [(draw, float(pip)) for pip in null.factor_pip]
        reached += found.statistics[-1] >= observed
    there = np.flatnonzero(scores.n > 0)
    for draw in range(plan.conditional if len(there) > 1 else 0):
        rng = generator_of(plan.seed, gene_id, 1, draw)
        part = there[some_tissues(len(there), rng)]
        mixed = scores.r.copy()
        mixed[:, part] = null_scores(problem, correlation, rng).r[:, part]
        pip = problem.with_scores(replace(scores, r=mixed)).fit().tissue_pip
        found.tissues += [(draw, int(t), float(pip[t])) for t in part]
    return found


def null_scores(problem: SummaryProblem, correlation: Floats, rng: np.random.Generator) -> Scores:
    """z-scores where nothing acts, of the variants and tissues that have some."""
    ld, scores = problem.ld, problem.checked.scores
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    left = ld.left_out()
    held = ld.vectors * np.sqrt(ld.values)
    z = held @ (rng.standard_normal((ld.k, len(root))) @ root.T)
    z += np.sqrt(left)[:, None] * (rng.standard_normal((ld.p, len(root))) @ root.T)
    z /= np.sqrt((held**2).sum(axis=1) + left)[:, None]
    return Scores.of(np.where(np.isfinite(scores.r), z, np.nan), scores.n)
