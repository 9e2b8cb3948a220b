"""Fit every gene of one shard.

The genotypes of the whole shard are read at once, each gene takes its cis window. A gene that
cannot be fitted becomes a row with its reason.
"""

import logging
import time
from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa

from fqtl.analyse import Settings, analyse_gene
from fqtl.cli.arguments import add_genotypes, add_out
from fqtl.data.gene import GeneData
from fqtl.data.genotypes import Genotypes, GenotypeSource, open_genotypes
from fqtl.expression_store import read_shard
from fqtl.fits import FITS
from fqtl.model.crossval import assign_folds
from fqtl.tables import write_parquet

log = logging.getLogger(__name__)
REPORT_EVERY = 20.0  # seconds


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--shard", type=Path, required=True, metavar="FILE", help="expression of its genes"
    )
    add_genotypes(parser)
    variants = parser.add_argument_group("variants")
    variants.add_argument(
        "--cis-window-bp", type=int, default=1_000_000, metavar="BP", help="around the TSS [1e6]"
    )
    variants.add_argument(
        "--min-maf", type=float, default=0.01, metavar="F", help="minor allele frequency [0.01]"
    )
    variants.add_argument(
        "--max-missing", type=float, default=0.1, metavar="F", help="share of missing calls [0.1]"
    )
    model = parser.add_argument_group("model")
    model.add_argument("--family", default="gaussian")
    model.add_argument("--engine", default="cavi")
    model.add_argument("--rank", type=int, metavar="K", help="the largest number of factors [10]")
    model.add_argument(
        "--factored",
        action=BooleanOptionalAction,
        default=True,
        help="effects are factors over tissues, or dense",
    )
    model.add_argument("--seed", type=int, default=0, help="of folds and random engines [0]")
    model.add_argument(
        "--folds", type=int, default=5, metavar="K", help="of cross-validation; 0 for none [5]"
    )
    model.add_argument(
        "--min-pip",
        type=float,
        default=0.01,
        metavar="P",
        help="PIP from which a variant carries weight [0.01]",
    )
    add_out(parser, "fits, as Parquet")


def run(given: Namespace) -> None:
    source = open_genotypes(given.genotypes, given.genome_build, given.field)
    genes, donors = read_shard(given.shard)
    settings = Settings(
        fit={
            "family": given.family,
            "engine": given.engine,
            "rank": given.rank,
            "factored": given.factored,
            "seed": given.seed,
        },
        fold=assign_folds(len(donors), given.folds, given.seed) if given.folds else None,
        min_pip=given.min_pip,
    )
    records = list(_with_progress(_records(genes, donors, source, given, settings), len(genes)))
    write_parquet(
        given.out,
        pa.Table.from_pylist(records, schema=FITS),
        "fits",
        genome_build=given.genome_build,
        donors=len(donors),
    )


def _records(
    genes: list[GeneData],
    donors: list[str],
    source: GenotypeSource,
    given: Namespace,
    settings: Settings,
) -> Iterator[dict[str, Any]]:
    """Record of every gene, one chromosome's window of genotypes in memory at a time."""
    for chrom, group in groupby(genes, key=lambda gene: gene.chrom):
        members = list(group)
        window = _read_window(chrom, members, donors, source, given)
        for gene in members:
            cis = window.window(gene.tss - given.cis_window_bp, gene.tss + given.cis_window_bp)
            yield analyse_gene(gene, cis, settings)


def _read_window(
    chrom: str,
    genes: list[GeneData],
    donors: list[str],
    source: GenotypeSource,
    given: Namespace,
) -> Genotypes:
    start = max(min(gene.tss for gene in genes) - given.cis_window_bp, 1)
    end = max(gene.tss for gene in genes) + given.cis_window_bp
    window = source.read(chrom, start, end, donors)
    window = window.filtered(given.min_maf, given.max_missing)
    log.info("%s:%d-%d: %d variants in %d donors", chrom, start, end, *window.dosages.shape)
    for reason, count in sorted(window.dropped.items()):
        log.info("  %d variants dropped: %s", count, reason)
    return window


def _with_progress(records: Iterator[dict[str, Any]], total: int) -> Iterator[dict[str, Any]]:
    started = said = time.monotonic()
    for done, record in enumerate(records, start=1):
        outcome = record["reason"] or f"{record['n_factors']} factors"
        log.debug("%s: %s, %s", record["gene_id"], record["status"], outcome)
        now = time.monotonic()
        if now - said > REPORT_EVERY or done == total:
            said = now
            log.info("%d of %d genes, %.1f s per gene", done, total, (now - started) / done)
        yield record
