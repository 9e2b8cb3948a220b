"""Keys of what is done with expression before the model."""

from dataclasses import dataclass
from typing import Literal

from fqtl.config.keys import key

Values = Literal["normalised", "counts"]
StartSites = Literal["auto", "end", "annotation"]
Scale = Literal["as_given", "inverse_normal", "raw", "log_cpm", "log_counts", "counts"]
SizeFactors = Literal["tmm", "median_of_ratios", "total"]
Place = Literal["expression", "model"]

# Steps of `prepare` that go together
SCALES_OF: dict[Values, tuple[Scale, ...]] = {
    "normalised": ("as_given", "inverse_normal", "raw"),
    "counts": ("inverse_normal", "log_cpm", "log_counts", "counts"),
}
# Scales that keep values in their own units, so that nothing can be regressed out of them
OWN_UNITS: tuple[Scale, ...] = ("counts", "log_counts", "raw")


@dataclass(frozen=True)
class Prepare:
    """What is done with expression before the model."""

    values: Values = key(
        "normalised",
        "what the files of expression hold: normalised (BED), or counts of reads (GCT, or BED)",
    )
    tss: StartSites = key(
        "auto",
        "where transcription starts of genes that a BED gives as intervals: auto (by the strand, "
        "or the one base of the interval), end (of the interval, where a body comes without a "
        "strand), or annotation (the GTF that release.annotation names)",
    )
    scale: Scale = key(
        "as_given",
        "scale of each gene, tissue by tissue: as_given; inverse_normal (quantiles of ranks); raw "
        "(nothing is regressed out nor standardised, for families with units of their own); and of "
        "counts inverse_normal (after size factors), log_cpm (log2 of counts per million), "
        "log_counts (ln of counts in a library of the usual size, with nothing regressed out, for "
        "voom), or counts (whole numbers, as they are, with the sizes of libraries beside them, "
        "for families of counts)",
    )
    size_factors: SizeFactors = key(
        "tmm",
        "of counts, how library sizes are compared: tmm (edgeR), median_of_ratios (DESeq2), or "
        "total",
    )
    min_tpm: float = key(
        0.1,
        "of counts, a gene is kept in a tissue where it has this many transcripts per million …",
        "transcripts per million",
        low=0,
        alone="transcripts per million that a gene must have to be kept",
    )
    min_reads: float = key(
        6,
        "… and this many reads …",
        "a number of reads",
        low=0,
        alone="reads that a gene must have to be kept",
    )
    min_share: float = key(
        0.2,
        "… in this share of the donors",
        "a share from 0 to 1",
        low=0,
        high=1,
        alone="share of the donors in which a gene must have both",
    )
    donor_covariates: str | None = key(
        None,
        "covariates of donors, whatever the tissue (rows are covariates, columns donors), or null",
        "the path of covariates",
    )
    donor_covariates_in: Place = key(
        "expression",
        "where these are accounted for: expression (regressed out) or model (with effects of its "
        "own)",
    )
    components: int | Literal["auto"] = key(
        0,
        "principal components of expression that are regressed out: a number, or auto for those "
        "that explain more than they do in permuted expression (Buja and Eyuboglu)",
        "a number or auto",
        low=0,
    )
    controls: int = key(
        0,
        "genes of other chromosomes that each gene is regressed on (half-sibling regression; 0: "
        "none) …",
        "a number of genes",
        low=0,
        alone="genes of other chromosomes that each gene is regressed on; 0: none",
    )
    control_max_p: float = key(
        0.0001,
        "… but for those that follow one of the gene's own variants with a smaller p-value",
        "a probability",
        low=0,
        high=1,
        alone="a control that follows one of the gene's own variants with a smaller p-value is "
        "left out",
    )
    min_samples: int = key(
        30,
        "tissues with fewer donors (that have genotypes and covariates) are left out",
        "a number of donors of at least 3",
        low=3,
    )
