"""How well donors that were held out are predicted, against the baselines that were run."""

from typing import Any

import numpy as np
import pandas as pd

from fqtl.report import plots
from fqtl.report.blocks import Block, Figure, Section, Table, Text
from fqtl.report.results import PREDICTED, Results

DONORS = (
    "Genes by the R² between expression and its prediction in donors held out. Tissues with more "
    "donors predict more genes; one that is far behind its size is worth a look."
)
PSEUDO = (
    "Genes by the R² of pseudo-validation: z-scores of made-up parts of the people, which together "
    "are those that were given, each predicted from the others. It agrees with cross-validation "
    "where the panel's LD is that of the people behind the z-scores; what an error of LD takes "
    "from prediction is not seen."
)
CUTS = (PREDICTED, 0.05, 0.2)


def section(results: Results) -> Section:
    """Genes by cross-validated R², and the mean beside an elastic net's."""
    if not results.prediction["r2"].notna().any():
        which = "pseudo-validation" if results.of_summary else "cross-validation"
        why = (
            f"Nothing to show: there was no {which} (cross_validation.folds: 0), or no gene was "
            "fitted."
        )
        return Section("prediction", "Prediction", [Text(why)])
    return Section("prediction", "Prediction", [_figure(results), *_baseline(results)])


def _figure(results: Results) -> Figure:
    counts = predicted(results)
    title, caption = "Cross-validated prediction", DONORS
    if results.of_summary:
        title, caption = "Pseudo-validated prediction", PSEUDO
    if len(results.names) > 1:
        best = counts.iloc[int(counts["genes_r2_above_0.01"].to_numpy().argmax())]
        alt = f"Bars of genes by tissue; most, {best.iloc[1]:,}, in {best.iloc[0]}."
        drawing = plots.prediction_by_tissue(results.prediction, results.names)
    else:
        alt = f"Histogram; {counts.iloc[0, 1] if len(counts) else 0:,} genes have R² above 0.01."
        drawing = plots.prediction_histogram(results.prediction["r2"])
    return Figure("prediction", title, caption, alt, drawing, counts)


def predicted(results: Results) -> pd.DataFrame:
    """Genes of each tissue whose R² exceeds each of CUTS."""
    tissue = results.prediction["tissue"]
    table = pd.DataFrame({"tissue": results.names})
    for cut in CUTS:
        above = tissue[results.prediction["r2"] > cut].value_counts()
        counts = [int(above.get(name, 0)) for name in results.names]
        table[f"genes_r2_above_{cut:g}"] = counts
    return table


def _baseline(results: Results) -> list[Block]:
    """The elastic net, where it was run."""
    rows = baseline_rows(results.prediction)
    if results.of_summary:
        why = "There is no baseline: an elastic net needs the genotypes of donors with expression."
        return [Text(why)]
    if not rows:
        return [
            Text(
                "No baseline was run (cross_validation.baseline: 0), so nothing is said of how "
                "another method would predict the same donors."
            )
        ]
    data = pd.DataFrame(rows, columns=["tissue", "genes", "r2", "enet_r2", "better"])
    return [
        Figure(
            "baseline",
            "Against an elastic net",
            "Mean R² over genes for which an elastic net of the tissue by itself was trained "
            "on the same donors and folds. Blue to the right of orange: factors help.",
            f"In {int((data['r2'] > data['enet_r2']).sum())} of {len(data)} tissues the mean R² "
            "exceeds that of the elastic net.",
            plots.against_baseline(data),
            data,
        ),
        Table(
            "Mean R² over the genes of which both are known, and the share of them that is "
            "predicted better than by the elastic net.",
            ["tissue", "genes", "R²", "elastic net's R²", "share better"],
            [
                [name.replace("_", " "), f"{n:,}", f"{r2:.4f}", f"{enet:.4f}", f"{better:.2f}"]
                for name, n, r2, enet, better in rows
            ],
        ),
    ]


def baseline_rows(prediction: pd.DataFrame) -> list[list[Any]]:
    """By tissue: genes with both R², their means, and the share in which the first is larger."""
    both = prediction[prediction["enet_r2"].notna() & prediction["r2"].notna()]
    rows = []
    for tissue, of_it in both.groupby("tissue", observed=True):
        ours, net = of_it["r2"].to_numpy(), of_it["enet_r2"].to_numpy()
        share = float(np.mean(ours > net))
        rows.append([str(tissue), len(of_it), float(ours.mean()), float(net.mean()), share])
    return rows
