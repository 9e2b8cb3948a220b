"""Learn from a sample of genes what all fits of a release know beforehand.

Fits the genes as `fqtl fit` does by default, without permuted fits and cross-validation, and writes
a small table that `fqtl fit --priors` reads. The sample depends on the names of the genes and the
seed alone, and the table on the sample alone.
"""

import logging
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from fqtl.cli.arguments import (
    add_donor_covariates,
    add_genotypes,
    add_out,
    add_variants,
    open_filtered,
)
from fqtl.cli.processes import add_processes, in_processes
from fqtl.cli.progress import with_progress
from fqtl.cli.shard_data import (
    add_model,
    covariates_of,
    gene_windows,
    is_male_of,
    model_of,
    refuse_other_values,
)
from fqtl.data.dosages import Genotypes
from fqtl.data.gene import GeneData
from fqtl.errors import FqtlError
from fqtl.gene.analysis import fit_gene
from fqtl.gene.measured import of_measured
from fqtl.gene.sample import sample_of
from fqtl.gene.settings import Settings
from fqtl.model.learn_priors import Seen, priors_of
from fqtl.model.priors.priors_table import table_rows
from fqtl.shards.shard_file import gene_ids, read_shard
from fqtl.tables.files import write_tsv

log = logging.getLogger(__name__)
Piece = tuple[Path, list[str]]  # a shard, and its genes that are wanted


class Outcome(NamedTuple):
    """What the fit of a gene says; None where there is none, and why it failed if it did."""

    seen: Seen | None
    failure: str = ""


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--shards",
        type=Path,
        nargs="+",
        required=True,
        metavar="FILE",
        help="expression of the genes of all shards",
    )
    parser.add_argument(
        "--genes", type=int, default=200, metavar="N", help="genes that are fitted, at the most"
    )
    add_genotypes(parser)
    add_variants(parser)
    add_model(parser)
    add_donor_covariates(parser)
    add_processes(parser)
    add_out(parser, "table of priors")


def run(given: Namespace) -> None:
    if given.genes < 1:
        raise FqtlError(f"--genes must be at least 1, found {given.genes}.")
    mine = {path: gene_ids(path) for path in given.shards}
    sample = sample_of((gene for genes in mine.values() for gene in genes), given.genes, given.seed)
    if not sample:
        raise FqtlError(f"The {len(mine)} shards have no genes to learn priors from.")
    looked_at = in_processes(partial(_look, given), sampled(mine, sample), given.processes)
    genes = chain.from_iterable(looked_at)
    write_learned(given.out, list(with_progress(genes, len(sample), lambda one: one.failure)))


def sampled(mine: Mapping[Path, Iterable[str]], sample: Iterable[str]) -> list[Piece]:
    """The shards that have genes of the sample, and which; mine : genes of each shard."""
    wanted = set(sample)
    pieces = [(path, sorted(wanted.intersection(genes))) for path, genes in mine.items()]
    return [(path, genes) for path, genes in pieces if genes]


def write_learned(out: Path, seen: list[Outcome]) -> None:
    """The table of priors that the genes of a sample say."""
    found = [one.seen for one in seen if one.seen is not None]
    if not found:
        failures = [one.failure for one in seen if one.failure]
        raise FqtlError(
            f"None of {len(seen)} genes was fitted, so that there is nothing to learn priors "
            f"from; {failures[0] if failures else 'none has a variant in its cis window'}"
        )
    write_tsv(out, pd.DataFrame(table_rows(priors_of(found), len(found))), "priors")
    log.info("priors learned from %d of %d genes", len(found), len(seen))


def _look(given: Namespace) -> Callable[[Piece], list[Outcome]]:
    """What says of the genes of a shard what their fits say; genotypes are opened once."""
    source = open_filtered(given)

    def work(piece: Piece) -> list[Outcome]:
        chosen, donors = read_shard(*piece)
        refuse_other_values(given.family, chosen)
        settings = Settings(
            fit=model_of(given),
            fold=None,
            min_pip=0.0,
            covariates=covariates_of(given.donor_covariates, donors),
            is_male=is_male_of(source, chosen, donors),
            sexes=source.sexes,
        )
        windows = gene_windows(chosen, donors, source, given)
        return [_seen(gene, cis, settings) for gene, cis in windows]

    return work


def _seen(gene: GeneData, cis: Genotypes, settings: Settings) -> Outcome:
    if not len(cis.variants):
        return Outcome(None)
    try:
        mine, x, of_mine = of_measured(gene, cis.dosages.T, settings)
        found = fit_gene(mine, x, of_mine.of_chromosome(gene.chrom))
    except FqtlError as fault:
        return Outcome(None, str(fault))
    except MemoryError:
        raise  # the machine's fault, not the gene's
    except Exception as fault:  # as in a shard: the log has the traceback
        log.exception("gene %s failed", gene.gene_id)
        return Outcome(None, f"{type(fault).__name__}: {fault}")
    return Outcome(Seen.of(found, mine.tissues))
