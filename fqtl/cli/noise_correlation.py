"""Estimate what z-scores of two tissues share where nothing acts, from weak ones of all genes.

Donors who gave several tissues make their z-scores alike. Variants are drawn from those of all
genes, the same in every tissue; see `fqtl.noise_correlation`.
"""

import logging
from argparse import ArgumentParser, Namespace
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.cli.arguments import add_out
from fqtl.model.summary.donors import noise_correlation
from fqtl.qtl.scores import ScoreStore
from fqtl.qtl.thinned import thinned
from fqtl.tables.files import text_writer

log = logging.getLogger(__name__)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--prepared", type=Path, nargs="+", required=True, metavar="FILE", help="all tissues"
    )
    add_out(parser, "table of tissues by tissues")


def run(given: Namespace) -> None:
    drawn = thinned([ScoreStore.open(path) for path in given.prepared])
    found = noise_correlation(drawn.to_numpy(dtype=float))
    table = pd.DataFrame(found, index=drawn.columns, columns=drawn.columns)
    with text_writer(given.out) as stream:
        table.rename_axis("tissue").to_csv(stream, sep="\t", float_format="%.4f")
    beside = found[~np.eye(len(found), dtype=bool)]
    log.info(
        "%d pairs of gene and variant; correlations of %d tissues from %.3f to %.3f",
        *(len(drawn), len(found), min(beside, default=0.0), max(beside, default=0.0)),
    )
