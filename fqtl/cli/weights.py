"""Write the weights of one tissue for TWAS programs.

PredictDB with its covariances, once with the genes that pass cross-validation and once with all. A
file that would hold no gene is not written, because its readers fail on it.
"""

import logging
import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

import pandas as pd

import fqtl
from fqtl.cli.arguments import add_out
from fqtl.tables import COLUMNS, read_parquet, write_tsv
from fqtl.weights.from_fits import TISSUE_NEEDS, tissue_weights
from fqtl.weights.predictdb import predictdb_files, write_predictdb
from fqtl.weights.weight_set import WeightSet, passing

log = logging.getLogger(__name__)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--fits", type=Path, required=True, metavar="FILE", help="all fits")
    parser.add_argument("--tissue", required=True, metavar="NAME")
    parser.add_argument(
        "--min-cv-r", type=float, default=0.1, metavar="R", help="cross-validated correlation [0.1]"
    )
    parser.add_argument(
        "--max-cv-p", type=float, default=0.05, metavar="P", help="its p-value [0.05]"
    )
    parser.add_argument(
        "--min-gene-pip",
        type=float,
        default=0.1,
        metavar="P",
        help="probability that the gene has any effect in the tissue [0.1]",
    )
    parser.add_argument("--predictdb", type=Path, required=True, metavar="FOLDER")
    add_out(parser, "what was written, as TSV")


def run(given: Namespace) -> None:
    fits, about = read_parquet(given.fits, "fits", columns=TISSUE_NEEDS)
    everything = tissue_weights(fits, given.tissue, about["genome_build"])
    limits = {
        "min_cv_r": given.min_cv_r,
        "max_cv_p": given.max_cv_p,
        "min_gene_pip": given.min_gene_pip,
    }
    filtered = everything.among(passing(everything, **limits))
    construction = {
        "software": f"fqtl {fqtl.__version__}",
        **{name: str(limit) for name, limit in limits.items()},
    }
    rows = []
    for name, model, folder in (
        ("filtered", filtered, given.predictdb),
        ("unfiltered", everything, given.predictdb / "unfiltered"),
    ):
        written = _write(folder, model, {**construction, "set": name})
        path = os.path.relpath(written, given.out.parent) if written else ""
        rows.append(
            {
                "tissue": given.tissue,
                "set": name,
                "genes": len(model.genes),
                "variants": len(model.variants),
                "filtered_out": len(everything.genes) - len(model.genes),
                "path": path,
            }
        )
        log.info("%s, %s: %d genes %s", given.tissue, name, len(model.genes), path)
    write_tsv(given.out, pd.DataFrame(rows, columns=list(COLUMNS["weights"])), "weights")


def _write(folder: Path, model: WeightSet, construction: dict[str, str]) -> Path | None:
    """The file; none, and none left of an earlier run, where there is no gene for it."""
    if len(model.variants):
        return write_predictdb(folder, model, construction)
    for path in predictdb_files(folder, model.name):
        path.unlink(missing_ok=True)
    return None
