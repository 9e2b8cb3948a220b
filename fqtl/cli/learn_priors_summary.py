"""Learn from a sample of genes what all fits to summary statistics know beforehand.

As `fqtl learn-priors` of individual data: the genes are fitted under the default priors, and the
table is one that `fqtl fit-summary --priors` reads.
"""

import logging
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from fqtl.cli.arguments import add_ld, add_out, add_variants, open_ld
from fqtl.cli.fit_summary import add_summary_model
from fqtl.cli.learn_priors import Outcome, Piece, sampled, write_learned
from fqtl.cli.processes import add_processes, in_processes
from fqtl.cli.progress import with_progress
from fqtl.cli.summary_data import SummaryData, measured_in, options_of
from fqtl.gene.sample import sample_of
from fqtl.gene.summary import analyse_summary
from fqtl.model.learn_priors import Seen
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
    add_processes(parser)
    add_out(parser, "table of priors")


def run(given: Namespace) -> None:
    mine = {path: read_summary_shard(path).genes["gene_id"].tolist() for path in given.shards}
    everything = [gene for genes in mine.values() for gene in genes]
    sample = sample_of(everything, given.sample, given.seed)
    looked_at = in_processes(partial(_look, given), sampled(mine, sample), given.processes)
    genes = chain.from_iterable(looked_at)
    write_learned(given.out, list(with_progress(genes, len(sample), lambda one: one.failure)))


def _look(given: Namespace) -> Callable[[Piece], list[Outcome]]:
    """What says of the genes of a shard what their fits say; LD is opened once."""
    source = open_ld(given)

    def work(piece: Piece) -> list[Outcome]:
        path, wanted = piece
        data = SummaryData.of_shard(path, given.prepared, set(wanted))
        options: dict[str, Any] = options_of(given, data.tissues)
        seen = []
        for gene, cis, found in data.with_ld(source, given):
            one, z, n, own = measured_in(gene, found, options)
            record, fit, _ = analyse_summary(one, cis, z, n, own, min_pip=1.0)
            failure = record["reason"] if record["status"] == "failed" else ""
            seen.append(Outcome(None if fit is None else Seen.of(fit, one.tissues), failure))
        return seen

    return work
