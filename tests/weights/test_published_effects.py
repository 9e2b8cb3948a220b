"""Released factors become weights per allele; what the weights predict is what the factors do."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fqtl.data.genotypes import open_genotypes
from fqtl.data.panel import Panel, look_up
from fqtl.data.released import Released, read_counted, read_released
from fqtl.weights.published_effects import (
    Rules,
    factor_outcome,
    factor_set,
    joint_set,
    outcome,
    published_weights,
    variants_of,
    weight_set,
)
from tests.benchmarks import published as asked_of_expression

DEMO = Path(__file__).parents[2] / "resources" / "demo"
V6P = DEMO.parent / "published" / "gtex_v6p_chr22.txt.gz"
IDS = ["chr22_1_A_G_b37", "chr22_2_C_T_b37", "chr22_3_A_T_b37", "chr22_4_G_A_b37"]
FACTORS = pd.DataFrame(
    {
        "gene_id": ["g1", "g1", "g2"],
        "gene_name": ["one", "one", "two"],
        "chrom": "chr22",
        "tss": [5, 5, 9],
        "factor": [3, 7, 3],
        "tissues": [["Liver", "Lung"], ["Lung"], ["Liver"]],
        "tissue_loadings": [[0.8, -0.5], [1.5], [1.0]],
        "variants": [IDS[:3], [IDS[1], IDS[0]], [IDS[3]]],
        "variant_loadings": [[0.3, -0.2, 0.1], [0.4, 0.05], [1.0]],
    }
)
NOTHING = pd.DataFrame(columns=["gene_id", "factor", "reason"])
RELEASED = Released("v6p", "GRCh37", {"Liver": 97, "Lung": 278, "Testis": 157}, FACTORS, NOTHING)


def panel(frequencies=(0.2, 0.7, 0.3, None), n=400, swapped=()):
    """Variants of those frequencies of ALT; None for one that the panel lacks."""
    rng = np.random.default_rng(0)
    known = [i for i, frequency in enumerate(frequencies) if frequency is not None]
    dosages = np.array([rng.binomial(2, frequencies[i], n) for i in known], dtype=float)
    row = pd.Series(-1, index=IDS)
    row.iloc[known] = np.arange(len(known))
    parts = [name.split("_") for name in IDS]
    frequency = pd.Series(np.nan, index=IDS)
    frequency.iloc[known] = dosages.mean(axis=1) / 2
    variants = pd.DataFrame(
        {
            "chrom": "chr22",
            "pos": [int(part[1]) for part in parts],
            "variant_id": IDS,
            "rsid": [f"rs{part[1]}" for part in parts],
            "other_allele": [part[2] for part in parts],
            "effect_allele": [part[3] for part in parts],
            "swapped": [name in swapped for name in IDS],
            "reason": ["" if i in known else "not in the panel" for i in range(len(IDS))],
            "row": row.to_numpy(),
            "frequency": frequency.to_numpy(),
        },
        index=pd.Index(IDS, name="asked_for"),
    )
    return Panel(variants, dosages)


def predicted_by_factors(counted, gene_id, tissue):
    """(n,) the released model itself: standardised dosages times loadings, summed over factors."""
    standard = (counted - counted.mean(axis=1, keepdims=True)) / counted.std(
        axis=1, ddof=1, keepdims=True
    )
    total = np.zeros(counted.shape[1])
    for factor in FACTORS[FACTORS["gene_id"] == gene_id].itertuples():
        for name, right in zip(factor.tissues, factor.tissue_loadings, strict=True):
            for variant, left in zip(factor.variants, factor.variant_loadings, strict=True):
                if name == tissue:
                    total += left * right * standard[IDS.index(variant)]
    return total


@pytest.mark.parametrize("tissue", ["Liver", "Lung"])
@pytest.mark.parametrize("counted, turned", [("minor", [1]), ("second", []), ("first", [0, 1, 2])])
def test_weights_predict_what_the_factors_predict(tissue, counted, turned):
    reference = panel()
    dosages = reference.dosages.copy()
    dosages[turned] = 2 - dosages[turned]
    expected = predicted_by_factors(dosages, "g1", tissue)
    found = weight_set(published_weights(RELEASED, reference, Rules(counted)), tissue)
    rows = found.variants["pos"] - 1
    value = found.variants["weight"].to_numpy() @ reference.dosages[rows]
    np.testing.assert_allclose(value - value.mean(), expected, atol=1e-12)
    ((_, _, covariance),) = found.models()
    w = found.variants["weight"].to_numpy()
    assert w @ covariance @ w == pytest.approx(expected.var(ddof=1), rel=1e-12)


def test_a_variant_that_the_panel_has_swapped_changes_sign():
    plain, turned = (
        published_weights(RELEASED, panel(swapped=names), Rules("second")).weights["weight"]
        for names in ([], IDS)
    )
    np.testing.assert_array_equal(plain, -turned)
    minor = [
        published_weights(RELEASED, panel(swapped=names), Rules()).weights["weight"]
        for names in ([], IDS)
    ]
    np.testing.assert_array_equal(*minor)  # the rarer allele is the same, whatever the name


def test_the_allele_that_was_counted_may_be_known(tmp_path):
    bim = tmp_path / "g.bim"
    bim.write_text("22 a 0 1 A G\n22 b 0 2 T C\n22 c 0 3 G T\n22 d 0 3 T A\n")
    a1 = read_counted(bim, variants_of(RELEASED))
    assert a1.to_dict() == {IDS[0]: "A", IDS[1]: "T", IDS[2]: "T"}
    everywhere = panel((0.2, 0.47, 0.3, 0.5))
    known = published_weights(RELEASED, everywhere, Rules(a1=a1))
    plain = published_weights(RELEASED, everywhere, Rules("second"))
    merged = known.weights.merge(plain.weights, on=["gene_id", "tissue", "asked_for"])
    ratio = (merged["weight_x"] / merged["weight_y"]).groupby(merged["asked_for"]).unique()
    assert ratio.map(list).to_dict() == {IDS[0]: [-1.0], IDS[1]: [1.0], IDS[2]: [1.0]}
    assert known.variants["reason"][IDS[3]] == "allele that was counted is not known"


def test_a_variant_that_is_released_by_two_names_has_one_weight():
    reference = panel()
    same = reference.variants.copy()
    same.loc[IDS[2], ["variant_id", "rsid", "row", "swapped"]] = [
        *same.loc[IDS[0], ["variant_id", "rsid", "row"]],
        True,
    ]
    made = published_weights(RELEASED, Panel(same, reference.dosages), Rules("second"))
    plain = published_weights(RELEASED, reference, Rules("second"))
    liver = weight_set(made, "Liver").variants.set_index("variant_id")["weight"]
    sd = made.variants["dosage_sd"]
    expected = weight_set(plain, "Liver").variants.set_index("variant_id")["weight"].copy()
    expected[IDS[0]] -= 0.8 * 0.1 / sd[IDS[0]]
    pd.testing.assert_series_equal(liver, expected[[IDS[0], IDS[1]]])


def test_an_rsid_that_two_variants_of_a_gene_have_names_neither_in_any_tissue():
    """One of them is in Liver alone; elsewhere the other would take the name."""
    reference = panel()
    reference.variants.loc[IDS[2], "rsid"] = "rs1"
    made = published_weights(RELEASED, reference, Rules())
    for found in (weight_set(made, "Liver"), weight_set(made, "Lung"), joint_set(made)):
        assert found.variants.set_index("variant_id")["rsid"].get(IDS[0]) == ""


def test_the_joint_set_holds_the_variants_of_all_tissues():
    made = published_weights(RELEASED, panel((0.2, 0.7, 0.3, 0.3)), Rules())
    found = joint_set(made)
    assert found.variants[["gene_id", "variant_id"]].values.tolist() == [
        *(["g1", name] for name in IDS[:3]),
        ["g2", IDS[3]],
    ]
    assert found.variants["weight"].isna().all()
    (_, _, covariance), _ = found.models()
    np.testing.assert_allclose(covariance, np.cov(made.panel.dosages[:3]), rtol=1e-12)


def test_effects_per_copy_are_taken_as_they_are():
    found = published_weights(RELEASED, panel(), Rules("second", per_sd=False)).weights
    liver = found[found["tissue"] == "Liver"]
    assert liver["weight"].tolist() == pytest.approx([0.24, -0.16, 0.08])


def test_what_cannot_be_used_is_left_out_with_its_reason():
    made = published_weights(RELEASED, panel((0.2, 0.47, 0.3, None)), Rules())
    assert made.variants["reason"].to_dict() == {
        IDS[0]: "",
        IDS[1]: "minor allele uncertain: frequency in the panel above 0.4",
        IDS[2]: "",
        IDS[3]: "not in the panel",
    }
    counts = outcome(made).set_index(["what", "outcome", "reason"])["count"]
    assert counts["genes", "kept", ""] == 1
    assert counts["genes", "left out", "none of its variants can be used"] == 1
    assert counts["tissues", "kept", ""] == 2
    assert counts["tissues", "left out", "no weight of any gene"] == 1
    assert counts["factors", "kept", ""] == 2
    assert counts["variants", "kept", ""] == 2
    assert counts["models of a gene in a tissue", "kept", ""] == 2
    assert counts["weights", "kept", ""] == 4
    assert factor_outcome(made)["kept"].tolist() == [2, 1, 0]


def test_what_is_counted_adds_up():
    made = published_weights(RELEASED, panel((0.2, 0.47, 0.3, None)), Rules())
    table = outcome(made)
    table = table[~((table["outcome"] == "kept") & (table["reason"] != ""))]
    total = table.groupby("what")["count"].sum()
    assert total[["genes", "tissues", "factors", "variants"]].tolist() == [2, 3, 3, 4]


def test_a_factor_predicts_what_it_does_in_its_strongest_tissue():
    made = published_weights(RELEASED, panel(), Rules())
    factors = factor_set(made)
    assert list(factors.genes["gene_id"]) == ["factor3_g1", "factor7_g1"]
    assert list(factors.genes["gene_name"]) == ["factor3_one", "factor7_one"]
    assert list(factors.genes["n_samples"]) == [278, 278]
    by_model = factors.variants.set_index("pos").groupby("gene_id")["weight"]
    three, seven = (by_model.get_group(name) for name in ("factor3_g1", "factor7_g1"))
    liver, lung = (
        weight_set(made, tissue).variants.set_index("pos")["weight"] for tissue in ("Liver", "Lung")
    )
    pd.testing.assert_series_equal(liver, three)
    expected = (-0.5 / 0.8 * three).add(seven, fill_value=0)
    pd.testing.assert_series_equal(lung.sort_index(), expected.sort_index())


def test_a_set_knows_its_genes_and_their_donors():
    found = weight_set(published_weights(RELEASED, panel(), Rules()), "Lung")
    (gene,) = found.genes.to_dict("records")
    assert (gene["gene_name"], gene["start"], gene["n_samples"]) == ("one", 5, 278)
    assert (found.genome_build, found.n_samples) == ("GRCh37", 278)
    assert weight_set(published_weights(RELEASED, panel(), Rules()), "Testis").variants.empty


def test_real_expression_says_that_effects_are_of_the_minor_allele_and_per_sd():
    """The demo's cells against effects found in other people: what import-effects assumes."""
    released = read_released(V6P, 0.5)
    source = open_genotypes(DEMO / "genotypes.chr22.vcf.gz", "GRCh37", "GT")
    reference = look_up(source, variants_of(released))
    y = asked_of_expression.residuals(
        DEMO / "lymphoblastoid.bed.gz", DEMO / "lymphoblastoid.covariates.txt", source.donors
    )
    agreed = asked_of_expression.agreement(released, reference, y)["mean"].to_numpy()
    assert min(agreed[:2]) > 0.7  # ALT is the rarer allele
    assert max(agreed[-2:]) < 0.3  # ALT is the more frequent one
    found = asked_of_expression.predictions(released, reference, y)
    slope = found["median slope where r > 0.2"]
    assert slope["the minor allele, per SD"] == pytest.approx(1, abs=0.2)
    assert slope["the minor allele, per copy"] > 1.4
    assert found["mean r"].idxmax() == "the minor allele, per SD"
