"""Test whether a trait is associated with genetically predicted expression.

Takes a GWAS and models of genes: a folder of weights of this project, PredictDB files with their
covariances, FUSION, TIGAR or FOCUS. The GWAS may be a text file of any usual layout (plain, gzip
or bgzip) or a GWAS-VCF; it is read once, in bounded memory. Genes are tested in each tissue, for
each factor that tissues share, and over both.

Where models come without covariances, genotypes of a reference panel take their place
(--ld-panel). If the GWAS is on another genome build than the models, a chain file lifts it
(--chain), or variants are found by rs number.

Writes associations.tsv.gz, factors.tsv.gz, genes.tsv.gz, variants.tsv.gz (what became of every
variant of every model) and audit.json, whole or not at all; with --figures the genes along the
genome, p-values against uniform ones, and genes by tissues.
"""

import logging
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import fqtl
from fqtl.association.combination import CONDITION
from fqtl.cli.flags import add_key
from fqtl.cli.ranges import SHARE, genome_build, number_in
from fqtl.errors import FqtlError
from fqtl.gwas.chain import Chain, read_chain
from fqtl.gwas.checks import Checks
from fqtl.gwas.choice import MODES, Chosen, choose
from fqtl.gwas.layouts import MEANINGS, PLAIN
from fqtl.gwas.matching import PALINDROMES
from fqtl.gwas.places import Chromosomes, place
from fqtl.gwas.reader import Gwas, open_gwas
from fqtl.gwas.scan import Scan, Wanted, scan
from fqtl.tables.files import write_json, write_text, write_tsv
from fqtl.trait.associate import SetResult, Settings, associate_sets
from fqtl.trait.audit import require_matched, summary
from fqtl.trait.models import Models, load_models
from fqtl.trait.over_tissues import combined, genes_over
from fqtl.trait.panel_ld import PanelLD
from fqtl.trait.tables import associations, audit, genes_table, write_audit
from fqtl.weights.staging import staged

log = logging.getLogger(__name__)
OUTPUTS = ("associations.tsv.gz", "factors.tsv.gz", "genes.tsv.gz", "variants.tsv.gz", "audit.json")
FIGURES = ("manhattan.svg", "quantiles.svg", "tissues.svg")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--gwas", type=Path, required=True, metavar="FILE", help="of one trait")
    parser.add_argument(
        "--weights", type=Path, nargs="+", required=True, metavar="PATH", help="files or folders"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument(
        "--figures",
        action="store_true",
        help="draw manhattan.svg, quantiles.svg and tissues.svg, too",
    )
    _add_gwas(parser.add_argument_group("the GWAS"))
    models = parser.add_argument_group("models")
    add_key(models, "twas.set")
    models.add_argument(
        "--model", default="", metavar="NAME", help="of a gene, where a file has several"
    )
    add_key(models, "twas.missing")
    add_key(models, "twas.min_imputation_r2", metavar="R2")
    models.add_argument(
        "--min-r2-kept",
        type=SHARE,
        default=0.5,
        metavar="R2",
        help="squared correlation of what is tested with the whole model, else it is not tested",
    )
    models.add_argument(
        "--max-condition",
        type=number_in(1),
        default=CONDITION,
        metavar="C",
        help="of principal components over tissues: largest over smallest eigenvalue",
    )
    ld = parser.add_argument_group("LD")
    ld.add_argument(
        "--joint-covariance",
        type=Path,
        metavar="FILE",
        help="over the variants of all tissues; that beside the models by default",
    )
    ld.add_argument(
        "--ld-panel", type=Path, metavar="FILE", help="genotypes as .vcf.gz, .bcf, .bed or .pgen"
    )
    add_key(ld, "genotypes.field")
    ld.add_argument(
        "--min-found",
        type=SHARE,
        default=0.5,
        metavar="SHARE",
        help="of the models' variants that the panel must have",
    )


def _add_gwas(group: Any) -> None:
    group.add_argument(
        "--columns",
        type=_meaning,
        nargs="+",
        default=[],
        metavar="MEANING=COLUMN",
        help=f"what columns mean, where the header does not tell: {', '.join(MEANINGS[:13])}",
    )
    group.add_argument("--study", default="", metavar="NAME", help="of a GWAS-VCF with several")
    group.add_argument(
        "--gwas-build", type=genome_build, metavar="BUILD", help="recognised by default"
    )
    group.add_argument(
        "--weights-build",
        type=genome_build,
        metavar="BUILD",
        help="where the models do not tell theirs",
    )
    group.add_argument(
        "--chain", type=Path, metavar="FILE", help="chain file from the GWAS' build to the models'"
    )
    group.add_argument(
        "--match",
        choices=MODES,
        default="auto",
        help="variants by position and alleles, or by rs number and alleles",
    )
    group.add_argument(
        "--palindromes",
        choices=PALINDROMES,
        default="infer",
        help="A/T and C/G: infer the strand from frequencies and from the other variants",
    )
    add_key(group, "twas.min_matched", metavar="SHARE")
    group.add_argument(
        "--bad-rows",
        choices=["refuse", "ignore"],
        default="refuse",
        help="values that cannot be, as a standard error of 0",
    )


def _meaning(text: str) -> tuple[str, str]:
    meaning, mark, name = text.partition("=")
    if not mark or meaning not in PLAIN or not name:
        raise ArgumentTypeError(
            f"expected MEANING=COLUMN with one of {', '.join(MEANINGS[:13])}, found {text!r}"
        )
    return meaning, name


def run(given: Namespace) -> None:
    gwas = open_gwas(given.gwas, dict(given.columns), given.study)
    models = load_models(given.weights, given.model, given.set)
    _tell_models(models)
    panel = _panel(given, models)
    checks, found, chosen = _matched(given, gwas, models)
    require_matched(found, models, chosen, given.min_matched)
    z = _z(found, chosen)
    settings = Settings(given.missing == "impute", given.min_imputation_r2, given.min_r2_kept)
    tests = associate_sets(models, z, settings, panel, lambda name: log.debug("%s is tested", name))
    over = _over(given, models, tests, panel)
    about = {
        "software": f"fqtl {fqtl.__version__}",
        **summary(found, chosen, models, checks.ignored),
        "weights": [str(path) for path in given.weights],
        "ld": str(given.ld_panel) if given.ld_panel else "covariances beside the models",
    }
    _write(given, models, tests, over, chosen, z, about)


def _tell_models(models: Models) -> None:
    log.info(
        "%d sets, %d models, %d variants%s",
        len(models.sets),
        sum(len(found.genes) for found in models.sets),
        len(models.variants),
        f" on {models.genome_build}" if models.genome_build else "",
    )


def _panel(given: Namespace, models: Models) -> PanelLD | None:
    if given.ld_panel is None:
        from fqtl.trait.associate import require_covariances

        require_covariances(models)
        return None
    from fqtl.data.genotypes import open_genotypes

    build = given.weights_build or models.genome_build
    if not build:
        raise FqtlError(
            "The models do not tell their genome build, by which variants are looked up in "
            f"{given.ld_panel}. Give it (--weights-build)."
        )
    source = open_genotypes(given.ld_panel, build, given.field)
    other = source.other_build()
    if other:
        raise FqtlError(f"The models are on {build}, but {other}: {source.path} (--ld-panel).")
    panel = PanelLD(source, models.variants, given.min_found, "the models")
    models.variants["frequency"] = panel.frequency
    log.info(
        "%d of %d variants of the models are in %s, of %d people",
        *(int((panel.reason == "").sum()), len(panel.reason), source.path, len(source.donors)),
    )
    return panel


def _matched(given: Namespace, gwas: Gwas, models: Models) -> tuple[Checks, Scan, Chosen]:
    """The GWAS gone through, and how its rows are those of the models."""
    variants = models.variants
    chromosomes = Chromosomes(name for name in variants["chrom"].unique() if name)
    number = {name: chromosomes.code(name) for name in variants["chrom"].unique()}
    codes = variants["chrom"].map(number).to_numpy()
    variants["place"] = place(codes, variants["pos"].to_numpy())
    wanted = Wanted.of(chromosomes, variants["place"].to_numpy(), variants["rsid"])
    chain: Chain | None = None
    weights_build = _weights_build(given, models)
    build, told_by = (given.gwas_build, "--gwas-build") if given.gwas_build else ("", "")
    if build and gwas.build and build != gwas.build:
        raise FqtlError(
            f"{gwas.path} is on {gwas.build} by {gwas.told_by}, and --gwas-build says {build}."
        )
    if not build:
        build, told_by = gwas.build, gwas.told_by
    if given.chain is not None:
        chain = read_chain(given.chain, chromosomes)
    checks = Checks(
        gwas.path, gwas.layout, gwas.header.skipped, bad_rows=given.bad_rows == "ignore"
    )
    left_out: Counter[str] = Counter()
    batches = gwas.batches(left_out)
    found = scan(gwas.path, gwas.layout, batches, wanted, checks, chain, zero_based=gwas.zero_based)
    found.left_out.update(left_out)
    log.info(
        "%s: %s, %d rows, %d of them of variants of the models",
        *(gwas.path, gwas.layout.name, found.n_rows, len(found.rows)),
    )
    chosen = choose(
        found,
        variants,
        gwas_build=build,
        told_by=told_by,
        weights_build=weights_build,
        chain=chain,
        mode=given.match,
        palindromes=given.palindromes,
    )
    log.info(
        "%d of %d variants matched by %s",
        *(chosen.matched.found, len(variants), chosen.key),
    )
    return checks, found, chosen


def _weights_build(given: Namespace, models: Models) -> str:
    if given.weights_build and models.genome_build not in ("", given.weights_build):
        raise FqtlError(
            f"The models are on {models.genome_build}, and --weights-build says "
            f"{given.weights_build}."
        )
    return given.weights_build or models.genome_build


def _z(found: Scan, chosen: Chosen) -> np.ndarray:
    """(v,) z of the effect alleles of the models' variants."""
    matched = chosen.matched
    z = np.full(len(matched.row), np.nan)
    there = matched.row >= 0
    told = found.rows["z"].to_numpy(dtype=float)
    z[there] = matched.sign[there] * told[matched.row[there]]
    return z


def _over(
    given: Namespace, models: Models, tests: list[SetResult], panel: PanelLD | None
) -> pd.DataFrame:
    joint = given.joint_covariance or next(iter(models.joint), None)
    genes = genes_over(tests)
    several = sum(len(gene.members) > 1 for gene in genes)
    if several and joint is None and panel is None:
        log.info(
            "%d genes have models in several tissues and no covariances over all of these: "
            "p_components is NA (--joint-covariance or --ld-panel)",
            several,
        )
    return combined(genes, tests, models, joint, panel, given.max_condition)


def _write(
    given: Namespace,
    models: Models,
    tests: list[SetResult],
    over: pd.DataFrame,
    chosen: Chosen,
    z: np.ndarray,
    about: dict[str, Any],
) -> None:
    tissues, factors = (associations(tests, factors=kind) for kind in (False, True))
    genes = genes_table(over, pd.concat([tissues, factors]))
    out = given.out
    with staged(out) as stage:
        earlier = (out / name for name in (*OUTPUTS, *FIGURES))
        stage.replaced.extend(path for path in earlier if path.is_file())
        write_tsv(stage.folder / OUTPUTS[0], tissues, "associations")
        write_tsv(stage.folder / OUTPUTS[1], factors, "twas_factors")
        write_tsv(stage.folder / OUTPUTS[2], genes, "twas_genes")
        table = audit(tests, models, chosen.matched, z, chosen.key == "lifted")
        write_audit(stage.folder / OUTPUTS[3], table)
        tested = int(sum(np.isfinite(result.z).sum() for result in tests))
        reasons = Counter(reason for result in tests for reason in result.reason if reason)
        about |= {"models": sum(len(result.z) for result in tests), "models_tested": tested}
        about |= {"models_not_tested": dict(reasons), "genes_without_a_model": len(models.left_out)}
        write_json(stage.folder / OUTPUTS[4], about)
        if given.figures:
            _draw(stage.folder, tissues, factors, genes)
    log.info("%d of %d models tested, see %s", tested, about["models"], out)
    for reason, count in reasons.most_common():
        log.info("%d models are not tested: %s", count, reason)


def _draw(folder: Path, tissues: pd.DataFrame, factors: pd.DataFrame, genes: pd.DataFrame) -> None:
    from fqtl.report.plots import as_svg
    from fqtl.report.trait_plots import genes_by_tissues, manhattan, quantiles_of_logs

    tables = {"gene and tissue": tissues, "gene and factor": factors, "gene": genes}
    logs = {
        name: table["neg_log10_p"].to_numpy(dtype=float)
        for name, table in tables.items()
        if len(table)
    }
    numbers = {"z": pd.to_numeric(tissues["z"], errors="coerce")}
    known = genes.assign(bonferroni=pd.to_numeric(genes["bonferroni"], errors="coerce"))
    figures = (
        manhattan(known),
        quantiles_of_logs(logs),
        genes_by_tissues(tissues.assign(**numbers), known),
    )
    for name, figure in zip(FIGURES, figures, strict=True):
        write_text(folder / name, as_svg(figure) + "\n")
