"""Flags that several subcommands share."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import numpy as np

from fqtl.cli.ranges import AMOUNT, COUNT, FREQUENCY, SHARE, count_from, count_or_auto, folds
from fqtl.data.covariates import Covariates, joined, read_covariates
from fqtl.data.donors import require_shared
from fqtl.data.dosages import BUILD_TAGS, GenotypeSource
from fqtl.data.genotypes import open_genotypes
from fqtl.data.rsid_store import rsids_of
from fqtl.data.tss import WAYS
from fqtl.data.variant_filter import FilteredVariants, VariantFilter
from fqtl.prepare.settings import PrepareSettings

DEFAULT = PrepareSettings()


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
        "--cis-window-bp",
        type=count_from(1),
        default=1_000_000,
        metavar="BP",
        help="around the TSS [1e6]",
    )
    group.add_argument(
        "--min-maf", type=FREQUENCY, default=0.01, metavar="F", help="minor allele frequency [0.01]"
    )
    group.add_argument(
        "--max-missing", type=SHARE, default=0.1, metavar="F", help="share of missing calls [0.1]"
    )
    add_variant_filter(group)
    return group


def add_variant_filter(group: Any) -> None:
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


def open_filtered(given: Namespace) -> GenotypeSource:
    """Genotypes by the flags of `add_genotypes` and `add_choice`."""
    source = open_genotypes(given.genotypes, given.genome_build, given.field)
    table = None if given.rsids in ("file", "none") else Path(given.rsids)
    choice = VariantFilter(
        unambiguous=given.variants == "unambiguous",
        rsids=None if table is None else rsids_of(table, given.genome_build),
        nameless=given.rsids == "none",
    )
    return FilteredVariants(source, choice)


def add_folds(parser: ArgumentParser) -> None:
    """Parts of cross-validation, and what it is compared with."""
    parser.add_argument(
        "--folds", type=folds, default=5, metavar="K", help="of cross-validation; 0 for none [5]"
    )
    parser.add_argument(
        "--yardstick",
        type=SHARE,
        default=0.0,
        metavar="F",
        help="share of genes in which an elastic net is cross-validated, too [0]",
    )


def add_filter(parser: ArgumentParser) -> None:
    """What a model must show to be released."""
    group = parser.add_argument_group("filter")
    group.add_argument(
        "--min-cv-r", type=SHARE, default=0.1, metavar="R", help="cross-validated correlation [0.1]"
    )
    group.add_argument(
        "--max-cv-p", type=SHARE, default=0.05, metavar="P", help="its p-value [0.05]"
    )
    group.add_argument(
        "--min-gene-pip",
        type=SHARE,
        default=0.1,
        metavar="P",
        help="probability that the gene has any effect in the tissue [0.1]",
    )
    group.add_argument(
        "--max-q",
        type=SHARE,
        default=0.05,
        metavar="Q",
        help="false discovery rate of genes that are fitted in one tissue alone, whose probability "
        "of an effect is not small even of noise; asked where there are permuted fits [0.05]",
    )


def limits(given: Namespace) -> dict[str, float]:
    """The filter by the flags of `add_filter`."""
    names = ("min_cv_r", "max_cv_p", "min_gene_pip", "max_q")
    return {name: getattr(given, name) for name in names}


def add_annotation(parser: ArgumentParser) -> None:
    """Where names and types of genes are."""
    parser.add_argument(
        "--annotation", type=Path, metavar="GTF", help="names and types of genes, if they are known"
    )


def add_permutations(parser: ArgumentParser) -> None:
    """Permuted fits."""
    group = parser.add_argument_group("permuted fits")
    group.add_argument(
        "--permutations",
        type=COUNT,
        default=0,
        metavar="N",
        help="of all tissues, at the most [0]",
    )
    group.add_argument(
        "--exceedances",
        type=count_from(1),
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
        type=COUNT,
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
    parser.add_argument(
        "--tss",
        choices=WAYS,
        default="auto",
        help="start sites of genes in a BED: auto (by strand, or intervals of one base), the end "
        "of one without a strand, or annotation [auto]",
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


def add_prepare_settings(parser: ArgumentParser) -> None:
    """What is done with expression."""
    parser.add_argument(
        "--donor-covariates-in-model",
        action="store_true",
        help="those are for the model: keep donors that have them, and regress nothing out",
    )
    parser.add_argument(
        "--scale",
        default=DEFAULT.scale,
        help="as_given, inverse_normal, raw; of counts inverse_normal, log_cpm, log_counts, "
        "counts [as_given]",
    )
    parser.add_argument(
        "--size-factors",
        default=DEFAULT.size_factors,
        help="of counts: tmm, median_of_ratios or total [tmm]",
    )
    measured = parser.add_argument_group("genes that are measured (of counts)")
    measured.add_argument("--min-tpm", type=AMOUNT, default=DEFAULT.min_tpm, metavar="TPM")
    measured.add_argument("--min-reads", type=AMOUNT, default=DEFAULT.min_reads, metavar="N")
    measured.add_argument(
        "--min-share", type=SHARE, default=DEFAULT.min_share, metavar="F", help="of donors"
    )
    hidden = parser.add_argument_group("confounders that are not measured")
    hidden.add_argument(
        "--components",
        type=count_or_auto,
        default=DEFAULT.components,
        metavar="K",
        help="principal components of expression; auto: more than chance has [0]",
    )
    hidden.add_argument(
        "--controls",
        type=COUNT,
        default=DEFAULT.controls,
        metavar="K",
        help="genes of other chromosomes that each gene is regressed on [0]",
    )
    hidden.add_argument(
        "--control-max-p",
        type=SHARE,
        default=DEFAULT.control_max_p,
        metavar="P",
        help="a control that follows the gene's cis variants at a smaller p is removed [1e-4]",
    )
    hidden.add_argument("--seed", type=COUNT, default=DEFAULT.seed, help="of permutations [1]")
    parser.add_argument(
        "--min-samples",
        type=count_from(3),
        default=DEFAULT.min_samples,
        metavar="N",
        help="donors a tissue must have [30]",
    )


def prepare_settings(given: Namespace) -> PrepareSettings:
    """What is done with expression, by the flags of `add_recipe` and `add_values`."""
    return PrepareSettings(
        counted=given.counts,
        scale=given.scale,
        size_factors=given.size_factors,
        min_tpm=given.min_tpm,
        min_reads=given.min_reads,
        min_share=given.min_share,
        components=given.components,
        controls=given.controls,
        control_max_p=given.control_max_p,
        min_samples=given.min_samples,
        seed=given.seed,
    )


def covariates_of(path: Path, expression: Path, donors: list[str]) -> Covariates:
    """Covariates that some of the donors of a file of expression have."""
    covariates = read_covariates(path)
    require_shared(expression, donors, path, covariates.donors)
    return covariates


def to_regress_out(
    own: Covariates | None, shared: Covariates | None, in_model: bool
) -> Covariates | None:
    """Covariates of a tissue and of all tissues as one, of the donors that have both.

    in_model : those of all tissues are for the model, and nothing of them is regressed out
    """
    if shared is not None and in_model:
        shared = Covariates([], np.empty((len(shared.donors), 0)), shared.donors)
    return joined(own, shared)
