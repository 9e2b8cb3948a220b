"""Look at all input before any of it is computed on.

Expression, covariates and annotation are read whole; of genotypes the donors, chromosomes, index
and genome build, and the variants near the first and the last gene. What later stages would refuse
is refused here: steps that values cannot take, donors and chromosomes that files do not share,
genes in two places or with names that no file can have.
Weight files are looked at by `fqtl check weights`.
"""

import logging
import shutil
import zlib
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import pandas as pd

from fqtl.cli.arguments import (
    add_chromosomes,
    add_donor_covariates,
    add_genotypes,
    add_out,
    add_prepare_settings,
    add_values,
    chromosomes_of,
    covariates_of,
    open_given,
    prepare_settings,
    to_regress_out,
)
from fqtl.data import contigs
from fqtl.data.annotation import read_annotation
from fqtl.data.covariates import Covariates, read_covariates
from fqtl.data.donors import not_in, require_shared
from fqtl.data.dosages import NOT_DIPLOID, Genotypes, GenotypeSource, Limits
from fqtl.data.expression import Expression
from fqtl.data.gene_names import read_gene_names
from fqtl.data.genotypes import open_genotypes
from fqtl.data.sex import require_known
from fqtl.data.tissues import Tissue, read_tissues
from fqtl.errors import FqtlError
from fqtl.prepare.concerns import about_counts, about_freedom, about_tails
from fqtl.prepare.settings import PrepareSettings
from fqtl.prepare.tissue import size_factors
from fqtl.prepare.tissue_counts import read_by_donor
from fqtl.shards.assignment import list_genes, on_wanted, require_some
from fqtl.tables.files import write_json
from fqtl.weights.formats import FORMATS
from fqtl.weights.fusion import odd_names, refuse_odd_names

log = logging.getLogger(__name__)
NEAR_BP = 50_000  # base pairs on either side of a gene
ROOM = 3  # times the size of the expression files that intermediate tables may take


def add_arguments(parser: ArgumentParser) -> None:
    listed = parser.add_mutually_exclusive_group(required=True)
    listed.add_argument("--tissues", type=Path, metavar="FILE", help="the sheet")
    listed.add_argument(
        "--tissue",
        nargs=3,
        action="append",
        metavar=("NAME", "EXPRESSION", "COVARIATES"),
        help="a line of the sheet, in its place; covariates may be empty",
    )
    add_values(parser)
    add_donor_covariates(parser)
    add_genotypes(parser)
    add_chromosomes(parser)
    add_prepare_settings(parser)
    parser.add_argument(
        "--needs-rsids", action="store_true", help="models are to be trained on named variants"
    )
    parser.add_argument(
        "--formats", nargs="+", choices=list(FORMATS), default=[], help="weights to be written"
    )
    parser.add_argument(
        "--gene-names", type=Path, metavar="GTF", help="names and types of genes for weights"
    )
    add_out(parser, "what was found, as JSON")


def run(given: Namespace) -> None:
    settings = prepare_settings(given)
    source = open_given(given)
    check_build(source, given)
    tissues = (
        read_tissues(given.tissues)
        if given.tissues
        else [
            Tissue(name, Path(expression), Path(covariates) if covariates else None)
            for name, expression, covariates in given.tissue
        ]
    )
    annotation = read_annotation(given.annotation) if given.annotation else None
    shared_by_all = read_covariates(given.donor_covariates) if given.donor_covariates else None
    found, genes = [], []
    seen: dict[int, Tissue] = {}
    for tissue in tissues:
        expression, _ = read_by_donor(tissue.expression, given.counts, annotation, given.tss)
        _refuse_same(seen.setdefault(_mark_of(expression), tissue), tissue, expression)
        _require_lengths(tissue, expression, settings)
        _require_size_factors(expression, source, settings)
        found.append(_check_tissue(tissue, expression, source, given, shared_by_all))
        genes.append((tissue.name, expression.genes.assign(reason="")))
    _require_donors(found, given.min_samples)
    chromosomes = {chrom for entry in found for chrom in entry["chromosomes"]}
    readable = {contigs.bare(contig) for contig in source.contigs}
    shared = sorted((c for c in chromosomes if contigs.bare(c) in readable), key=contigs.order)
    if not shared:
        contigs.resolve(min(chromosomes, key=contigs.order), source.contigs, str(given.genotypes))
    listed = list_genes(genes, chromosomes_of(given), source.contigs)
    source.require(on_wanted(listed, chromosomes_of(given)))
    require_some(listed)
    fitted = listed[listed["reason"] == ""]
    source.require(fitted["chrom"].unique())
    if "fusion" in given.formats:
        refuse_odd_names(fitted["gene_id"])
    if given.gene_names:
        read_gene_names(given.gene_names)
    _require_variants(source, [_read_near(source, fitted.iloc[row]) for row in (0, -1)])
    _require_sex(source, fitted, found)
    if given.needs_rsids:
        require_rsids(source, fitted)
    _check_room(tissues, given.out.parent)
    write_json(
        given.out,
        {
            "genome_build": given.genome_build,
            "genotypes": {
                "path": str(given.genotypes),
                "donors": len(source.donors),
                "chromosomes": len(source.contigs),
            },
            "chromosomes": shared,
            "genes": {
                "all": len(listed),
                "to_fit": len(fitted),
                "odd_names": odd_names(fitted["gene_id"]),
            },
            "tissues": [_told(entry) for entry in found],
        },
    )
    told = sum(len(entry["warnings"]) for entry in found)
    log.info(
        "%d tissues and %s %s",
        len(found),
        given.genotypes,
        f"can be used; mind the {told} warnings above" if told else "are in order",
    )


def check_build(source: GenotypeSource, given: Namespace) -> None:
    """Refuse genotypes on another build; say so where nothing in them tells which they are on."""
    other = source.other_build()
    if other:
        raise FqtlError(
            f"The genotypes are said to be on {given.genome_build}, but {other}: "
            f"{given.genotypes}. See genome_build in the config."
        )
    if given.genome_build not in contigs.LENGTHS:
        return
    # a file tells its build where it contradicts every other
    silent = [
        build
        for build in contigs.LENGTHS
        if build != given.genome_build
        and not open_genotypes(given.genotypes, build, given.field).other_build()
    ]
    if silent:
        shown = ", ".join(source.contigs[:3]) + (", …" if len(source.contigs) > 3 else "")
        log.warning(
            "nothing in %s, which has %s (%s), tells %s from %s: genome_build is taken at its word",
            given.genotypes,
            "1 chromosome" if len(source.contigs) == 1 else f"{len(source.contigs)} chromosomes",
            shown,
            given.genome_build,
            " or ".join(silent),
        )


def _told(entry: dict[str, Any]) -> dict[str, Any]:
    """What is written of a tissue."""
    told = {key: value for key, value in entry.items() if key != "names"}
    return {**told, "chromosomes": len(entry["chromosomes"])}


def _check_tissue(
    tissue: Tissue,
    expression: Expression,
    source: GenotypeSource,
    given: Namespace,
    shared_by_all: Covariates | None,
) -> dict[str, Any]:
    """What there is to say of a tissue."""
    require_shared(given.genotypes, source.donors, tissue.expression, expression.donors)
    concerns = [
        not_in(tissue.expression, expression.donors, given.genotypes, source.donors),
        about_counts(expression.values, given.counts, given.scale),
        about_tails(
            expression.values, expression.genes["gene_id"].to_list(), expression.donors, given.scale
        ),
    ]
    usable = set(expression.donors) & set(source.donors)
    entry: dict[str, Any] = {
        "tissue": tissue.name,
        "expression": str(tissue.expression),
        "genes": len(expression.genes),
        "donors": len(expression.donors),
        "donors_with_genotypes": len(usable),
        "chromosomes": sorted(set(expression.genes["chrom"])),
    }
    covariates = None
    if tissue.covariates is not None:
        covariates = covariates_of(tissue.covariates, tissue.expression, expression.donors)
        entry["covariates"] = len(covariates.names)
        concerns.append(
            not_in(given.genotypes, sorted(usable), tissue.covariates, covariates.donors)
        )
        usable &= set(covariates.donors)
    if shared_by_all is not None:
        path = given.donor_covariates
        require_shared(tissue.expression, expression.donors, path, shared_by_all.donors)
        entry["donor_covariates"] = len(shared_by_all.names)
        concerns.append(not_in(given.genotypes, sorted(usable), path, shared_by_all.donors))
        usable &= set(shared_by_all.donors)
    out = to_regress_out(covariates, shared_by_all, given.donor_covariates_in_model)
    regressed = len(out.names) if out else 0
    concerns.append(about_freedom(len(usable), regressed, prepare_settings(given).components))
    entry["usable_donors"], entry["names"] = len(usable), usable
    entry["warnings"] = [concern for concern in concerns if concern]
    log.info(
        "%s: %d genes, %d donors, of whom %d can be used",
        tissue.name,
        entry["genes"],
        entry["donors"],
        len(usable),
    )
    for concern in entry["warnings"]:
        log.warning("%s: %s", tissue.name, concern)
    return entry


def _mark_of(expression: Expression) -> int:
    """A number that differs where genes, donors or values do."""
    names = "\t".join([*expression.donors, *expression.genes["gene_id"]])
    return zlib.crc32(expression.values.tobytes(), zlib.crc32(names.encode()))


def _refuse_same(first: Tissue, tissue: Tissue, expression: Expression) -> None:
    """Refuse a tissue that has all values of another: it would share every effect with it."""
    if first is not tissue:
        raise FqtlError(
            f"{first.name} ({first.expression}) and {tissue.name} ({tissue.expression}) have the "
            f"same values of {len(expression.genes)} genes in {len(expression.donors)} donors. "
            "Does the sheet of tissues name a file twice, or was one copied?"
        )


def _require_lengths(tissue: Tissue, expression: Expression, settings: PrepareSettings) -> None:
    """Refuse counts of genes without lengths where transcripts per million are asked for."""
    if settings.counted and settings.min_tpm > 0 and "length" not in expression.genes:
        raise FqtlError(
            f"{tissue.expression} does not say how long genes are, and prepare.min_tpm: "
            f"{settings.min_tpm:g} asks for transcripts per million. Give release.annotation, or "
            "leave this filter out with prepare.min_tpm: 0."
        )


def _require_size_factors(
    expression: Expression, source: GenotypeSource, settings: PrepareSettings
) -> None:
    """Refuse counts of which a median of ratios cannot be had."""
    if settings.counted and settings.size_factors == "median_of_ratios":
        genotyped = set(source.donors)
        kept = [donor in genotyped for donor in expression.donors]
        size_factors(expression, expression.values[:, kept], settings)


def _read_near(source: GenotypeSource, gene: Any) -> Genotypes:
    """Variants near a gene; a file of genotypes that was cut short is found so."""
    place = max(gene.tss - NEAR_BP, 1), gene.tss + NEAR_BP
    return source.read(gene.chrom, *place, source.donors, Limits())


def _require_variants(source: GenotypeSource, near: list[Genotypes]) -> None:
    """Refuse genotypes of which nothing can be used, for a reason that is none of the variants'."""
    reasons = near[0].dropped_by_reason() + near[-1].dropped_by_reason()
    reasons.pop("constant", None)
    if reasons and not any(len(found.variants) for found in near):
        reason, times = reasons.most_common(1)[0]
        hint = (
            " If everybody has one copy of every chromosome, say genotypes.haploid: true."
            if reason == NOT_DIPLOID
            else ""
        )
        raise FqtlError(
            f"None of {reasons.total()} variants of {source.path} near the first and the last gene "
            f"can be used; {times} of them: {reason}. See genotypes.path and genotypes.field in "
            f"the config.{hint}"
        )


def _require_sex(
    source: GenotypeSource, fitted: pd.DataFrame, tissues: list[dict[str, Any]]
) -> None:
    """Refuse genes on X where nobody says how many copies the donors of expression have."""
    chrom = next(
        (name for name in fitted["chrom"].unique() if source.sexes.with_one_copy(name)), ""
    )
    if not chrom:
        return
    measured = {name for entry in tissues for name in entry["names"]}
    donors = [name for name in source.donors if name in measured]
    require_known(source.sex_of(donors), donors, chrom, source.path)


def require_rsids(source: GenotypeSource, genes: pd.DataFrame) -> None:
    """Refuse genotypes without rs numbers, and tell of chromosomes without: nothing would be left.

    On each chromosome genes are looked at until a variant near one has a name.
    """
    nameless: dict[str, int] = {}
    chromosomes = genes.groupby("chrom", sort=False)
    for chrom, on_it in chromosomes:
        count = _without_names(source, on_it)
        if count:
            nameless[str(chrom)] = count
    if not nameless:
        return
    mend = (
        "without which FUSION does not find a variant. Name a lookup table as genotypes.rsids in "
        "the config, or write `none` there to go by position, or weights.variants: all."
    )
    if len(nameless) == len(chromosomes):
        raise FqtlError(
            f"None of {sum(nameless.values())} variants of {source.path} near {len(genes)} genes "
            f"has an rs number, {mend}"
        )
    log.warning(
        "none of %d variants of %s near genes of %s has an rs number, %s",
        sum(nameless.values()),
        source.path,
        ", ".join(nameless),
        mend,
    )


def _without_names(source: GenotypeSource, genes: pd.DataFrame) -> int:
    """Variants near genes of one chromosome, if none of them has an rs number; 0 if one has."""
    seen: set[str] = set()
    for gene in genes.itertuples():
        variants = _read_near(source, gene).variants
        if (variants["rsid"] != "").any():
            return 0
        seen |= set(variants["variant_id"])
    return len(seen)


def _require_donors(found: list[dict[str, Any]], min_samples: int) -> None:
    most = max(found, key=lambda entry: entry["usable_donors"])
    if most["usable_donors"] < min_samples:
        raise FqtlError(
            f"No tissue has {min_samples} donors with genotypes and covariates; the most, "
            f"{most['usable_donors']}, has {most['tissue']}. See prepare.min_samples in the config."
        )


def _check_room(tissues: list[Tissue], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    needed = ROOM * sum(tissue.expression.stat().st_size for tissue in tissues)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise FqtlError(
            f"About {needed / 1e6:.0f} MB are needed in {folder}, {free / 1e6:.0f} MB are free. "
            "See results in the config."
        )
