"""Keys of a run on summary statistics, in the place of expression."""

from dataclasses import dataclass

from fqtl.config.keys import key


@dataclass(frozen=True)
class SummaryStatistics:
    """z-scores of each tissue; LD is of the genotypes, then a panel's, or of matrices."""

    sheet: str | None = key(
        None,
        "sheet of summary statistics: tissue, file, and where the file does not tell them n "
        "(people) and columns (docs/from-summary-statistics.md). It takes the place of `tissues`, "
        "and genotypes are those of a panel for LD; null for none",
        "the path of a sheet",
    )
    genes: str | None = key(
        None,
        "genes to be fitted: a BED with #chr, start, end and gene_id, the end being the start "
        "site, or a GTF",
        "the path of a BED or a GTF",
    )
    ld: str | None = key(
        None,
        "matrices of LD in the place of a panel: a table of regions with chrom, start, end, "
        "matrix, variants, n and chain (docs/from-summary-statistics.md). Genotypes are then not "
        "read; null for none",
        "the path of a table",
    )
    noise_correlation: str = key(
        "estimate",
        "what z-scores of two tissues share where nothing acts, as shared donors make it: estimate "
        "(from weak z-scores of all genes, noise_correlation.tsv), gene (looked for in each gene "
        "by itself), or the path of a table of tissues by tissues",
        "estimate, gene or the path of a table",
    )
