"""Fits to z-scores of a gene on which nothing acts, in the place of permuted fits.

Where nothing acts z-scores are N(0, R) over variants, R the LD of the people behind them, and
follow the noise correlation over tissues. R is the panel's with the eigenvalues that the gene's own
z-scores ask for (`LD.between`): of other people than the panel's these are not the panel's own.
Variants and tissues without a z-score have none, and everything is learned anew, as of z-scores
that were given: mismatch, contradictions, effects.

As permuted fits, one kind is of all tissues and one of an eighth of them beside the others as they
are. These follow the noise of the others: what the fit leaves of their z-scores. What errors of LD
make of the effects that the others have is in the second kind and not in the first.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from fqtl.errors import FqtlError
from fqtl.gene.permutations import PermutationPlan, PermutedFits, generator_of, some_tissues
from fqtl.model.arrays.moments import Floats, Indices
from fqtl.model.summary.problem import SummaryProblem
from fqtl.model.summary.rows import Scores
from fqtl.model.summary.summary_fit import SummaryFit

TRIES = 5  # at a null that the check of LD does not refuse; taste


@dataclass
class SimulatedFits(PermutedFits):
    """What fits to simulated nulls say.

    refused : nulls that the check of LD refuses, in whose place others were drawn
    """

    refused: int = 0


def draw_nulls(
    gene_id: str,
    problem: SummaryProblem,
    fit: SummaryFit,
    correlation: Floats,
    plan: PermutationPlan,
) -> SimulatedFits:
    """Fits to simulated nulls.

    fit : of the problem; correlation : (m, m) of the noise of z-scores
    """
    found, scores = SimulatedFits(), problem.checked.scores
    if plan.permute == "tissues":
        correlation = np.eye(len(correlation))
    reached = 0
    for draw in range(plan.permutations):
        if reached == plan.exceedances:
            break
        rng = generator_of(plan.seed, gene_id, 0, draw)
        null, refused = _fit_of(problem, partial(null_scores, problem, correlation, rng))
        found.statistics.append(null.neg_log_null_prob)
        found.factors += [(draw, float(pip)) for pip in null.factor_pip]
        found.refused += refused
        reached += found.statistics[-1] >= fit.neg_log_null_prob
    there = np.flatnonzero(scores.n > 0)
    for draw in range(plan.conditional if len(there) > 1 else 0):
        rng = generator_of(plan.seed, gene_id, 1, draw)
        part = there[some_tissues(len(there), rng)]
        null, refused = _fit_of(problem, partial(_mixed, problem, fit, correlation, part, rng))
        found.refused += refused
        found.tissues += [(draw, int(t), float(null.tissue_pip[t])) for t in part]
    return found


def _fit_of(problem: SummaryProblem, draw: Callable[[], Scores]) -> tuple[SummaryFit, int]:
    """The fit to a null, and how many the check of LD refused before: each is drawn again.

    A gene that is refused has no p-value, so nulls are of those that are not. Where draw after draw
    is refused, nothing is.
    """
    for refused in range(TRIES):
        try:
            return problem.with_scores(draw()).fit(), refused
        except FqtlError:
            continue
    return replace(problem, check=False).with_scores(draw()).fit(), TRIES


def _mixed(
    problem: SummaryProblem,
    fit: SummaryFit,
    correlation: Floats,
    part: Indices,
    rng: np.random.Generator,
) -> Scores:
    """z-scores as they are, but for those of the tissues `part`."""
    scores = problem.checked.scores
    mixed = scores.r.copy()
    mixed[:, part] = null_beside(problem, fit, correlation, part, rng).r[:, part]
    return replace(scores, r=mixed)


def null_scores(problem: SummaryProblem, correlation: Floats, rng: np.random.Generator) -> Scores:
    """z-scores where nothing acts, of the variants and tissues that have some."""
    return _scores_of(problem, _noise(correlation, problem.ld.k, rng), correlation, rng)


def null_beside(
    problem: SummaryProblem,
    fit: SummaryFit,
    correlation: Floats,
    part: Indices,
    rng: np.random.Generator,
) -> Scores:
    """The same of the tissues `part`, given the noise of the others; others are of no meaning."""
    rows = problem.rows
    noise = _noise(correlation, rows.k, rng)
    others = np.setdiff1d(np.flatnonzero(rows.n > 0), part)
    effects = (fit.effects * problem.ld.sd[:, None]).astype(rows.x.dtype)
    left = (rows.y - rows.x.T @ effects) / np.sqrt(rows.noise())
    # a draw from N(0, C), moved by as much as what the others have differs from what it has
    slope = np.linalg.lstsq(
        correlation[np.ix_(others, others)], correlation[np.ix_(others, part)], rcond=None
    )[0]
    noise[:, part] += (np.nan_to_num(left[:, others]) - noise[:, others]) @ slope
    return _scores_of(problem, noise, correlation, rng)


def _noise(correlation: Floats, rows: int, rng: np.random.Generator) -> Floats:
    """(rows, m) of this correlation between tissues."""
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    return np.asarray(rng.standard_normal((rows, len(root))) @ root.T)


def _scores_of(
    problem: SummaryProblem, noise: Floats, correlation: Floats, rng: np.random.Generator
) -> Scores:
    """z-scores of noise (k, m) along the eigenvectors, and of what these do not hold."""
    ld, scores = problem.ld, problem.checked.scores
    left = ld.left_out()
    held = ld.vectors * np.sqrt(ld.values)
    z = held @ noise + np.sqrt(left)[:, None] * _noise(correlation, ld.p, rng)
    z /= np.sqrt((held**2).sum(axis=1) + left)[:, None]
    return Scores.of(np.where(np.isfinite(scores.r), z, np.nan), scores.n)
