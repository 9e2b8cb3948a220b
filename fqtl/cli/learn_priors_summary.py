"""Learn from a sample of genes what all fits to summary statistics know beforehand.

As `fqtl learn-priors` of individual data: the genes are fitted under the default priors, and the
table is one that `fqtl fit-summary --priors` reads.
"""

import logging
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fqtl.cli.arguments import add_ld, add_out, add_variants, open_ld
from fqtl.cli.fit_summary import add_summary_model
from fqtl.cli.learn_priors import Outcome, write_learned
from fqtl.cli.progress import with_progress
from fqtl.cli.summary_data import SummaryData, measured_in, options_of
from fqtl.gene.sample import sample_of
from fqtl.gene.summary import analyse_summary
from fqtl.model.learn_priors import Seen
from fqtl.qtl.ld_source import LDSource
from fqtl.qtl.shard_file import read_summary_shard

log = logging.getLogger(__name__)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--shards", type=Path, nargs="+", required=True, metavar="FILE", help="genes of all shards"
    )
    parser.add_argument(
        "--prepared", type=Path, nargs="+", required=True, metavar="FILE", help="all tissues"
    )
    parser.add_argument(
        "--sample", type=int, default=200, metavar="N", help="genes that are fitted, at the most"
    )
    add_ld(parser)
    add_variants(parser)
    add_summary_model(parser)
    add_out(parser, "table of priors")


def run(given: Namespace) -> None:
    source = open_ld(given)
    mine = {path: read_summary_shard(path).genes["gene_id"].tolist() for path in given.shards}
    everything = [gene for genes in mine.values() for gene in genes]
    sample = sample_of(everything, given.sample, given.seed)
    looked_at = _all_seen(mine, set(sample), source, given)
    seen = list(with_progress(looked_at, len(sample), lambda one: one.failure))
    write_learned(given.out, seen)


def _all_seen(
    mine: dict[Path, list[str]], sample: set[str], source: LDSource, given: Namespace
) -> Iterator[Outcome]:
    """What the fit of each gene of the sample says."""
    for path, genes in mine.items():
        wanted = sample.intersection(genes)
        if not wanted:
            continue
        data = SummaryData.of_shard(path, given.prepared, wanted)
        options: dict[str, Any] = options_of(given, data.tissues)
        for gene, cis, found in data.with_ld(source, given):
            one, z, n, own = measured_in(gene, found, options)
            record, fit, _ = analyse_summary(one, cis, z, n, own, min_pip=1.0)
            failure = record["reason"] if record["status"] == "failed" else ""
            yield Outcome(None if fit is None else Seen.of(fit), failure)
