"""How a run on summary statistics went: what became of their rows, and noise that tissues share."""

from typing import Any

import numpy as np

from fqtl.report import plots
from fqtl.report.blocks import Block, Figure, Section, Table, Text
from fqtl.report.results import Results
from fqtl.report.run import found_by_tissue, left_out_block, versions


def section(results: Results) -> Section:
    """What went in, how, and what did not go in."""
    of_matrices = "matrices of LD" in results.settings
    ld = "matrices: `matrices of LD`" if of_matrices else "a panel: `genotypes`"
    blocks: list[Block] = [
        Text(
            f"Fits are to summary statistics, z-scores of each variant alone, and LD of {ld} "
            "below. There are no donors and no values of expression, so covariates, outlying "
            "donors and an elastic net beside the model cannot be shown; cross-validation is "
            "pseudo-validation, and p-values come from simulated nulls."
        ),
        Table("Settings.", ["setting", "value"], list(results.settings.items())),
        Table("Versions.", ["program", "version"], versions()),
        Table(
            "Tissues. People: behind a z-score, in the median of genes. With an effect: PIP of "
            "gene and tissue above one half. Predicted: R² of pseudo-validation > 0.01.",
            ["tissue", "people", "genes", "with an effect", "predicted", "note"],
            tissue_rows(results),
        ),
        Table(
            "Rows of the files, of genes that were fitted, and what became of them.",
            ["tissue", "what", "rows"],
            used_rows(results),
        ),
        _noise(results),
        left_out_block(results),
    ]
    return Section("run", "The run", blocks)


def tissue_rows(results: Results) -> list[list[Any]]:
    """One row per tissue: what went in and what came out."""
    found = found_by_tissue(results)
    return [
        [
            row.tissue.replace("_", " "),
            f"{row.n_donors:,}",
            f"{row.n_genes:,}",
            *found(row.tissue),
            row.reason,
        ]
        for row in results.prepared.itertuples()
    ]


def used_rows(results: Results) -> list[list[Any]]:
    """Rows of each tissue by what became of them."""
    assert results.used is not None
    return [
        [row.tissue.replace("_", " "), row.what, f"{row.rows:,}"]
        for row in results.used.itertuples()
    ]


def _noise(results: Results) -> Block:
    table = results.noise_correlation
    if table is None or len(table) < 2:
        return Text(
            "Noise that tissues share is not shown: there is one tissue, or it was looked for gene "
            "by gene (summary_statistics.noise_correlation: gene)."
        )
    beside = table.to_numpy()[np.triu_indices(len(table), 1)]
    return Figure(
        "noise_correlation",
        "Noise that tissues share",
        "Correlation of z-scores of two tissues where nothing acts, from weak z-scores of all "
        "genes, as all fits assume it: people who gave both tissues make them alike. Tissues of "
        "different studies should be near 0; numbers are in noise_correlation.tsv.",
        f"Correlations of {len(table)} tissues, {beside.min():.2f} to {beside.max():.2f}.",
        plots.correlations(table),
        table.reset_index(),
    )
