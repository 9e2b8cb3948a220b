"""Write the weights of one tissue, or of the factors that tissues share, for TWAS programs.

In every format asked for, in a folder of its name, with the genes that pass cross-validation; as
PredictDB also with all genes, in `unfiltered`. A file that would hold no gene is not written,
because its readers fail on it.
"""

import logging
import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

import pandas as pd
import pyarrow.compute as pc

import fqtl
from fqtl.cli.arguments import add_annotation, add_filter, add_out, add_priors, limits, priors_of
from fqtl.cli.flags import add_key
from fqtl.data.gene_names import read_gene_names
from fqtl.release.discoveries import SINGLE_TISSUE_NEEDS, SingleTissueRates, single_tissue_rates
from fqtl.tables.columns import COLUMNS
from fqtl.tables.files import read_parquet, write_tsv
from fqtl.tables.fits import CALL
from fqtl.weights.formats import write_or_clear
from fqtl.weights.from_fits import (
    FACTOR_NEEDS,
    TISSUE_NEEDS,
    factor_weights,
    tissue_weights,
    with_gene_names,
)
from fqtl.weights.least_pip import least_pip
from fqtl.weights.weight_set import WeightSet, passing

log = logging.getLogger(__name__)
# what weight files say beside their numbers, by what fits are to
SOURCES = {
    "summary statistics": {
        "fitted_to": "summary statistics, with LD of a panel",
        "performance": "pseudo-validation: z-scores of made-up parts of the people; no donors",
    }
}


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--fits", type=Path, required=True, metavar="FILE", help="all fits")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--tissue", metavar="NAME")
    which.add_argument(
        "--factors",
        action="store_true",
        help="a model for each factor of each gene; its probability must be above one half, and "
        "a tissue that it acts in must pass the filter",
    )
    add_filter(parser)
    add_priors(parser)
    add_annotation(parser)
    add_key(parser, "weights.formats")
    parser.add_argument(
        "--folder", type=Path, required=True, metavar="FOLDER", help="has one for each format"
    )
    add_out(parser, "what was written, as TSV")


def run(given: Namespace) -> None:
    everything, rates, single, least, source = _weights(given)
    wanted = limits(given)
    if given.factors:
        wanted["min_gene_pip"] = max(wanted["min_gene_pip"], CALL)
    filtered = everything.among(passing(everything, q=rates.q, least=least, **wanted))
    at_any_rate = passing(everything, least=least, **{**wanted, "max_q": 1.0})
    left_out = len(at_any_rate) - len(filtered.genes)
    _log_left_out(rates, everything.name, left_out, given.max_q)
    construction = {
        "software": f"fqtl {fqtl.__version__}",
        **{name: str(limit) for name, limit in wanted.items()},
    }
    construction |= SOURCES.get(source, {})
    if on_single := sorted(single & set(everything.genes["chrom"])):
        # of dosages, weights and covariances
        construction["one_copy_counts_as_two_on"] = ", ".join(on_single)
    sets = [(name, "filtered", filtered, given.folder / name) for name in given.formats]
    if "predictdb" in given.formats:
        place = given.folder / "predictdb" / "unfiltered"
        sets.append(("predictdb", "unfiltered", everything, place))
    rows = []
    for name, kind, weights, folder in sets:
        written = write_or_clear(name, folder, weights, {**construction, "set": kind})
        path = os.path.relpath(written, given.out.parent) if written else ""
        rows.append(
            {
                "tissue": weights.name,
                "set": kind,
                "format": name,
                "genes": len(weights.genes),
                "variants": len(weights.variants),
                "filtered_out": len(everything.genes) - len(weights.genes),
                "path": path,
            }
        )
        log.info("%s, %s, %s: %d genes %s", weights.name, kind, name, len(weights.genes), path)
    write_tsv(given.out, pd.DataFrame(rows, columns=list(COLUMNS["weights"])), "weights")


def _log_left_out(rates: SingleTissueRates, name: str, left_out: int, max_q: float) -> None:
    """Say what a false discovery rate left out, and whether it could have been met."""
    if left_out:
        log.info("%s: %d genes have q above %g", name, left_out, max_q)
    if left_out and rates.smallest > max_q:
        log.warning(
            "%s: %d permuted fits of %d genes of one tissue show no q below %.2g, so that no gene "
            "passes weights.max_q: %g. Set calibration.permutations to %d or more",
            name,
            rates.permuted,
            len(rates.q),
            rates.smallest,
            max_q,
            rates.enough(max_q),
        )


def _weights(
    given: Namespace,
) -> tuple[WeightSet, SingleTissueRates, set[str], "pd.Series[float] | None", str]:
    """The set, false discovery rates, chromosomes of which one sex has one copy, `least_pip` of
    genes (not of factors, whose probability is asked to be above one half), and what fits are to.
    """
    needs = [*(FACTOR_NEEDS if given.factors else TISSUE_NEEDS), *SINGLE_TISSUE_NEEDS, "sex"]
    fits, about = read_parquet(given.fits, "fits", columns=needs)
    build = about["genome_build"]
    found = (
        factor_weights(fits, build) if given.factors else tissue_weights(fits, given.tissue, build)
    )
    if given.annotation is not None:
        found = with_gene_names(found, read_gene_names(given.annotation))
    by_sex = fits.filter(pc.field("sex") != "")["chrom"]
    least = None if given.factors else least_pip(fits, given.min_gene_pip, priors_of(given))
    source = about.get("source", "")
    return found, single_tissue_rates(fits), set(by_sex.to_pylist()), least, source
