import pandas as pd
import pytest

from fqtl.evaluate import pairs_with_truth, recovery


def test_what_was_not_fitted_was_not_found():
    truth = pd.DataFrame({"gene_id": ["g", "g"], "tissue": ["Liver", "Lung"]})
    prediction = pd.DataFrame([("g", "Liver", 0.9)], columns=["gene_id", "tissue", "pip"])
    pairs = pairs_with_truth(prediction, truth, pd.DataFrame({"gene_id": ["g"]}))
    assert pairs[["tissue", "pip", "planted"]].values.tolist() == [
        ["Liver", 0.9, True],
        ["Lung", 0.0, True],
    ]
    assert (recovery(pairs).pairs_planted, recovery(pairs).pairs_found) == (2, 1)


def test_a_panel_without_effects_has_no_precision():
    prediction = pd.DataFrame([("g", "Liver", 0.9)], columns=["gene_id", "tissue", "pip"])
    truth = pd.DataFrame({"gene_id": [], "tissue": []}, dtype=str)
    found = recovery(pairs_with_truth(prediction, truth, pd.DataFrame({"gene_id": ["g"]})))
    assert (found.tissue_auprc, found.null_genes_called, found.genes) == (None, 1, 0)


def test_recovery_counts_what_a_hand_counts():
    prediction = pd.DataFrame(
        [
            ("g1", "Liver", 0.9),
            ("g1", "Lung", 0.6),
            ("g1", "Brain", 0.1),
            ("g2", "Liver", 0.7),
            ("g2", "Lung", 0.0),
            ("real", "Lung", 1.0),
        ],
        columns=["gene_id", "tissue", "pip"],
    )
    truth = pd.DataFrame({"gene_id": ["g1", "g1", "g1"], "tissue": ["Liver", "Liver", "Brain"]})
    simulated = pd.DataFrame({"gene_id": ["g1", "g2"]})
    pairs = pairs_with_truth(prediction, truth, simulated)
    by = pairs.set_index(["gene_id", "tissue"])["planted"]
    assert list(by.index[by]) == [("g1", "Brain"), ("g1", "Liver")]
    found = recovery(pairs)
    assert (found.genes, found.null_genes) == (1, 1)
    assert (found.pairs_planted, found.pairs_called, found.pairs_found) == (2, 3, 1)
    assert found.false_discovery_proportion == pytest.approx(2 / 3)
    assert found.false_discovery_promised == pytest.approx((0.1 + 0.4 + 0.3) / 3)
    assert found.null_genes_called == 1
    assert found.tissue_auprc == pytest.approx((1 / 1 + 2 / 3) / 2)
