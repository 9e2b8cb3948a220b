"""Write the report of a run.

One self-contained HTML file with figures, made of the result tables.
"""

import logging
from argparse import SUPPRESS, ArgumentParser, Namespace
from pathlib import Path

import pandas as pd

from fqtl.cli.arguments import add_out
from fqtl.release.stale_outputs import written_files
from fqtl.report.page import Results, figures, render
from fqtl.simulation.evaluation import pairs_with_truth, recovery
from fqtl.tables.files import read_tsv, write_text

log = logging.getLogger(__name__)
# what stands for the files of a set, by the folder of its format
LISTED = {"predictdb": ".db", "fusion": ".pos", "tigar": ".txt.gz", "focus": ".db"}
TABLES = {
    "genes": "genes.tsv",
    "prepared": "prepared.tsv",
    "confounders": "confounders.tsv",
    "dropped": "dropped.tsv.gz",
    "fits": "fits.tsv.gz",
    "factors": "factors.tsv.gz",
    "variants": "variants.tsv.gz",
    "tissues": "tissues.tsv.gz",
    "credible_sets": "credible_sets.tsv.gz",
    "prediction": "prediction.tsv.gz",
    "dropped_variants": "dropped_variants.tsv.gz",
    "nulls": "nulls.tsv.gz",
    "calibration": "calibration.tsv.gz",
}


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--results", type=Path, required=True, metavar="FOLDER", help="with the result tables"
    )
    parser.add_argument(
        "--weights", type=Path, nargs="+", required=True, metavar="FILE", help="from `weights`"
    )
    parser.add_argument(
        "--panel", type=Path, metavar="FOLDER", help="what `simulate` wrote, if there is"
    )
    parser.add_argument(
        "--setting", nargs=2, action="append", default=[], metavar=("NAME", "VALUE")
    )
    parser.add_argument(
        "--figures", type=Path, metavar="FOLDER", help="where each figure is written, too, as SVG"
    )
    parser.add_argument("--tidy", action="store_true", help=SUPPRESS)
    add_out(parser, "the page")


def run(given: Namespace) -> None:
    if given.tidy:
        log.warning("notice: --tidy does nothing here; `fqtl tidy` removes what other runs left")
    tables = {kind: read_tsv(given.results / name, kind) for kind, name in TABLES.items()}
    weights = pd.concat([read_tsv(path, "weights") for path in given.weights], ignore_index=True)
    pairs = simulated = None
    if given.panel is not None:
        simulated = read_tsv(given.panel / "simulated.tsv", "simulated")
        truth = read_tsv(given.panel / "truth.tsv.gz", "truth")
        pairs = pairs_with_truth(tables["prediction"], truth, simulated)
    foreign = _foreign(given.weights, given.results / "weights")
    for name in foreign:
        log.warning("weights that are not of this run: %s", name)
    results = Results(
        **tables,
        weights=weights,
        foreign_weights=foreign,
        settings=dict(given.setting),
        recovery=recovery(pairs).as_dict() if pairs is not None else None,
        pairs=pairs,
        simulated=simulated,
    )
    pictures = figures(results)
    if given.figures is not None:
        for picture in pictures:
            write_text(given.figures / f"{picture['name']}.svg", picture["svg"] + "\n")
    write_text(given.out, render(results, pictures))
    log.info("report: %s", given.out)


def _foreign(lists: list[Path], folder: Path) -> list[str]:
    """Weight files that no run is known to have written, as of a tissue no longer listed."""
    written = {path.resolve() for path in written_files(lists)}
    found = sorted(
        path for name, ending in LISTED.items() for path in (folder / name).rglob(f"*{ending}")
    )
    return [str(path) for path in found if path.resolve() not in written]
