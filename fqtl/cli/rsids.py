"""Keep a lookup table of rs numbers so that regions of it are found at once.

Reads a table with the columns chr, pos, ref, alt and rsid, as GTEx releases one (of any size: a
part is in memory at a time), and writes those of its variants that have an rs number.
"""

import logging
from argparse import ArgumentParser, Namespace
from pathlib import Path

from fqtl.cli.arguments import add_out
from fqtl.cli.flags import add_key
from fqtl.data.rsid_store import write_rsids
from fqtl.data.rsids import read_lookup

log = logging.getLogger(__name__)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--table", type=Path, required=True, metavar="FILE", help="plain or gzipped text"
    )
    add_key(parser, "genome_build", required=True, default=None, help="of its positions")
    add_out(parser, "the variants, as Parquet")


def run(given: Namespace) -> None:
    count = write_rsids(given.out, read_lookup(given.table, given.genome_build), given.genome_build)
    log.info("%d variants with rs numbers", count)
