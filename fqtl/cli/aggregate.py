"""Put the fits of all shards together, and make tables of them.

Writes the store of all fits and, beside it, its tables as tab-separated text.
"""

import logging
from argparse import ArgumentParser, Namespace
from pathlib import Path

import pandas as pd
import pyarrow as pa

from fqtl.cli.arguments import add_out
from fqtl.errors import FqtlError
from fqtl.release.concerns import about_release
from fqtl.release.result_tables import result_tables
from fqtl.tables.files import read_parquets, read_tsv, write_parquet, write_tsv
from fqtl.tables.fits import ONLY_IN_SHARDS
from fqtl.tables.reasons import count_reasons

log = logging.getLogger(__name__)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--fits", type=Path, nargs="+", required=True, metavar="FILE", help="of all shards"
    )
    parser.add_argument(
        "--genes", type=Path, required=True, metavar="FILE", help="list that the fits must cover"
    )
    parser.add_argument(
        "--results", type=Path, required=True, metavar="FOLDER", help="where the tables go"
    )
    parser.add_argument(
        "--used",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="of fits to summary statistics, what became of their rows, as of all shards: used.tsv "
        "sums it up",
    )
    add_out(parser, "all fits, as Parquet")


def run(given: Namespace) -> None:
    parts = read_parquets(given.fits, "fits", without=ONLY_IN_SHARDS)
    builds = {about["genome_build"] for _, about in parts}
    if len(builds) > 1:
        raise FqtlError(
            f"Fits of different genome builds cannot be put together: {sorted(builds)}."
        )
    fits = pa.concat_tables([table for table, _ in parts]).combine_chunks()
    _refuse_gaps(fits, given.genes)
    names = ("genome_build", "donors", "exceedances", "source", "ld")
    about = {name: parts[0][1][name] for name in names if name in parts[0][1]}
    _refuse_failures(fits)
    write_parquet(given.out, fits, "fits", **about)
    tables = result_tables(fits, parts[0][1]["exceedances"])
    for kind, frame in tables.items():
        write_tsv(given.results / f"{kind}.tsv.gz", frame, kind)
    if given.used:
        write_tsv(given.results / "used.tsv", _summed(given.used), "used")
    for concern in about_release(fits, tables):
        log.warning("%s", concern)
    status = tables["fits"]["status"].value_counts()
    log.info(
        "%d genes (%s), %d factors",
        len(fits),
        ", ".join(f"{count} {name}" for name, count in status.items()),
        len(tables["factors"]),
    )


def _summed(paths: list[Path]) -> pd.DataFrame:
    """Rows by tissue and what became of them, over all genes."""
    parts = [pd.read_csv(path, sep="\t", keep_default_na=False) for path in paths]
    everything = pd.concat(parts, ignore_index=True)
    return everything.groupby(["tissue", "what"], sort=True)["rows"].sum().reset_index()


def _refuse_failures(fits: pa.Table) -> None:
    """A run in which no gene was fitted has no result."""
    if "fitted" not in fits["status"].to_pylist():
        reason, count = count_reasons(fits["reason"].to_pylist())[0]
        raise FqtlError(
            f"None of {len(fits)} genes was fitted; the most frequent reason, of {count} of them: "
            f"{reason.rstrip('.')}. See genotypes, prepare and model in the config."
        )


def _refuse_gaps(fits: pa.Table, genes: Path) -> None:
    """Every gene to be fitted has exactly one row."""
    listed = read_tsv(genes, "genes")
    expected = pd.Index(listed.loc[listed["reason"] == "", "gene_id"])
    found = pd.Index(fits["gene_id"].to_pandas())
    if list(found) != list(expected):
        absent, extra = expected.difference(found), found.difference(expected)
        raise FqtlError(
            f"{genes} lists {len(expected)} genes to fit, the fits hold {len(found)}: "
            f"{len(absent)} missing {list(absent[:3])}, {len(extra)} unexpected {list(extra[:3])}. "
            "Were the shards of another run mixed in? Delete the fits and run again."
        )
