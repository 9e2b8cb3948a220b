import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from fqtl.release.discoveries import discoveries
from fqtl.tables.fits import FITS

EXCEEDANCES = 2


def store(observed, nulls, null_factors=(), null_tissues=(), n_tissues=2):
    """Fits of genes with these statistics; nulls : statistic of each draw, by gene."""
    several = np.broadcast_to(n_tissues, len(observed)).tolist()
    rows = []
    for i, own in enumerate(observed):
        row = {**dict.fromkeys(FITS.names), "gene_id": f"g{i}", "neg_log_null_prob": own}
        row["n_tissues"] = several[i]
        if own is not None:
            row["permuted_fits"] = [
                {"draw": d, "neg_log_null_prob": v} for d, v in enumerate(nulls[i])
            ]
            row["permuted_factors"] = [{"draw": 0, "pip": pip} for g, pip in null_factors if g == i]
            row["permuted_tissues"] = [
                {"draw": 0, "tissue": "Liver", "pip": pip} for g, pip in null_tissues if g == i
            ]
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=FITS)


def pips(*values, rows=0):
    return pd.DataFrame({"pip": np.array(values, dtype=float)}).assign(row=rows)


def test_a_gene_is_compared_with_the_nulls_of_every_gene_and_with_its_own():
    fits = store([5.0, 0.3, np.inf], [[0.1, 6.0, 7.0], [0.4, 0.2, 0.5], [0.2, 0.1, 0.3]])
    found = discoveries(fits, pips(), pips(), EXCEEDANCES)
    np.testing.assert_allclose(found.genes["p"], [3 / 10, 6 / 10, 1 / 10])
    assert found.summary.set_index("level").loc["gene", "n_permuted"] == 9
    assert found.genes["permutations"].tolist() == [3, 3, 3]
    np.testing.assert_allclose(found.genes["gene_p"], [2 / 3, 2 / 3, 1 / 4])


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


def test_a_gene_in_its_only_tissue_is_the_same_question_as_the_gene():
    fits = store([5.0, 0.3], [[0.1], [0.4]], n_tissues=1)
    found = discoveries(fits, pips(), pips(0.99, 0.26, rows=[0, 1]), EXCEEDANCES)
    assert found.pairs["p"].tolist() == found.genes["p"].tolist() == [1 / 3, 2 / 3]
    assert found.pairs["q"].tolist() == found.genes["q"].tolist()


def test_genes_of_one_tissue_are_not_compared_with_genes_of_several():
    """Noise alone gives more in these, since nothing shows how often nothing acts."""
    fits = store([0.4, 0.4, 0.01], [[0.3], [0.02], [0.01]], n_tissues=[1, 2, 2])
    found = discoveries(fits, pips(), pips(0.33, 0.3, rows=[0, 1]), EXCEEDANCES)
    assert found.genes["p"].tolist() == [1 / 2, 1 / 3, 1.0]
    assert found.pairs["p"].isna().tolist() == [False, True]
    assert found.pairs["p"][0] == 1 / 2


def test_genes_of_few_tissues_are_compared_with_their_like():
    """Noise gives 0.4 in two tissues and 0.1 in ten; what stands out is compared with all."""
    n_tissues = [2] * 4 + [10] * 12
    nulls = [[0.4], [0.42], [0.38], [0.41]] + [[0.1]] * 12
    fits = store([0.405, 0.39, 9.0, 0.37] + [0.1] * 12, nulls, n_tissues=n_tissues)
    found = discoveries(fits, pips(), pips(), EXCEEDANCES)
    np.testing.assert_allclose(found.genes["p"][:4], [3 / 5, 4 / 5, 1 / 17, 1.0])
    assert found.genes["p_fits"][:4].tolist() == [4, 4, 16, 4]
    assert found.genes["p_tissues"].tolist() == ["2", "2", "2-10", "2"] + ["10"] * 12
    assert found.summary["widened"].tolist() == [1, 0, 0]
    # permuted fits 0.4 and 0.38 against 0.42 and 0.41, of every other gene, and these against those
    np.testing.assert_allclose(found.nulls["p"][:4], [1.0, 1 / 9, 1.0, 1 / 9])


def test_tissues_of_genes_of_few_are_compared_with_their_like():
    null = [(0, 0.2), (1, 0.25), (2, 0.3)] + [(3 + i // 3, 0.01) for i in range(27)]
    fits = store([0.1] * 12, [[0.1]] * 12, null_tissues=null, n_tissues=[2] * 3 + [24] * 9)
    found = discoveries(fits, pips(), pips(0.22, 0.9, rows=[0, 1]), EXCEEDANCES)
    np.testing.assert_allclose(found.pairs["p"], [3 / 4, 1 / 31])


def test_genes_of_one_tissue_are_no_null_for_factors():
    """They have none; of one permuted fit of several tissues a factor can have p = 1/2."""
    fits = store([1.0] * 4, [[0.1]] * 4, n_tissues=[1, 1, 1, 3])
    found = discoveries(fits, pips(0.99, rows=3), pips(), EXCEEDANCES)
    assert found.factors["p"].tolist() == [1 / 2]


@pytest.mark.parametrize("own_scale", [0.0, 0.5])
def test_all_nulls_of_few_genes_find_what_one_of_each_could_not(own_scale):
    """30 genes, 20 with effects, nulls drawn in sequence; genes may differ in what noise gives."""
    rng = np.random.default_rng(5)
    lost, false, calls = [], 0, 0
    for _ in range(40):
        scale = np.exp(own_scale * rng.standard_normal(30))
        own = scale * rng.exponential(size=30) + np.where(np.arange(30) < 20, 15, 0)
        nulls = [drawn(scale[g] * rng.exponential(size=20), own[g]) for g in range(30)]
        q = discoveries(store(list(own), nulls), pips(), pips(), EXCEEDANCES).genes["q"]
        found = (q < 0.05).to_numpy()
        lost.append((~found[:20]).sum())
        false, calls = false + found[20:].sum(), calls + found.sum()
    assert np.mean(lost) < 1
    assert false / calls < 0.05


def drawn(nulls, observed):
    """Those up to the one that is the last to be drawn."""
    reached = np.flatnonzero(np.cumsum(nulls >= observed) == EXCEEDANCES)
    return nulls[: reached[0] + 1].tolist() if len(reached) else nulls.tolist()


def test_genes_without_nulls_are_left_without_p_values():
    found = discoveries(store([1.0, 2.0], [[], []]), pips(0.9), pips(0.9), EXCEEDANCES)
    assert found.genes["p"].isna().all()
    assert found.factors["q"].isna().all()
    assert found.pairs["q"].isna().all()
    assert found.nulls.empty


def test_permuted_genes_are_not_found_and_simulated_ones_are():
    rng = np.random.default_rng(0)
    null = rng.exponential(0.1, (400, 1))
    own = np.concatenate([rng.exponential(0.1, 300), rng.exponential(10.0, 100) + 2])
    found = discoveries(store(list(own), null.tolist()), pips(), pips(), EXCEEDANCES)
    assert (found.genes["q"] < 0.05).to_numpy()[300:].all()
    assert (found.genes["q"] < 0.05).sum() < 112  # 5 % of what is found, and three deviations
    gene = found.summary.set_index("level").loc["gene"]
    assert gene["pi0"] == pytest.approx(0.75, abs=0.1)
    assert gene["found_among_permuted"] < 0.02
