"""What was found of what was simulated."""

import pandas as pd

from fqtl.report import plots
from fqtl.report.blocks import Figure, Numbers, Section, Text
from fqtl.report.results import Results
from fqtl.simulation.evaluation import Recovery, compared, recovery


def section(results: Results) -> Section:
    """Simulated against found; of real data the sentence that nothing was simulated."""
    if results.pairs is None or results.simulated is None:
        why = "Nothing to show: these are data of the config, and no effect was simulated."
        return Section("simulated", "Simulated and found", [Text(why)])
    found = recovery(results.pairs)
    rates = compared(results.fits, results.pairs, results.simulated)
    figures = [
        Figure(
            "truth",
            "Recovery of simulated effects",
            "Left: pairs of gene and tissue by their PIP, and the share of them that has a "
            "simulated effect (two standard errors); PIPs that are exact lie on the line. "
            "Right: pairs found as the cut-off is lowered.",
            f"{found.pairs_found:,} of {found.pairs_simulated:,} simulated pairs are found at "
            f"PIP > 0.5, with a false discovery proportion of "
            f"{found.false_discovery_proportion:.3f}.",
            plots.found_of_simulated(results.pairs),
            results.pairs,
        ),
        Figure(
            "false_discoveries",
            "Nominal and true false discovery rates",
            "At nominal rates of 0.01 to 0.3 (two standard errors). Points on the line keep what "
            "they promise, points above it promise too much.",
            "; ".join(
                f"{name}: {row.false:.3f} at 0.05"
                for name, rows in rates.items()
                for row in rows.itertuples()
                if row.promised == 0.05
            )
            + ".",
            plots.false_discoveries(rates),
            pd.concat([rows.assign(of=name) for name, rows in rates.items()], ignore_index=True),
        ),
    ]
    return Section("simulated", "Simulated and found", [Numbers(recovered(found)), *figures])


def recovered(found: Recovery) -> list[tuple[str, str]]:
    """The simulated truth and what was found of it: figure and words."""
    items = [
        (f"{found.genes:,}", "genes with simulated effects"),
        (f"{found.null_genes:,}", "genes without"),
        (f"{found.pairs_simulated:,}", "simulated pairs of gene and tissue"),
        (f"{found.pairs_found:,}", "of them found (PIP above one half)"),
        (f"{found.false_discovery_proportion:.3f}", "false discovery proportion of pairs"),
        (f"{found.false_discovery_promised:.3f}", "the same, expected from the PIPs"),
        (f"{found.null_genes_called:,}", "genes without effects that are called in any tissue"),
    ]
    if found.tissue_auprc is not None and found.tissue_auprc_by_chance is not None:
        items += [
            (f"{found.tissue_auprc:.3f}", "average precision of tissues within a gene (mean)"),
            (f"{found.tissue_auprc_by_chance:.3f}", "the same by chance"),
        ]
    return items
