"""Fit every gene of one shard.

Genotypes are read once, as cis windows slide along a chromosome. A gene that cannot be fitted
becomes a row with its reason.
"""

import logging
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from fqtl.cli.arguments import (
    add_donor_covariates,
    add_folds,
    add_genotypes,
    add_out,
    add_permutations,
    add_priors,
    add_variants,
    open_filtered,
    priors_for,
)
from fqtl.cli.flags import add_key
from fqtl.cli.progress import with_progress
from fqtl.cli.shard_data import (
    add_model,
    covariates_of,
    failure_of,
    gene_windows,
    is_male_of,
    model_of,
    refuse_other_values,
)
from fqtl.data.dosages import GenotypeSource
from fqtl.data.gene import GeneData
from fqtl.errors import FqtlError
from fqtl.gene.analysis import analyse_gene
from fqtl.gene.cross_validation import assign_folds
from fqtl.gene.permutations import PermutationPlan, permutations_for
from fqtl.gene.settings import Settings
from fqtl.shards.shard_file import genes_of_release, read_shard
from fqtl.tables.files import write_parquet
from fqtl.tables.fits import SHARD

log = logging.getLogger(__name__)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--shard", type=Path, required=True, metavar="FILE", help="expression of its genes"
    )
    add_genotypes(parser)
    variants = add_variants(parser)
    add_key(variants, "weights.min_pip", metavar="P")
    add_model(parser)
    add_priors(parser)
    add_folds(parser)
    add_key(parser, "cross_validation.keep_predictions")
    add_donor_covariates(parser)
    add_permutations(parser)
    add_out(parser, "fits, as Parquet")


def run(given: Namespace) -> None:
    source = open_filtered(given)
    genes, donors = read_shard(given.shard)
    refuse_other_values(given.family, genes)
    settings = Settings(
        fit=model_of(given) | _priors(given, genes),
        fold=assign_folds(len(donors), given.folds, given.seed) if given.folds else None,
        min_pip=given.min_pip,
        covariates=covariates_of(given.donor_covariates, donors),
        permutations=_permutation_plan(given),
        baseline=given.baseline,
        keep_predictions=given.keep_predictions,
        is_male=is_male_of(source, genes, donors),
        sexes=source.sexes,
    )
    made = _records(genes, donors, source, given, settings)
    records = list(with_progress(made, len(genes), failure_of))
    write_parquet(
        given.out,
        pa.Table.from_pylist(records, schema=SHARD),
        "fits",
        compression="zstd",  # of log Bayes factors a quarter is spared
        genome_build=given.genome_build,
        donors=len(donors),
        exceedances=given.exceedances,
    )


def _priors(given: Namespace, genes: list[GeneData]) -> dict[str, Any]:
    """The argument of `fqtl.fit`, of fits and permuted fits alike; none for the defaults."""
    if given.priors is None:
        return {}
    if given.engine != "cavi":
        raise FqtlError(
            f"--priors {given.priors} is read by the default model, of --engine cavi; found "
            f"--engine {given.engine}. Leave it out."
        )
    return {"priors": priors_for(given, {name for gene in genes for name in gene.tissues})}


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
    """Record of every gene, in the order of position."""
    for gene, cis in gene_windows(genes, donors, source, given):
        record = analyse_gene(gene, cis, settings)
        outcome = record["reason"] or f"{record['n_factors']} factors"
        log.debug("%s: %s, %s", gene.gene_id, record["status"], outcome)
        yield record
