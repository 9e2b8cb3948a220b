"""Genes, and genes in contexts, that a model finds: statistics of a gene and of permuted fits."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import fqtl
from tests.benchmarks.accuracy.real.learning import PRIORS, Learning
from tests.benchmarks.accuracy.real.methods import (
    FEWEST_DONORS,
    Where,
    everywhere,
    of_a_release,
    pooled,
    several,
)
from tests.benchmarks.accuracy.real.settings import SEED, Case, with_permuted

NULLS = 5  # permuted fits of a gene, of all contexts, and as many of one


@dataclass
class Found:
    """Statistics, larger is stronger.

    gene, contexts : of the gene, and of it in each context (none of a single one, and none if the
        model tells no contexts apart)
    null_genes, null_contexts : of permuted fits
    seconds : of CPU
    """

    gene: float
    contexts: list[float]
    null_genes: list[float] = field(default_factory=list)
    null_contexts: list[float] = field(default_factory=list)
    seconds: float = 0.0


Statistics = Callable[[np.ndarray, np.ndarray, Any], tuple[float, list[float]]]


@dataclass(frozen=True)
class Search:
    """How a gene is searched.

    of : y (n, m) with NaN, x (n, p) and what was learned become the statistics of the gene and of
        its contexts
    conditional : a context's null is its own values permuted beside the others as they are, and
        not the permuted gene
    learns : how it learns from many genes, with all donors, None for one that does not
    """

    of: Statistics
    conditional: bool
    where: Where = everywhere
    learns: Learning | None = None


def together(y: np.ndarray, x: np.ndarray, learned: Any) -> tuple[float, list[float]]:
    fit = fqtl.fit(y, x, priors=learned)
    return fit.neg_log_null_prob, fit.tissue_pip.tolist()


def each(y: np.ndarray, x: np.ndarray, learned: Any) -> tuple[float, list[float]]:
    found = [_of_one(column, x) for column in y.T]
    return sum(found), found


def all_as_one(y: np.ndarray, x: np.ndarray, learned: Any) -> tuple[float, list[float]]:
    return _of_one(pooled(y), x), []


def _of_one(y: np.ndarray, x: np.ndarray) -> float:
    """-ln P(nothing acts)."""
    seen = np.isfinite(y)
    return (
        fqtl.fit(y[seen, None], x[seen]).neg_log_null_prob if seen.sum() >= FEWEST_DONORS else 0.0
    )


SEARCHES = {
    "joint": Search(together, conditional=True),
    "joint, learned": Search(together, conditional=True, where=of_a_release, learns=PRIORS),
    "alone": Search(each, conditional=False, where=several),
    "pooled": Search(all_as_one, conditional=False, where=several),
}


def search(case: Case, how: Search, learned: Any = None) -> Found:
    """The gene and its permuted fits; every draw has a generator of its own.

    learned : from many genes, for a search that learns
    """
    started = time.process_time()
    several = len(case.real) > 1
    gene, contexts = how.of(case.y, case.x, learned)
    found = Found(gene, contexts if several else [])
    for draw in range(NULLS):
        rng = np.random.default_rng([SEED, 0, draw, *case.name.encode()])
        gene, contexts = how.of(case.y, case.x[rng.permutation(len(case.x))], learned)
        found.null_genes.append(gene)
        found.null_contexts += contexts if several and not how.conditional else []
    for draw in range(NULLS if several and how.conditional else 0):
        rng = np.random.default_rng([SEED, 1, draw, *case.name.encode()])
        context = int(rng.integers(len(case.real)))
        _, contexts = how.of(with_permuted(case.y, context, rng), case.x, learned)
        found.null_contexts.append(contexts[context])
    found.seconds = time.process_time() - started
    return found
