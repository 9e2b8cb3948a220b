"""Test whether a trait is associated with genetically predicted expression.

Takes a GWAS and models of genes: a folder of weights of this project, PredictDB files with their
covariances, FUSION, TIGAR or FOCUS. The GWAS may be a text file of any usual layout (plain, gzip
or bgzip) or a GWAS-VCF; it is read once, in bounded memory. Genes are tested in each tissue, for
each factor that tissues share, and over both.

Where models come without covariances, genotypes of a reference panel take their place
(--ld-panel). If the GWAS is on another genome build than the models, a chain file lifts it
(--chain), or variants are found by rs number.

Writes associations.tsv.gz, factors.tsv.gz, genes.tsv.gz, variants.tsv.gz (what became of every
variant of every model) and audit.json, whole or not at all; with a panel loci.tsv.gz and
fine_mapping.tsv.gz (which gene, which tissue, which mechanism); with --figures the genes along the
genome, p-values against uniform ones, and genes by tissues.

With --effects, the fits of a run, colocalisation.tsv.gz tells whether effects on expression and on
the trait are of one variant: by single effects on the trait where a panel tells the LD, else by one
in each gene's window.
"""

import logging
from argparse import ArgumentParser, Namespace
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import fqtl
from fqtl.association.combination import CONDITION
from fqtl.cli.flags import add_key
from fqtl.cli.ranges import SHARE, number_in
from fqtl.cli.twas_background import add_background, calibrate
from fqtl.cli.twas_colocalisation import (
    add_colocalisation,
    colocalised,
    require_priors_and_effects,
)
from fqtl.cli.twas_gwas import add_gwas, matched_with, weights_build_of, z_of
from fqtl.cli.twas_loci import NO_PANEL, Mapped, add_fine_mapping, fine_mapped, source_of
from fqtl.data.dosages import GenotypeSource
from fqtl.gwas.choice import Chosen
from fqtl.gwas.reader import open_gwas
from fqtl.tables.files import write_json, write_text, write_tsv
from fqtl.trait.associate import SetResult, Settings, associate_sets, require_covariances
from fqtl.trait.audit import require_frequencies, require_matched, summary
from fqtl.trait.colocalisation import with_colocalisation
from fqtl.trait.models import Models, load_models
from fqtl.trait.over_tissues import combined, genes_over
from fqtl.trait.panel_ld import PanelLD
from fqtl.trait.tables import associations, audit, genes_table, write_audit
from fqtl.weights.staging import staged

log = logging.getLogger(__name__)
OUTPUTS = ("associations.tsv.gz", "factors.tsv.gz", "genes.tsv.gz", "variants.tsv.gz", "audit.json")
LOCI = ("loci.tsv.gz", "fine_mapping.tsv.gz", "locus_variants.tsv.gz")  # with a panel
SHARED = "colocalisation.tsv.gz"  # with effects
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
    add_gwas(parser.add_argument_group("the GWAS"))
    models = parser.add_argument_group("models")
    add_key(models, "twas.set")
    models.add_argument(
        "--model", default="", metavar="NAME", help="of a gene, where a file has several"
    )
    add_key(models, "twas.missing")
    add_key(models, "twas.min_imputation_r2", metavar="R2")
    add_key(models, "twas.permutations", metavar="MAX")
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
    add_background(parser.add_argument_group("polygenic background"))
    add_fine_mapping(parser.add_argument_group("fine-mapping"))
    add_colocalisation(parser.add_argument_group("colocalisation"))


def run(given: Namespace) -> None:
    gwas = open_gwas(given.gwas, dict(given.columns), given.study)
    models = load_models(given.weights, given.model, given.set)
    _tell_models(models)
    require_priors_and_effects(given, weights_build_of(given, models))
    source = source_of(given, models)
    panel = _panel(given, models, source)
    build = weights_build_of(given, models)
    checks, found, chosen = matched_with(given, gwas, models.variants, build)
    require_matched(found, models, chosen, given.min_matched)
    require_frequencies(found, models, chosen)
    z = z_of(found, chosen)
    settings = Settings(
        given.missing == "impute",
        given.min_imputation_r2,
        given.min_r2_kept,
        given.permutations,
    )
    tests = associate_sets(models, z, settings, panel, lambda name: log.debug("%s is tested", name))
    background = calibrate(given, models, tests, panel, source)
    over = _over(given, models, tests, panel)
    about: dict[str, Any] = {
        "software": f"fqtl {fqtl.__version__}",
        **summary(found, chosen, models, checks.ignored),
        **background,
        "weights": [str(path) for path in given.weights],
        "ld": str(given.ld_panel) if given.ld_panel else "covariances beside the models",
    }
    loci = None
    if source is not None and panel is not None and given.fine_mapping:
        loci = fine_mapped(given, gwas, models, tests, panel, source)
        about["fine_mapping"] = loci.about
    elif given.fine_mapping:
        about["fine_mapping"] = NO_PANEL
    shared = colocalised(given, gwas, models, tests, loci)
    _write(given, models, tests, over, chosen, z, loci, shared, about)


def _tell_models(models: Models) -> None:
    log.info(
        "%d sets, %d models, %d variants%s",
        len(models.sets),
        sum(len(found.genes) for found in models.sets),
        len(models.variants),
        f" on {models.genome_build}" if models.genome_build else "",
    )


def _panel(given: Namespace, models: Models, source: GenotypeSource | None) -> PanelLD | None:
    if source is None:
        require_covariances(models)
        return None
    panel = PanelLD(source, models.variants, given.min_found, "the models")
    models.variants["frequency"] = panel.frequency
    log.info(
        "%d of %d variants of the models are in %s, of %d people",
        *(int((panel.reason == "").sum()), len(panel.reason), source.path, len(source.donors)),
    )
    return panel


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
    loci: Mapped | None,
    shared: pd.DataFrame | None,
    about: dict[str, Any],
) -> None:
    tissues, factors = (associations(tests, factors=kind) for kind in (False, True))
    genes = genes_table(over, pd.concat([tissues, factors]))
    out = given.out
    with staged(out) as stage:
        earlier = (out / name for name in (*OUTPUTS, *LOCI, SHARED, *FIGURES))
        stage.replaced.extend(path for path in earlier if path.is_file())
        write_tsv(stage.folder / OUTPUTS[0], tissues, "associations")
        write_tsv(stage.folder / OUTPUTS[1], factors, "twas_factors")
        write_tsv(stage.folder / OUTPUTS[2], genes, "twas_genes")
        table = audit(tests, models, chosen.matched, z, chosen.key == "lifted")
        write_audit(stage.folder / OUTPUTS[3], table)
        if shared is not None:
            write_tsv(stage.folder / SHARED, shared, "colocalisation")
        if loci is not None:
            told = loci.loci if shared is None else with_colocalisation(loci.loci, shared)
            write_tsv(stage.folder / LOCI[0], told, "loci")
            write_tsv(stage.folder / LOCI[1], loci.rows, "fine_mapping")
            write_tsv(stage.folder / LOCI[2], loci.variants, "locus_variants")
        tested = int(sum(np.isfinite(result.calibrated).sum() for result in tests))
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
