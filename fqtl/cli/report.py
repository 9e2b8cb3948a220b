"""Write the report of a run.

One self-contained HTML file with figures and a table of all genes, made of the result tables. What
`fqtl twas` wrote below twas/ and `fqtl plot gene` below genes/ of the results is in it, too.
"""

import logging
import os
from argparse import SUPPRESS, ArgumentParser, Namespace
from pathlib import Path

from fqtl.cli.arguments import add_only_traits, add_out
from fqtl.cli.flags import add_key
from fqtl.report.blocks import Figure
from fqtl.report.page import figures, headline, render, sections
from fqtl.report.results import read_results
from fqtl.tables.files import write_text

log = logging.getLogger(__name__)


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
        "--figures",
        type=Path,
        metavar="FOLDER",
        help="where each figure is written, too, as SVG, and its numbers as a table",
    )
    add_only_traits(parser)
    add_key(parser, "report.loci", metavar="N")
    parser.add_argument(
        "--annotation", type=Path, metavar="GTF", help="genes to be drawn in these blocks"
    )
    parser.add_argument(
        "--no-gene-pages",
        dest="gene_pages",
        action="store_false",
        help="the run has made none: those of an earlier run are not linked",
    )
    parser.add_argument("--tidy", action="store_true", help=SUPPRESS)
    add_out(parser, "the page")


def run(given: Namespace) -> None:
    if given.tidy:
        log.warning("notice: --tidy does nothing here; `fqtl tidy` removes what other runs left")
    results = read_results(
        given.results,
        given.weights,
        dict(given.setting),
        given.panel,
        only_traits=given.traits,
        gene_pages=given.gene_pages,
        loci=given.loci,
        annotation=given.annotation,
    )
    for name in results.foreign_weights:
        log.warning("weights that are not of this run: %s", name)
    parts = sections(results)
    data = None
    if given.figures is not None:
        for figure in figures(parts):
            _write_figure(given.figures, figure)
        data = Path(os.path.relpath(given.figures, given.out.parent)).as_posix()
    write_text(given.out, render(headline(results), parts, data))
    log.info("report: %s", given.out)


def _write_figure(folder: Path, figure: Figure) -> None:
    """The drawing, and its numbers."""
    write_text(folder / f"{figure.name}.svg", figure.svg + "\n")
    write_text(folder / f"{figure.name}.tsv", figure.tsv)
