"""Single effects in the store of fits, and the marginal associations beside them."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import linregress

from fqtl.data.dosages import Genotypes
from fqtl.data.gene import GeneData
from fqtl.gene.analysis import analyse_gene
from fqtl.gene.effects import log_p_of_t, of_donors, of_scores
from fqtl.gene.settings import Settings

N, P, TISSUES = 200, 40, ["Liver", "Lung", "Spleen"]


def window(x) -> Genotypes:
    variants = pd.DataFrame(
        {
            "variant_id": [f"chr1_{100 + j}_A_C_b38" for j in range(x.shape[1])],
            "rsid": [f"rs{j}" if j % 2 else "" for j in range(x.shape[1])],
            "chrom": "chr1",
            "pos": np.arange(x.shape[1]) + 100,
            "other_allele": "A",
            "effect_allele": "C",
        }
    )
    dropped = pd.DataFrame({"pos": [], "reason": []})
    return Genotypes(variants, x.T.astype(np.float32), [f"d{i}" for i in range(len(x))], dropped)


@pytest.fixture(scope="module")
def gene():
    """A factor of Liver and Lung by variant 7, and an effect of Spleen by variant 30."""
    rng = np.random.default_rng(5)
    x = rng.binomial(2, 0.4, (N, P)).astype(float)
    y = rng.standard_normal((N, 3))
    y[:, :2] += 0.9 * x[:, [7]]
    y[:, 2] += 0.8 * x[:, 30]
    y[rng.random((N, 3)) < 0.2] = np.nan
    return GeneData("g", "chr1", 120, TISSUES, y), window(x), x


@pytest.fixture(scope="module")
def record(gene):
    return analyse_gene(*gene[:2], Settings(fit={}, fold=None, min_pip=0.01))


def test_every_pure_credible_set_has_bayes_factors_at_all_variants_of_the_window(gene, record):
    assert list(record["window"]) == gene[1].variants["variant_id"].tolist()
    assert {row["set"] for row in record["credible_sets"]} == {0, 1}
    shared, alone = record["effects"]
    assert (shared["factor"], shared["tissue"], shared["tissues"]) == (0, None, TISSUES[:2])
    assert (alone["factor"], alone["tissue"], alone["tissues"]) == (None, "Spleen", ["Spleen"])
    for effect, causal in ((shared, 7), (alone, 30)):
        assert len(effect["log_bayes_factor"]) == P
        assert effect["log_bayes_factor"].argmax() == causal
        # of others it says that an effect of a usual size is unlikely
        assert np.median(effect["log_bayes_factor"]) < 0


def test_members_are_the_credible_sets_in_the_factor_and_in_each_tissue(gene, record):
    members = pd.DataFrame(record["members"])
    of_sets = pd.DataFrame(record["credible_sets"])
    by = members.groupby(["set", members["tissue"].fillna("factor")])
    found = {key: list(rows["variant"]) for key, rows in by}
    assert set(found) == {(0, "factor"), (0, "Liver"), (0, "Lung"), (1, "Spleen")}
    ids = [row["variant_id"] for row in record["variants"]]
    for number, rows in of_sets.groupby("set"):
        named = [ids[variant] for variant in rows["variant"]]
        for key, variants in found.items():
            if key[0] == number:
                assert [record["window"][j] for j in variants] == named
    assert members[members["tissue"].isna()]["beta"].isna().all()


def test_marginal_associations_are_those_of_a_regression_of_one_variant(gene, record):
    data, _, x = gene
    for row in record["members"]:
        if row["tissue"] is None:
            continue
        y = data.y[:, TISSUES.index(row["tissue"])]
        seen = np.isfinite(y)
        slow = linregress(x[seen, row["variant"]], y[seen])
        assert row["beta"] == pytest.approx(slow.slope, rel=1e-6)
        assert row["se"] == pytest.approx(slow.stderr, rel=1e-6)
        assert row["log_p"] == pytest.approx(np.log(slow.pvalue), rel=1e-6)


def test_z_scores_tell_the_same_of_expression_of_variance_one(gene):
    data, _, x = gene
    y = data.y[:, :1]
    y = (y - np.nanmean(y)) / np.nanstd(y)
    seen = np.isfinite(y[:, 0])
    of_rows = of_donors(y, x)(np.arange(P), 0)
    z = (of_rows.beta / of_rows.se)[:, None]
    n = np.full((P, 1), seen.sum())
    found = of_scores(z, n, x[seen].std(axis=0))(np.arange(P), 0)
    assert np.allclose(found.beta, of_rows.beta)
    assert np.allclose(found.se, of_rows.se)


def test_p_of_students_t_has_no_smallest_number():
    # with 2 degrees of freedom P = 1 - t / sqrt(2 + t²)
    assert log_p_of_t(1.5, 2) == pytest.approx(np.log(1 - 1.5 / np.sqrt(2 + 1.5**2)), rel=1e-12)
    assert log_p_of_t(1e100, 2) == pytest.approx(-200 * np.log(10), rel=1e-12)
    # with 4: P = 1 - s (3 - s²) / 2, s = t / sqrt(4 + t²), about 6 / t⁴ for large t
    assert log_p_of_t(1e100, 4) == pytest.approx(np.log(6) - 4 * 100 * np.log(10), rel=1e-12)
    assert log_p_of_t(0.0, 10) == pytest.approx(0.0, abs=1e-12)


def test_a_gene_without_a_credible_set_has_none_of_it():
    rng = np.random.default_rng(6)
    x = rng.binomial(2, 0.4, (N, P)).astype(float)
    data = GeneData("g", "chr1", 120, TISSUES, rng.standard_normal((N, 3)))
    found = analyse_gene(data, window(x), Settings(fit={}, fold=None, min_pip=0.01))
    assert not len(found["window"])
    assert found["effects"] == found["members"] == []
