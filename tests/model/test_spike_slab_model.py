"""Models with a prior for every variant, as `fqtl.fit` makes them."""

import numpy as np
import pytest

import fqtl
from fqtl.errors import FqtlError
from tests.conftest import simulated_gene


def fit_of(gene, **options):
    return fqtl.fit(gene.y, gene.x, rank=3, variant_prior="spike_slab", **options)


@pytest.mark.parametrize("specific", [True, False])
def test_simulated_variants_and_tissues_are_found(specific):
    gene = simulated_gene(1, rank=2)
    fit = fit_of(gene, specific=specific)
    assert fit.converged
    assert fit.rank == 2
    assert set(np.flatnonzero(fit.variant_pip > 0.9)) == set(
        np.flatnonzero(gene.variants.any(axis=1))
    )
    simulated = gene.tissues.any(axis=1)
    assert fit.tissue_pip[simulated].min() > fit.tissue_pip[~simulated].max()
    assert {int(entry.variants[0]) for entry in fit.credible_sets} <= set(
        np.flatnonzero(gene.variants.any(axis=1))
    )


@pytest.mark.parametrize("shared_noise", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_the_elbo_never_falls(seed, shared_noise):
    gene = simulated_gene(seed, n=80, p=30, m=6, tissues_each=3)
    rng = np.random.default_rng(seed)
    y = gene.y + 1.5 * shared_noise * rng.standard_normal((80, 1))
    fit = fqtl.fit(y, gene.x, variant_prior="spike_slab", shared_noise=shared_noise, tolerance=1e-6)
    assert np.diff(fit.elbo_trace).min() > -1e-5  # x is float32 here
    assert np.abs(fit.shared_noise).max() > 0.3 if shared_noise else not fit.shared_noise.any()


def test_a_fixed_prior_stays_as_it_is_given():
    gene = simulated_gene(2, n=80, p=20, m=5, tissues_each=3)
    loose = fit_of(gene, factored=False, inclusion=0.4, precision=5.0)
    tight = fit_of(gene, factored=False, inclusion=1e-6, precision=5.0)
    assert np.median(loose.specific.pip) > 0.05
    assert np.median(tight.specific.pip) < 1e-6


def test_a_gate_for_a_variant_is_one_for_all_tissues():
    gene = simulated_gene(3, n=80, p=20, m=5, tissues_each=5)
    fit = fqtl.fit(gene.y, gene.x, factored=False, variant_prior="row_spike_slab")
    assert (fit.specific.pip == fit.specific.pip[:, [0]]).all()
    assert fit.variant_pip.argmax() == gene.variants.argmax()
    with pytest.raises(FqtlError, match="factored=False"):
        fqtl.fit(gene.y, gene.x, variant_prior="row_spike_slab")


def test_beside_a_gate_for_all_tissues_no_shared_noise_is_modelled():
    gene = simulated_gene(3, n=80, p=20, m=5, tissues_each=5)
    y = gene.y + 2 * np.random.default_rng(0).standard_normal((80, 1))
    settings = {"factored": False, "tolerance": 1e-6}
    assert fqtl.fit(y, gene.x, variant_prior="spike_slab", **settings).shared_noise.any()
    fit = fqtl.fit(y, gene.x, variant_prior="row_spike_slab", **settings)
    assert not fit.shared_noise.any()
    assert np.diff(fit.elbo_trace).min() > -1e-5


@pytest.mark.parametrize("family", ["nb", "logit"])
def test_both_engines_fit_counts_and_successes(family):
    rng = np.random.default_rng(5)
    x = rng.integers(0, 3, (150, 10)).astype(float)
    eta = 1 + np.outer(x[:, 3] - 1, [0.9, 0.9, -0.9, 0])
    y = (
        rng.poisson(np.exp(eta))
        if family == "nb"
        else rng.random(eta.shape) < 1 / (1 + np.exp(-eta))
    )
    settings = {"family": family, "rank": 2, "variant_prior": "spike_slab", "specific": False}
    ours = fqtl.fit(y.astype(float), x, shared_noise=False, **settings)
    slow = fqtl.fit(y.astype(float), x, engine="sgvb", rate=0.05, max_iter=400, **settings)
    for fit in (ours, slow):
        assert fit.variant_pip.argmax() == 3
        assert (np.sign(fit.effects[3, :3]) == [1, 1, -1]).all()
    assert ours.elbo >= slow.elbo > ours.elbo - 20


def test_non_negative_tissues_are_not_negative():
    gene = simulated_gene(4, n=150, m=8, tissues_each=6)
    fit = fit_of(gene, specific=False, tissue_prior="non_negative")
    assert fit.tissues.mean.min() >= 0
    assert fit.tissues.mean.max() > 0.2
