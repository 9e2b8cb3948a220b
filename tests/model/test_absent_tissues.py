"""Tissues that nobody gave, or that do not vary, say nothing of the others."""

from dataclasses import replace

import numpy as np
import pytest

import fqtl
from fqtl.model.families import FAMILIES
from fqtl.model.priors.release_priors import OF_EACH
from tests.conftest import simulated_gene
from tests.model.test_family_fits import gene_of

OPTIONS = {
    "as it is": {},
    "no factors": {"factored": False},
    "spike and slab": {"variant_prior": "spike_slab"},
    "stochastic": {"engine": "sgvb", "max_iter": 50},
    "dispersion": {"dispersion_covariates": np.linspace(-1, 1, 120)},
}
ROUNDING = {"rtol": 1e-8, "atol": 1e-12}  # sums over donors of one column take another order
PARTS = ("effects", "pip", "tissue_pip", "shared_noise", "intercept", "background_share", "elbo")


def beside(y):
    """The same with a tissue that nobody has in front, and one that is the same in all behind."""
    n = len(y)
    return np.column_stack([np.full(n, np.nan), y, np.full(n, 7.0)])


def assert_the_same(wide, fit, there):
    for name in PARTS:
        found, known = getattr(wide, name), getattr(fit, name)
        found = found[..., there] if np.ndim(found) else found
        np.testing.assert_allclose(found, known, **ROUNDING, err_msg=name)
    np.testing.assert_allclose(wide.noise_variance[..., there], fit.noise_variance, **ROUNDING)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("m", [1, 2, 5])
def test_a_tissue_that_says_nothing_changes_nothing(options, m):
    gene = simulated_gene(4, n=120, m=m, p=40, tissues_each=min(m, 3), observed=0.9)
    chosen = OPTIONS[options]
    fit = fqtl.fit(gene.y, gene.x, **chosen)
    wide = fqtl.fit(beside(gene.y), gene.x, **chosen)
    assert_the_same(wide, fit, slice(1, -1))
    for t in (0, -1):
        assert not wide.pip[:, t].any()
        assert wide.tissue_pip[t] == wide.background_share[t] == wide.shared_noise[t] == 0
    sets = [None if one.tissue is None else one.tissue - 1 for one in wide.credible_sets]
    assert sets == [one.tissue for one in fit.credible_sets]


@pytest.mark.parametrize("name", FAMILIES)
def test_it_does_not_in_any_family_and_draws_and_files_have_it(name, tmp_path):
    y, gene = gene_of(name, 0, n=80)
    fit = fqtl.fit(y, gene.x, family=name)
    wide = fqtl.fit(np.column_stack([y, np.full(len(y), np.nan)]), gene.x, family=name)
    assert_the_same(wide, fit, slice(0, -1))
    wide.save(tmp_path / "fit.npz")
    again = fqtl.Fit.load(tmp_path / "fit.npz")
    drawn = again.simulate(np.random.default_rng(0), gene.x)
    assert drawn.shape == (80, y.shape[1] + 1)
    np.testing.assert_array_equal(drawn, wide.simulate(np.random.default_rng(0), gene.x))


def test_priors_that_are_learned_know_nothing_of_it():
    genes = [simulated_gene(seed, n=100, m=3, p=30, tissues_each=2) for seed in range(6)]
    known = fqtl.learn_priors(fqtl.fit(gene.y, gene.x) for gene in genes)
    wide = fqtl.learn_priors(fqtl.fit(beside(gene.y), gene.x) for gene in genes)
    unnamed = {"tissues": (), **dict.fromkeys(OF_EACH, ())}
    assert replace(wide, **unnamed) == replace(known, **unnamed)
    for name in OF_EACH:
        assert getattr(known, name)
        assert getattr(wide, name) == (0.0, *getattr(known, name), 0.0)
