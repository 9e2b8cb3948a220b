"""Write what TWAS programs need of all tissues together.

For S-MultiXcan, the covariance of the variants that a gene has in any tissue, by rsid and by varID;
for FOCUS, one db with the models of all tissues that pass the filter.
"""

import logging
import os
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from fqtl.cli.arguments import add_annotation, add_filter, add_out, add_priors, limits, priors_of
from fqtl.cli.flags import add_key
from fqtl.data.gene_names import read_gene_names
from fqtl.release.discoveries import SINGLE_TISSUE_NEEDS, single_tissue_rates
from fqtl.tables.columns import COLUMNS
from fqtl.tables.files import read_parquet, write_tsv
from fqtl.weights.covariance import write_covariance
from fqtl.weights.focus import write_focus
from fqtl.weights.formats import clear, said_of_fits
from fqtl.weights.from_fits import (
    ALL_TISSUES,
    TISSUE_NEEDS,
    joint_variants,
    tissue_weights,
    with_gene_names,
)
from fqtl.weights.least_pip import least_pip
from fqtl.weights.weight_set import WeightSet, passing

log = logging.getLogger(__name__)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--fits", type=Path, required=True, metavar="FILE", help="all fits")
    parser.add_argument("--tissues", nargs="+", required=True, metavar="NAME")
    add_filter(parser)
    add_priors(parser)
    add_annotation(parser)
    add_key(parser, "weights.formats", choices=["predictdb", "focus"], help="files to write")
    parser.add_argument(
        "--folder", type=Path, required=True, metavar="FOLDER", help="has one for each format"
    )
    add_out(parser, "what was written, as TSV")


def run(given: Namespace) -> None:
    fits, about = read_parquet(given.fits, "fits", columns=[*TISSUE_NEEDS, *SINGLE_TISSUE_NEEDS])
    write = {"predictdb": _write_covariances, "focus": _write_models}
    rows = []
    for name in given.formats:
        counts: Counter[str] = Counter(genes=0, variants=0, filtered_out=0)
        path = write[name](given, fits, about, counts)
        place = os.path.relpath(path, given.out.parent) if counts["genes"] else ""
        kind = "joint" if name == "predictdb" else "filtered"
        rows.append({"tissue": "*", "set": kind, "format": name, "path": place, **counts})
        log.info("%s, all tissues: %d genes %s", name, counts["genes"], place)
    write_tsv(given.out, pd.DataFrame(rows, columns=list(COLUMNS["weights"])), "weights")


def _write_covariances(
    given: Namespace, fits: pa.Table, about: dict[str, Any], counts: "Counter[str]"
) -> Path:
    """Covariances over all tissues; the file that goes by rsid."""
    union = joint_variants(fits, about["genome_build"])
    _count(counts, union)
    folder, name = given.folder / "predictdb", f"{union.name}.txt.gz"
    paths = [folder / name, folder / "varid" / name]
    if counts["genes"]:
        write_covariance(paths[0], union, "rsid")
        write_covariance(paths[1], union, "varID")
    else:
        clear(paths)
    return paths[0]


def _write_models(
    given: Namespace, fits: pa.Table, about: dict[str, Any], counts: "Counter[str]"
) -> Path:
    """Models of all tissues in one db, of which a tissue is in memory at a time."""
    path = given.folder / "focus" / f"{ALL_TISSUES}.db"
    sets = _filtered(given, fits, about["genome_build"], counts)
    first = next(sets, None)
    if first is None:
        clear([path])
    else:
        source = said_of_fits(about)
        write_focus(path, chain([first], sets), source)
    return path


def _filtered(
    given: Namespace, fits: pa.Table, build: str, counts: "Counter[str]"
) -> Iterator[WeightSet]:
    """The models of each tissue that pass the filter, where there are any."""
    names = None if given.annotation is None else read_gene_names(given.annotation)
    q, least = single_tissue_rates(fits).q, least_pip(fits, given.min_gene_pip, priors_of(given))
    for tissue in given.tissues:
        everything = tissue_weights(fits, tissue, build)
        filtered = everything.among(passing(everything, q=q, least=least, **limits(given)))
        counts["filtered_out"] += len(everything.genes) - len(filtered.genes)
        _count(counts, filtered)
        if len(filtered.variants):
            yield filtered if names is None else with_gene_names(filtered, names)


def _count(counts: "Counter[str]", weights: WeightSet) -> None:
    counts["genes"] += len(weights.genes)
    counts["variants"] += len(weights.variants)
