"""Make the expression of one tissue ready for the model.

Donors without genotypes or covariates are left out; counts are filtered and put on a scale;
covariates, components of expression and what genes share with controls on other chromosomes are
regressed out; the residuals are standardised.
"""

import logging
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.cli.arguments import (
    add_donor_covariates,
    add_genotypes,
    add_out,
    add_prepare_settings,
    add_values,
    add_variants,
    covariates_of,
    open_given,
    prepare_settings,
    to_regress_out,
)
from fqtl.data import contigs
from fqtl.data.annotation import read_annotation
from fqtl.data.covariates import Covariates
from fqtl.data.donors import not_in, require_shared
from fqtl.data.dosages import GenotypeSource, Limits
from fqtl.data.windows import sliding_windows
from fqtl.prepare.concerns import about_counts, about_tails
from fqtl.prepare.expression_store import write_prepared
from fqtl.prepare.tissue import prepare_tissue
from fqtl.prepare.tissue_counts import read_by_donor
from fqtl.shards.assignment import in_genome_order

log = logging.getLogger(__name__)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--tissue", required=True, metavar="NAME")
    parser.add_argument("--expression", type=Path, required=True, metavar="FILE")
    add_values(parser)
    parser.add_argument("--covariates", type=Path, metavar="FILE", help="rows are covariates")
    add_donor_covariates(parser)
    add_prepare_settings(parser)
    add_genotypes(parser)
    add_variants(parser)
    add_out(parser, "prepared expression, as Parquet")


def run(given: Namespace) -> None:
    settings = prepare_settings(given)
    source = open_given(given)
    places = read_annotation(given.annotation) if given.annotation else None
    expression, repeated = read_by_donor(given.expression, given.counts, places, given.tss)
    require_shared(given.genotypes, source.donors, given.expression, expression.donors)
    _warn(given, not_in(given.expression, expression.donors, given.genotypes, source.donors))
    covariates = _covariates(given, expression.donors)
    windows = _Windows(source, expression.genes, given) if settings.controls else None
    prepared = prepare_tissue(expression, covariates, source.donors, settings, windows)
    genes = prepared.genes["gene_id"].to_list()
    concern = about_counts(expression.values, given.counts, given.scale) or about_tails(
        prepared.values, genes, prepared.donors, given.scale
    )
    write_prepared(given.out, given.tissue, prepared, repeated, concern)
    undescribed = prepared.donors_without["covariates"]
    if undescribed:
        _warn(given, f"{undescribed} donors with genotypes have no covariates and are left out")
    _warn(given, concern)
    if prepared.reason:
        log.warning("%s is left out: %s", given.tissue, prepared.reason)
        return
    kept = int((prepared.genes["reason"] == "").sum())
    log.info(
        "%s: %d genes (%d dropped), %d donors, %d covariates regressed out, of them %d components; "
        "%.1f controls per gene",
        given.tissue,
        kept,
        len(prepared.genes) - kept,
        len(prepared.donors),
        prepared.covariates,
        prepared.components,
        prepared.controls,
    )
    for donor, far in prepared.quality.outliers.items():
        log.warning("%s: %s is %.1f deviations from the others", given.tissue, donor, far)


def _warn(given: Namespace, concern: str) -> None:
    if concern:
        log.warning("%s: %s", given.tissue, concern)


def _covariates(given: Namespace, donors: list[str]) -> Covariates | None:
    """Covariates to regress out, of the donors that have all there are."""
    own, shared = (
        None if path is None else covariates_of(path, given.expression, donors)
        for path in (given.covariates, given.donor_covariates)
    )
    return to_regress_out(own, shared, given.donor_covariates_in_model)


class _Windows:
    """Genotypes around the genes of a tissue, on the chromosomes that the genotypes have."""

    def __init__(self, source: GenotypeSource, genes: pd.DataFrame, given: Namespace) -> None:
        self._source = source
        self._genes = genes
        self._reach = given.cis_window_bp
        self._limits = Limits(given.min_maf, given.max_missing)

    def __call__(self, rows: list[int], donors: list[str]) -> Iterator[tuple[int, np.ndarray]]:
        known = {contigs.bare(contig) for contig in self._source.contigs}
        genes = self._genes.iloc[rows].assign(row=rows)
        genes = in_genome_order(genes[genes["chrom"].map(contigs.bare).isin(known)])
        spans = [
            (gene.chrom, max(gene.tss - self._reach, 1), gene.tss + self._reach)
            for gene in genes.itertuples()
        ]
        windows = sliding_windows(self._source, spans, donors, self._limits)
        for row, window in zip(genes["row"], windows, strict=True):
            yield int(row), window.dosages
