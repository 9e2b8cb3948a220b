"""A trait that follows simulated effects, its GWAS, and what is found of it."""

import numpy as np
import pandas as pd
import pytest

from fqtl.simulation.trait import gwas_table, simulate_trait
from fqtl.simulation.trait_evaluation import trait_recovery
from tests.simulation.test_panel import genotypes

TISSUES = ["Liver", "Lung", "Spleen"]


def effects():
    """A factor of two variants that three tissues share, and a gene of one tissue."""
    shared = [
        ("A", tissue, 0, f"chr22_{v}_A_G_b37", e)
        for tissue in TISSUES
        for v, e in [(3, 0.5), (9, -0.4)]
    ]
    rows = [*shared, ("B", "Lung", 0, "chr22_15_A_G_b37", 1.0)]
    return pd.DataFrame(rows, columns=["gene_id", "tissue", "factor", "variant_id", "effect"])


def spread():
    """Genotypes whose variants are far apart."""
    found = genotypes()
    found.variants["pos"] *= 1_000_000
    return found.__class__(
        found.variants.assign(rsid=""), found.dosages, found.donors, found.dropped
    )


def made(seed=1, **changes):
    given = {"donors": 10**8, "genes": 2, "variants": 0, "h2": 0.02, "seed": seed, **changes}
    return simulate_trait(spread(), effects(), **given)


def test_z_of_many_donors_is_the_correlation_with_what_the_trait_follows():
    """With sqrt(N) of 10,000 the noise is a thousandth of z."""
    trait = made()
    x = spread().dosages.astype(float)
    x = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
    raw = spread().dosages.astype(float)
    values = np.zeros(x.shape[1])
    loadings = {"A": {3: 0.5, 9: -0.4}, "B": {15: 1.0}}
    for row in trait.truth.itertuples():
        value = sum(e * raw[v] for v, e in loadings[row.gene_id].items())
        values += row.effect * (value - value.mean()) / value.std()
    assert trait.truth["mechanism"].value_counts().to_dict() == {"factor": 1, "tissue": 1}
    assert trait.z == pytest.approx(1e4 * x @ values / x.shape[1], abs=5)
    assert (trait.truth["effect"] ** 2).tolist() == pytest.approx([0.01, 0.01])


def test_noise_has_the_correlation_of_the_genotypes():
    x = spread().dosages.astype(float)
    noise = np.array([made(seed, donors=1, h2=1e-12).z for seed in range(2000)])
    assert np.corrcoef(noise.T) == pytest.approx(np.corrcoef(x), abs=0.1)
    assert noise.var(axis=0) == pytest.approx(np.ones(len(x)), abs=0.15)


def test_one_seed_gives_one_trait_and_another_gives_another():
    assert (made().z == made().z).all()
    assert not (made().z == made(seed=2).z).any()


def test_effects_of_the_gwas_have_its_z():
    trait = made(variants=1)
    table = gwas_table(spread(), trait.z, 50_000)
    z = table["beta"].astype(float) / table["standard_error"].astype(float)
    assert z.to_numpy() == pytest.approx(trait.z, rel=1e-5)
    assert set(table["rsid"]) == {"#NA"}


def test_genes_are_ranked_among_those_near_them():
    truth = pd.DataFrame(
        {
            "mechanism": ["factor", "tissue", "variant"],
            "gene_id": ["A", "gone", ""],
            "factor": ["0", "", ""],
            "tissue": ["", "Liver", ""],
            "effect": 0.1,
        }
    )
    genes = pd.DataFrame(
        {
            "gene_id": ["A", "near", "far"],
            "chrom": "chr1",
            "tss": [1_000_000, 1_400_000, 9_000_000],
            "neg_log10_p": [5.0, 7.0, 9.0],
            "bonferroni": [1e-3, 1e-5, 1e-7],
            "best_tissue": "Liver",
            "best_z": [4.0, 5.0, 6.0],
            "best_factor_z": [4.0, np.nan, np.nan],
        }
    )
    mapped = pd.DataFrame(
        {
            "kind": ["factor", "tissue", "tissue", "variant"],
            "gene_id": ["A", "A", "far", ""],
            "tissue": ["", "Liver", "Lung", ""],
            "pip": [0.7, 0.2, 0.6, 0.9],
            "gene_pip": [0.85, 0.85, 0.6, np.nan],
        }
    )
    found = trait_recovery(truth, genes, mapped)
    assert (found["genes_likely"], found["genes_followed_likely"]) == (2, 1)
    assert found["followed"][0]["lead_kind"] == "factor"
    assert found["followed"][0]["gene_pip"] == 0.85
    assert "genes_likely" not in trait_recovery(truth, genes)
    shared = pd.DataFrame({"gene_id": ["A", "A", "far", "B"], "pp_h4": [0.9, 0.1, 0.95, np.nan]})
    found = trait_recovery(truth, genes, mapped, shared)
    assert (found["genes_colocalised"], found["genes_followed_colocalised"]) == (2, 1)
    assert found["followed"][0]["pp_h4"] == 0.9
    found = trait_recovery(truth, genes, mapped)
    assert "genes_colocalised" not in found
    assert (found["genes_followed"], found["genes_followed_tested"]) == (2, 1)
    assert (found["genes_significant"], found["genes_followed_leading"]) == (3, 0)
    first, second = found["followed"]
    assert (first["rank"], first["genes_near"], first["significant"]) == (2, 2, True)
    assert second["tested"] is False
