"""Fit genes from summary statistics of each tissue and a reference panel.

No individual data: z-scores of every variant alone, as tensorQTL, FastQTL, GTEx, QTLtools and the
eQTL Catalogue write them, and LD of a panel of genotypes on the same genome build. The fits go
where those of `fqtl fit` go. A gene that cannot be fitted, or whose LD does not fit its z-scores,
becomes a row with its reason.
"""

import logging
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from fqtl.cli.arguments import add_genotypes, add_out, add_priors, add_variants, open_filtered
from fqtl.cli.flags import add_key
from fqtl.cli.progress import with_progress
from fqtl.cli.shard_data import failure_of
from fqtl.data import contigs
from fqtl.data.dosages import GenotypeSource, Limits
from fqtl.data.expression import gene_key
from fqtl.data.gene import GeneData
from fqtl.data.text import fields_of, guarded, read_lines, read_table
from fqtl.data.windows import sliding_windows
from fqtl.errors import FqtlError
from fqtl.gene.summary import analyse_summary
from fqtl.model.priors.priors_table import read_priors
from fqtl.qtl import matching
from fqtl.qtl.matching import GeneScores, gene_scores
from fqtl.qtl.reader import Pairs, read_pairs
from fqtl.qtl.sheet import TissueFile, read_sheet
from fqtl.tables.files import text_writer, write_parquet
from fqtl.tables.fits import SHARD
from fqtl.tables.reasons import count_reasons

log = logging.getLogger(__name__)
NOTHING = pd.DataFrame()
MATCHED = (matching.USED, matching.SWAPPED, matching.OTHER_STRAND)
USED = ["gene_id", "tissue", "what", "rows"]


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--summary",
        type=Path,
        required=True,
        metavar="SHEET",
        help="tab-separated, with a line for each tissue: tissue, file, n (people, where the file "
        "does not tell it) and columns (as gene=phenotype variant=id beta=b se=s, where its "
        "format is none that is known)",
    )
    parser.add_argument(
        "--genes",
        type=Path,
        required=True,
        metavar="BED",
        help="genes to be fitted: #chr, start, end, gene_id, the end being the start site, as in "
        "BEDs of expression; their z-scores are held in memory together",
    )
    add_genotypes(parser)
    variants = add_variants(parser)
    add_key(variants, "weights.min_pip", metavar="P")
    model = parser.add_argument_group("model")
    add_key(model, "model.rank", metavar="K")
    add_key(model, "model.factored")
    add_key(model, "seed")
    add_key(
        model,
        "cross_validation.folds",
        metavar="K",
        help="parts of pseudo-validation, in which z-scores of a part of the people are made up as "
        "the others and the whole imply; 0 leaves it out",
    )
    add_priors(model)
    model.add_argument(
        "--noise-correlation",
        type=Path,
        metavar="FILE",
        help="of z-scores where nothing acts, as a table of tissues by tissues with names; left "
        "out, it is looked for in each gene",
    )
    parser.add_argument(
        "--used",
        type=Path,
        metavar="FILE",
        help="what became of the rows of each gene and tissue: used, turned, left out and why",
    )
    add_out(parser, "fits, as Parquet")


def run(given: Namespace) -> None:
    source = open_filtered(given)
    sheet, genes = read_sheet(given.summary), read_genes(given.genes)
    noise = None if given.noise_correlation is None else _noise(given.noise_correlation, sheet)
    tissues = [_read(one, genes) for one in sheet]
    options = {
        "rank": given.rank,
        "factored": given.factored,
        "noise_correlation": noise,
        "background": False,
        "priors": None if given.priors is None else read_priors(given.priors),
    }
    analysed = _analysed(given, source, sheet, genes, tissues, options)
    made = list(with_progress(analysed, len(genes), lambda one: failure_of(one[0])))
    records, used = [record for record, _ in made], [row for _, rows in made for row in rows]
    _refuse_no_match(given, sheet, tissues, used)
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
        donors=len(source.donors),
        exceedances=0,
        source="summary statistics",
    )


def _analysed(
    given: Namespace,
    source: GenotypeSource,
    sheet: list[TissueFile],
    genes: pd.DataFrame,
    tissues: list[Pairs],
    options: dict[str, Any],
) -> Iterator[tuple[dict[str, Any], list[tuple[Any, ...]]]]:
    """Record of every gene, in the order of position, and what became of its rows."""
    names = [one.tissue for one in sheet]
    reach = given.cis_window_bp
    places = zip(genes["chrom"], genes["tss"], strict=True)
    spans = [(chrom, max(tss - reach, 1), tss + reach) for chrom, tss in places]
    limits = Limits(given.min_maf, given.max_missing)
    windows = sliding_windows(source, spans, source.donors, limits)
    for row, cis in zip(genes.itertuples(), windows, strict=True):
        of_gene = [pairs.of_gene.get(gene_key(str(row.gene_id)), NOTHING) for pairs in tissues]
        found = gene_scores(cis, str(row.chrom), of_gene)
        n = _people(sheet, found)
        gene = GeneData(str(row.gene_id), str(row.chrom), int(row.tss), names, np.empty((0, 0)))
        record, fit = analyse_summary(
            gene, cis, found.z, n, options, given.min_pip, given.folds, given.seed
        )
        if fit is not None:
            log.debug("%s: mismatch of LD %.2f; %s", gene.gene_id, fit.mismatch, fit.notes)
        yield record, _used(gene.gene_id, names, found)


def _refuse_no_match(
    given: Namespace, sheet: list[TissueFile], tissues: list[Pairs], used: list[tuple[Any, ...]]
) -> None:
    """Refuse files of which no row is of a variant of the panel, as those of another build."""
    for one, pairs in zip(sheet, tissues, strict=True):
        if not pairs.of_gene:
            continue
        mine = [(what, rows) for _, name, what, rows in used if name == one.tissue]
        if any(rows for what, rows in mine if what in MATCHED):
            continue
        first = next(iter(pairs.of_gene.values())).iloc[0]
        raise FqtlError(
            f"{one.file}: none of {sum(map(len, pairs.of_gene.values()))} rows of the genes asked "
            f"for is of a variant of {given.genotypes} (on {given.genome_build}); the first is "
            f"{first['rsid'] or 'without a name'} at {first['chrom']}:{first['pos']} "
            f"{first['other_allele']}>{first['effect_allele']}. Are file, genes and panel on one "
            "genome build?"
        )


def read_genes(path: Path) -> pd.DataFrame:
    """gene_id, chrom and tss of the genes of a BED, in the order of the genome."""
    head = guarded(path, lambda: read_lines(path, 2))
    names = fields_of(head)[0] if head else []
    if len(names) < 4 or names[0].lstrip("#").lower() not in ("chr", "chrom") or len(head) < 2:
        raise FqtlError(
            f"{path}: expected a header that starts with #chr, start, end, gene_id and a gene "
            f"below it; found {' '.join(names[:4])!r}."
        )
    table = read_table(path, [0, *range(3, len(names))])
    genes = pd.DataFrame(
        {
            "gene_id": table.iloc[:, 3].astype(str),
            "chrom": table.iloc[:, 0].astype(str).map(contigs.prefixed),
            "tss": table.iloc[:, 2].to_numpy(),
        }
    )
    bad = ~np.isfinite(genes["tss"].to_numpy(dtype=float))
    twice = genes["gene_id"].map(gene_key).duplicated().to_numpy()
    if bad.any() or twice.any():
        line = int(np.flatnonzero(bad | twice)[0])
        what = "no end" if bad[line] else "a gene for the second time"
        raise FqtlError(f"{path}, line {line + 2}: found {what}, {genes['gene_id'].iloc[line]!r}.")
    places = zip(genes["chrom"], genes["tss"], strict=True)
    key = [(contigs.order(chrom), tss) for chrom, tss in places]
    order = sorted(range(len(genes)), key=key.__getitem__)
    return genes.iloc[order].astype({"tss": np.int64}).reset_index(drop=True)


def _read(one: TissueFile, genes: pd.DataFrame) -> Pairs:
    found = read_pairs(one.file, list(genes["gene_id"]), one.columns)
    kept = sum(map(len, found.of_gene.values()))
    log.info(
        "%s: %d rows of %d of %d genes, of %d rows (%s)",
        *(one.file, kept, len(found.of_gene), len(genes), found.rows, found.layout),
    )
    if one.n is None and found.of_gene:
        told = pd.concat(list(found.of_gene.values()))["n"]
        if told.isna().any():
            raise FqtlError(
                f"{one.file} does not tell how many people are behind its z-scores "
                f"({int(told.isna().sum())} of {len(told)} rows): give n of {one.tissue} in the "
                "sheet."
            )
    return found


def _people(sheet: list[TissueFile], found: GeneScores) -> np.ndarray:
    """(p, m) as rows tell it, or the sheet."""
    said = np.array([np.nan if one.n is None else one.n for one in sheet])
    return np.where(np.isfinite(found.n), found.n, said)


def _noise(path: Path, sheet: list[TissueFile]) -> np.ndarray:
    table = read_table(path, [0], rows_named=True)
    table = table.set_index(table.columns[0])
    names = [one.tissue for one in sheet]
    absent = [name for name in names if name not in table.index or name not in table.columns]
    if absent:
        raise FqtlError(
            f"{path}: expected a row and a column for each of {len(names)} tissues; "
            f"{len(absent)} are missing, the first {absent[0]!r}."
        )
    return table.loc[names, names].to_numpy(dtype=float)


def _used(gene_id: str, names: list[str], found: GeneScores) -> list[tuple[Any, ...]]:
    return [
        (gene_id, name, what, rows)
        for name, counts in zip(names, found.counts, strict=True)
        for what, rows in sorted(counts.items())
    ]


def _say(records: list[dict[str, Any]], used: list[tuple[Any, ...]]) -> None:
    total: Counter[str] = Counter()
    for _, _, what, rows in used:
        total[what] += rows
    log.info("rows: %s", ", ".join(f"{rows} {what}" for what, rows in total.most_common()))
    status = Counter(record["status"] for record in records)
    log.info("%d genes: %s", len(records), ", ".join(f"{n} {name}" for name, n in status.items()))
    skipped = [record["reason"] for record in records if record["status"] == "skipped"]
    if skipped:
        reason, count = count_reasons(skipped)[0]
        log.warning("%d of %d genes skipped, %d: %s", len(skipped), len(records), count, reason)
