"""`report.html`: one self-contained page for the people who will use the results."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

import fqtl
from fqtl.release.discoveries import SUMMARY_RATE
from fqtl.report import plots
from fqtl.simulation.evaluation import compared
from fqtl.tables.fits import CALL
from fqtl.tables.reasons import count_reasons

PREDICTED = 0.01  # R² above which a gene counts as predicted


@dataclass(frozen=True)
class Results:
    """Tables of a run.

    foreign_weights : weight files beside this run's that are not its own
    recovery, pairs, simulated : what was found of what was simulated, in a simulated panel
    """

    genes: pd.DataFrame
    prepared: pd.DataFrame
    confounders: pd.DataFrame
    dropped: pd.DataFrame
    fits: pd.DataFrame
    factors: pd.DataFrame
    variants: pd.DataFrame
    tissues: pd.DataFrame
    credible_sets: pd.DataFrame
    prediction: pd.DataFrame
    dropped_variants: pd.DataFrame
    nulls: pd.DataFrame
    calibration: pd.DataFrame
    weights: pd.DataFrame
    foreign_weights: list[str]
    settings: dict[str, str]
    recovery: dict[str, float | None] | None = None
    pairs: pd.DataFrame | None = None
    simulated: pd.DataFrame | None = None


def render(results: Results, pictures: list[dict[str, str]]) -> str:
    """The page as HTML, with pictures as `figures` gives them."""
    environment = Environment(
        loader=PackageLoader("fqtl.report", "."),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html").render(
        version=fqtl.__version__,
        title=headline(results),
        numbers=numbers(results),
        figures=[{**picture, "svg": Markup(picture["svg"])} for picture in pictures],
        tissues=tissue_rows(results),
        left_out=left_out(results),
        recovery=results.recovery,
        calibration=calibration_rows(results),
        settings=results.settings,
    )


def headline(results: Results) -> str:
    """The run in one line."""
    tissues = int((results.prepared["reason"] == "").sum())
    fitted = int((results.fits["status"] == "fitted").sum())
    plural = "tissue" if tissues == 1 else "tissues"
    return f"{fitted:,} genes in {tissues} {plural}"


def numbers(results: Results) -> list[tuple[str, str]]:
    """What a reader asks first: figure and words."""
    strong = results.factors[results.factors["pip"] > CALL]
    predicted = results.prediction[results.prediction["r2"] > PREDICTED]
    return [
        _genes_found(results.calibration),
        (f"{strong['gene_id'].nunique():,}", "genes with a factor"),
        (f"{len(strong):,}", "factors (PIP above one half)"),
        (_median(strong["n_tissues"]), "tissues in a factor (median)"),
        (
            f"{int(results.fits['n_tissue_specific'].sum()):,}",
            "tissue-specific effects beside factors",
        ),
        (f"{len(results.credible_sets):,}", "credible sets (purity at least one half)"),
        (_median(results.credible_sets["size"]), "variants in a credible set (median)"),
        (f"{predicted['gene_id'].nunique():,}", "genes predicted in any tissue (CV R² > 0.01)"),
        (f"{results.fits['n_donors'].max():,}", "donors"),
    ]


def _genes_found(calibration: pd.DataFrame) -> tuple[str, str]:
    """Genes with an effect, and what the number of permuted genes allows to say of them."""
    words = "genes with an effect"
    row = calibration[calibration["level"] == "gene"]
    smallest = float(_smallest_q(calibration).get("gene", np.nan))
    if np.isnan(smallest):
        return "–", f"{words} (no rate: no permuted fits)"
    if smallest >= SUMMARY_RATE:
        permuted = row["n_permuted"].iloc[0]
        few = f"{permuted} permuted genes cannot show less than {100 * smallest:.1f} %"
        return f"{row['found'].iloc[0]:,}", f"{words} (FDR {100 * SUMMARY_RATE:.0f} %; {few})"
    return f"{row['found'].iloc[0]:,}", f"{words} (FDR {100 * SUMMARY_RATE:.0f} %)"


def _smallest_q(calibration: pd.DataFrame) -> "pd.Series[float]":
    """By level, the false discovery rate if everything stood above all permuted fits.

    That is pi0 / (fits + 1). Of factors, what counts are the permuted genes and not the factors
    found in them.
    """
    rows = calibration.set_index("level")
    permuted = rows["n_permuted"].copy()
    if {"gene", "factor"} <= set(permuted.index):
        permuted["factor"] = permuted["gene"]
    return (rows["pi0"].astype(float) / (permuted + 1)).where(permuted > 0)


def _median(counts: "pd.Series[int]") -> str:
    return f"{counts.median():.0f}" if len(counts) else "–"


def tissue_rows(results: Results) -> list[dict[str, Any]]:
    """One row per tissue: what went in and what came out."""
    prediction = results.prediction
    called = prediction[prediction["pip"] > CALL].groupby("tissue").size()
    predicted = prediction[prediction["r2"] > PREDICTED].groupby("tissue").size()
    filtered = results.weights[results.weights["set"] == "filtered"]
    filtered = filtered.drop_duplicates("tissue").set_index("tissue")  # formats hold the same genes
    rows = []
    for row in results.prepared.itertuples():
        model = filtered.loc[row.tissue] if row.tissue in filtered.index else None
        rows.append(
            {
                "tissue": row.tissue.replace("_", " "),
                "donors": row.n_donors,
                "genes": row.n_genes,
                "explained": row.explained,
                "outliers": row.n_outliers,
                "called": int(called.get(row.tissue, 0)),
                "predicted": int(predicted.get(row.tissue, 0)),
                "models": int(model["genes"]) if model is not None else 0,
                "reason": row.reason or row.concern,
            }
        )
    return rows


def calibration_rows(results: Results) -> list[dict[str, Any]]:
    """One row per level that was calibrated."""
    smallest = _smallest_q(results.calibration)
    return [
        {
            "level": row.level,
            "tests": row.tests,
            "n_permuted": row.n_permuted,
            "share": f"{row.pi0:.2f}",
            "smallest": f"{smallest[row.level]:.2g}",
            "found": row.found,
            "among": ""
            if np.isnan(row.found_among_permuted)
            else f"{row.found_among_permuted:.3f}",
        }
        for row in results.calibration.itertuples()
        if not np.isnan(row.pi0)
    ]


def left_out(results: Results) -> list[tuple[str, int]]:
    """Everything that was not used, by reason."""
    dropped = results.dropped
    counted = [
        ("genes not fitted: ", results.genes.loc[results.genes["reason"] != "", "reason"]),
        ("genes not fitted: ", results.fits.loc[results.fits["status"] != "fitted", "reason"]),
        ("gene left out of a tissue: ", dropped.loc[dropped["gene_id"] != "*", "reason"]),
        ("tissue left out: ", results.prepared.loc[results.prepared["reason"] != "", "reason"]),
    ]
    rows = [
        (prefix + reason, count)
        for prefix, reasons in counted
        for reason, count in count_reasons(reasons)
    ]
    for name, words in (
        ("without_genotypes", "donors of a tissue without genotypes"),
        ("without_covariates", "donors of a tissue without covariates"),
        ("repeated", "samples of a donor and tissue beside a deeper one"),
    ):
        rows.append((words, int(results.prepared[name].sum())))
    variants = results.dropped_variants.groupby("reason")["count"].sum()
    rows += [(f"variant in a gene's cis window: {why}", int(n)) for why, n in variants.items()]
    slow = int((results.fits["converged"] == False).sum())  # noqa: E712  (NA where not fitted)
    rows.append(("genes whose fit did not converge (kept)", slow))
    rows += [(f"weights that are not of this run: {name}", 1) for name in results.foreign_weights]
    return [row for row in rows if row[1]]


def figures(results: Results) -> list[dict[str, str]]:
    """Pictures (name, title, caption, svg), in the order of the page."""
    names = list(results.prepared.loc[results.prepared["reason"] == "", "tissue"])
    shown = []
    if results.pairs is not None:
        shown.append(
            (
                "truth",
                "Recovery of simulated effects",
                "Left: pairs of gene and tissue by their PIP, and the share of them that has a "
                "simulated effect (two standard errors); PIPs that are exact lie on the line. "
                "Right: pairs found as the cut-off is lowered.",
                plots.found_of_simulated(results.pairs),
            )
        )
    shown += _calibration_figures(results)
    example = _example(results.factors)
    if example is not None:
        gene = results.fits.set_index("gene_id").loc[example]
        variants = results.variants[results.variants["gene_id"] == example]
        tissues = results.tissues[results.tissues["gene_id"] == example]
        shown.append(
            (
                "gene",
                "Example: the gene with the most factors",
                "Above: PIPs of the variants of each factor along the chromosome. Below: "
                "tissue loadings of each factor.",
                plots.locus(example, int(gene["tss"]), variants, tissues, names),
            )
        )
    if len(names) > 1:
        strong = results.factors.loc[results.factors["pip"] > CALL, ["gene_id", "factor"]]
        called = results.tissues[results.tissues["pip"] > CALL].merge(strong)
        shown.append(
            (
                "sharing",
                "Tissues that share factors",
                "Of the factors of either tissue, the share that acts in both (tissue PIP > 0.5).",
                plots.sharing(called, names),
            )
        )
        shown.append(
            (
                "prediction",
                "Cross-validated prediction",
                "Genes by the R² between expression and its prediction in donors held out.",
                plots.prediction_by_tissue(results.prediction, names),
            )
        )
    else:
        shown.append(
            (
                "prediction",
                "Cross-validated prediction",
                "Genes by the R² between expression and its prediction in donors held out.",
                plots.prediction_histogram(results.prediction["r2"]),
            )
        )
    if names:
        shown.append(
            (
                "input",
                "Donors and covariates",
                "Donors of each tissue, and the share of the variance of expression that "
                "covariates and components of expression explain: all together (bar), each by "
                "itself (dot).",
                plots.tissues_and_confounders(results.prepared, results.confounders),
            )
        )
    return [
        {"name": name, "title": title, "caption": caption, "svg": plots.as_svg(figure)}
        for name, title, caption, figure in shown
    ]


def _calibration_figures(results: Results) -> list[tuple[str, str, str, Any]]:
    """P-values of permuted genes, of genes without simulated effects, and nominal FDRs."""
    shown: list[tuple[str, str, str, Any]] = []
    if len(results.nulls):
        variants = results.nulls["gene_id"].map(results.fits.set_index("gene_id")["n_variants"])
        few = (variants <= variants.median()).to_numpy()
        null_p, p = results.nulls["p"].to_numpy(), results.fits["p"].to_numpy(dtype=float)
        series = {
            "genes": p,
            "permuted genes, few variants": null_p[few],
            "permuted genes, many variants": null_p[~few],
        }
        if results.simulated is not None:
            empty = results.simulated.loc[results.simulated["n_factors"] == 0, "gene_id"]
            series["genes without effects"] = p[results.fits["gene_id"].isin(empty)]
        shown.append(
            (
                "calibration",
                "Calibration of p-values",
                "P-values of genes, and of permuted genes scored by the permuted fits of "
                "other genes. Those of genes without effects should be uniform (95 % of as many "
                "numbers in the grey band), whether a gene has few variants or many.",
                plots.quantiles(series),
            )
        )
    if results.pairs is not None and results.simulated is not None:
        shown.append(
            (
                "false_discoveries",
                "Nominal and true false discovery rates",
                "At nominal rates of 0.01 to 0.3 (two standard errors).",
                plots.false_discoveries(compared(results.fits, results.pairs, results.simulated)),
            )
        )
    return shown


def _example(factors: pd.DataFrame) -> str | None:
    """A gene with several certain factors and many tissues; none where nothing was found."""
    strong = factors[factors["pip"] > 0.9]
    if strong.empty:
        return None
    by_gene = strong.groupby("gene_id")
    table = pd.DataFrame({"factors": by_gene.size(), "tissues": by_gene["n_tissues"].sum()})
    order = np.lexsort((table.index, -table["tissues"], -table["factors"]))
    return str(table.index[order[0]])
