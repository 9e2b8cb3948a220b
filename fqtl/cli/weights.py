"""Write the weights of tissues, or of the factors that they share, for TWAS programs.

In every format asked for, in a folder of its name, with the genes that pass cross-validation; as
PredictDB also with all genes, in `unfiltered`. A file that would hold no gene is not written,
because its readers fail on it.
"""

import logging
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

import fqtl
from fqtl.cli.arguments import add_annotation, add_filter, add_priors, limits, priors_of
from fqtl.cli.flags import add_key
from fqtl.cli.processes import add_processes, in_processes
from fqtl.data.gene_names import read_gene_names
from fqtl.errors import FqtlError
from fqtl.release.discoveries import SINGLE_TISSUE_NEEDS, SingleTissueRates, single_tissue_rates
from fqtl.tables.columns import COLUMNS
from fqtl.tables.files import read_parquet, write_tsv
from fqtl.tables.fits import CALL
from fqtl.weights.formats import said_of_fits, write_or_clear
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


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--fits", type=Path, required=True, metavar="FILE", help="all fits")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--tissue", nargs="+", metavar="NAME", help="one or several")
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
    add_processes(parser)
    parser.add_argument(
        "--folder", type=Path, required=True, metavar="FOLDER", help="has one for each format"
    )
    parser.add_argument(
        "--out",
        type=Path,
        nargs="+",
        required=True,
        metavar="FILE",
        help="what was written, as TSV; one for each tissue",
    )


def run(given: Namespace) -> None:
    names = [None] if given.factors else given.tissue
    if len(given.out) != len(names):
        raise FqtlError(
            f"--out: expected as many files as there are sets of weights ({len(names)}), found "
            f"{len(given.out)}."
        )
    needs = [*(FACTOR_NEEDS if given.factors else TISSUE_NEEDS), *SINGLE_TISSUE_NEEDS, "sex"]
    fits, about = read_parquet(given.fits, "fits", columns=needs)
    construction = {"software": f"fqtl {fqtl.__version__}"}
    wanted = limits(given)
    if given.factors:
        wanted["min_gene_pip"] = max(wanted["min_gene_pip"], CALL)
    construction |= {name: str(limit) for name, limit in wanted.items()}
    construction |= said_of_fits(about)
    choice = _Choice.of(fits, given, wanted)
    genes = None if given.annotation is None else read_gene_names(given.annotation)
    sets = _Sets(fits, about["genome_build"], genes)
    write = partial(_writer, sets, choice, construction, given)
    for _ in in_processes(write, list(zip(names, given.out, strict=True)), given.processes):
        pass


@dataclass(frozen=True)
class _Choice:
    """What a gene must have for its model to be released.

    limits : of cross-validation, probability and q
    rates : false discovery rates of genes of one tissue
    single : chromosomes of which one sex has one copy
    least : probability of an effect, by gene (None of factors, whose probability is asked to be
        above one half)
    """

    limits: dict[str, float]
    rates: SingleTissueRates
    single: set[str]
    least: "pd.Series[float] | None"

    @classmethod
    def of(cls, fits: pa.Table, given: Namespace, limits: dict[str, float]) -> "_Choice":
        by_sex = fits.filter(pc.field("sex") != "")["chrom"]
        least = None if given.factors else least_pip(fits, given.min_gene_pip, priors_of(given))
        return cls(limits, single_tissue_rates(fits), set(by_sex.to_pylist()), least)


@dataclass(frozen=True)
class _Sets:
    """Models of all tissues.

    fits : all of a release; genes : their names and types, None where nobody knows them
    """

    fits: pa.Table
    genome_build: str
    genes: pd.DataFrame | None

    def of(self, name: str | None) -> WeightSet:
        """The models of a tissue, of factors where its name is None."""
        found = (
            factor_weights(self.fits, self.genome_build)
            if name is None
            else tissue_weights(self.fits, name, self.genome_build)
        )
        return found if self.genes is None else with_gene_names(found, self.genes)


def _writer(
    sets: _Sets, choice: _Choice, construction: dict[str, str], given: Namespace
) -> Callable[[tuple[str | None, Path]], None]:
    """What writes the set of a name, and its list to a path."""

    def write(piece: tuple[str | None, Path]) -> None:
        name, out = piece
        _write(sets.of(name), choice, construction, given, out)

    return write


def _write(
    everything: WeightSet,
    choice: _Choice,
    construction: dict[str, str],
    given: Namespace,
    out: Path,
) -> None:
    """One set in every format, and the list of what was written."""
    rates, least = choice.rates, choice.least
    filtered = everything.among(passing(everything, q=rates.q, least=least, **choice.limits))
    at_any_rate = passing(everything, least=least, **{**choice.limits, "max_q": 1.0})
    left_out = len(at_any_rate) - len(filtered.genes)
    _log_left_out(rates, everything.name, left_out, given.max_q)
    if on_single := sorted(choice.single & set(everything.genes["chrom"])):
        # of dosages, weights and covariances
        construction = {**construction, "one_copy_counts_as_two_on": ", ".join(on_single)}
    sets = [(name, "filtered", filtered, given.folder / name) for name in given.formats]
    if "predictdb" in given.formats:
        place = given.folder / "predictdb" / "unfiltered"
        sets.append(("predictdb", "unfiltered", everything, place))
    rows = []
    for name, kind, weights, folder in sets:
        written = write_or_clear(name, folder, weights, {**construction, "set": kind})
        path = os.path.relpath(written, out.parent) if written else ""
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
    write_tsv(out, pd.DataFrame(rows, columns=list(COLUMNS["weights"])), "weights")


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
