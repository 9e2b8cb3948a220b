"""Keys of what is read: a release, genotypes, genes."""

from dataclasses import dataclass
from typing import Literal

from fqtl.config.keys import key

Preset = Literal["custom", "gtex_v6p", "gtex_v7", "gtex_v8", "gtex_v10"]
Field = Literal["GT", "DS"]

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
        "(.pvar, .psam). One file per chromosome goes by {chrom} in the path, as chr{chrom}.vcf.gz",
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
    haploid: bool = key(
        False,
        "true: everybody has one copy of every chromosome, as strains of yeast have; it counts as "
        "two, a heterozygous call is missing, and no chromosome is one of sex",
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
