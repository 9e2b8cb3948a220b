import numpy as np
import pandas as pd
import pytest

from fqtl.simulation.evaluation import (
    RATES,
    compared,
    false_discoveries,
    pairs_with_truth,
    rate_of_pips,
    recovery,
)


def predicted(rows):
    return pd.DataFrame(rows, columns=["gene_id", "tissue", "pip"]).assign(q=np.nan)


def test_what_was_not_fitted_was_not_found():
    truth = pd.DataFrame({"gene_id": ["g", "g"], "tissue": ["Liver", "Lung"]})
    prediction = predicted([("g", "Liver", 0.9)])
    pairs = pairs_with_truth(prediction, truth, pd.DataFrame({"gene_id": ["g"]}))
    assert pairs[["tissue", "pip", "simulated"]].values.tolist() == [
        ["Liver", 0.9, True],
        ["Lung", 0.0, True],
    ]
    assert (recovery(pairs).pairs_simulated, recovery(pairs).pairs_found) == (2, 1)


def test_a_panel_without_effects_has_no_precision():
    prediction = predicted([("g", "Liver", 0.9)])
    truth = pd.DataFrame({"gene_id": [], "tissue": []}, dtype=str)
    found = recovery(pairs_with_truth(prediction, truth, pd.DataFrame({"gene_id": ["g"]})))
    assert (found.tissue_auprc, found.null_genes_called, found.genes) == (None, 1, 0)


def test_recovery_counts_what_a_hand_counts():
    prediction = predicted(
        [
            ("g1", "Liver", 0.9),
            ("g1", "Lung", 0.6),
            ("g1", "Brain", 0.1),
            ("g2", "Liver", 0.7),
            ("g2", "Lung", 0.0),
            ("real", "Lung", 1.0),
        ]
    )
    truth = pd.DataFrame({"gene_id": ["g1", "g1", "g1"], "tissue": ["Liver", "Liver", "Brain"]})
    simulated = pd.DataFrame({"gene_id": ["g1", "g2"]})
    pairs = pairs_with_truth(prediction, truth, simulated)
    by = pairs.set_index(["gene_id", "tissue"])["simulated"]
    assert list(by.index[by]) == [("g1", "Brain"), ("g1", "Liver")]
    found = recovery(pairs)
    assert (found.genes, found.null_genes) == (1, 1)
    assert (found.pairs_simulated, found.pairs_called, found.pairs_found) == (2, 3, 1)
    assert found.false_discovery_proportion == pytest.approx(2 / 3)
    assert found.false_discovery_promised == pytest.approx((0.1 + 0.4 + 0.3) / 3)
    assert found.null_genes_called == 1
    assert found.tissue_auprc == pytest.approx((1 / 1 + 2 / 3) / 2)


def test_false_discoveries_are_counted_at_each_rate():
    rate = pd.Series([0.001, 0.04, 0.05, 0.15, np.nan])
    simulated = pd.Series([True, False, True, False, True])
    found = false_discoveries(rate, simulated).set_index("promised")
    assert list(found.index) == list(RATES)
    assert found["found"].tolist() == [1, 3, 3, 4, 4]
    assert found["false"].tolist() == pytest.approx([0, 1 / 3, 1 / 3, 1 / 2, 1 / 2])


def test_pips_promise_the_mean_of_what_they_leave():
    rate = rate_of_pips(pd.Series([0.5, 1.0, 0.9]))
    assert rate.tolist() == pytest.approx([0.2, 0.0, 0.05])


def test_genes_and_pairs_are_compared_where_they_were_calibrated():
    simulated = pd.DataFrame({"gene_id": ["g", "h"], "n_factors": [1, 0]})
    fits = pd.DataFrame({"gene_id": ["g", "h"], "q": [0.001, 0.09]})
    pairs = pd.DataFrame({"pip": [0.9, 0.8], "q": [np.nan] * 2, "simulated": [True, False]})
    found = compared(fits, pairs, simulated)
    assert list(found) == ["genes", "pairs, by their PIPs"]
    assert found["genes"].set_index("promised").loc[0.1, "false"] == 0.5
