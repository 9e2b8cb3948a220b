"""Permutations: fits of a gene on which nothing acts, of all tissues or conditional on the others.

*All tissues.* Donors of the genotypes are permuted, expression and its covariates stay: what
tissues share of their noise, and which donors gave which tissues, is as it was, and so is LD. The
analysis of GTEx v6p permuted every tissue by itself, which takes the correlation of tissues away
and with it what makes false factors; it is an option (`tissues`).

*Some tissues.* Whether a tissue has an effect is not asked of genes without any: where others have
one, a factor offers it to every tissue. So its null is conditional on what the others have: donors
of a random eighth of the tissues are permuted, together, and what the fit says about these is null,
next to the rest that is as it was.

The statistic of a gene is -ln P(nothing acts), of the factors and of the effects beside them. The
ELBO over that of a fit without variants would be another, but noise that tissues share is a point
estimate, which is found in some genes without their effects and not with them: in 9 of the demo's
genes that moved the difference by up to 56 nats.

Each draw has a generator of its own, seeded by the seed, the gene and the number of the draw, so
that it is the same in any shard and however many were drawn before.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from fqtl.data.gene import GeneData
from fqtl.model.arrays.moments import Indices
from fqtl.model.results.fit import Fit

PERMUTED_TISSUES = 1 / 8  # where only some are permuted; fewer keep more of what the rest have
# of expression, and of who stands beside each donor's genotypes
Fitting = Callable[[GeneData, Indices], Fit]


RATE = 0.05  # false discovery rate that so many permuted fits can show
SHARE = 10  # of so many genes one is expected to have an effect
MOST = math.ceil(1 / RATE)  # permuted fits with which a single gene can be found


def permutations_for(asked: int | str | None, genes: int) -> int:
    """Permuted fits of each gene; of `auto`, or None, as many as so many genes need.

    k genes above all permuted fits have a q of genes / (k (1 + genes × permutations)), which is
    below 1 / (k × permutations). It depends on the number of genes alone, not on what they show.
    """
    if asked is not None and asked != "auto":
        return int(asked)
    expected = max(genes // SHARE, 1)
    return min(math.ceil(1 / (RATE * expected)), MOST)


@dataclass(frozen=True)
class PermutationPlan:
    """How many permuted fits a gene gets.

    permutations : of all tissues, at the most
    exceedances : permuted statistics that reach the observed one, after which no more are drawn
    permute : donors (the same in all tissues) or tissues (each by itself)
    conditional : fits with some tissues permuted, the others as they are
    """

    permutations: int
    exceedances: int
    permute: str
    conditional: int
    seed: int


@dataclass
class PermutedFits:
    """What permuted fits of a gene say.

    statistics : -ln P(nothing acts) of each fit with all tissues permuted
    factors : draw and PIP of every factor of these
    tissues : draw, index and PIP of every tissue that was permuted beside others
    """

    statistics: list[float] = field(default_factory=list)
    factors: list[tuple[int, float]] = field(default_factory=list)
    tissues: list[tuple[int, int, float]] = field(default_factory=list)


def permuted_columns(found: PermutedFits, tissues: Sequence[str]) -> dict[str, Any]:
    """Columns of the store of fits; tissues : names of those of the gene."""
    return {
        "permuted_fits": [
            {"draw": draw, "neg_log_null_prob": value}
            for draw, value in enumerate(found.statistics)
        ],
        "permuted_factors": [{"draw": draw, "pip": pip} for draw, pip in found.factors],
        "permuted_tissues": [
            {"draw": draw, "tissue": tissues[t], "pip": pip} for draw, t, pip in found.tissues
        ],
    }


def draw_permutations(
    gene: GeneData,
    observed: float,
    fit: Fitting,
    plan: PermutationPlan,
    group: np.ndarray | None = None,
) -> PermutedFits:
    """Permuted fits of a gene; observed its statistic.

    group : (n,) donors are exchanged within a group alone, as within a sex
    """
    found = PermutedFits()
    reached = 0
    for draw in range(plan.permutations):
        if reached == plan.exceedances:
            break
        rng = generator_of(plan.seed, gene.gene_id, 0, draw)
        null = fit(*permuted(gene, plan.permute, rng, group))
        found.statistics.append(null.neg_log_null_prob)
        found.factors += [(draw, float(pip)) for pip in null.factor_pip]
        reached += found.statistics[-1] >= observed
    for draw in range(plan.conditional if len(gene.tissues) > 1 else 0):
        rng = generator_of(plan.seed, gene.gene_id, 1, draw)
        mixed, part = conditionally_permuted(gene, rng, group)
        pip = fit(mixed, np.arange(len(gene.y))).tissue_pip
        found.tissues += [(draw, int(t), float(pip[t])) for t in part]
    return found


def permuted(
    gene: GeneData, how: str, rng: np.random.Generator, group: np.ndarray | None = None
) -> tuple[GeneData, Indices]:
    """Expression that has nothing to do with the genotypes, and whose (n,) stands beside each
    donor's genotypes.

    how : `donors` gives every donor the genotypes of another, which is to put the donors of
        expression, and of its covariates, in another order; `tissues` exchanges the values of each
        tissue among the donors who gave it
    """
    everyone = np.arange(len(gene.y))
    if how == "donors":
        return gene, np.argsort(_exchanged(everyone, rng, group))
    order = np.tile(everyone[:, None], len(gene.tissues))
    for donors, column in zip(order.T, gene.y.T, strict=True):
        seen = np.flatnonzero(np.isfinite(column))
        donors[seen] = _exchanged(seen, rng, group)
    return _reordered(gene, order), everyone


def conditionally_permuted(
    gene: GeneData, rng: np.random.Generator, group: np.ndarray | None = None
) -> tuple[GeneData, Indices]:
    """Expression in which the donors of some tissues are permuted together, and which these are."""
    n, m = gene.y.shape
    part = some_tissues(m, rng)
    order = np.tile(np.arange(n)[:, None], m)
    order[:, part] = _exchanged(np.arange(n), rng, group)[:, None]
    return _reordered(gene, order), part


def some_tissues(m: int, rng: np.random.Generator) -> Indices:
    """Those, of m, that are permuted beside the others: an eighth, at least one."""
    return np.sort(rng.permutation(m)[: max(round(PERMUTED_TISSUES * m), 1)])


def _exchanged(donors: Indices, rng: np.random.Generator, group: np.ndarray | None) -> Indices:
    """Donors (by number) in another order, each in the place of one of its group (n,)."""
    if group is None:
        return rng.permutation(donors)
    order = donors.copy()
    for one in np.unique(group[donors]):
        mine = np.flatnonzero(group[donors] == one)
        order[mine] = rng.permutation(donors[mine])
    return order


def _reordered(gene: GeneData, order: Indices) -> GeneData:
    """Values, and sizes of libraries with them, of the donors in `order` (n, m)."""
    offset = gene.offset
    return replace(
        gene,
        y=np.take_along_axis(gene.y, order, axis=0),
        offset=None if offset is None else np.take_along_axis(offset, order, axis=0),
    )


def generator_of(seed: int, gene_id: str, kind: int, draw: int) -> np.random.Generator:
    """Of one draw for one gene; kind : 0 of all tissues, 1 of some."""
    return np.random.default_rng([seed, kind, draw, *gene_id.encode()])
