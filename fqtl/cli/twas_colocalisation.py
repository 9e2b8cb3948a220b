"""Colocalisation in `fqtl twas`: its flags, and effects on expression beside those on the trait."""

import logging
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from fqtl.association.colocalisation import ColocPriors
from fqtl.cli.flags import add_key
from fqtl.cli.twas_loci import Mapped, z_of_variants
from fqtl.errors import FqtlError
from fqtl.gwas.reader import Gwas
from fqtl.tables.columns import COLUMNS
from fqtl.tables.effects import GeneEffects, read_effects, require_effects
from fqtl.trait.associate import SetResult
from fqtl.trait.colocalisation import (
    Region,
    compared,
    meets,
    regions_of,
    sites_table,
    table_of,
    windows_of,
)
from fqtl.trait.models import Models
from fqtl.trait.over_tissues import gene_and_factor

log = logging.getLogger(__name__)
LIKELY = 0.8  # probability of one variant from which a pair is counted as colocalised; custom


def add_colocalisation(group: Any) -> None:
    group.add_argument(
        "--effects",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="fits of all shards of a run (fits/*.parquet): are their effects and those on the "
        "trait of one variant?",
    )
    for name in ("p1", "p2", "p12"):
        add_key(group, f"twas.coloc_{name}", metavar="P")


def priors_of(given: Namespace) -> ColocPriors:
    return ColocPriors(given.coloc_p1, given.coloc_p2, given.coloc_p12)


def require_priors_and_effects(given: Namespace, genome_build: str) -> None:
    """Refuse what colocalisation cannot be computed with, before anything is."""
    priors = priors_of(given)
    if priors.p12 > min(priors.p1, priors.p2):
        raise FqtlError(
            f"--coloc-p12 {priors.p12:g} must not be above --coloc-p1 {priors.p1:g} and --coloc-p2 "
            f"{priors.p2:g}: that a variant acts on both is not likelier than that it acts on one."
        )
    for path in given.effects:
        require_effects(path, genome_build)


def colocalised(
    given: Namespace,
    gwas: Gwas,
    models: Models,
    tests: Sequence[SetResult],
    loci: Mapped | None,
) -> pd.DataFrame | None:
    """Each effect on expression beside each on the trait where both are; None without effects.

    loci : what was fine-mapped, with the LD of a panel; None where there is none
    """
    if not given.effects:
        return None
    priors = priors_of(given)
    pairs = (
        _in_windows(given, gwas, models, tests)
        if loci is None
        else _in_blocks(given, regions_of(loci.candidates, priors.p2))
    )
    rows = [row for pair in pairs for row in compared(*pair, priors)]
    names = {
        gene: name
        for found in models.sets
        for gene, name in zip(found.genes["gene_id"], found.genes["gene_name"], strict=True)
    }
    if not rows:
        log.info("no effect on expression lies where the trait has one: no colocalisation")
        return pd.DataFrame(columns=list(COLUMNS["colocalisation"]))
    table = table_of(rows, names)
    log.info(
        "%d of %d pairs of an effect on expression and one on the trait are of one variant with a "
        "probability above %g",
        *(int((table["pp_h4"] > LIKELY).sum()), len(table), LIKELY),
    )
    return table


def _genes(given: Namespace) -> Iterator[GeneEffects]:
    """Genes with an effect, a shard at a time."""
    for path in given.effects:
        yield from (gene for gene in read_effects(path) if gene.effects)


def _in_blocks(given: Namespace, regions: Sequence[Region]) -> Iterator[tuple[GeneEffects, Region]]:
    """Each gene and each block that its window reaches into."""
    for gene in _genes(given):
        yield from ((gene, region) for region in regions if meets(gene, region))


def _associated(tests: Sequence[SetResult], p: float) -> set[str]:
    """Genes with a model, in a tissue or of a factor, of a p below this."""
    least, found = float(norm.isf(p / 2)), set[str]()
    for result in tests:
        strong = np.abs(np.nan_to_num(result.z)) >= least
        found.update(gene_and_factor(result.models.genes["gene_id"][strong])[0])
    return found


def _in_windows(
    given: Namespace, gwas: Gwas, models: Models, tests: Sequence[SetResult]
) -> Iterator[tuple[GeneEffects, Region]]:
    """Each gene with an association and its window, with one effect on the trait."""
    associated = _associated(tests, given.fine_map_p)
    genes = [gene for gene in _genes(given) if gene.gene_id in associated]
    if genes:
        z = z_of_variants(given, gwas, models, [sites_table(gene) for gene in genes])
        yield from zip(genes, windows_of(genes, z), strict=True)
