"""Fit every gene of one shard.

Genotypes are read once, as cis windows slide along a chromosome. A gene that cannot be fitted
becomes a row with its reason.
"""

import logging
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from fqtl.cli.arguments import (
    add_donor_covariates,
    add_folds,
    add_genotypes,
    add_out,
    add_permutations,
    add_variants,
    open_filtered,
)
from fqtl.cli.flags import add_key
from fqtl.data.covariates import read_covariates, values_of
from fqtl.data.dosages import GenotypeSource, Limits
from fqtl.data.gene import GeneData
from fqtl.data.sex import MALE, require_known
from fqtl.data.windows import sliding_windows
from fqtl.errors import FqtlError
from fqtl.gene.analysis import analyse_gene
from fqtl.gene.cross_validation import assign_folds
from fqtl.gene.permutations import PermutationPlan, permutations_for
from fqtl.gene.settings import Settings
from fqtl.model.engines import ENGINES
from fqtl.shards.shard_file import genes_of_release, read_shard
from fqtl.tables.files import write_parquet
from fqtl.tables.fits import FITS
from fqtl.tables.reasons import count_reasons

log = logging.getLogger(__name__)
COUNTED = ("nb", "nb_pseudo")
REPORT_EVERY = 20.0  # seconds


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--shard", type=Path, required=True, metavar="FILE", help="expression of its genes"
    )
    add_genotypes(parser)
    variants = add_variants(parser)
    add_key(variants, "weights.min_pip", metavar="P")
    model = parser.add_argument_group("model")
    add_key(model, "model.family")
    add_key(model, "model.engine", choices=list(ENGINES))
    add_key(model, "model.rank", metavar="K")
    add_key(model, "model.factored")
    add_key(model, "seed")
    add_folds(parser)
    add_donor_covariates(parser)
    add_permutations(parser)
    add_out(parser, "fits, as Parquet")


def run(given: Namespace) -> None:
    source = open_filtered(given)
    genes, donors = read_shard(given.shard)
    _refuse_other_values(given.family, genes)
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
        covariates=_covariates(given.donor_covariates, donors),
        permutations=_permutation_plan(given),
        baseline=given.baseline,
        is_male=_is_male(source, genes, donors),
        sexes=source.sexes,
    )
    records = list(_with_progress(_records(genes, donors, source, given, settings), len(genes)))
    write_parquet(
        given.out,
        pa.Table.from_pylist(records, schema=FITS),
        "fits",
        genome_build=given.genome_build,
        donors=len(donors),
        exceedances=given.exceedances,
    )


def _covariates(path: Path | None, donors: list[str]) -> np.ndarray | None:
    """(n, q) covariates of all donors, for the model."""
    if path is None:
        return None
    found = read_covariates(path)
    absent = sorted(set(donors) - set(found.donors))
    if absent:
        raise FqtlError(
            f"{path} lacks {len(absent)} of {len(donors)} donors, the first {absent[0]}. `fqtl "
            "prepare --donor-covariates-in-model` leaves donors without covariates out."
        )
    return values_of(found, donors)


def _is_male(source: GenotypeSource, genes: list[GeneData], donors: list[str]) -> np.ndarray | None:
    """(n,) of the donors, if any gene is on a chromosome of which one sex has one copy."""
    chrom = next((gene.chrom for gene in genes if source.sexes.with_one_copy(gene.chrom)), "")
    if not chrom:
        return None
    sex = source.sex_of(donors)
    require_known(sex, donors, chrom, source.path)
    male = sex == MALE
    log.info(
        "%s: one copy counts as two; %d males and %d females, and sex is %s",
        chrom,
        male.sum(),
        (~male).sum(),
        "a covariate of the fits" if 0 < male.sum() < len(male) else "no covariate: all are alike",
    )
    return male


def _refuse_other_values(family: str, genes: list[GeneData]) -> None:
    """Counts with library sizes are for families of counts, and these need them."""
    counted = any(gene.offset is not None for gene in genes)
    if counted and family not in COUNTED:
        raise FqtlError(
            f"Counts with library sizes (prepare.scale: counts) are for the families "
            f"{' and '.join(COUNTED)}, found model.family: {family}. Other families take "
            "prepare.scale: inverse_normal or log_cpm."
        )
    if genes and not counted and family in COUNTED:
        raise FqtlError(
            f"model.family: {family} takes counts of reads, but the shard holds other values. Set "
            "prepare.values: counts and prepare.scale: counts."
        )


def _permutation_plan(given: Namespace) -> PermutationPlan | None:
    asked = given.permutations
    counted = not isinstance(asked, int)
    drawn = permutations_for(asked, genes_of_release(given.shard) if counted else 0)
    if not drawn and not given.conditional_permutations:
        return None
    return PermutationPlan(
        drawn,
        given.exceedances,
        given.permute,
        given.conditional_permutations,
        given.seed,
    )


def _records(
    genes: list[GeneData],
    donors: list[str],
    source: GenotypeSource,
    given: Namespace,
    settings: Settings,
) -> Iterator[dict[str, Any]]:
    """Record of every gene, in the order of position; its window of genotypes goes with it."""
    reach = given.cis_window_bp
    spans = [(gene.chrom, max(gene.tss - reach, 1), gene.tss + reach) for gene in genes]
    limits = Limits(given.min_maf, given.max_missing)
    windows = sliding_windows(source, spans, donors, limits)
    for gene, cis in zip(genes, windows, strict=True):
        yield analyse_gene(gene, cis, settings)


def _with_progress(records: Iterator[dict[str, Any]], total: int) -> Iterator[dict[str, Any]]:
    """The records, and from time to time a line that says how far they are."""
    started = said = time.monotonic()
    failures: list[str] = []
    for done, record in enumerate(records, start=1):
        outcome = record["reason"] or f"{record['n_factors']} factors"
        log.debug("%s: %s, %s", record["gene_id"], record["status"], outcome)
        if record["status"] == "failed":
            failures.append(record["reason"])
        now = time.monotonic()
        if now - said > REPORT_EVERY or done == total:
            said = now
            log.info(_progress(done, total, len(failures), now - started))
        yield record
    if failures:
        reason, count = count_reasons(failures)[0]
        log.warning("%d of %d genes failed, %d of them: %s", len(failures), total, count, reason)


def _progress(done: int, total: int, failed: int, seconds: float) -> str:
    """How far a shard is, and how long the rest will take at this pace."""
    left = seconds / done * (total - done)
    return f"{done} of {total} genes ({failed} failed), {seconds / done:.1f} s per gene" + (
        f", about {max(round(left / 60), 1)} min to go" if done < total else ""
    )
