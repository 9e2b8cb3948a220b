"""Fit genes from summary statistics of each tissue and LD of a panel or of matrices.

No individual data: z-scores of every variant alone, as tensorQTL, FastQTL, GTEx, QTLtools and the
eQTL Catalogue write them, and LD on the same genome build, of a panel of genotypes or of published
matrices. The fits go
where those of `fqtl fit` go, and fits to z-scores that are drawn where nothing acts take the place
of permuted fits. A gene that cannot be fitted, or whose LD does not fit its z-scores, becomes a row
with its reason.
"""

import logging
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from fqtl.cli.arguments import (
    add_ld,
    add_out,
    add_permutations,
    add_priors,
    add_variants,
    open_ld,
)
from fqtl.cli.flags import add_key
from fqtl.cli.progress import with_progress
from fqtl.cli.shard_data import failure_of
from fqtl.cli.summary_data import (
    SummaryData,
    few_people,
    measured_in,
    odd_tissues,
    options_of,
    used_rows,
)
from fqtl.errors import FqtlError
from fqtl.gene.permutations import PermutationPlan, permutations_for
from fqtl.gene.summary import analyse_summary
from fqtl.qtl.ld_source import LDSource
from fqtl.tables.files import text_writer, write_parquet
from fqtl.tables.fits import SHARD
from fqtl.tables.reasons import count_reasons

log = logging.getLogger(__name__)
USED = ["gene_id", "tissue", "what", "rows"]
ALL_TISSUES = "all"  # in a row that is of no single one
REFUSED = "simulated nulls whose z-scores contradict the LD, in place of which others were drawn"


def add_arguments(parser: ArgumentParser) -> None:
    of_files = parser.add_argument_group("files as they are")
    of_files.add_argument(
        "--summary",
        type=Path,
        metavar="SHEET",
        help="tab-separated, with a line for each tissue: tissue, file, n (people, where the file "
        "does not tell it) and columns (as gene=phenotype variant=id beta=b se=s, where its "
        "format is none that is known)",
    )
    of_files.add_argument(
        "--genes",
        type=Path,
        metavar="FILE",
        help="genes to be fitted, a GTF or a BED: #chr, start, end, gene_id, the end being the "
        "start site, as in BEDs of expression; their z-scores are held in memory together",
    )
    of_shard = parser.add_argument_group("or a shard, as the workflow has it")
    of_shard.add_argument(
        "--shard", type=Path, metavar="FILE", help="its genes, as of `fqtl shard summary`"
    )
    of_shard.add_argument(
        "--prepared",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="z-scores of all tissues, as of `fqtl prepare summary`",
    )
    add_ld(parser)
    variants = add_variants(parser)
    add_key(variants, "weights.min_pip", metavar="P")
    add_summary_model(parser)
    add_key(
        parser,
        "cross_validation.folds",
        metavar="K",
        help="parts of pseudo-validation, in which z-scores of a part of the people are made up as "
        "the others and the whole imply; 0 leaves it out",
    )
    add_permutations(parser)
    parser.add_argument(
        "--used",
        type=Path,
        metavar="FILE",
        help="what became of the rows of each gene and tissue: used, turned, left out and why",
    )
    add_out(parser, "fits, as Parquet")


def add_summary_model(parser: ArgumentParser) -> None:
    """Flags of the model of a gene."""
    model = parser.add_argument_group("model")
    add_key(model, "model.rank", metavar="K")
    add_key(model, "model.factored")
    add_key(model, "seed")
    add_priors(model)
    model.add_argument(
        "--noise-correlation",
        type=Path,
        metavar="FILE",
        help="of z-scores where nothing acts, as a table of tissues by tissues with names, as of "
        "`fqtl noise-correlation`; left out, it is looked for in each gene",
    )


def run(given: Namespace) -> None:
    source = open_ld(given)
    data = _data(given)
    analysed = _analysed(given, source, data)
    made = list(with_progress(analysed, len(data.genes), lambda one: failure_of(one[0])))
    records, used = [record for record, _ in made], [row for _, rows in made for row in rows]
    if given.summary is not None:  # of few genes; the workflow looks at more in `check`
        data.refuse_no_match(used, source, given)
        for text in (*few_people(source), *odd_tissues(used)):
            log.warning("%s", text)
    _say(records, used)
    if given.used is not None:
        with text_writer(given.used) as stream:
            pd.DataFrame(used, columns=USED).to_csv(stream, sep="\t", index=False)
    write_parquet(
        given.out,
        pa.Table.from_pylist(records, schema=SHARD),
        "fits",
        compression="zstd",  # of log Bayes factors a quarter is spared
        genome_build=given.genome_build,
        donors=source.people or 0,
        exceedances=given.exceedances,
        source="summary statistics",
        ld="panel" if given.ld is None else "matrices",
    )


def _data(given: Namespace) -> SummaryData:
    """Genes by --summary and --genes, or by --shard and --prepared."""
    pairs = ((given.summary, given.genes), (given.shard, given.prepared))
    there = [pair for pair in pairs if any(part is not None for part in pair)]
    if len(there) != 1 or any(part is None for part in there[0]):
        raise FqtlError(
            "fit-summary needs --summary with --genes, or --shard with --prepared, and not both."
        )
    if given.shard is None:
        return SummaryData.of_sheet(given.summary, given.genes, given.genome_build)
    return SummaryData.of_shard(given.shard, given.prepared)


def _plan(given: Namespace, genes: int) -> PermutationPlan | None:
    drawn = permutations_for(given.permutations, genes)
    if not drawn and not given.conditional_permutations:
        return None
    return PermutationPlan(
        drawn, given.exceedances, given.permute, given.conditional_permutations, given.seed
    )


def _analysed(
    given: Namespace, source: LDSource, data: SummaryData
) -> Iterator[tuple[dict[str, Any], list[tuple[Any, ...]]]]:
    """Record of every gene, in the order of position, and what became of its rows."""
    options, plan = options_of(given, data.tissues), _plan(given, data.genes_of_release)
    for gene, cis, found in data.with_ld(source, given):
        mine, z, n, own = measured_in(gene, found, options)
        record, fit, refused = analyse_summary(
            mine, cis, z, n, own, given.min_pip, given.folds, given.seed, plan
        )
        if fit is not None:
            log.debug("%s: mismatch of LD %.2f; %s", gene.gene_id, fit.mismatch, fit.notes)
        of_nulls = [(gene.gene_id, ALL_TISSUES, REFUSED, refused)] if refused else []
        yield record, [*used_rows(gene, found), *of_nulls]


def _say(records: list[dict[str, Any]], used: list[tuple[Any, ...]]) -> None:
    total: Counter[str] = Counter()
    for _, _, what, rows in used:
        total[what] += rows
    refused = total.pop(REFUSED, 0)
    log.info("rows: %s", ", ".join(f"{rows} {what}" for what, rows in total.most_common()))
    if refused:
        log.warning("%d %s", refused, REFUSED)
    status = Counter(record["status"] for record in records)
    log.info("%d genes: %s", len(records), ", ".join(f"{n} {name}" for name, n in status.items()))
    skipped = [record["reason"] for record in records if record["status"] == "skipped"]
    if skipped:
        reason, count = count_reasons(skipped)[0]
        log.warning("%d of %d genes skipped, %d: %s", len(skipped), len(records), count, reason)
