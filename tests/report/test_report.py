import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fqtl.report import plots
from fqtl.report.page import Results, calibration_rows, figures, headline, left_out, numbers, render
from fqtl.tables.columns import COLUMNS


def results(tissues=("Liver", "Lung"), factors=True):
    """Two genes: one with a factor in all tissues, one that was skipped."""
    names = list(tissues)
    prepared = pd.DataFrame(
        [(name, 50, 1, 0, 0, 2, 1, 0.0, 0.25, 1, 2, 1, "", "") for name in names],
        columns=list(COLUMNS["prepared"]),
    )
    calibrated = (12.0, 1, 0.5, 0.01, 0.02)
    fits = pd.DataFrame(
        [
            ("g1", "chr1", 100, "fitted", "", 60, 9, len(names), 1, 2, -10.0, 4, True, *calibrated),
            ("g2", "chr1", 200, "skipped", "no variant in the cis window", 60, 0, 2) + (None,) * 10,
        ],
        columns=list(COLUMNS["fits"]),
    )
    factor = [("g1", 0, 0.99, 1, len(names), "v1", 1.0, "v1", ",".join(names), 0.1, 0.2)]
    variant = [("g1", 0, "v1", "", "chr1", 150, "A", "G", 0.3, 0.1, 1.0)]
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
        variants=pd.DataFrame(variant if factors else [], columns=list(COLUMNS["variants"])),
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
                ("g1", name, 50, 0.99, 0.5, 0.25, 1e-4, 0.2, 1e-3, 0.4) + (None,) * 3 + (0.01, 0.02)
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
            [("gene", 1, 2, 0.9, 1, 0.0), ("factor", 1, 0, None, 0, None)],
            columns=list(COLUMNS["calibration"]),
        ),
        foreign_weights=["Old.db"],
        weights=pd.DataFrame(
            [(name, "filtered", "predictdb", 1, 1, 0, "x.db") for name in names],
            columns=list(COLUMNS["weights"]),
        ),
        settings={"genome build": "GRCh38", "odd": "<script>"},
    )


def page_of(found):
    return render(found, figures(found))


def test_the_page_says_what_the_tables_say_and_needs_nothing_else():
    page = page_of(results())
    assert "<h1>1 genes in 2 tissues</h1>" in page
    assert page.count("<svg") >= 2
    assert not re.search(r"(?:src|href)=[\"']http", page)
    assert "&lt;script&gt;" in page
    assert "<script" not in page


def test_numbers_are_those_of_the_tables():
    found = {words: figure for figure, words in numbers(results())}
    assert found["genes with a factor"] == "1"
    assert found["tissues in a factor (median)"] == "2"
    assert found["tissue-specific effects beside factors"] == "2"
    assert found["variants in a credible set (median)"] == "2"
    assert found["donors"] == "60"


def test_everything_left_out_is_counted_with_its_reason():
    assert dict(left_out(results())) == {
        "genes not fitted: chromosome chrX is not fitted": 1,
        "genes not fitted: no variant in the cis window": 1,
        "gene left out of a tissue: constant expression": 1,
        "donors of a tissue without genotypes": 2,
        "variant in a gene's cis window: constant": 5,
        "weights that are not of this run: Old.db": 1,
    }


@pytest.mark.parametrize("tissues", [("Liver",), ("Liver", "Lung")])
@pytest.mark.parametrize("factors", [True, False])
def test_a_page_can_be_made_of_any_run(tissues, factors):
    page = page_of(results(tissues, factors))
    assert headline(results(tissues)) in page


def test_the_same_results_give_the_same_bytes():
    assert page_of(results()) == page_of(results())


def test_a_panel_with_truth_says_what_was_found():
    pairs = pd.DataFrame({"pip": [0.9, 0.2], "q": [0.01, 0.3], "simulated": [True, False]})
    simulated = pd.DataFrame({"gene_id": ["g1", "g2"], "n_factors": [1, 0]})
    recovery = {
        "genes": 1,
        "null_genes": 0,
        "tissue_auprc": 0.5,
        "tissue_auprc_by_chance": 0.25,
        "pairs_simulated": 7,
        "pairs_called": 5,
        "pairs_found": 4,
        "false_discovery_proportion": 0.2,
        "false_discovery_promised": 0.1,
        "null_genes_called": 0,
    }
    base = results()
    page = page_of(
        Results(**{**vars(base), "pairs": pairs, "simulated": simulated, "recovery": recovery})
    )
    assert "<b>4</b> of\n7 simulated pairs" in page


def test_levels_that_were_calibrated_are_listed():
    rows = calibration_rows(results())
    assert [(row["level"], row["found"], row["among"]) for row in rows] == [("gene", 1, "0.000")]


def test_factors_are_listed_where_no_permuted_fit_has_any():
    base = results()
    found = pd.DataFrame(
        [("gene", 9, 9, 0.5, 4, 0.0), ("factor", 9, 0, 1.0, 3, None)],
        columns=list(COLUMNS["calibration"]),
    )
    rows = calibration_rows(Results(**{**vars(base), "calibration": found}))
    assert [(row["level"], row["n_permuted"], row["smallest"]) for row in rows] == [
        ("gene", 9, "0.05"),
        ("factor", 0, "0.1"),
    ]


def with_genes(**calibrated):
    """Results whose genes were calibrated so."""
    base = results()
    row = {"level": "gene", "tests": 12, "pi0": 1.0, "found": 0, "found_among_permuted": 0.0}
    return Results(**{**vars(base), "calibration": pd.DataFrame([{**row, **calibrated}])})


@pytest.mark.parametrize(
    ("calibrated", "shown"),
    [
        # of twelve genes with a permuted fit each no p-value is below 1/13
        (
            {"n_permuted": 12},
            ("0", "genes with an effect (FDR 5 %; 12 permuted genes cannot show less than 7.7 %)"),
        ),
        ({"n_permuted": 19, "pi0": 0.9, "found": 3}, ("3", "genes with an effect (FDR 5 %)")),
        (
            {"n_permuted": 0, "pi0": np.nan},
            ("–", "genes with an effect (no rate: no permuted fits)"),
        ),
    ],
)
def test_a_rate_that_cannot_be_reached_is_told_so(calibrated, shown):
    assert numbers(with_genes(**calibrated))[0] == shown


def test_a_run_without_permuted_fits_has_no_figure_of_them():
    base = results()
    empty = {
        "nulls": base.nulls[:0],
        "calibration": base.calibration.assign(n_permuted=0, pi0=np.nan),
    }
    page = page_of(Results(**{**vars(base), **empty}))
    assert "Discoveries" not in page
    assert "P-values of genes" not in page


def test_shared_factors_are_a_jaccard_index():
    tissues = pd.DataFrame(
        [("g", 0, "a"), ("g", 0, "b"), ("g", 1, "a"), ("h", 0, "a")],
        columns=["gene_id", "factor", "tissue"],
    )
    found = plots.shared_factors(tissues, ["a", "b", "c"])
    np.testing.assert_allclose(found, [[1, 1 / 3, 0], [1 / 3, 1, 0], [0, 0, 1]])


def test_heavy_tails_of_a_tissue_stand_beside_it():
    found = results()
    told = "2 of 2 genes have heavy tails"
    prepared = found.prepared.assign(concern=["", told], reason=["too few donors", ""])
    page = render(replace(found, prepared=prepared), [])
    assert f"<td>{told}</td>" in page
    assert "<td>too few donors</td>" in page
