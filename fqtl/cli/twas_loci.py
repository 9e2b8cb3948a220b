"""Fine-mapping of `fqtl twas`: its flags, and the second pass over the GWAS."""

import logging
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from fqtl.association.single_effects import GroupPrior
from fqtl.cli.flags import add_key
from fqtl.cli.ranges import SHARE
from fqtl.cli.twas_gwas import matched_with, weights_build_of, z_of
from fqtl.data.dosages import GenotypeSource
from fqtl.errors import FqtlError
from fqtl.gwas.reader import Gwas
from fqtl.tables.columns import COLUMNS
from fqtl.trait.associate import SetResult
from fqtl.trait.blocks import read_blocks
from fqtl.trait.fine_mapping import counts_of, fitted, loci_of, prior_of, rows_of, variants_of
from fqtl.trait.loci import GROUPS, Block, Candidates, blocks_of, candidates_of, region_of
from fqtl.trait.models import SITE, Models
from fqtl.trait.panel_ld import PanelLD

log = logging.getLogger(__name__)
NO_PANEL = (
    "none: covariances of single genes tell no LD between genes, nor with variants by themselves; "
    "genotypes do (--ld-panel)"
)
KINDS = ("loci", "fine_mapping", "locus_variants")


@dataclass(frozen=True)
class Mapped:
    """Tables of all loci, what is told of them in audit.json, and what may explain each."""

    loci: pd.DataFrame
    rows: pd.DataFrame
    variants: pd.DataFrame
    about: dict[str, Any]
    candidates: Sequence[Candidates] = ()


def add_fine_mapping(group: Any) -> None:
    add_key(group, "twas.fine_mapping")
    group.add_argument(
        "--blocks",
        type=Path,
        metavar="BED",
        help="blocks that chromosomes are cut into; by the LD of the panel without it",
    )
    group.add_argument(
        "--fine-map-p",
        type=SHARE,
        default=1e-5,
        metavar="P",
        help="blocks with a model of a p below this are fine-mapped",
    )


def source_of(given: Namespace, models: Models) -> GenotypeSource | None:
    """The panel that --ld-panel names, opened."""
    if given.ld_panel is None:
        if given.fine_mapping:
            log.info("fine-mapping: %s", NO_PANEL)
        return None
    from fqtl.data.genotypes import open_genotypes

    build = given.weights_build or models.genome_build
    if not build:
        raise FqtlError(
            "The models do not tell their genome build, by which variants are looked up in "
            f"{given.ld_panel}. Give it (--weights-build)."
        )
    source = open_genotypes(given.ld_panel, build, given.field)
    other = source.other_build()
    if other:
        raise FqtlError(f"The models are on {build}, but {other}: {source.path} (--ld-panel).")
    return source


def fine_mapped(
    given: Namespace,
    gwas: Gwas,
    models: Models,
    tests: Sequence[SetResult],
    panel: PanelLD,
    source: GenotypeSource,
) -> Mapped:
    """Every block with an association, and what explains it."""
    ends = None if given.blocks is None else read_blocks(given.blocks)
    blocks = blocks_of(tests, models, panel, ends)
    least = float(norm.isf(given.fine_map_p / 2))
    active = [block for block in blocks if block.strongest(tests) >= least]
    idle = counts_of([block for block in blocks if block not in active], tests)
    about: dict[str, Any] = {"blocks": len(blocks), "blocks_with_an_association": len(active)}
    if not active:
        log.info("%d blocks, none with a model of p below %g", len(blocks), given.fine_map_p)
        loci, rows, variants = (pd.DataFrame(columns=list(COLUMNS[kind])) for kind in KINDS)
        return Mapped(loci, rows, variants, about)
    regions = [region_of(source, block).variants for block in active]
    z = z_of_variants(given, gwas, models, regions)
    parts = [
        list(_candidates(chrom, active, tests, models, panel, source, z))
        for chrom in dict.fromkeys(block.chrom for block in active)
    ]
    flat = [found for part in parts for found in part]
    prior = prior_of([found.z for found in flat], [found.group for found in flat], idle)
    fits = [effects for part in parts for effects in fitted(part, prior)]
    log.info("%d of %d blocks are fine-mapped", len(active), len(blocks))
    both = list(enumerate(zip(flat, fits, strict=True)))
    loci = pd.DataFrame([row for i, pair in both for row in loci_of(i, *pair)]).assign(pp_h4=np.nan)
    rows = pd.concat([rows_of(i, *pair) for i, pair in both], ignore_index=True)
    variants = pd.concat([variants_of(i, *pair) for i, pair in both], ignore_index=True)
    told = loci[list(COLUMNS["loci"])]
    return Mapped(told, rows, variants, {**about, **_told(prior)}, flat)


def _told(prior: GroupPrior) -> dict[str, Any]:
    """The prior that was learned."""
    return {
        "prior_probability": dict(zip(GROUPS, prior.share.tolist(), strict=True)),
        "prior_variance_of_z": dict(zip(GROUPS, prior.variance.tolist(), strict=True)),
    }


def z_of_variants(
    given: Namespace, gwas: Gwas, models: Models, regions: Sequence[pd.DataFrame]
) -> "pd.Series[float]":
    """z of the variants of all regions by their id, NaN of those that the GWAS lacks."""
    variants = pd.concat(regions)[SITE].drop_duplicates("variant_id").reset_index(drop=True)
    log.info("the GWAS is read again for %d variants of loci", len(variants))
    _, found, chosen = matched_with(given, gwas, variants, weights_build_of(given, models))
    return pd.Series(z_of(found, chosen), index=variants["variant_id"])


def _candidates(
    chrom: str,
    active: Sequence[Block],
    tests: Sequence[SetResult],
    models: Models,
    panel: PanelLD,
    source: GenotypeSource,
    z: "pd.Series[float]",
) -> Iterator[Candidates]:
    """Candidates of the blocks of one chromosome."""
    ld = panel.on(chrom)
    for block in active:
        if block.chrom == chrom:
            region = region_of(source, block)
            mine = z.reindex(region.variants["variant_id"]).to_numpy(dtype=float)
            yield candidates_of(block, tests, models, ld, region, np.asarray(mine))
