"""Flags that several subcommands share."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from fqtl.data.chosen import Choice, ChosenVariants
from fqtl.data.genotypes import BUILD_TAGS, GenotypeSource, open_genotypes
from fqtl.rsid_store import rsids_of


def add_genotypes(parser: ArgumentParser) -> None:
    """Flags that say where genotypes are and how to read them."""
    group = parser.add_argument_group("genotypes")
    group.add_argument(
        "--genotypes",
        type=Path,
        required=True,
        metavar="FILE",
        help="indexed .vcf.gz or .bcf, .bed, or .pgen",
    )
    group.add_argument(
        "--genome-build", choices=list(BUILD_TAGS), required=True, help="written into variant ids"
    )
    group.add_argument("--field", choices=["GT", "DS"], default="GT", help="calls or dosages [GT]")


def add_variants(parser: ArgumentParser) -> Any:
    """Flags that say which variants are of a gene; their group."""
    group = parser.add_argument_group("variants")
    group.add_argument(
        "--cis-window-bp", type=int, default=1_000_000, metavar="BP", help="around the TSS [1e6]"
    )
    group.add_argument(
        "--min-maf", type=float, default=0.01, metavar="F", help="minor allele frequency [0.01]"
    )
    group.add_argument(
        "--max-missing", type=float, default=0.1, metavar="F", help="share of missing calls [0.1]"
    )
    add_choice(group)
    return group


def add_choice(group: Any) -> None:
    """Flags that say which variants models are trained on, and what they are called."""
    group.add_argument(
        "--variants",
        choices=["all", "unambiguous"],
        default="all",
        help="unambiguous: changes of one base that are not palindromic and have rs numbers [all]",
    )
    group.add_argument(
        "--rsids",
        default="file",
        metavar="FROM",
        help="rs numbers: `file` (of the genotypes), `none`, or what `fqtl rsids` kept [file]",
    )


def open_chosen(given: Namespace) -> GenotypeSource:
    """Genotypes by the flags of `add_genotypes` and `add_choice`."""
    source = open_genotypes(given.genotypes, given.genome_build, given.field)
    table = None if given.rsids in ("file", "none") else Path(given.rsids)
    choice = Choice(
        unambiguous=given.variants == "unambiguous",
        rsids=None if table is None else rsids_of(table, given.genome_build),
        nameless=given.rsids == "none",
    )
    return ChosenVariants(source, choice)


def add_folds(parser: ArgumentParser) -> None:
    """Parts of cross-validation, and what it is compared with."""
    parser.add_argument(
        "--folds", type=int, default=5, metavar="K", help="of cross-validation; 0 for none [5]"
    )
    parser.add_argument(
        "--yardstick",
        type=float,
        default=0.0,
        metavar="F",
        help="share of genes in which an elastic net is cross-validated, too [0]",
    )


def add_filter(parser: ArgumentParser) -> None:
    """What a model must show to be released."""
    group = parser.add_argument_group("filter")
    group.add_argument(
        "--min-cv-r", type=float, default=0.1, metavar="R", help="cross-validated correlation [0.1]"
    )
    group.add_argument(
        "--max-cv-p", type=float, default=0.05, metavar="P", help="its p-value [0.05]"
    )
    group.add_argument(
        "--min-gene-pip",
        type=float,
        default=0.1,
        metavar="P",
        help="probability that the gene has any effect in the tissue [0.1]",
    )


def limits(given: Namespace) -> dict[str, float]:
    """The filter by the flags of `add_filter`."""
    names = ("min_cv_r", "max_cv_p", "min_gene_pip")
    return {name: getattr(given, name) for name in names}


def add_annotation(parser: ArgumentParser) -> None:
    """Where names and types of genes are."""
    parser.add_argument(
        "--annotation", type=Path, metavar="GTF", help="names and types of genes, if they are known"
    )


def add_nulls(parser: ArgumentParser) -> None:
    """Permuted fits."""
    group = parser.add_argument_group("permuted fits")
    group.add_argument(
        "--permutations", type=int, default=0, metavar="N", help="of all tissues, at the most [0]"
    )
    group.add_argument(
        "--exceedances",
        type=int,
        default=5,
        metavar="N",
        help="no more are drawn when so many reach the evidence of the data [5]",
    )
    group.add_argument(
        "--permute",
        choices=["donors", "tissues"],
        default="donors",
        help="donors, the same in all tissues, or each tissue by itself [donors]",
    )
    group.add_argument(
        "--partial",
        type=int,
        default=0,
        metavar="N",
        help="with an eighth of the tissues permuted [0]",
    )


def add_out(parser: ArgumentParser, what: str) -> None:
    """Flag that names the output."""
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help=what)


def add_values(parser: ArgumentParser) -> None:
    """What the files of expression hold."""
    parser.add_argument(
        "--counts", action="store_true", help="expression is counts of reads (GCT or BED)"
    )
    parser.add_argument(
        "--annotation", type=Path, metavar="FILE", help="GTF with positions and lengths of genes"
    )


def add_donor_covariates(parser: ArgumentParser) -> None:
    """Covariates that all tissues share."""
    parser.add_argument(
        "--donor-covariates",
        type=Path,
        metavar="FILE",
        help="of donors, whatever the tissue; rows are covariates",
    )


def add_chromosomes(parser: ArgumentParser) -> None:
    """Chromosomes of the genes."""
    parser.add_argument(
        "--chromosomes",
        nargs="+",
        required=True,
        metavar="NAME",
        help="those whose genes are fitted",
    )


def add_min_samples(parser: ArgumentParser) -> None:
    """Size of a tissue."""
    parser.add_argument(
        "--min-samples", type=int, default=30, metavar="N", help="donors a tissue must have [30]"
    )
