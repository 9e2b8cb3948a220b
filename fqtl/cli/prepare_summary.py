"""Put the summary statistics of one tissue in an order in which a gene is found at once.

The file goes by once, in batches; rows of the genes that are listed are kept, with the number of
people behind each. Alleles are compared with those of the panel when genes are fitted.
"""

import logging
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from fqtl.cli.arguments import add_out
from fqtl.data.summary_sheet import TissueFile
from fqtl.errors import FqtlError
from fqtl.qtl.genes import digest_of, gene_chromosomes, keys_of, read_genes
from fqtl.qtl.reader import open_pairs
from fqtl.qtl.scores import write_scores

log = logging.getLogger(__name__)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--tissue", required=True, metavar="NAME", help="the tissue")
    parser.add_argument(
        "--file",
        type=Path,
        required=True,
        metavar="FILE",
        help="its summary statistics; with {chrom} in the name, one file of each chromosome",
    )
    parser.add_argument(
        "--people", type=float, metavar="N", help="people behind them, where the file does not tell"
    )
    parser.add_argument(
        "--columns",
        default="",
        metavar="MAP",
        help="what its columns mean, as 'gene=phenotype variant=id beta=b se=s', where its format "
        "is none that is known",
    )
    add_genes(parser)
    add_out(parser, "z-scores in the order of the genes, as Parquet")


def add_genes(parser: ArgumentParser) -> None:
    """The list of genes."""
    parser.add_argument(
        "--genes",
        type=Path,
        required=True,
        metavar="FILE",
        help="genes to be fitted: a BED (#chr, start, end, gene_id, the end being the start site, "
        "as in BEDs of expression) or a GTF",
    )


def run(given: Namespace) -> None:
    one = TissueFile(given.tissue, given.file, given.people, given.columns)
    genes = read_genes(given.genes)
    layout, parts = open_pairs(
        one.file, keys_of(genes), one.columns, chromosomes=gene_chromosomes(genes)
    )
    counts = [0, 0]
    write_scores(
        given.out,
        _told(parts, one, counts),
        tissue=one.tissue,
        file=str(one.file),
        layout=layout,
        genes=digest_of(genes),
    )
    log.info("%s: %d of %d rows are of listed genes (%s)", one.file, counts[1], counts[0], layout)


def _told(
    parts: Iterator[tuple[int, pd.DataFrame]], one: TissueFile, counts: list[int]
) -> Iterator[pd.DataFrame]:
    """Rows with the number of people; `counts` grows by those of the file and those kept."""
    for rows, part in parts:
        counts[0] += rows
        counts[1] += len(part)
        yield with_people(part, one)
    if not counts[1]:
        raise FqtlError(
            f"{one.file}: none of {counts[0]} rows is of a gene of the list. Does it name genes in "
            "another way? See summary_statistics.genes in the config."
        )


def with_people(rows: pd.DataFrame, one: TissueFile) -> pd.DataFrame:
    """Rows with n of the sheet where the file tells none; refused where neither does."""
    silent = rows["n"].isna()
    if not silent.any():
        return rows
    if one.n is None:
        raise FqtlError(
            f"{one.file} does not tell how many people are behind its z-scores "
            f"({int(silent.sum())} of {len(rows)} rows): give n of {one.tissue} in the sheet."
        )
    return rows.assign(n=rows["n"].fillna(one.n))
