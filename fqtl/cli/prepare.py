"""Make the expression of one tissue ready for the model.

Donors without genotypes or covariates are left out; each gene is made normal by its ranks if asked;
covariates are regressed out; the residuals are standardised.
"""

import logging
from argparse import ArgumentParser, Namespace
from pathlib import Path

from fqtl.cli.arguments import add_genotypes, add_min_samples, add_out
from fqtl.data.covariates import read_covariates
from fqtl.data.expression import read_expression
from fqtl.data.genotypes import open_genotypes
from fqtl.data.samples import require_shared
from fqtl.expression_store import write_prepared
from fqtl.prepare.tissue import prepare_tissue

log = logging.getLogger(__name__)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--tissue", required=True, metavar="NAME")
    parser.add_argument("--expression", type=Path, required=True, metavar="FILE", help="BED")
    parser.add_argument("--covariates", type=Path, metavar="FILE", help="rows are covariates")
    parser.add_argument(
        "--inverse-normal", action="store_true", help="replace values by quantiles of their ranks"
    )
    add_min_samples(parser)
    add_genotypes(parser)
    add_out(parser, "prepared expression, as Parquet")


def run(given: Namespace) -> None:
    source = open_genotypes(given.genotypes, given.genome_build, given.field)
    expression = read_expression(given.expression)
    require_shared(given.genotypes, source.samples, given.expression, expression.samples)
    covariates = read_covariates(given.covariates) if given.covariates else None
    if covariates is not None:
        require_shared(given.expression, expression.samples, given.covariates, covariates.samples)
    prepared = prepare_tissue(
        expression,
        covariates,
        source.samples,
        normalise_ranks=given.inverse_normal,
        min_samples=given.min_samples,
    )
    write_prepared(given.out, given.tissue, prepared)
    if prepared.reason:
        log.warning("%s is left out: %s", given.tissue, prepared.reason)
    else:
        kept = int((prepared.genes["reason"] == "").sum())
        log.info(
            "%s: %d genes (%d dropped), %d donors, %d covariates regressed out",
            given.tissue,
            kept,
            len(prepared.genes) - kept,
            len(prepared.samples),
            prepared.covariates,
        )
