"""What a reader must know before believing anything else."""

import numpy as np
import pandas as pd

from fqtl.release.concerns import about_release
from fqtl.release.discoveries import SUMMARY_RATE
from fqtl.report.blocks import Block, Section, Text
from fqtl.report.discoveries import smallest_q
from fqtl.report.results import Results
from fqtl.tables.reasons import count_reasons


def section(results: Results) -> Section:
    """Warnings; or the sentence that there are none."""
    found = warnings(results)
    blocks: list[Block] = [Text(text, warning=True) for text in found]
    return Section("warnings", "Warnings", blocks or [Text("None: nothing stands out.")])


def warnings(results: Results) -> list[str]:
    """Sentences about what went wrong, is missing or must be read with care."""
    tables = {"fits": results.fits, "prediction": results.prediction}
    return [
        *_of_fits(results.fits),
        *_of_tissues(results.prepared),
        *_of_rates(results.calibration, results.nulls_are),
        *about_release(results.store, tables),
        *_of_weights(results),
    ]


def _of_fits(fits: pd.DataFrame) -> list[str]:
    """Genes that failed, and fits that stopped early."""
    failed = fits[fits["status"] == "failed"]
    said = [
        f"{count:,} of {len(fits):,} genes failed: {reason}"
        for reason, count in count_reasons(failed["reason"])
    ]
    early = int((fits["converged"] == False).sum())  # noqa: E712  (NA where not fitted)
    if early:
        said.append(
            f"{early:,} of {len(fits):,} fits did not converge; they are kept, and marked in the "
            "column converged of fits.tsv.gz"
        )
    return said


def _of_tissues(prepared: pd.DataFrame) -> list[str]:
    """Tissues that were left out, and those with a concern."""
    out = [
        f"Tissue left out: {row.tissue} ({row.reason})"
        for row in prepared.itertuples()
        if row.reason
    ]
    minded = [f"{row.tissue}: {row.concern}" for row in prepared.itertuples() if row.concern]
    return out + minded


def _of_rates(calibration: pd.DataFrame, nulls: str) -> list[str]:
    """Levels at which nothing can be found, whatever the data."""
    smallest = smallest_q(calibration)
    gene = float(smallest.get("gene", np.nan))
    if np.isnan(gene):
        return [
            f"There are no {nulls} (calibration.permutations: 0), so no gene has a p-value or "
            "a false discovery rate"
        ]
    if gene < SUMMARY_RATE:
        return []
    permuted = int(calibration.set_index("level").loc["gene", "n_permuted"])
    return [
        f"No gene can be found at a false discovery rate of {100 * SUMMARY_RATE:.0f} %: "
        f"{permuted:,} {nulls} cannot show less than {100 * gene:.1f} %. Fit more genes or "
        "raise calibration.permutations"
    ]


def _of_weights(results: Results) -> list[str]:
    said = [f"Weights that are not of this run: {name}" for name in results.foreign_weights]
    filtered = results.weights[results.weights["set"] == "filtered"]
    empty = filtered[(filtered["genes"] == 0) & filtered["tissue"].isin(results.names)]
    none = sorted(set(empty["tissue"]))
    if none:
        said.append(
            f"{len(none)} of {len(results.names)} tissues have no gene that passes the filter of "
            f"weights, and so no file: {', '.join(none[:5])}{', …' if len(none) > 5 else ''}"
        )
    return said
