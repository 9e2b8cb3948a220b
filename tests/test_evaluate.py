import pandas as pd
import pytest

from fqtl.evaluate import pairs_with_truth, recovery


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
    assert pairs["planted"].tolist() == [True, False, True, False, False]
    found = recovery(pairs)
    assert (found.genes, found.null_genes) == (1, 1)
    assert (found.pairs_planted, found.pairs_called, found.pairs_found) == (2, 3, 1)
    assert found.false_discovery_proportion == pytest.approx(2 / 3)
    assert found.null_genes_called == 1
    assert found.tissue_auprc == pytest.approx((1 / 1 + 2 / 3) / 2)
