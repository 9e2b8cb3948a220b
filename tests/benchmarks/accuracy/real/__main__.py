"""Measure what is missing on real genes, and write docs/accuracy-real.md.

    python -m tests.benchmarks.accuracy.real --chr22 FOLDER [--mouse FILE] [--genes 100]
        [--processes 2] [--settings mouse ...] [--methods joint ...] [--searches joint ...]

Every piece is kept in results/accuracy-real and not measured twice: a run can be stopped and goes
on where it was. To measure a method anew, remove its folders there or give another by `--keep`;
`--before` puts the joint model of what was kept there beside that of now.
"""

import argparse
import os
import time
from pathlib import Path

from fqtl.errors import FqtlError
from fqtl.tables.files import write_text
from tests.benchmarks.accuracy.real import tables
from tests.benchmarks.accuracy.real.methods import METHODS
from tests.benchmarks.accuracy.real.page import page
from tests.benchmarks.accuracy.real.search import SEARCHES
from tests.benchmarks.accuracy.real.settings import SETTINGS
from tests.benchmarks.accuracy.real.work import measure_all, pieces, read_sources

ROOT = Path(__file__).parent.parent.parent.parent.parent


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.accuracy.real")
    parser.add_argument("--chr22", type=Path, help="folder with the files of qtltools-example")
    parser.add_argument("--mouse", type=Path, help="arrays of the intercross (see data.py)")
    parser.add_argument("--genes", type=int, default=100, help="of each setting")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--methods", nargs="*", choices=METHODS, default=list(METHODS))
    parser.add_argument("--searches", nargs="*", choices=SEARCHES, default=list(SEARCHES))
    parser.add_argument("--keep", type=Path, default=ROOT / "results" / "accuracy-real")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "accuracy-real.md")
    parser.add_argument("--before", type=Path, help="what was kept of an earlier version")
    parser.add_argument("--rewrite", action="store_true", help="measure nothing anew")
    return parser.parse_args()


def measure(given: argparse.Namespace) -> None:
    """Everything that was asked for and whose data there are."""
    paths = {name: getattr(given, name) for name in ("chr22", "mouse") if getattr(given, name)}
    if not paths:
        raise FqtlError("No data: give --chr22, --mouse or both.")
    settings = [name for name in given.settings if SETTINGS[name].source in paths]
    names = {name: source.names for name, source in read_sources(paths).items()}
    todo = list(pieces(settings, given.methods, given.searches, names, given.genes))
    started = time.monotonic()
    for number, piece in enumerate(measure_all(todo, paths, given.keep, given.processes), 1):
        passed = time.monotonic() - started
        print(
            f"{passed:.0f} s, {number}: {piece.setting}, {piece.method}, {piece.gene}", flush=True
        )


def main() -> None:
    given = arguments()
    if not given.rewrite:
        measure(given)
    predicted, found = tables.predictions(given.keep), tables.discoveries(given.keep)
    if given.before:
        predicted = tables.with_earlier(predicted, tables.predictions(given.before))
        found = tables.with_earlier(found, tables.discoveries(given.before))
    write_text(given.out, page(predicted, found))


if __name__ == "__main__":
    main()
