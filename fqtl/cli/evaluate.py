"""Compare results with the truth that `simulate` wrote.

How well tissues are ranked within genes, how many simulated gene-tissue pairs are called at
PIP > 0.5, what share of the calls is false, and what false discovery rates promise.
"""

import logging
from argparse import ArgumentParser, Namespace
from pathlib import Path

from fqtl.cli.arguments import add_out
from fqtl.simulation.evaluation import compared, pairs_with_truth, recovery
from fqtl.tables.files import read_tsv, write_json

log = logging.getLogger(__name__)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--prediction", type=Path, required=True, metavar="FILE")
    parser.add_argument("--fits", type=Path, required=True, metavar="FILE", help="its table")
    parser.add_argument(
        "--panel", type=Path, required=True, metavar="FOLDER", help="what `simulate` wrote"
    )
    add_out(parser, "the comparison, as JSON")


def run(given: Namespace) -> None:
    simulated = read_tsv(given.panel / "simulated.tsv", "simulated")
    truth = read_tsv(given.panel / "truth.tsv.gz", "truth")
    pairs = pairs_with_truth(read_tsv(given.prediction, "prediction"), truth, simulated)
    found = recovery(pairs)
    rates = compared(read_tsv(given.fits, "fits"), pairs, simulated)
    listed = {name: rows.to_dict(orient="records") for name, rows in rates.items()}
    write_json(given.out, {**found.as_dict(), "false_discoveries": listed})
    if found.tissue_auprc is not None:
        log.info(
            "tissue AUPRC %.3f (%.3f by chance)", found.tissue_auprc, found.tissue_auprc_by_chance
        )
    log.info(
        "%d of %d simulated pairs at PIP > 0.5, FDP %.3f",
        found.pairs_found,
        found.pairs_simulated,
        found.false_discovery_proportion,
    )
    for name, rows in rates.items():
        for row in rows.itertuples():
            log.info(
                "%s at a promised FDR of %g: %d, FDP %.3f",
                name,
                row.promised,
                row.found,
                row.false,
            )
