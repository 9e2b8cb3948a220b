import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from fqtl.release.discoveries import discoveries
from fqtl.tables.fits import FITS

EXCEEDANCES = 2


def store(evidence, nulls, null_factors=(), null_tissues=()):
    """Fits of genes with these statistics; nulls : evidence of each draw, by gene."""
    rows = []
    for i, own in enumerate(evidence):
        row = {**dict.fromkeys(FITS.names), "gene_id": f"g{i}", "evidence": own}
        if own is not None:
            row["nulls"] = [{"draw": d, "evidence": v} for d, v in enumerate(nulls[i])]
            row["null_factors"] = [{"draw": 0, "pip": pip} for g, pip in null_factors if g == i]
            row["null_tissues"] = [
                {"draw": 0, "tissue": "Liver", "pip": pip} for g, pip in null_tissues if g == i
            ]
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=FITS)


def pips(*values):
    return pd.DataFrame({"pip": np.array(values, dtype=float)})


def test_a_gene_is_compared_with_the_first_null_of_every_gene_and_with_its_own():
    fits = store([5.0, 0.3, np.inf], [[0.1, 6.0, 7.0], [0.4, 0.2, 0.5], [0.2, 0.1, 0.3]])
    found = discoveries(fits, pips(), pips(), EXCEEDANCES)
    assert found.genes["p"].tolist() == [0.25, 0.5, 0.25]
    assert found.genes["permutations"].tolist() == [3, 3, 3]
    np.testing.assert_allclose(found.genes["own_p"], [2 / 3, 2 / 3, 1 / 4])


def test_a_gene_that_was_not_fitted_has_no_p_value_and_is_no_test():
    found = discoveries(store([1.0, None], [[0.5], []]), pips(), pips(), EXCEEDANCES)
    assert found.genes["p"].isna().tolist() == [False, True]
    assert found.summary.set_index("level").loc["gene", "tests"] == 1


def test_a_factor_counts_how_many_of_its_kind_a_null_gene_holds():
    fits = store([1.0] * 3 + [np.inf], [[0.1]] * 4, null_factors=[(0, 0.6), (0, 0.8), (2, 0.9)])
    found = discoveries(fits, pips(0.95, 0.7), pips(), EXCEEDANCES)
    assert found.factors["p"].tolist() == [1 / 5, 3 / 5]
    assert found.factors["q"].tolist() == pytest.approx([4 / 5, 1.0])


def test_a_pair_is_compared_with_tissues_permuted_beside_others():
    fits = store([1.0], [[0.1]], null_tissues=[(0, 0.1), (0, 0.6), (0, 0.2)])
    found = discoveries(fits, pips(), pips(0.9, 0.15), EXCEEDANCES)
    assert found.pairs["p"].tolist() == [0.25, 0.75]


def test_genes_without_nulls_are_left_without_p_values():
    found = discoveries(store([1.0, 2.0], [[], []]), pips(0.9), pips(0.9), EXCEEDANCES)
    assert found.genes["p"].isna().all()
    assert found.factors["q"].isna().all()
    assert found.pairs["q"].isna().all()
    assert found.nulls.empty


def test_permuted_genes_are_not_found_and_planted_ones_are():
    rng = np.random.default_rng(0)
    null = rng.exponential(0.1, (400, 1))
    own = np.concatenate([rng.exponential(0.1, 300), rng.exponential(10.0, 100) + 2])
    found = discoveries(store(list(own), null.tolist()), pips(), pips(), EXCEEDANCES)
    assert (found.genes["q"] < 0.05).to_numpy()[300:].all()
    assert (found.genes["q"] < 0.05).sum() < 112  # 5 % of what is found, and three deviations
    gene = found.summary.set_index("level").loc["gene"]
    assert gene["null_share"] == pytest.approx(0.75, abs=0.1)
    assert gene["found_among_nulls"] < 0.02
