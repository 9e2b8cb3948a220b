"""What jobs that fit summary statistics have in common: genes, their z-scores, and LD."""

import logging
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fqtl.cli.arguments import priors_for
from fqtl.cli.prepare_summary import with_people
from fqtl.data.expression import gene_key
from fqtl.data.gene import GeneData
from fqtl.data.reference import NO_FREQUENCY, Reference
from fqtl.data.summary_sheet import TissueFile, read_sheet
from fqtl.data.text import read_table
from fqtl.data.windows import Span
from fqtl.errors import FqtlError
from fqtl.model.arrays.moments import Floats
from fqtl.qtl import matching
from fqtl.qtl.genes import gene_chromosomes, read_genes
from fqtl.qtl.ld_source import LDSource
from fqtl.qtl.matching import GeneScores, gene_scores
from fqtl.qtl.reader import read_pairs
from fqtl.qtl.scores import ScoreStore
from fqtl.qtl.shard_file import read_summary_shard

log = logging.getLogger(__name__)
NOTHING = pd.DataFrame()
LEAST_PANEL = 100  # people, below which LD says little; taste
LEAST_MATCHED = 0.2  # of rows, below which a warning is due; taste
ABSENT = (
    matching.NOT_IN_PANEL,
    matching.NOT_IN_MATRIX,
    matching.OUTSIDE_REGION,
    matching.ELSEWHERE,
)
MATCHED = (matching.USED, matching.SWAPPED, matching.OTHER_STRAND, matching.UNTOLD)


@dataclass(frozen=True)
class SummaryData:
    """Genes to be fitted, and where their rows are.

    genes : gene_id, chrom, tss, in the order of the genome
    tissues, files : names, and what they were read from
    rows_of : of a gene, by its place in `genes`, the rows of each tissue
    genes_of_release : genes that there are in all
    """

    genes: pd.DataFrame
    tissues: list[str]
    files: list[str]
    rows_of: Callable[[int], list[pd.DataFrame]]
    genes_of_release: int

    @classmethod
    def of_sheet(cls, sheet: Path, genes: Path, build: str) -> "SummaryData":
        """Every file of a sheet goes by once; rows of the genes stay in memory.

        build : the genome build of LD; files that tell another are refused
        """
        tissues, listed = read_sheet(sheet), read_genes(genes)
        found = [_read(one, listed, build) for one in tissues]
        keys = [gene_key(gene) for gene in listed["gene_id"]]
        return cls(
            listed,
            [one.tissue for one in tissues],
            [str(one.file) for one in tissues],
            lambda place: [of_gene.get(keys[place], NOTHING) for of_gene in found],
            len(listed),
        )

    @classmethod
    def of_shard(
        cls, shard: Path, prepared: Sequence[Path], only: Collection[str] | None = None
    ) -> "SummaryData":
        """Rows are read gene by gene. only : genes that are asked for; None for all."""
        mine = read_summary_shard(shard)
        stores = [ScoreStore.open(path, mine.digest) for path in prepared]
        genes = mine.genes
        if only is not None:
            genes = genes[genes["gene_id"].isin(list(only))].reset_index(drop=True)
        places = genes["gene"].tolist()
        return cls(
            genes,
            [store.about["tissue"] for store in stores],
            [store.about["file"] for store in stores],
            lambda place: [store.of_gene(places[place]) for store in stores],
            mine.genes_of_release,
        )

    def with_ld(
        self, source: LDSource, given: Namespace
    ) -> Iterator[tuple[GeneData, Reference, GeneScores]]:
        """Every gene with LD of its window and its z-scores, in all tissues."""
        spans = spans_of(self.genes, given.cis_window_bp)
        windows = source.windows(spans)
        for place, (row, cis) in enumerate(zip(self.genes.itertuples(), windows, strict=True)):
            cis, found = scores_with_ld(cis, str(row.chrom), self.rows_of(place), source)
            none = np.empty((0, 0))
            gene = GeneData(str(row.gene_id), str(row.chrom), int(row.tss), self.tissues, none)
            yield gene, cis, found

    def refuse_no_match(
        self, used: list[tuple[Any, ...]], source: LDSource, given: Namespace
    ) -> None:
        """Refuse files of which no row is of a variant with LD, as those of another build.

        used : gene, tissue, what became of rows, how many
        """
        for t, (tissue, file) in enumerate(zip(self.tissues, self.files, strict=True)):
            mine = [(what, rows) for _, name, what, rows in used if name == tissue]
            if not mine or any(rows for what, rows in mine if what in MATCHED):
                continue
            some = (self.rows_of(place)[t] for place in range(len(self.genes)))
            first = next(rows for rows in some if len(rows)).iloc[0]
            why: Counter[str] = Counter()
            for what, rows in mine:
                why[what] += rows
            most = why.most_common(1)[0]
            build = " Are file, genes and LD on one genome build?" if most[0] in ABSENT else ""
            raise FqtlError(
                f"{file}: none of {why.total()} rows of the genes asked for can be used with "
                f"{source.path} (on {given.genome_build}), {most[1]} of them: {most[0]}. The "
                f"first is {first['rsid'] or 'without a name'} at {first['chrom']}:{first['pos']} "
                f"{first['other_allele']}>{first['effect_allele']}.{build}"
            )


def scores_with_ld(
    cis: Reference, chrom: str, rows: list[pd.DataFrame], source: LDSource
) -> tuple[Reference, GeneScores]:
    """z-scores of a window, and its LD: frequencies that a matrix lacks are those of the files."""
    found = gene_scores(cis, chrom, rows)
    if not cis.lacks_frequencies:
        return cis, found
    whole = cis.completed(found.maf)
    lost = whole.dropped_by_reason()[NO_FREQUENCY]
    if lost == len(found.z) and np.isfinite(found.z).any():
        raise FqtlError(
            f"Neither the lists of variants of {source.path} nor the files of summary statistics "
            f"tell frequencies of the {len(found.z)} variants of {chrom} that were looked for, "
            f"the first {cis.variants['variant_id'].iloc[0]}, and weights per copy of an allele "
            "need them. Add a column frequency (of the effect allele) or maf to the lists, or "
            "name one of the files' as frequency=… in `columns` of the sheet."
        )
    return whole, gene_scores(whole, chrom, rows)


def odd_tissues(used: list[tuple[Any, ...]]) -> list[str]:
    """A line of warning for each tissue of whose rows few have LD, or that tell no alleles.

    used : gene, tissue, what became of rows, how many
    """
    warnings = []
    for tissue, counts in of_tissues(used).items():
        matched, rows = sum(counts[what] for what in MATCHED), counts.total()
        if matched < LEAST_MATCHED * rows:
            warnings.append(
                f"{tissue}: {matched} of {rows} rows are used; are file and LD of one build?"
            )
        warnings += without_alleles(tissue, counts)
    return warnings


def without_alleles(tissue: str, counts: Mapping[str, int]) -> list[str]:
    """A line of warning where the file of a tissue tells no alleles.

    counts : of its rows, by what became of them
    """
    rows = counts.get(matching.UNTOLD, 0)
    if not rows:
        return []
    return [
        f"{tissue}: {rows} rows tell no alleles; their effects are taken to be of the panel's ALT "
        "(of a .bed A1, which PLINK 1 makes the rarer allele: then signs are wrong)"
    ]


def of_tissues(used: list[tuple[Any, ...]]) -> "dict[str, Counter[str]]":
    """What became of the rows of each tissue. used : gene, tissue, what, how many"""
    found: dict[str, Counter[str]] = {}
    for _, tissue, what, rows in used:
        found.setdefault(tissue, Counter())[what] += rows
    return found


def few_people(source: LDSource) -> list[str]:
    """A line of warning where LD is of few."""
    people = source.people
    if people is None or people >= LEAST_PANEL:
        return []
    return [f"the LD of {source.path} is of {people} people; it needs some hundreds"]


def spans_of(genes: pd.DataFrame, reach: int) -> list[Span]:
    """The cis windows of genes, by their chrom and tss."""
    places = zip(genes["chrom"], genes["tss"], strict=True)
    return [(chrom, max(tss - reach, 1), tss + reach) for chrom, tss in places]


def options_of(given: Namespace, tissues: list[str]) -> dict[str, Any]:
    """Arguments of `fqtl.fit_summary`, by the flags of a command."""
    noise = given.noise_correlation
    return {
        "rank": given.rank,
        "factored": given.factored,
        "noise_correlation": None if noise is None else read_noise(noise, tissues),
        "background": False,
        "priors": priors_for(given, tissues),
    }


def measured_in(
    gene: GeneData, found: GeneScores, options: dict[str, Any]
) -> tuple[GeneData, Floats, Floats, dict[str, Any]]:
    """The gene, z, n and options of the tissues alone in which the gene has a z-score."""
    there = np.isfinite(found.z).any(axis=0)
    if not there.any():
        return gene, found.z, found.n, options
    names = [name for name, some in zip(gene.tissues, there, strict=True) if some]
    noise = options["noise_correlation"]
    if noise is not None:
        options = {**options, "noise_correlation": noise[np.ix_(there, there)]}
    mine = GeneData(gene.gene_id, gene.chrom, gene.tss, names, gene.y)
    return mine, found.z[:, there], found.n[:, there], options


def used_rows(gene: GeneData, found: GeneScores) -> list[tuple[Any, ...]]:
    """gene, tissue, what became of rows, how many."""
    return [
        (gene.gene_id, name, what, rows)
        for name, counts in zip(gene.tissues, found.counts, strict=True)
        for what, rows in sorted(counts.items())
    ]


def read_noise(path: Path, tissues: list[str]) -> Floats:
    """(m, m) of these tissues, from a table of tissues by tissues."""
    table = read_table(path, [0], rows_named=True)
    table = table.set_index(table.columns[0])
    absent = [name for name in tissues if name not in table.index or name not in table.columns]
    if absent:
        raise FqtlError(
            f"{path}: expected a row and a column for each of {len(tissues)} tissues; "
            f"{len(absent)} are missing, the first {absent[0]!r}."
        )
    return table.loc[tissues, tissues].to_numpy(dtype=float)


def _read(one: TissueFile, genes: pd.DataFrame, build: str) -> dict[str, pd.DataFrame]:
    asked = list(genes["gene_id"])
    found = read_pairs(one.file, asked, one.columns, build, gene_chromosomes(genes))
    kept = sum(map(len, found.of_gene.values()))
    log.info(
        "%s: %d rows of %d of %d genes, of %d rows (%s)",
        *(one.file, kept, len(found.of_gene), len(genes), found.rows, found.layout),
    )
    return {gene: with_people(rows, one) for gene, rows in found.of_gene.items()}
