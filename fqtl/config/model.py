"""Every key of the config, with its type, default, range and meaning.

This page is the only place where they stand. From it come config/config.yaml and
workflow/schemas/config.schema.yaml (`python -m fqtl.config` writes both), the check of a config,
and defaults and help of the flags of `fqtl`.
"""

from dataclasses import dataclass, field
from typing import Literal

from fqtl.config.keys import REQUIRED, key

Preset = Literal["custom", "gtex_v6p", "gtex_v7", "gtex_v8", "gtex_v10"]
Field = Literal["GT", "DS"]
Values = Literal["normalised", "counts"]
StartSites = Literal["auto", "end", "annotation"]
Scale = Literal["as_given", "inverse_normal", "raw", "log_cpm", "log_counts", "counts"]
SizeFactors = Literal["tmm", "median_of_ratios", "total"]
Place = Literal["expression", "model"]
Family = Literal["gaussian", "nb", "nb_pseudo", "voom", "beta"]
Engine = Literal["cavi"]
Permuted = Literal["donors", "tissues"]
WeightFormat = Literal["predictdb", "fusion", "tigar", "focus"]
TrainedOn = Literal["auto", "all", "unambiguous"]

# Steps of `prepare` that go together
SCALES_OF: dict[Values, tuple[Scale, ...]] = {
    "normalised": ("as_given", "inverse_normal", "raw"),
    "counts": ("inverse_normal", "log_cpm", "log_counts", "counts"),
}
# Scales that keep values in their own units, so that nothing can be regressed out of them
OWN_UNITS: tuple[Scale, ...] = ("counts", "log_counts", "raw")
# Scales that a family can have; the Gaussian has any but counts as they are
SCALES_OF_FAMILY: dict[Family, tuple[Scale, ...]] = {
    "nb": ("counts",),
    "nb_pseudo": ("counts",),
    "voom": ("log_counts", "raw"),
    "beta": ("raw",),
}

TISSUE_PATTERN = "^[^{}]*[{]tissue[}][^{}]*$"
IN_FOLDER = "a name in release.folder"
WITH_TISSUE = "a name in release.folder with {tissue} in it"


@dataclass(frozen=True)
class Release:
    """Files by their names in one folder."""

    preset: Preset = key(
        "custom",
        "gtex_v6p, gtex_v7, gtex_v8, gtex_v10 (see config/presets), or custom for none",
    )
    folder: str = key(".", "the folder", "a folder")
    genotypes: str | None = key(None, "takes the place of genotypes.path", IN_FOLDER)
    expression: str | None = key(
        None,
        "normalised expression, a BED per tissue, with {tissue} for its name: takes the place of "
        "the sheet",
        WITH_TISSUE,
        pattern=TISSUE_PATTERN,
    )
    covariates: str | None = key(
        None,
        "covariates of each tissue, with {tissue} for its name",
        WITH_TISSUE,
        pattern=TISSUE_PATTERN,
    )
    counts: str | None = key(None, "counts of all samples, a GCT", IN_FOLDER)
    samples: str | None = key(
        None, "which sample is of which tissue (GTEx's table of sample attributes)", IN_FOLDER
    )
    annotation: str | None = key(None, "positions and lengths of genes, a GTF", IN_FOLDER)


@dataclass(frozen=True)
class Genotypes:
    """Dosages, and which variants are left out."""

    path: str = key(
        "genotypes.vcf.gz",
        "the donors of all tissues: indexed .vcf.gz or .bcf; PLINK 1 .bed (.bim and .fam beside "
        "it), whose A1 is taken for ALT unless variants have names as chr1_1000_A_G; PLINK 2 .pgen "
        "(.pvar, .psam)",
        "the path of an indexed .vcf.gz or .bcf, a .bed or a .pgen",
    )
    field: Field = key("GT", "what gives the dosage: GT (calls) or DS (imputed)")
    min_maf: float = key(
        0.01,
        "variants with a lower minor allele frequency are left out",
        "a frequency from 0 to 0.5",
        low=0,
        high=0.5,
    )
    max_missing: float = key(
        0.1,
        "variants with a larger share of missing calls are left out",
        "a share from 0 to 1",
        low=0,
        high=1,
    )
    sex: str | None = key(
        None,
        "donors and their sex (a table with a header, or two columns), where genes on X are fitted "
        "and neither a .fam or .psam nor the ploidy of the calls tells; null for none",
        "the path of a table of donors and their sex",
    )
    one_copy_in_males: list[str] = key(
        ["X"],
        "chromosomes of which males have one copy, which counts as two; genes on them are fitted "
        "with sex as a covariate. [] for none",
        "a list of chromosomes, as [X], or [] for none",
        empty=True,
    )
    one_copy_in_females: list[str] = key(
        ["Z"],
        "the same of females, as in birds",
        "a list of chromosomes, as [Z], or [] for none",
        empty=True,
    )
    pseudo_autosomal: list[str] = key(
        [],
        'regions of these chromosomes of which everybody has two, as ["X:60001-2699520"]; where '
        "none is given those of the build, which are known of GRCh37 and GRCh38",
        "a list of regions, as X:60001-2699520",
        empty=True,
        pattern="^[^:]+:[0-9]+-[0-9]+$",
    )
    rsids: str = key(
        "file",
        "where rs numbers come from: file (the names in the genotypes), none, or the path of a "
        "lookup table with the columns chr, pos, ref, alt and rsid, as GTEx releases one (on the "
        "same build)",
        "file, none or the path of a lookup table",
    )


@dataclass(frozen=True)
class Genes:
    """Which genes are fitted, and to which variants."""

    chromosomes: list[int | str] | Literal["auto", "all"] = key(
        "auto",
        "chromosomes whose genes are fitted: a list, as [1, 2, X]; all, if genotypes and "
        "expression have them; or auto: 1 to 22 of human builds, all of other genomes",
        "auto, all or a list of chromosomes, as [1, 2, 22]",
    )
    cis_window_bp: int = key(
        1_000_000,
        "base pairs on either side of the transcription start site",
        "a number of base pairs",
        low=1,
    )


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


@dataclass(frozen=True)
class Model:
    """The model of a gene."""

    family: Family = key(
        "gaussian",
        "distribution of expression: gaussian; for prepare.scale: counts nb or, where a standard "
        "deviation may exceed the mean, nb_pseudo; for log_counts, or raw values that are such, "
        "voom; for prepare.scale: raw of shares, beta",
    )
    engine: Engine = key("cavi", "inference: cavi (deterministic coordinate ascent)")
    factored: bool = key(
        True,
        "true: factors that tissues share, and sparse effects of single tissues; false: the latter "
        "alone",
    )
    rank: int = key(
        10,
        "the largest number of factors of a gene; fewer are found where fewer are there",
        "a number of factors of at least 1",
        low=1,
    )


@dataclass(frozen=True)
class CrossValidation:
    """How well models predict donors that they have not seen."""

    folds: int = key(
        5,
        "parts the donors are split into; 0 leaves cross-validation out: no weights pass the "
        "filter then, and only the unfiltered ones are written",
        "0 for none or a number of parts from 2",
        low=0,
        refused=1,
    )
    baseline: float = key(
        0,
        "share of the genes in which an elastic net of each tissue is cross-validated on the same "
        "folds, to compare with; it takes two hundred times as long as the model",
        "a share from 0 to 1",
        low=0,
        high=1,
    )


@dataclass(frozen=True)
class Calibration:
    """Permuted fits, from which p and q come."""

    permutations: int = key(
        1,
        "fits of each gene with permuted donors, at the most; 0 leaves out p and q of genes and "
        "factors. One is enough for thousands of genes, whose permuted fits make one pool",
        "a number of fits that is not negative",
        low=0,
    )
    exceedances: int = key(
        5,
        "no more are drawn once so many have reached the evidence of the data",
        "a number of permuted fits of at least 1",
        low=1,
    )
    permute: Permuted = key(
        "donors",
        "donors (the same in all tissues) or tissues (each by itself, as GTEx v6p was analysed)",
    )
    conditional_permutations: int = key(
        1,
        "fits with an eighth of the tissues permuted, given the others; 0 leaves out p and q of "
        "genes in tissues",
        "a number of fits that is not negative",
        low=0,
    )


@dataclass(frozen=True)
class Shards:
    """Jobs that the genes are split into."""

    count: int = key(
        200,
        "jobs the genes are split into; a few hundred for a whole release",
        "a number of jobs from 1 to 10000",
        low=1,
        high=10_000,
    )


@dataclass(frozen=True)
class Weights:
    """Weight files, and what a model must show to be in them."""

    formats: list[WeightFormat] = key(
        ["predictdb"],
        "files to write: predictdb (S-PrediXcan, S-MultiXcan, cTWAS), fusion (FUSION), tigar, "
        "focus",
    )
    factors: bool = key(
        True,
        "models of factors, beside those of tissues: true or false (there are none of a single "
        "tissue)",
    )
    variants: TrainedOn = key(
        "auto",
        "variants that models are trained on: all; unambiguous (changes of one base, not "
        "palindromic, with an rs number unless genotypes.rsids is none), since FUSION and FOCUS "
        "drop the others; or auto: unambiguous if fusion is among the formats",
    )
    annotation: str | None = key(
        None,
        "GTF with names and types of genes (cTWAS keeps those of type protein_coding); without it "
        "that of the release, if it is there",
        "the path of a GTF",
    )
    min_pip: float = key(
        0.01,
        "probability from which a variant carries weight in a tissue; those of an effect's "
        "credible set, if its variants are in LD (purity of at least 0.5), carry weight in any "
        "case",
        "a probability above 0",
        low=0,
        high=1,
        above=True,
    )
    min_cv_r: float = key(
        0.1,
        "a model is released where its cross-validated correlation exceeds this …",
        "a correlation from 0 to 1",
        low=0,
        high=1,
        alone="cross-validated correlation that a model must exceed",
    )
    max_cv_p: float = key(
        0.05,
        "… its p-value is below this …",
        "a probability",
        low=0,
        high=1,
        alone="p-value of that correlation that a model must stay below",
    )
    min_gene_pip: float = key(
        0.1,
        "… and the probability that the gene has any effect in the tissue reaches this",
        "a probability",
        low=0,
        high=1,
        alone="probability that the gene has any effect in the tissue, which a model must reach",
    )
    max_q: float = key(
        0.05,
        "of genes that are fitted in one tissue alone, such a probability is 0.2 even of noise: of "
        "these, where there are permuted fits, the false discovery rate is at most this (few genes "
        "need several calibration.permutations to show it; 1 asks nothing)",
        "a false discovery rate",
        low=0,
        high=1,
        alone="false discovery rate of genes that are fitted in one tissue alone, whose "
        "probability of an effect is not small even of noise; asked where there are permuted fits",
    )


@dataclass(frozen=True)
class Simulate:
    """A panel that is simulated before anything else, as in config/demo.yaml."""

    chromosome: int | str = key(REQUIRED, "chromosome that genes are simulated on", "a chromosome")
    effects: str = key(
        REQUIRED, "factors that the original analysis released", "the path of released effects"
    )
    seed: int = key(1, "of the panel", "a number that is not negative", low=0)
    null_genes: str | None = key(
        None, "genes of this BED that have no effects are added without any", "the path of a BED"
    )
    max_genes: int | None = key(
        None, "of either sort, with effects and without", "a number of genes", low=1
    )
    h2: float | None = key(
        None,
        "mean heritability that effects are scaled to; as released without it",
        "a share from 0 to 0.5",
        low=0,
        high=0.5,
        above=True,
    )
    noise_correlation: float = key(0, "of tissues", "a correlation", low=0, high=1)


@dataclass(frozen=True)
class Config:
    """A run: what it reads, what it does, and what it writes."""

    results: str = key(
        "results",
        "folder that everything is written to, relative to where snakemake runs",
        "a folder",
    )
    genome_build: str = key(
        "GRCh38",
        "GRCh37 (hg19), GRCh38 (hg38) or the name of another genome, as mm39; every variant id has "
        "it",
        "the name of a genome build: letters, digits and . _ + -, as GRCh38, mm39 or Sscrofa11.1",
        pattern="^(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9._+-]*$",
    )
    tissues: str | list[str] = key(
        "config/tissues.tsv",
        "sheet of tissues: tissue, expression, covariates (tab-separated; paths as for `results`); "
        "or, where release.expression is given, a list of names, and all that its folder has if "
        "the list is empty",
        "the path of a sheet or a list of names",
        empty=True,
    )
    release: Release = field(
        default_factory=Release,
        metadata={
            "meaning": "Files by their names in one folder (or in folders in it). A preset fills "
            "in the names, the build and the list of tissues: it replaces what this file says, and "
            "a file given with --configfile replaces what the preset says."
        },
    )
    genotypes: Genotypes = field(default_factory=Genotypes)
    genes: Genes = field(default_factory=Genes)
    prepare: Prepare = field(default_factory=Prepare)
    model: Model = field(default_factory=Model)
    cross_validation: CrossValidation = field(default_factory=CrossValidation)
    calibration: Calibration = field(default_factory=Calibration)
    shards: Shards = field(default_factory=Shards)
    weights: Weights = field(default_factory=Weights)
    seed: int = key(
        1,
        "of the folds of cross-validation, of permutations and of random engines",
        "a number that is not negative",
        low=0,
    )
    simulate: Simulate | None = None
