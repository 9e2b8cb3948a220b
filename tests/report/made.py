"""Results that are made up for tests of the report."""

import pandas as pd
import pyarrow as pa

from fqtl.report.page import headline, render, sections
from fqtl.report.results import Results
from fqtl.tables.columns import COLUMNS
from fqtl.tables.fits import FITS


def results(tissues=("Liver", "Lung"), factors=True):
    """Two genes: one with a factor in all tissues, one that was skipped."""
    names = list(tissues)
    prepared = pd.DataFrame(
        [(name, 50, 1, 0, 0, 2, 1, 0.0, 0.25, 1, 2, 1, "", "") for name in names],
        columns=list(COLUMNS["prepared"]),
    )
    calibrated = (12.0, 1, 0.5, 0.01, 0.02, 99, "2")
    fits = pd.DataFrame(
        [
            ("g1", "chr1", 100, "fitted", "", 60, 9, len(names), 1, 2, -10.0, 4, True, *calibrated),
            ("g2", "chr1", 200, "skipped", "no variant in the cis window", 60, 0, 2) + (None,) * 12,
        ],
        columns=list(COLUMNS["fits"]),
    )
    factor = [("g1", 0, 0.99, 1, len(names), "v1", 1.0, "v1", ",".join(names), 0.1, 0.2)]
    return Results(
        genes=pd.DataFrame(
            [("g1", "chr1", 100, 2, ""), ("g0", "chrX", 5, 2, "chromosome chrX is not fitted")],
            columns=list(COLUMNS["genes"]),
        ),
        prepared=prepared,
        confounders=pd.DataFrame(
            [(name, covariate, 0.02) for name in names for covariate in ("age", "component 1")],
            columns=list(COLUMNS["confounders"]),
        ),
        dropped=pd.DataFrame(
            [("g9", "Lung", "constant expression")], columns=list(COLUMNS["dropped"])
        ),
        fits=fits,
        factors=pd.DataFrame(factor if factors else [], columns=list(COLUMNS["factors"])),
        tissues=pd.DataFrame(
            [("g1", 0, name, 1.0, 0.1, 0.95) for name in names] if factors else [],
            columns=list(COLUMNS["tissues"]),
        ),
        credible_sets=pd.DataFrame(
            [("g1", 0, 0, None, 1.0, 0.96, 0.9, 2, "v1", "v1,v2")] if factors else [],
            columns=list(COLUMNS["credible_sets"]),
        ),
        prediction=pd.DataFrame(
            [
                ("g1", name, 50, 0.99, 0.5, 0.25, 1e-4, 0.2, 1e-3, 0.4) + (None,) * 5 + (0.01, 0.02)
                for name in names
            ],
            columns=list(COLUMNS["prediction"]),
        ),
        dropped_variants=pd.DataFrame(
            [("g1", "constant", 2), ("g2", "constant", 3)],
            columns=list(COLUMNS["dropped_variants"]),
        ),
        nulls=pd.DataFrame([("g1", 0.1, 0.5), ("g2", 0.2, 0.5)], columns=list(COLUMNS["nulls"])),
        calibration=pd.DataFrame(
            [("gene", 1, 2, 0, 0.9, 1, 0.0), ("factor", 1, 0, 0, None, 0, None)],
            columns=list(COLUMNS["calibration"]),
        ),
        store=store([0.1], [0.2]),
        foreign_weights=["Old.db"],
        weights=pd.DataFrame(
            [(name, "filtered", "predictdb", 1, 1, 0, "x.db") for name in names],
            columns=list(COLUMNS["weights"]),
        ),
        settings={"genome build": "GRCh38", "odd": "<script>"},
        benchmarks=pd.DataFrame(columns=["stage", "s", "max_rss", "cpu_time"]),
    )


def store(*permuted):
    """Permuted fits of genes, as the store of fits has them."""
    draws = [
        [{"draw": i, "neg_log_null_prob": value} for i, value in enumerate(values)]
        for values in permuted
    ]
    return pa.table(
        {
            "gene_id": [f"g{i + 1}" for i in range(len(permuted))],
            "permuted_fits": pa.array(draws, FITS.field("permuted_fits").type),
        }
    )


def page_of(found):
    return render(headline(found), sections(found), "figures")
