"""Split the counts of a whole release by tissue.

One GCT with the samples of all tissues becomes a file for each tissue; the table of sample
attributes says which sample is of which tissue.
"""

import logging
from argparse import ArgumentParser, Namespace
from pathlib import Path

from fqtl.data.counts import gct_blocks
from fqtl.data.gtex_samples import gct_samples, read_tissue_of_samples
from fqtl.errors import FqtlError
from fqtl.prepare.tissue_counts import split_counts

log = logging.getLogger(__name__)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--counts", type=Path, required=True, metavar="FILE", help="GCT")
    parser.add_argument(
        "--samples", type=Path, required=True, metavar="FILE", help="with SAMPID and SMTSD"
    )
    parser.add_argument("--tissues", nargs="+", required=True, metavar="NAME")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="of TISSUE.parquet"
    )


def run(given: Namespace) -> None:
    tissue_of = read_tissue_of_samples(given.samples)
    columns: dict[Path, dict[str, int]] = {}
    samples = gct_samples(given.counts)
    tissues = [tissue_of.get(sample, "") for sample in samples]
    for tissue in given.tissues:
        chosen = {samples[i]: i for i, name in enumerate(tissues) if name == tissue}
        if not chosen:
            known = ", ".join(sorted(set(tissues) - {""})) or "none"
            raise FqtlError(
                f"No sample of {tissue} among {len(samples)} in {given.counts}; tissues there: "
                f"{known}. See tissues in the config."
            )
        columns[given.out / f"{tissue}.parquet"] = chosen
    genes = split_counts(gct_blocks(given.counts), columns)
    log.info("%d genes in %d tissues", genes, len(columns))
    dropped = len(samples) - sum(len(chosen) for chosen in columns.values())
    if dropped:
        log.info("%d of %d samples are of other tissues", dropped, len(samples))
