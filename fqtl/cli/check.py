"""Look at all input before any of it is computed on.

Files and indexes, the genome build that the genotypes' header shows, donors that tissues share with
the genotypes and with their covariates, chromosomes, and room on the disk.
"""

import logging
import shutil
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from fqtl.cli.arguments import add_genotypes, add_out
from fqtl.data import contigs
from fqtl.data.covariates import read_covariates
from fqtl.data.expression import read_expression
from fqtl.data.genotypes import GenotypeSource, open_genotypes
from fqtl.data.samples import require_shared
from fqtl.data.tissues import Tissue, read_tissues
from fqtl.errors import FqtlError
from fqtl.tables import write_json

log = logging.getLogger(__name__)
ROOM = 3  # times the size of the expression files that intermediate tables may take


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--tissues", type=Path, required=True, metavar="FILE", help="the sheet")
    add_genotypes(parser)
    add_out(parser, "what was found, as JSON")


def run(given: Namespace) -> None:
    source = open_genotypes(given.genotypes, given.genome_build, given.field)
    other = source.other_build()
    if other:
        raise FqtlError(
            f"The genotypes are said to be on {given.genome_build}, but {other}: "
            f"{given.genotypes}. See genome_build in the config."
        )
    tissues = read_tissues(given.tissues)
    found = [_check_tissue(tissue, source, given.genotypes) for tissue in tissues]
    chromosomes = {chrom for entry in found for chrom in entry["chromosomes"]}
    readable = {contigs.bare(contig) for contig in source.contigs}
    shared = sorted((c for c in chromosomes if contigs.bare(c) in readable), key=contigs.order)
    if not shared:
        contigs.resolve(min(chromosomes, key=contigs.order), source.contigs, str(given.genotypes))
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
            "tissues": [{**entry, "chromosomes": len(entry["chromosomes"])} for entry in found],
        },
    )
    log.info("%d tissues and %s are in order", len(found), given.genotypes)


def _check_tissue(tissue: Tissue, source: GenotypeSource, genotypes: Path) -> dict[str, Any]:
    expression = read_expression(tissue.expression)
    require_shared(genotypes, source.samples, tissue.expression, expression.samples)
    entry: dict[str, Any] = {
        "tissue": tissue.name,
        "expression": str(tissue.expression),
        "genes": len(expression.genes),
        "donors": len(expression.samples),
        "donors_with_genotypes": len(set(expression.samples) & set(source.samples)),
        "chromosomes": sorted(set(expression.genes["chrom"])),
    }
    if tissue.covariates is not None:
        covariates = read_covariates(tissue.covariates)
        require_shared(tissue.expression, expression.samples, tissue.covariates, covariates.samples)
        entry["covariates"] = len(covariates.names)
    log.info("%s: %d genes, %d donors", tissue.name, entry["genes"], entry["donors"])
    return entry


def _check_room(tissues: list[Tissue], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    needed = ROOM * sum(tissue.expression.stat().st_size for tissue in tissues)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise FqtlError(
            f"About {needed / 1e6:.0f} MB are needed in {folder}, {free / 1e6:.0f} MB are free. "
            "See results in the config."
        )
