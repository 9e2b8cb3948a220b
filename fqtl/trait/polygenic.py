"""How much of a polygenic background each model takes up: phi, out of genotypes.

One pass over all chromosomes of the genotypes, a few megabases in memory at a time.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fqtl.association.background import sums_of_r2
from fqtl.data import contigs
from fqtl.data.dosages import Genotypes, GenotypeSource
from fqtl.errors import FqtlError
from fqtl.trait.loci import COMMON, of_length_one
from fqtl.trait.models import Models, ModelSet
from fqtl.trait.panel_ld import PanelLD

NEAR_BP = 1_000_000  # on either side of a model's variants: there LD is looked for
STRETCH_BP = 2_000_000  # read at once
WIDEST_BP = 50_000_000  # behind a gap of as much all the rest is read: there is hardly any
LAST_BP = 2**31 - 1
ROWS = 1000  # variants whose correlations with all models are in memory at once


@dataclass(frozen=True)
class Background:
    """phi of all models, and what it was computed from.

    phi, n_found : (g,) of each set; n_found variants of the model are in the genotypes, and where
        there is none phi is NaN
    n_variants : common variants of all chromosomes
    chromosomes : that have any
    """

    phi: list[np.ndarray]
    n_found: list[np.ndarray]
    n_variants: int
    chromosomes: list[str]


@dataclass(frozen=True)
class _OnChromosome:
    """Models of one chromosome: set and number of each, the span of its variants, and what it
    predicts (m, n)."""

    members: list[tuple[int, int]]
    spans: np.ndarray
    scores: np.ndarray


def background_of(models: Models, panel: PanelLD, source: GenotypeSource) -> Background:
    """phi of all models; variants count if they are common (minor allele frequency of 0.01)."""
    sums = [np.zeros(len(found.genes)) for found in models.sets]
    n_found = [np.zeros(len(found.genes), dtype=int) for found in models.sets]
    total, chromosomes = 0, []
    names = {contigs.bare(name): name for name in panel.chromosomes()}
    for contig in source.contigs:
        chrom = names.get(contigs.bare(contig))
        here = None if chrom is None else _models_on(chrom, models, panel, n_found)
        seen = 0
        for part in _stretches(source, contig):
            seen += len(part.variants)
            if here is not None and here.members:
                pos = part.variants["pos"].to_numpy()
                for i in range(0, len(pos), ROWS):
                    _add(sums, here, pos[i : i + ROWS], part.dosages[i : i + ROWS])
        total += seen
        if seen:
            chromosomes.append(contigs.prefixed(contig))
    if not total:
        raise FqtlError(f"{source.path} has no variant with a minor allele frequency of 0.01.")
    phi = [
        np.where(count > 0, np.maximum(of_set, 0.0) / total, np.nan)
        for of_set, count in zip(sums, n_found, strict=True)
    ]
    return Background(phi, n_found, total, chromosomes)


def _stretches(source: GenotypeSource, contig: str) -> Iterator[Genotypes]:
    """Common variants of a chromosome, in order; where there is nothing, steps become longer."""
    start, step = 1, STRETCH_BP
    while start <= LAST_BP:
        end = start + step - 1 if step < WIDEST_BP else LAST_BP
        part = source.read(contig, start, end, source.donors, COMMON)
        start = end + 1
        step = STRETCH_BP if len(part.variants) or len(part.dropped) else 2 * step
        if len(part.variants):
            yield part


def _models_on(
    chrom: str, models: Models, panel: PanelLD, n_found: list[np.ndarray]
) -> _OnChromosome:
    ld = panel.on(chrom)
    pos = models.variants["pos"].to_numpy()
    members, spans, scores = [], [], [np.empty((0, ld.dosages.shape[1]))]
    for i, found in enumerate(models.sets):
        for number in range(len(found.genes)):
            rows = found.rows(number)
            variant = found.variant[rows]
            known = ld.row[variant] >= 0
            if not known.any():
                continue
            score = _score(found, found.weight[rows][known], ld.dosages[ld.row[variant[known]]])
            if not score.any():
                continue
            n_found[i][number] = int(known.sum())
            members.append((i, number))
            spans.append((pos[variant[known]].min(), pos[variant[known]].max()))
            scores.append(score[None])
    return _OnChromosome(members, np.array(spans).reshape(-1, 2), of_length_one(np.vstack(scores)))


def _score(found: ModelSet, weight: np.ndarray, dosages: np.ndarray) -> np.ndarray:
    """(n,) what a model predicts; dosages : (v, n) minus their means"""
    if found.per_sd:
        sd = dosages.std(axis=1)
        weight = weight / np.where(sd > 0, sd, 1.0)
    return weight @ dosages


def _add(sums: list[np.ndarray], here: _OnChromosome, pos: np.ndarray, dosages: np.ndarray) -> None:
    """Add the squared correlations with some variants, in order; pos : (p,), dosages : (p, n)"""
    first, last = here.spans[:, 0] - NEAR_BP, here.spans[:, 1] + NEAR_BP
    near = np.flatnonzero((first <= pos[-1]) & (last >= pos[0]))
    if not len(near):
        return
    values = dosages.astype(float)
    values -= np.nanmean(values, axis=1, keepdims=True)
    values = of_length_one(np.nan_to_num(values))
    counted = (pos >= first[near, None]) & (pos <= last[near, None])
    found = sums_of_r2(here.scores[near], values, counted)
    for which, value in zip(near, found, strict=True):
        i, number = here.members[which]
        sums[i][number] += value
