"""Bilinear factors: moments, laws of their updates, and simulated factors of every kind."""

from dataclasses import replace

import numpy as np
import pytest

from fqtl.model.predictors.bilinear import Bilinear
from fqtl.model.predictors.options import SpikeSlabOptions
from fqtl.model.predictors.predictor import Visit
from fqtl.model.priors import NoisePrecision, NonNegativePosterior
from fqtl.model.spike_slab_model import factors
from tests.model.entries import ENTRIES, K, M, N, scatter
from tests.reference.objective import dense_covariances, part_of_elbo

BILINEAR = [name for name, make in ENTRIES.items() if isinstance(make(), Bilinear)]


def problem(seed):
    rng = np.random.default_rng(seed)
    precision = NoisePrecision(rng.uniform(0.5, 1.5, (N, M)) * (rng.random((N, M)) < 0.8))
    return precision.times(2 * rng.standard_normal((N, M))), precision


def draws_of(loadings, rng, draws):
    size = len(loadings.mean)
    if isinstance(loadings, NonNegativePosterior):
        sd = loadings.rate**-0.5
        found = np.full((draws, size), -1.0)
        while (found < 0).any():  # by rejection, as the posterior is defined
            again = loadings.location + sd * rng.standard_normal((draws, size))
            found = np.where(found < 0, again, found)
        return found
    slab = loadings.slab_mean + rng.standard_normal((draws, size)) / np.sqrt(
        loadings.slab_precision
    )
    return np.where(rng.random((draws, len(loadings.pip))) < loadings.pip, slab, 0.0)


@pytest.mark.parametrize("name", BILINEAR)
def test_moments_are_those_of_draws(name):
    entry, rng, draws = scatter(ENTRIES[name](), 1, size=0.7), np.random.default_rng(0), 60_000
    eta = np.zeros((draws, N, M))
    for factor in entry.factors:
        left = draws_of(factor.left.loadings, rng, draws)
        f = left if entry.x is None else left @ entry.x.x
        r = draws_of(factor.tissues, rng, draws)
        eta += (factor.weight * f)[:, :, None] * r[:, None, :]
    mean, variance = entry.moments()
    np.testing.assert_allclose(eta.mean(axis=0), mean, atol=0.08)
    np.testing.assert_allclose(eta.var(axis=0), variance, rtol=0.08, atol=0.03)
    np.testing.assert_allclose(entry.mean(), mean)


def test_covariances_between_tissues_have_the_variances_on_their_diagonal():
    entry = scatter(ENTRIES["weighted factored, non-negative"](), 2, size=0.5)
    covariance = dense_covariances(entry, N, M)
    np.testing.assert_allclose(covariance, covariance.transpose(0, 2, 1), atol=1e-12)
    np.testing.assert_allclose(
        np.diagonal(covariance, axis1=1, axis2=2), entry.moments().variance, rtol=1e-10
    )


@pytest.mark.parametrize("name", BILINEAR)
def test_no_update_lowers_the_elbo(name):
    entry = replace(scatter(ENTRIES[name](), 3, size=0.5), is_open=(True,) * K)
    residual, precision = problem(4)
    before = part_of_elbo(entry, residual, precision)
    for visit in (Visit.FULL_SWEEP, Visit.ACTIVE_SET, Visit.FULL_SWEEP):
        entry = entry.updated(residual, precision, visit)
        after = part_of_elbo(entry, residual, precision)
        assert after > before - 1e-9
        before = after


@pytest.mark.parametrize("name", BILINEAR)
def test_growing_raises_the_elbo_by_what_it_finds(name):
    entry, (residual, precision) = ENTRIES[name](), problem(5)
    before, grown = part_of_elbo(entry, residual, precision), 0
    while (step := entry.grown(residual, precision)).found:
        entry = step.entry
        after = part_of_elbo(entry, residual, precision)
        assert after > before
        before, grown = after, grown + 1
    assert grown <= K
    assert entry.is_open == (True,) * grown + (False,) * (K - grown)


@pytest.mark.parametrize("name", BILINEAR)
def test_the_scale_of_a_factor_is_free(name):
    entry = replace(scatter(ENTRIES[name](), 6), is_open=(True,) * K)
    scaled = replace(entry, factors=tuple(entry.found()))
    assert all(factor.tissues.prior_precision == pytest.approx(1) for factor in scaled.factors)
    assert scaled.kl() == pytest.approx(entry.kl())
    np.testing.assert_allclose(scaled.moments(), entry.moments(), rtol=1e-8, atol=1e-10)


def simulated(seed, n=150, m=10):
    """Donors' loadings of two factors, their tissues, and noise."""
    rng = np.random.default_rng(seed)
    scores = rng.standard_normal((n, 2))
    tissues = np.zeros((m, 2))
    tissues[:5, 0], tissues[5:, 1] = 1.0, -1.0
    weights = rng.dirichlet(np.ones(2), n)
    return rng, scores, tissues, weights


def fitted(entry, y):
    precision = NoisePrecision(np.ones_like(y))
    residual = precision.times(y)
    while (grown := entry.grown(residual, precision)).found:
        entry = grown.entry.updated(residual, precision, Visit.FULL_SWEEP)
    for _ in range(20):
        entry = entry.updated(residual, precision, Visit.FULL_SWEEP)
    return entry


def test_factorisation_finds_as_many_factors_as_there_are():
    rng, scores, tissues, _ = simulated(7)
    y = scores @ tissues.T + 0.5 * rng.standard_normal((150, 10))
    options = SpikeSlabOptions(variant_prior="column_spike_slab", tissue_inclusion=(1e-4, 0.9))
    entry = fitted(factors(None, 10, 4, options, n=150), y)
    assert sum(entry.is_open) == 2
    for factor in entry.found():
        overlap = np.abs(np.corrcoef(factor.score.mean, scores.T)[0, 1:])
        assert overlap.max() > 0.9


def test_known_fractions_tell_the_expression_of_cell_types_apart():
    rng, scores, tissues, weights = simulated(8)
    y = (weights * scores) @ np.abs(tissues).T + 0.2 * rng.standard_normal((150, 10))
    options = SpikeSlabOptions(variant_prior="slab", tissue_prior="non_negative")
    entry = fitted(factors(None, 10, 2, options, weights=weights, n=150), y)
    for k, factor in enumerate(entry.factors):
        rows = weights[:, k] > 0.5  # elsewhere there is little to see of it
        found = factor.left.moments().mean[rows]
        assert np.corrcoef(found, scores[rows, k])[0, 1] > 0.8
        assert (factor.tissues.mean >= 0).all()
