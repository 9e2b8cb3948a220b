"""Compare results with the truth that `simulate` planted.

How well tissues are ranked within genes, how many planted gene-tissue pairs are called at
PIP > 0.5, and what share of the calls is false.
"""

import logging
from argparse import ArgumentParser, Namespace
from pathlib import Path

from fqtl.cli.arguments import add_out
from fqtl.evaluate import pairs_with_truth, recovery
from fqtl.tables import read_tsv, write_json

log = logging.getLogger(__name__)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--prediction", type=Path, required=True, metavar="FILE")
    parser.add_argument(
        "--panel", type=Path, required=True, metavar="FOLDER", help="what `simulate` wrote"
    )
    add_out(parser, "the comparison, as JSON")


def run(given: Namespace) -> None:
    found = recovery(
        pairs_with_truth(
            read_tsv(given.prediction, "prediction"),
            read_tsv(given.panel / "truth.tsv.gz", "truth"),
            read_tsv(given.panel / "simulated.tsv", "simulated"),
        )
    )
    write_json(given.out, found.as_dict())
    if found.tissue_auprc is not None:
        log.info(
            "tissue AUPRC %.3f (%.3f by chance)", found.tissue_auprc, found.tissue_auprc_by_chance
        )
    log.info(
        "%d of %d planted pairs at PIP > 0.5, FDP %.3f",
        found.pairs_found,
        found.pairs_planted,
        found.false_discovery_proportion,
    )
