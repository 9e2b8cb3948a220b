from collections import Counter

import numpy as np
import pandas as pd
import pytest

from fqtl.data.dosages import Genotypes
from fqtl.simulation.panel import (
    GTEX_DONORS,
    GTEX_V6P,
    MAX_H2,
    SimulatedFactor,
    draw_donors,
    released_factors,
    simulate_panel,
)
from tests.conftest import linked_genotypes


def genotypes(n=300, p=20, seed=0):
    variants = pd.DataFrame(
        {
            "variant_id": [f"chr22_{i}_A_G_b37" for i in range(p)],
            "chrom": "chr22",
            "pos": np.arange(p),
            "other_allele": "A",
            "effect_allele": "G",
        }
    )
    dosages = linked_genotypes(np.random.default_rng(seed), n, p).T.astype(np.float32)
    return Genotypes(variants, dosages, [f"d{i}" for i in range(n)], Counter())


def panel(h2=None, noise_correlation=0.0, seed=1):
    source = genotypes()
    genes = [
        [SimulatedFactor({3: 0.5, 9: -0.4}, {"Liver": 0.8, "Lung": -0.5})],
        [],
        [SimulatedFactor({12: 2.0}, {"Lung": 3.0})],
    ]
    return source, simulate_panel(
        source, genes, h2=h2, noise_correlation=noise_correlation, seed=seed
    )


def test_tissues_are_measured_in_gtex_proportions():
    assert sum(GTEX_V6P.values()) / (GTEX_DONORS * len(GTEX_V6P)) == pytest.approx(0.356, abs=5e-4)
    donors = draw_donors(450, np.random.default_rng(0))
    assert {tissue: len(drawn) for tissue, drawn in donors.items()} == GTEX_V6P
    given = np.bincount(np.concatenate(list(donors.values())), minlength=450)
    assert given.std() > np.sqrt(44 * 0.356 * 0.644)  # donors differ more than by chance


def heritability(source, simulated):
    effects = simulated.effects
    return {
        key: (rows["effect"].to_numpy() @ source.dosages[rows["variant"]]).var()
        for key, rows in effects.groupby(["gene", "tissue"])
    }


def test_effects_are_simulated_as_released_up_to_the_cap():
    source, simulated = panel()
    x = source.dosages
    standard = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
    expected = (0.8 * (0.5 * standard[3] - 0.4 * standard[9])).var()
    found = heritability(source, simulated)
    assert found[0, "Liver"] == pytest.approx(expected, rel=1e-5)
    assert found[2, "Lung"] == pytest.approx(MAX_H2, rel=1e-5)


def test_heritability_is_scaled_to_the_mean_asked_for():
    source, simulated = panel(h2=0.1)
    assert np.mean(list(heritability(source, simulated).values())) == pytest.approx(0.1, rel=1e-5)


def test_expression_is_the_simulated_effects_plus_noise():
    source, simulated = panel()
    lung = simulated.donors["Lung"]
    genetic = np.zeros(300)
    rows = simulated.effects[(simulated.effects["gene"] == 2)]
    genetic += rows["effect"].to_numpy() @ source.dosages[rows["variant"]]
    assert np.corrcoef(genetic[lung], simulated.values["Lung"][2])[0, 1] > 0.5
    assert abs(np.corrcoef(genetic[lung], simulated.values["Lung"][1])[0, 1]) < 0.25


def test_the_noise_of_a_donor_can_be_shared_between_tissues():
    both = None
    for correlation in (0.0, 0.9):
        _, simulated = panel(noise_correlation=correlation, seed=3)
        one, other = simulated.donors["Muscle_Skeletal"], simulated.donors["Thyroid"]
        both = np.intersect1d(one, other)
        values = [
            simulated.values[tissue][1][np.searchsorted(donors, both)]
            for tissue, donors in (("Muscle_Skeletal", one), ("Thyroid", other))
        ]
        assert np.corrcoef(*values)[0, 1] == pytest.approx(correlation * 0.9, abs=0.2)


def test_the_seed_decides():
    one, two, other = (panel(seed=seed)[1].values["Liver"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert one.shape == other.shape
    assert (one != other).any()


def test_released_alleles_that_are_swapped_change_sign():
    released = pd.DataFrame(
        {
            "gene_id": ["g", "g"],
            "tss": [7, 7],
            "variants": [["22_3_A_G_b37", "22_9_G_A_b37", "22_5_A_T_b37"], ["22_99_A_G_b37"]],
            "variant_loadings": [[0.5, 0.4, 1.0], [1.0]],
            "tissues": [["Liver", "Tail"], ["Lung"]],
            "tissue_loadings": [[0.8, 9.0], [1.0]],
        }
    )
    (found,) = released_factors(released, genotypes())
    assert found == ("g", 7, [SimulatedFactor({3: 0.5, 9: -0.4}, {"Liver": 0.8})])
