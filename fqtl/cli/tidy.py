"""Remove what runs of another config left among the results of this one.

Weights and prepared expression of tissues and formats that this run does not have, and lists of
them; programs that loop over a folder would read them as of this run. What no run made is nobody's
to remove.
"""

import logging
import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

import pandas as pd

from fqtl.cli.arguments import add_out
from fqtl.release.stale_outputs import remove, stale_outputs
from fqtl.tables.columns import COLUMNS
from fqtl.tables.files import read_tsv, write_tsv

log = logging.getLogger(__name__)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--results", type=Path, required=True, metavar="FOLDER", help="with the results"
    )
    parser.add_argument(
        "--weights",
        type=Path,
        nargs="+",
        required=True,
        metavar="FILE",
        help="lists of all weights that this run wrote",
    )
    parser.add_argument(
        "--prepared", type=Path, required=True, metavar="FILE", help="table of its tissues"
    )
    add_out(parser, "what was removed, as TSV")


def run(given: Namespace) -> None:
    tissues = read_tsv(given.prepared, "prepared")["tissue"].tolist()
    left = stale_outputs(given.results, given.weights, tissues)
    rows = [os.path.relpath(path, given.results) for path in left]
    count = remove(left, given.results)
    write_tsv(given.out, pd.DataFrame(rows, columns=list(COLUMNS["removed"])), "removed")
    log.info("%d files of other runs removed%s", count, f", the first {left[0]}" if left else "")
