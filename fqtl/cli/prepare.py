"""Make the expression of one tissue ready for the model.

Donors without genotypes or covariates are left out; counts are filtered and put on a scale;
covariates, components of expression and what genes share with controls on other chromosomes are
regressed out; the residuals are standardised.
"""

import logging
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.cli.arguments import (
    add_donor_covariates,
    add_genotypes,
    add_min_samples,
    add_out,
    add_values,
    add_variants,
)
from fqtl.count_store import read_measured
from fqtl.data import contigs
from fqtl.data.annotation import read_annotation
from fqtl.data.covariates import Covariates, joined, read_covariates
from fqtl.data.genotypes import GenotypeSource, Limits, open_genotypes
from fqtl.data.samples import require_shared
from fqtl.data.windows import sliding_windows
from fqtl.expression_store import write_prepared
from fqtl.prepare.recipe import Recipe
from fqtl.prepare.tissue import prepare_tissue
from fqtl.shards import in_genome_order

log = logging.getLogger(__name__)
DEFAULT = Recipe()


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--tissue", required=True, metavar="NAME")
    parser.add_argument("--expression", type=Path, required=True, metavar="FILE")
    add_values(parser)
    parser.add_argument("--covariates", type=Path, metavar="FILE", help="rows are covariates")
    add_donor_covariates(parser)
    parser.add_argument(
        "--donor-covariates-in-model",
        action="store_true",
        help="those are for the model: keep donors that have them, and regress nothing out",
    )
    parser.add_argument(
        "--scale",
        default=DEFAULT.scale,
        help="as_given, inverse_normal, raw; of counts inverse_normal, log_cpm, counts [as_given]",
    )
    parser.add_argument(
        "--size-factors",
        default=DEFAULT.size_factors,
        help="of counts: tmm, median_of_ratios or total [tmm]",
    )
    measured = parser.add_argument_group("genes that are measured (of counts)")
    measured.add_argument("--min-tpm", type=float, default=DEFAULT.min_tpm, metavar="TPM")
    measured.add_argument("--min-reads", type=float, default=DEFAULT.min_reads, metavar="N")
    measured.add_argument(
        "--min-share", type=float, default=DEFAULT.min_share, metavar="F", help="of donors"
    )
    hidden = parser.add_argument_group("confounders that are not measured")
    hidden.add_argument(
        "--components",
        type=_count_or_auto,
        default=DEFAULT.components,
        metavar="K",
        help="principal components of expression; auto: more than chance has [0]",
    )
    hidden.add_argument(
        "--controls",
        type=int,
        default=DEFAULT.controls,
        metavar="K",
        help="genes of other chromosomes that each gene is regressed on [0]",
    )
    hidden.add_argument(
        "--control-max-p",
        type=float,
        default=DEFAULT.control_max_p,
        metavar="P",
        help="a control that follows the gene's cis variants at a smaller p is removed [1e-4]",
    )
    hidden.add_argument("--seed", type=int, default=DEFAULT.seed, help="of permutations [1]")
    add_min_samples(parser)
    add_genotypes(parser)
    add_variants(parser)
    add_out(parser, "prepared expression, as Parquet")


def _count_or_auto(text: str) -> int | None:
    if text == "auto":
        return None
    if not text.isdigit():
        raise ArgumentTypeError(f"expected a number or auto, found {text}")
    return int(text)


def run(given: Namespace) -> None:
    recipe = _recipe(given)
    source = open_genotypes(given.genotypes, given.genome_build, given.field)
    places = read_annotation(given.annotation) if given.annotation else None
    expression, repeated = read_measured(given.expression, given.counts, places)
    require_shared(given.genotypes, source.samples, given.expression, expression.samples)
    covariates = _covariates(given, expression.samples)
    windows = _Windows(source, expression.genes, given) if recipe.controls else None
    prepared = prepare_tissue(expression, covariates, source.samples, recipe, windows)
    write_prepared(given.out, given.tissue, prepared, repeated)
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
        len(prepared.samples),
        prepared.covariates,
        prepared.components,
        prepared.controls,
    )
    for donor, far in prepared.quality.outliers.items():
        log.warning("%s: %s is %.1f deviations from the others", given.tissue, donor, far)


def _recipe(given: Namespace) -> Recipe:
    return Recipe(
        counted=given.counts,
        scale=given.scale,
        size_factors=given.size_factors,
        min_tpm=given.min_tpm,
        min_reads=given.min_reads,
        min_share=given.min_share,
        components=given.components,
        controls=given.controls,
        control_max_p=given.control_max_p,
        min_samples=given.min_samples,
        seed=given.seed,
    )


def _covariates(given: Namespace, samples: list[str]) -> Covariates | None:
    """Covariates to regress out, of the donors that have all there are."""
    found: list[Covariates | None] = []
    for path in (given.covariates, given.donor_covariates):
        if path is None:
            found.append(None)
            continue
        covariates = read_covariates(path)
        require_shared(given.expression, samples, path, covariates.samples)
        found.append(covariates)
    own, shared = found
    if shared is not None and given.donor_covariates_in_model:
        shared = Covariates([], np.empty((len(shared.samples), 0)), shared.samples)
    return joined(own, shared)


class _Windows:
    """Genotypes around the genes of a tissue, on the chromosomes that the genotypes have."""

    def __init__(self, source: GenotypeSource, genes: pd.DataFrame, given: Namespace) -> None:
        self._source = source
        self._genes = genes
        self._reach = given.cis_window_bp
        self._limits = Limits(given.min_maf, given.max_missing)

    def __call__(self, rows: list[int], samples: list[str]) -> Iterator[tuple[int, np.ndarray]]:
        known = {contigs.bare(contig) for contig in self._source.contigs}
        genes = self._genes.iloc[rows].assign(row=rows)
        genes = in_genome_order(genes[genes["chrom"].map(contigs.bare).isin(known)])
        spans = [
            (gene.chrom, max(gene.tss - self._reach, 1), gene.tss + self._reach)
            for gene in genes.itertuples()
        ]
        windows = sliding_windows(self._source, spans, samples, self._limits)
        for row, window in zip(genes["row"], windows, strict=True):
            yield int(row), window.dosages
