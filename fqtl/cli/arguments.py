"""Flags that several subcommands share."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from fqtl.data.genotypes import BUILD_TAGS


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
    return group


def add_folds(parser: ArgumentParser) -> None:
    """Parts of cross-validation."""
    parser.add_argument(
        "--folds", type=int, default=5, metavar="K", help="of cross-validation; 0 for none [5]"
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
