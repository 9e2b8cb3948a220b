"""Look at all input before any of it is computed on.

Files and indexes, the genome build that the genotypes' header shows, donors that tissues share with
the genotypes and with their covariates, chromosomes, places of genes, and room on the disk.
Weight files are looked at by `fqtl check weights`.
"""

import logging
import shutil
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import pandas as pd

from fqtl.cli.arguments import (
    add_chromosomes,
    add_donor_covariates,
    add_genotypes,
    add_min_samples,
    add_out,
    add_values,
)
from fqtl.count_store import read_measured
from fqtl.data import contigs
from fqtl.data.annotation import read_annotation
from fqtl.data.covariates import Covariates, read_covariates
from fqtl.data.expression import Expression
from fqtl.data.genotypes import GenotypeSource, Limits, open_genotypes
from fqtl.data.samples import require_shared
from fqtl.data.tissues import Tissue, read_tissues
from fqtl.errors import FqtlError
from fqtl.shards import list_genes, require_some
from fqtl.tables import write_json

log = logging.getLogger(__name__)
LOOKED_AT, NEAR_BP = 5, 50_000  # genes, and base pairs on either side of each, for rs numbers
ROOM = 3  # times the size of the expression files that intermediate tables may take


def add_arguments(parser: ArgumentParser) -> None:
    listed = parser.add_mutually_exclusive_group(required=True)
    listed.add_argument("--tissues", type=Path, metavar="FILE", help="the sheet")
    listed.add_argument(
        "--tissue",
        nargs=3,
        action="append",
        metavar=("NAME", "EXPRESSION", "COVARIATES"),
        help="a line of the sheet, in its place; covariates may be empty",
    )
    add_values(parser)
    add_donor_covariates(parser)
    add_genotypes(parser)
    add_chromosomes(parser)
    add_min_samples(parser)
    parser.add_argument(
        "--needs-rsids", action="store_true", help="models are to be trained on named variants"
    )
    add_out(parser, "what was found, as JSON")


def run(given: Namespace) -> None:
    source = open_genotypes(given.genotypes, given.genome_build, given.field)
    other = source.other_build()
    if other:
        raise FqtlError(
            f"The genotypes are said to be on {given.genome_build}, but {other}: "
            f"{given.genotypes}. See genome_build in the config."
        )
    tissues = (
        read_tissues(given.tissues)
        if given.tissues
        else [
            Tissue(name, Path(expression), Path(covariates) if covariates else None)
            for name, expression, covariates in given.tissue
        ]
    )
    annotation = read_annotation(given.annotation) if given.annotation else None
    shared_by_all = read_covariates(given.donor_covariates) if given.donor_covariates else None
    found, genes = [], []
    for tissue in tissues:
        expression, _ = read_measured(tissue.expression, given.counts, annotation)
        found.append(_check_tissue(tissue, expression, source, given, shared_by_all))
        genes.append((tissue.name, expression.genes.assign(reason="")))
    _require_donors(found, given.min_samples)
    chromosomes = {chrom for entry in found for chrom in entry["chromosomes"]}
    readable = {contigs.bare(contig) for contig in source.contigs}
    shared = sorted((c for c in chromosomes if contigs.bare(c) in readable), key=contigs.order)
    if not shared:
        contigs.resolve(min(chromosomes, key=contigs.order), source.contigs, str(given.genotypes))
    listed = list_genes(genes, given.chromosomes, source.contigs)
    require_some(listed)
    if given.needs_rsids:
        _require_rsids(source, listed[listed["reason"] == ""].head(LOOKED_AT))
    _check_room(tissues, given.out.parent)
    write_json(
        given.out,
        {
            "genome_build": given.genome_build,
            "genotypes": {
                "path": str(given.genotypes),
                "donors": len(source.samples),
                "chromosomes": len(source.contigs),
            },
            "chromosomes": shared,
            "genes": {"all": len(listed), "to_fit": int((listed["reason"] == "").sum())},
            "tissues": [{**entry, "chromosomes": len(entry["chromosomes"])} for entry in found],
        },
    )
    log.info("%d tissues and %s are in order", len(found), given.genotypes)


def _check_tissue(
    tissue: Tissue,
    expression: Expression,
    source: GenotypeSource,
    given: Namespace,
    shared_by_all: Covariates | None,
) -> dict[str, Any]:
    """What there is to say of a tissue."""
    require_shared(given.genotypes, source.samples, tissue.expression, expression.samples)
    usable = set(expression.samples) & set(source.samples)
    entry: dict[str, Any] = {
        "tissue": tissue.name,
        "expression": str(tissue.expression),
        "genes": len(expression.genes),
        "donors": len(expression.samples),
        "donors_with_genotypes": len(usable),
        "chromosomes": sorted(set(expression.genes["chrom"])),
    }
    if tissue.covariates is not None:
        covariates = read_covariates(tissue.covariates)
        require_shared(tissue.expression, expression.samples, tissue.covariates, covariates.samples)
        entry["covariates"] = len(covariates.names)
        usable &= set(covariates.samples)
    if shared_by_all is not None:
        path = given.donor_covariates
        require_shared(tissue.expression, expression.samples, path, shared_by_all.samples)
        entry["donor_covariates"] = len(shared_by_all.names)
        usable &= set(shared_by_all.samples)
    entry["usable_donors"] = len(usable)
    log.info("%s: %d genes, %d donors", tissue.name, entry["genes"], entry["donors"])
    return entry


def _require_rsids(source: GenotypeSource, genes: pd.DataFrame) -> None:
    """Refuse genotypes without rs numbers: of their variants nothing would be left."""
    seen: set[str] = set()
    for gene in genes.itertuples():
        place = max(gene.tss - NEAR_BP, 1), gene.tss + NEAR_BP
        variants = source.read(gene.chrom, *place, source.samples, Limits()).variants
        if (variants["rsid"] != "").any():
            return
        seen |= set(variants["variant_id"])
    if seen:
        raise FqtlError(
            f"None of {len(seen)} variants of {source.path} near {len(genes)} genes has an rs "
            "number, without which FUSION does not find a variant. Name a lookup table as "
            "genotypes.rsids in the config, or write `none` there to go by position, or "
            "weights.variants: all."
        )


def _require_donors(found: list[dict[str, Any]], min_samples: int) -> None:
    most = max(found, key=lambda entry: entry["usable_donors"])
    if most["usable_donors"] < min_samples:
        raise FqtlError(
            f"No tissue has {min_samples} donors with genotypes and covariates; the most, "
            f"{most['usable_donors']}, has {most['tissue']}. See prepare.min_samples in the config."
        )


def _check_room(tissues: list[Tissue], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    needed = ROOM * sum(tissue.expression.stat().st_size for tissue in tissues)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise FqtlError(
            f"About {needed / 1e6:.0f} MB are needed in {folder}, {free / 1e6:.0f} MB are free. "
            "See results in the config."
        )
