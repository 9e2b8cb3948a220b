"""Donors of whom no tissue was measured say nothing, whatever their genotypes are."""

import numpy as np
import pytest

import fqtl
from fqtl.model.families import FAMILIES
from tests.conftest import simulated_gene
from tests.model.test_family_fits import gene_of

OTHERS = 90
AGE = np.linspace(-1, 1, 120)
# of another population: 120 donors and 90 with genotypes alone
OPTIONS = {
    "as it is": {},
    "no factors": {"factored": False},
    "spike and slab": {"variant_prior": "spike_slab"},
    "covariates": {"covariates": AGE},
    "dispersion": {"dispersion_covariates": AGE},
}
# genotypes are float32: sums over more rows take another order
ROUNDING = {"rtol": 1e-4, "atol": 1e-5}
PARTS = ("effects", "pip", "tissue_pip", "intercept", "background_share", "elbo")


def with_others(x, seed=0):
    """Genotypes of people in whom every variant has another frequency behind those of x."""
    rng = np.random.default_rng(seed)
    frequency = 1 - np.nanmean(x, axis=0) / 2
    return np.vstack([x, rng.binomial(2, frequency, (OTHERS, x.shape[1]))])


def below(y):
    return np.vstack([y, np.full((OTHERS, y.shape[1]), np.nan)])


def assert_the_same(wide, fit):
    for name in PARTS:
        np.testing.assert_allclose(
            getattr(wide, name), getattr(fit, name), **ROUNDING, err_msg=name
        )


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("m", [1, 3])
@pytest.mark.parametrize("dtype", [float, np.float32, np.int8])
def test_donors_of_whom_nothing_is_measured_change_nothing(options, m, dtype):
    gene = simulated_gene(4, n=120, m=m, p=40, tissues_each=min(m, 3), observed=0.9)
    measured = np.isfinite(gene.y).any(axis=1)
    y, x, chosen = gene.y[measured], gene.x[measured], OPTIONS[options]
    mine = {name: known[measured] for name, known in chosen.items() if name.endswith("variates")}
    more = {name: np.append(known, np.full(OTHERS, 2.0)) for name, known in mine.items()}
    fit = fqtl.fit(y, x, **{**chosen, **mine})
    wide = fqtl.fit(below(y), with_others(x).astype(dtype), **{**chosen, **more})
    assert_the_same(wide, fit)
    assert f"{OTHERS} of {len(y) + OTHERS} donors were not measured in any tissue" in wide.summary()
    assert not any("missing genotypes" in note for note in wide.notes)


@pytest.mark.parametrize("name", FAMILIES)
def test_nor_do_they_in_any_family(name):
    y, gene = gene_of(name, 0, n=80)
    fit = fqtl.fit(y, gene.x, family=name)
    assert_the_same(fqtl.fit(below(y), with_others(gene.x), family=name), fit)


def test_their_missing_genotypes_are_not_counted():
    gene = simulated_gene(0, n=60, m=1, p=10, tissues_each=1, observed=1.0)
    x = with_others(gene.x)
    x[3, 2] = x[-1, 4] = np.nan
    assert fqtl.fit(below(gene.y), x).notes[0].startswith("1 missing genotypes stand")


def test_effects_in_one_of_two_populations_are_found_as_in_it_alone():
    """Genotypes of others, of other frequencies, make the variance of each variant larger."""
    rng = np.random.default_rng(0)
    mine, others = np.full(20, 0.15), np.full(20, 0.8)
    x = np.vstack([rng.binomial(2, mine, (150, 20)), rng.binomial(2, others, (200, 20))])
    y = np.full(350, np.nan)
    y[:150] = 0.65 * x[:150, 5] + rng.standard_normal(150)
    alone = fqtl.fit(y[:150], x[:150])
    assert alone.pip[5, 0] > 0.9
    np.testing.assert_allclose(fqtl.fit(y, x).effects, alone.effects, **ROUNDING)
