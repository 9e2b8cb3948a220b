"""Make a page for a gene, or a gallery of the strongest genes of a run.

A page shows where the effects of the gene are, credible sets, loadings of tissues, prediction of
donors held out, weights, and its association with traits that were tested.

    fqtl plot gene ENSG00000100321 --results results/demo --out gene.html
    fqtl plot gene --top 50 --results results/demo --out results/demo/genes
"""

import logging
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd

from fqtl.cli.arguments import add_only_traits
from fqtl.cli.processes import add_processes, in_processes
from fqtl.data.annotation import read_gene_models
from fqtl.errors import FqtlError
from fqtl.report import gene_page
from fqtl.report.blocks import Links, Section, Text
from fqtl.report.gene_record import (
    Found,
    named,
    read_fits,
    read_found,
    read_records,
    stores_of,
    strongest,
)
from fqtl.report.page import render
from fqtl.tables.files import write_text

log = logging.getLogger(__name__)
Piece = tuple[Path, list[str]]  # a store of fits, and genes of it
BACK = "../report.html"  # of pages in a folder below the results
NO_MODELS = pd.DataFrame(
    {
        "chrom": pd.Series(dtype=str),
        "feature": pd.Series(dtype=str),
        "start": pd.Series(dtype=int),
        "end": pd.Series(dtype=int),
        "strand": pd.Series(dtype=str),
        "gene_id": pd.Series(dtype=str),
        "gene_name": pd.Series(dtype=str),
    }
)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "genes", nargs="*", metavar="GENE", help="id of a gene, with or without its version"
    )
    parser.add_argument(
        "--results", type=Path, required=True, metavar="FOLDER", help="results of a run"
    )
    parser.add_argument(
        "--top", type=int, metavar="N", help="the N genes of smallest q, in place of names"
    )
    parser.add_argument(
        "--annotation", type=Path, metavar="GTF", help="genes to be drawn along the chromosome"
    )
    add_only_traits(parser)
    add_processes(parser)
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="PATH",
        help="the page of one gene (.html), or a folder for pages of several and their index; the "
        "report links to pages in the folder genes/ of the results",
    )


def run(given: Namespace) -> None:
    if bool(given.genes) == (given.top is not None):
        raise FqtlError("Expected either names of genes or --top N.")
    if given.top is not None and given.top < 1:
        raise FqtlError(f"--top: expected a number of genes of at least 1, found {given.top}.")
    fits = read_fits(given.results)
    genes = named(fits, given.genes) if given.genes else strongest(fits, given.top)
    single = given.out.suffix == ".html"
    if single and len(genes) != 1:
        raise FqtlError(f"--out {given.out} is one page; {len(genes)} genes need a folder.")
    found = read_found(given.results, fits, given.traits)
    models = read_gene_models(given.annotation) if given.annotation else NO_MODELS
    stores = list(stores_of(given.results, genes).items())
    for _ in in_processes(partial(_writer, given.out, found, models), stores, given.processes):
        pass
    if not single:
        write_text(given.out / "index.html", _index(genes))
    log.info("%d genes: %s", len(genes), given.out)


def _writer(out: Path, found: Found, models: pd.DataFrame) -> Callable[[Piece], None]:
    """What writes the pages of some genes of one store."""
    single = out.suffix == ".html"

    def write(piece: Piece) -> None:
        for record in read_records(*piece, found):
            title, parts = gene_page.title(record, models), gene_page.sections(record, models)
            page = render(title, parts, back="" if single else BACK, embed=True)
            write_text(out if single else out / f"{record.gene_id}.html", page)

    return write


def _index(genes: list[str]) -> str:
    """The list of the pages of a folder, the strongest gene first."""
    if genes:
        links = [(gene, f"{gene}.html") for gene in genes]
        block: Links | Text = Links("In the order asked for, or of q:", links)
    else:
        block = Text("No gene was fitted.")
    return render(f"{len(genes):,} genes", [Section("genes", "Genes", [block])], back=BACK)
