"""Slopes of every prior and every predictor against central differences.

Analytic slopes and differences of step 1e-6 agree to about 1e-8 where functions are of order 1; a
wrong sign, a prior's odds that count twice, or squares in the wrong place (all of them faults of
the model's first implementation) are off by the slope itself.
"""

import numpy as np
import pytest

from fqtl.model.priors import NonNegative
from tests.model.entries import ENTRIES, PRIORS, M, N, scatter

STEP = 1e-6


def differences(function, arrays):
    """Central differences of a function of arrays, in each of their entries."""
    found = []
    for k, array in enumerate(arrays):
        slope = np.zeros_like(array)
        for index in np.ndindex(array.shape):
            ends = []
            for side in (STEP, -STEP):
                moved = [one.copy() for one in arrays]
                moved[k][index] += side
                ends.append(function(tuple(moved)))
            slope[index] = (ends[0] - ends[1]) / (2 * STEP)
        found.append(slope)
    return found


def scattered(prior, seed, size=1.0):
    rng = np.random.default_rng(seed)
    prior.move_to(
        tuple(
            array if np.isinf(array).all() else size * rng.standard_normal(array.shape)
            for array in prior.coordinates()
        )
    )
    return prior


@pytest.mark.parametrize("name", PRIORS)
def test_slopes_of_a_prior_are_differences(name):
    prior = scattered(PRIORS[name](), 1)
    rng = np.random.default_rng(2)
    linear = prior.linear()
    mean, variance = rng.standard_normal((2, *linear.mean.shape))
    gate = rng.standard_normal(prior.pip.shape) if getattr(prior, "spans", False) else 0.0

    def objective(coordinates):
        prior.move_to(coordinates)
        m, v = prior.linear()
        return (mean * m + variance * v).sum() + (gate * prior.pip).sum() - prior.divergence()

    here = prior.coordinates()
    slopes = prior.slopes(mean, variance, gate)
    for slope, expected, array in zip(slopes, differences(objective, here), here, strict=True):
        if not np.isinf(array).all():
            np.testing.assert_allclose(slope, expected, atol=2e-7)
        else:
            assert not slope.any()


@pytest.mark.parametrize("name", ENTRIES)
def test_slopes_of_a_predictor_are_differences(name):
    entry = scatter(ENTRIES[name](), 1, size=0.7)
    mean, variance = np.random.default_rng(2).standard_normal((2, N, M))
    slopes = entry.slopes(mean, variance)
    for block, found in zip(entry.blocks(), slopes, strict=True):
        here = block.coordinates()

        def objective(coordinates, block=block):
            block.move_to(coordinates)
            entry.refresh()
            m, v = (np.broadcast_to(part, (N, M)) for part in entry.moments())
            return (mean * m + variance * v).sum() - entry.divergence()

        expected = differences(objective, here)
        objective(here)
        for slope, wanted, array in zip(found, expected, here, strict=True):
            if not np.isinf(array).all():
                np.testing.assert_allclose(slope, wanted, atol=5e-7)


@pytest.mark.parametrize("name", PRIORS)
def test_coordinates_lead_there_and_back(name):
    prior = scattered(PRIORS[name](), 3)
    mean, variance, divergence = prior.mean, prior.variance, prior.divergence()
    prior.move_to(prior.coordinates())
    np.testing.assert_allclose(prior.mean, mean, rtol=1e-10)
    np.testing.assert_allclose(prior.variance, variance, rtol=1e-10)
    assert prior.divergence() == pytest.approx(divergence, rel=1e-10)


@pytest.mark.parametrize("name", PRIORS)
def test_slopes_vanish_at_the_best_answer_to_a_quadratic(name):
    prior = scattered(PRIORS[name](), 4)
    allowed = getattr(prior, "allowed", None)
    rng = np.random.default_rng(5)
    score = rng.standard_normal(prior.mean.shape) * (1.0 if allowed is None else allowed)
    information = rng.uniform(1, 3, prior.mean.shape)
    prior.update(score, information)
    prior.move_to(prior.coordinates())  # what is not allowed stays at 0
    if getattr(prior, "spans", False):
        linear = prior.linear()
        of_score = score - information * prior.score(linear).mean
        through, gate = prior.through(linear, of_score, np.full_like(score, -0.5) * information)
        slopes = prior.slopes(*through, gate)
    else:
        slopes = prior.slopes(score - information * prior.mean, -0.5 * information)
    for slope in slopes:
        np.testing.assert_allclose(slope, 0, atol=1e-9)


def test_moments_of_non_negative_loadings_hold_far_into_the_tail():
    # of N(a, 1) cut at 0, by integration where the density can still be written down
    for a in (-190.0, -199.0, -201.0, -250.0, -1e4):
        z = np.linspace(0, 40 / -a, 200_001)
        density = np.exp(a * z - 0.5 * z**2)
        mean = (z * density).sum() / density.sum()
        second = (z**2 * density).sum() / density.sum()
        cut = NonNegative(np.array([a]), np.ones(1), 1.0)
        assert cut.mean[0] == pytest.approx(mean, rel=2e-4)
        assert cut.variance[0] == pytest.approx(second - mean**2, rel=1e-3)
