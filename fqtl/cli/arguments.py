"""Flags that several subcommands share."""

import logging
from argparse import ArgumentParser, Namespace
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from fqtl.cli.flags import add_key
from fqtl.config.model import Config
from fqtl.config.schema import KEYS
from fqtl.config.together import trained_on
from fqtl.data.builds import is_human
from fqtl.data.covariates import Covariates, joined, read_covariates
from fqtl.data.donors import require_shared
from fqtl.data.dosages import GenotypeSource, Limits
from fqtl.data.genotypes import open_genotypes
from fqtl.data.rsid_store import rsids_of
from fqtl.data.sex import sex_chromosomes
from fqtl.data.variant_filter import FilteredVariants, VariantFilter
from fqtl.model.priors.priors_table import read_priors
from fqtl.model.priors.release_priors import Priors
from fqtl.prepare.settings import PrepareSettings
from fqtl.qtl.ld_matrices import LDOfMatrices
from fqtl.qtl.ld_source import LDOfPanel, LDSource

log = logging.getLogger(__name__)


def add_genotypes(parser: ArgumentParser) -> None:
    """Flags that say where genotypes are and how to read them."""
    group = parser.add_argument_group("genotypes")
    _add_path(group, required=True)
    _add_how(group)


def add_ld(parser: ArgumentParser) -> None:
    """Flags that say where LD is: genotypes of a panel and how to read them, or matrices."""
    group = parser.add_argument_group("LD, of a panel of genotypes or of matrices")
    either = group.add_mutually_exclusive_group(required=True)
    _add_path(either)
    add_key(either, "summary_statistics.ld", type=Path, metavar="FILE")
    _add_how(group)


def _add_path(group: Any, **options: Any) -> None:
    about = KEYS["genotypes.path"].help
    group.add_argument("--genotypes", type=Path, metavar="FILE", help=about, **options)


def _add_how(group: Any) -> None:
    add_key(group, "genome_build", required=True, default=None)
    add_key(group, "genotypes.field")
    add_key(group, "genotypes.sex", type=Path, metavar="FILE")
    add_key(group, "genotypes.haploid")
    for key in ("one_copy_in_males", "one_copy_in_females", "pseudo_autosomal"):
        add_key(group, f"genotypes.{key}", nargs="*", metavar="NAME")


def open_given(given: Namespace) -> GenotypeSource:
    """Genotypes by the flags of `add_genotypes`."""
    sexes = sex_chromosomes(
        given.genome_build,
        given.one_copy_in_males,
        given.one_copy_in_females,
        given.pseudo_autosomal,
        haploid=given.haploid,
    )
    return open_genotypes(given.genotypes, given.genome_build, given.field, given.sex, sexes)


def add_variants(parser: ArgumentParser) -> Any:
    """Flags that say which variants are of a gene; their group."""
    group = parser.add_argument_group("variants")
    add_key(group, "genes.cis_window_bp", metavar="BP")
    add_key(group, "genotypes.min_maf", metavar="F")
    add_key(group, "genotypes.max_missing", metavar="F")
    add_variant_filter(group)
    return group


def add_variant_filter(group: Any) -> None:
    """Flags that say which variants models are trained on, and what they are called."""
    add_key(
        group,
        "weights.variants",
        choices=["all", "unambiguous"],
        default=trained_on(Config()),
        help="variants that models are trained on: unambiguous ones are changes of one base that "
        "are not palindromic and have rs numbers",
    )
    add_key(
        group,
        "genotypes.rsids",
        metavar="FROM",
        help="rs numbers: `file` (of the genotypes), `none`, or what `fqtl rsids` kept",
    )


def open_filtered(given: Namespace) -> GenotypeSource:
    """Genotypes by the flags of `add_genotypes` and `add_variant_filter`."""
    return FilteredVariants(open_given(given), _filter(given))


def open_ld(given: Namespace) -> LDSource:
    """LD by the flags of `add_ld`, of the variants by those of `add_variants`."""
    if given.ld is None:
        return LDOfPanel(open_filtered(given), Limits(given.min_maf, given.max_missing))
    return LDOfMatrices(given.ld, given.genome_build, _filter(given), given.min_maf)


def _filter(given: Namespace) -> VariantFilter:
    table = None if given.rsids in ("file", "none") else Path(given.rsids)
    return VariantFilter(
        unambiguous=given.variants == "unambiguous",
        rsids=None if table is None else rsids_of(table, given.genome_build),
        nameless=given.rsids == "none",
    )


def add_folds(parser: ArgumentParser) -> None:
    """Parts of cross-validation, and what it is compared with."""
    add_key(parser, "cross_validation.folds", metavar="K")
    add_key(parser, "cross_validation.baseline", metavar="F", old="--yardstick")


def add_filter(parser: ArgumentParser) -> None:
    """What a model must show to be released."""
    group = parser.add_argument_group("filter")
    add_key(group, "weights.min_cv_r", metavar="R")
    add_key(group, "weights.max_cv_p", metavar="P")
    add_key(group, "weights.min_gene_pip", metavar="P")
    add_key(group, "weights.max_q", metavar="Q")


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
    add_key(group, "calibration.permutations", metavar="N")
    add_key(group, "calibration.exceedances", metavar="N")
    add_key(group, "calibration.permute")
    add_key(group, "calibration.conditional_permutations", metavar="N", old="--partial")


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
    add_key(parser, "prepare.tss")


def add_donor_covariates(parser: ArgumentParser) -> None:
    """Covariates that all tissues share."""
    parser.add_argument(
        "--donor-covariates",
        type=Path,
        metavar="FILE",
        help=KEYS["prepare.donor_covariates"].help,
    )


def add_chromosomes(parser: ArgumentParser) -> None:
    """Chromosomes of the genes."""
    parser.add_argument(
        "--chromosomes",
        nargs="+",
        required=True,
        metavar="NAME",
        help=KEYS["genes.chromosomes"].help,
    )


def chromosomes_of(given: Namespace) -> list[str] | None:
    """Chromosomes whose genes are fitted, by the flag of `add_chromosomes`; None for all."""
    if given.chromosomes == ["auto"] and is_human(given.genome_build):
        return [str(number) for number in range(1, 23)]
    return None if given.chromosomes in (["auto"], ["all"]) else given.chromosomes


def add_prepare_settings(parser: ArgumentParser) -> None:
    """What is done with expression."""
    parser.add_argument(
        "--donor-covariates-in-model",
        action="store_true",
        help="those are for the model: keep donors that have them, and regress nothing out",
    )
    add_key(parser, "prepare.scale", metavar="SCALE", choices=None)
    add_key(parser, "prepare.size_factors", metavar="METHOD", choices=None)
    measured = parser.add_argument_group("genes that are measured (of counts)")
    add_key(measured, "prepare.min_tpm", metavar="TPM")
    add_key(measured, "prepare.min_reads", metavar="N")
    add_key(measured, "prepare.min_share", metavar="F")
    hidden = parser.add_argument_group("confounders that are not measured")
    add_key(hidden, "prepare.components", metavar="K")
    add_key(hidden, "prepare.controls", metavar="K")
    add_key(hidden, "prepare.control_max_p", metavar="P")
    add_key(hidden, "seed")
    add_key(parser, "prepare.min_samples", metavar="N")


def prepare_settings(given: Namespace) -> PrepareSettings:
    """What is done with expression, by `add_prepare_settings` and `add_values`."""
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


def add_priors(parser: Any) -> None:
    """Priors of a release; of a parser or of a group of its arguments."""
    parser.add_argument(
        "--priors",
        type=Path,
        metavar="FILE",
        help="what all genes say beforehand, as of `fqtl learn-priors`; left out: the defaults",
    )


def priors_of(given: Namespace) -> Priors | None:
    """Of the flag of `add_priors`."""
    return None if given.priors is None else read_priors(given.priors)


def priors_for(given: Namespace, tissues: Collection[str]) -> Priors | None:
    """The same, for fits of these tissues: names that are written otherwise are told of."""
    priors = priors_of(given)
    if priors is not None and priors.tissues and tissues and not {*tissues} & {*priors.tissues}:
        log.warning(
            "--priors %s says how often each of %d tissues has effects (%s, ...), and has none of "
            "the %d here (%s, ...): these are taken to be alike",
            given.priors,
            len(priors.tissues),
            priors.tissues[0],
            len(tissues),
            min(tissues),
        )
    return priors


def add_only_traits(parser: ArgumentParser) -> None:
    """Which of the traits below the results are of the run."""
    parser.add_argument(
        "--traits",
        nargs="*",
        metavar="NAME",
        help="those of the run, where others may lie beside them; left out, all that are there",
    )
