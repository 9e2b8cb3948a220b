"""Effects with a prior each: sweeps against the slow one, and laws of their updates."""

import numpy as np
import pytest

from fqtl.model.arrays.variants import Variants
from fqtl.model.predictors.dense import Dense, in_cis
from fqtl.model.predictors.linear import Linear
from fqtl.model.predictors.predictor import Visit
from fqtl.model.priors import NoisePrecision, SharedNoise, SpikeSlabPosterior, SpikeSlabPrior
from tests.conftest import linked_genotypes
from tests.model.entries import ENTRIES, MASK, M, N, P, scatter, spike_slab, variants
from tests.reference.objective import part_of_elbo
from tests.reference.sweep import sweep

DENSE = [name for name in ENTRIES if name.startswith("dense")]


def problem(seed, shared=False):
    rng = np.random.default_rng(seed)
    weight = rng.uniform(0.5, 1.5, (N, M)) * (rng.random((N, M)) < 0.8)
    precision = NoisePrecision(weight)
    if shared:
        precision = SharedNoise(np.array([0.6, -0.7, 0.5])).precision(weight)
    return precision.times(2 * rng.standard_normal((N, M))), precision


@pytest.mark.parametrize("indicators", [None, (P, 1)])
@pytest.mark.parametrize("allowed", [None, MASK])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_sweep_is_the_slow_one(indicators, allowed, dtype):
    x = Variants(np.random.default_rng(0).standard_normal((P, N)).astype(dtype))
    entry = scatter(Dense(Linear.of(x, spike_slab((P, M), indicators, allowed))), 1)
    target, precision = problem(2)
    loadings = entry.loadings
    mask = np.ones((P, M)) if allowed is None else allowed
    before = (
        np.broadcast_to(loadings.pip, (P, M)) * mask,
        loadings.slab_mean.copy(),
        loadings.slab_precision.copy(),
    )
    gradient = target - precision.weight * entry.mean()
    strength = np.abs(x.x @ gradient + entry.loadings.mean * precision.weight.sum(axis=0))
    order = np.argsort(-strength.max(axis=1), kind="stable")
    log_odds = np.log(0.3 / 0.7)
    slow = sweep(
        x.x.astype(float),
        order,
        mask,
        target,
        precision.weight,
        before,
        log_odds,
        2.0,
        bool(indicators),
    )
    entry = Dense(entry.effects.updated(target, precision.weight, Visit.FULL_SWEEP))
    loadings = entry.loadings
    tolerance = 1e-6 if dtype is np.float32 else 1e-10  # x^2 and scores at the start are float32
    now = (np.broadcast_to(loadings.pip, (P, M)), loadings.slab_mean, loadings.slab_precision)
    for fast, expected in zip(now, slow, strict=True):
        np.testing.assert_allclose((fast * mask), (expected * mask), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(entry.mean(), x.x.T @ loadings.mean, atol=tolerance)
    np.testing.assert_allclose(
        entry.moments().variance, (x.x**2).T @ loadings.variance, rtol=10 * tolerance
    )


@pytest.mark.parametrize("name", DENSE)
def test_no_update_lowers_the_elbo(name):
    entry = scatter(ENTRIES[name](), 3)
    residual, precision = problem(4)
    before = part_of_elbo(entry, residual, precision)
    for visit in (Visit.FULL_SWEEP, Visit.ACTIVE_SET, Visit.FULL_SWEEP, Visit.FULL_SWEEP):
        entry = entry.updated(residual, precision, visit)
        after = part_of_elbo(entry, residual, precision)
        assert after > before - 1e-10
        before = after


def test_no_update_lowers_the_elbo_with_noise_that_tissues_share():
    entry = scatter(ENTRIES["dense, a spike and slab for every loading"](), 5)
    residual, precision = problem(6, shared=True)
    before = part_of_elbo(entry, residual, precision)
    for _ in range(5):
        entry = entry.updated(residual, precision, Visit.FULL_SWEEP)
        after = part_of_elbo(entry, residual, precision)
        assert after > before - 1e-10
        before = after


@pytest.mark.parametrize("name", DENSE)
def test_moments_are_those_of_draws(name):
    entry, draws = scatter(ENTRIES[name](), 7), 100_000
    rng, loadings = np.random.default_rng(0), entry.loadings
    slabs = loadings.slab_mean + rng.standard_normal((draws, P, M)) / np.sqrt(
        loadings.slab_precision
    )
    theta = np.where(rng.random((draws, *loadings.pip.shape)) < loadings.pip, slabs, 0.0)
    if loadings.allowed is not None:
        theta *= loadings.allowed
    eta = np.einsum("pn,dpm->dnm", entry.effects.x.x, theta)
    mean, variance = entry.moments()
    np.testing.assert_allclose(eta.mean(axis=0), mean, atol=0.06)
    np.testing.assert_allclose(eta.var(axis=0), variance, rtol=0.03)


def test_a_slab_alone_is_ridge_regression():
    entry = ENTRIES["dense, a slab"]()
    target, _ = problem(8)
    for _ in range(300):
        entry = Dense(entry.effects.updated(target, np.ones((N, M)), Visit.FULL_SWEEP))
    x = variants().x
    ridge = np.linalg.solve(x @ x.T + 2.0 * np.eye(P), x @ target)
    np.testing.assert_allclose(entry.loadings.mean, ridge, atol=1e-3)


def test_an_effect_exists_only_in_cis():
    allowed = in_cis(
        np.array([100.0, 500.0]), np.array([120.0, 510.0]), np.array([79.0, 80, 140, 141, 509]), 20
    )
    np.testing.assert_array_equal(allowed, [[0, 0], [1, 0], [1, 0], [0, 0], [0, 1]])


def test_a_variant_of_all_tissues_is_found_by_an_indicator_of_rows_before_single_ones_find_it():
    rng = np.random.default_rng(9)
    x = linked_genotypes(rng, 200, 30)
    x = np.ascontiguousarray(((x - x.mean(axis=0)) / x.std(axis=0)).T)
    y = np.outer(x[7], np.full(12, 0.17)) + rng.standard_normal((200, 12))
    weight = np.ones_like(y)
    pips = []
    for indicators in (None, (30, 1)):
        prior = SpikeSlabPrior(0.01, 20.0)
        nothing = SpikeSlabPosterior.empty(prior, (30, 12), indicators=indicators)
        effects = Linear.of(Variants(x), nothing)
        for _ in range(5):
            effects = effects.updated(y, weight, Visit.FULL_SWEEP)
        pips.append(effects.loadings.pip[7].min())
    assert pips[0] < 0.5 < 0.99 < pips[1]
