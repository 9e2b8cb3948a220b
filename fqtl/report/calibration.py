"""Whether p-values of noise are uniform, and rates what they promise."""

from typing import Any

import numpy as np
import pandas as pd

from fqtl.report import plots
from fqtl.report.blocks import Block, Figure, Section, Table, Text
from fqtl.report.results import Results

SIMULATED = (
    "What is called permuted here are simulated nulls: z-scores drawn with the LD of the fits and "
    "the noise that tissues share, and fitted as those that were given. What errors of this LD "
    "make of effects is in those of genes and tissues, and not in those of genes."
)


def section(results: Results) -> Section:
    """P-values of permuted genes, and what would be found among these."""
    rows = calibration_rows(results)
    if not rows:
        why = f"Nothing to show: there are no {results.nulls_are} (calibration.permutations: 0)."
        return Section("calibration", "Calibration", [Text(why)])
    blocks: list[Block] = [
        Table(
            "Widened: tests that were compared with permuted fits of genes of other numbers of "
            "tissues, too, since fewer than five of as many tissues had as much; in the first "
            "place those with effects. "
            "π₀ is the estimated share of hypotheses without an effect. Found: q below 5 %. Found "
            "among permuted genes: the share of these that would have q below 5 %, were they the "
            "data; it should be close to 0.",
            [
                "level",
                "tests",
                "permuted",
                "widened",
                "π₀",
                "found",
                "found among permuted genes",
            ],
            rows,
        )
    ]
    if results.of_summary:
        blocks.append(Text(SIMULATED))
    if len(results.nulls):
        blocks.append(_figure(results))
    return Section("calibration", "Calibration", blocks)


def calibration_rows(results: Results) -> list[list[Any]]:
    """One row per level that was calibrated."""
    return [
        [
            row.level,
            f"{row.tests:,}",
            f"{row.n_permuted:,}",
            f"{row.widened:,}",
            f"{row.pi0:.2f}",
            f"{row.found:,}",
            "" if np.isnan(row.found_among_permuted) else f"{row.found_among_permuted:.3f}",
        ]
        for row in results.calibration.itertuples()
        if not np.isnan(row.pi0)
    ]


def _figure(results: Results) -> Figure:
    series = p_values(results)
    return Figure(
        "calibration",
        "Calibration of p-values",
        "P-values of genes, and of permuted genes scored by the permuted fits of other genes. "
        "Those of genes without effects should be uniform (95 % of as many numbers in the grey "
        "band), whether a gene has few variants or many, or fewer tissues than others; above the "
        "band they promise too much. "
        "Genes with effects rise above it on the left.",
        "Quantiles of " + ", ".join(f"{len(p):,} {name}" for name, p in series.items()) + ".",
        plots.quantiles(series),
        pd.concat(
            [pd.DataFrame({"of": name, "p": np.sort(p)}) for name, p in series.items()],
            ignore_index=True,
        ),
    )


def p_values(results: Results) -> dict[str, np.ndarray]:
    """P-values by what they are of; those that are missing are left out."""
    genes = results.fits.set_index("gene_id").reindex(results.nulls["gene_id"])
    few = (genes["n_variants"] <= genes["n_variants"].median()).to_numpy()
    fewer_tissues = (genes["n_tissues"] < genes["n_tissues"].median()).to_numpy()
    null_p, p = results.nulls["p"].to_numpy(), results.fits["p"].to_numpy(dtype=float)
    series = {
        "genes": p,
        "permuted genes, few variants": null_p[few],
        "permuted genes, many variants": null_p[~few],
    }
    if fewer_tissues.any():
        series["permuted genes, fewer tissues than half of them"] = null_p[fewer_tissues]
    if results.simulated is not None:
        empty = results.simulated.loc[results.simulated["n_factors"] == 0, "gene_id"]
        series["genes without effects"] = p[results.fits["gene_id"].isin(empty)]
    return {name: values[np.isfinite(values)] for name, values in series.items()}
