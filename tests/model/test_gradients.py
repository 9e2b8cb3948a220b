"""Gradients of every posterior and every predictor against central differences.

Analytic gradients and differences of step 1e-6 agree to about 1e-8 where functions are of order 1;
a wrong sign, a prior's odds that count twice, or squares in the wrong place (all of them faults of
the model's first implementation) are off by the gradient itself.
"""

import numpy as np
import pytest

from fqtl.model.priors import NonNegativePosterior, NonNegativePrior
from tests.model.entries import ENTRIES, PRIORS, M, N, scatter, scattered

STEP = 1e-6


def differences(function, arrays):
    """Central differences of a function of arrays, in each of their entries."""
    found = []
    for k, array in enumerate(arrays):
        one = np.zeros_like(array)
        for index in np.ndindex(array.shape):
            ends = []
            for side in (STEP, -STEP):
                moved = [one.copy() for one in arrays]
                moved[k][index] += side
                ends.append(function(tuple(moved)))
            one[index] = (ends[0] - ends[1]) / (2 * STEP)
        found.append(one)
    return found


@pytest.mark.parametrize("name", PRIORS)
def test_the_gradient_of_a_posterior_is_differences(name):
    q = scattered(PRIORS[name](), np.random.default_rng(1))
    rng = np.random.default_rng(2)
    linear = q.linear()
    mean, variance = rng.standard_normal((2, *linear.mean.shape))
    shared = getattr(q, "has_shared_indicator", False)
    indicator = rng.standard_normal(q.pip.shape) if shared else 0.0

    def objective(parameters):
        there = q.at(parameters)
        m, v = there.linear()
        return (mean * m + variance * v).sum() + (indicator * there.pip).sum() - there.kl()

    here = q.unconstrained()
    found = q.gradient(mean, variance, indicator)
    for one, expected, array in zip(found, differences(objective, here), here, strict=True):
        if not np.isinf(array).all():
            np.testing.assert_allclose(one, expected, atol=2e-7)
        else:
            assert not one.any()


@pytest.mark.parametrize("name", ENTRIES)
def test_the_gradient_of_a_predictor_is_differences(name):
    entry = scatter(ENTRIES[name](), 1, size=0.7)
    mean, variance = np.random.default_rng(2).standard_normal((2, N, M))
    blocks = entry.blocks()
    for k, (block, found) in enumerate(zip(blocks, entry.gradient(mean, variance), strict=True)):

        def objective(parameters, k=k, block=block):
            moved = [*blocks[:k], block.at(parameters), *blocks[k + 1 :]]
            there = entry.with_blocks(moved)
            m, v = (np.broadcast_to(part, (N, M)) for part in there.moments())
            return (mean * m + variance * v).sum() - there.kl()

        here = block.unconstrained()
        expected = differences(objective, here)
        for one, wanted, array in zip(found, expected, here, strict=True):
            if not np.isinf(array).all():
                np.testing.assert_allclose(one, wanted, atol=5e-7)


@pytest.mark.parametrize("name", PRIORS)
def test_unconstrained_parameters_lead_there_and_back(name):
    q = scattered(PRIORS[name](), np.random.default_rng(3))
    back = q.at(q.unconstrained())
    np.testing.assert_allclose(back.mean, q.mean, rtol=1e-10)
    np.testing.assert_allclose(back.variance, q.variance, rtol=1e-10)
    assert back.kl() == pytest.approx(q.kl(), rel=1e-10)


@pytest.mark.parametrize("name", PRIORS)
def test_the_gradient_vanishes_at_the_best_answer_to_a_quadratic(name):
    q = scattered(PRIORS[name](), np.random.default_rng(4))
    allowed = getattr(q, "allowed", None)
    rng = np.random.default_rng(5)
    score = rng.standard_normal(q.mean.shape) * (1.0 if allowed is None else allowed)
    information = rng.uniform(1, 3, q.mean.shape)
    q = q.updated(score, information)
    q = q.at(q.unconstrained())  # what is not allowed stays at 0
    if getattr(q, "has_shared_indicator", False):
        linear = q.linear()
        of_score = score - information * q.score(linear).mean
        of_variance = np.full_like(score, -0.5) * information
        through, indicator = q.chain_rule(linear, of_score, of_variance)
        found = q.gradient(*through, indicator)
    else:
        found = q.gradient(score - information * q.mean, -0.5 * information)
    for one in found:
        np.testing.assert_allclose(one, 0, atol=1e-9)


def test_moments_of_non_negative_loadings_hold_far_into_the_tail():
    # of N(a, 1) cut at 0, by integration where the density can still be written down
    for a in (-190.0, -199.0, -201.0, -250.0, -1e4):
        z = np.linspace(0, 40 / -a, 200_001)
        density = np.exp(a * z - 0.5 * z**2)
        mean = (z * density).sum() / density.sum()
        second = (z**2 * density).sum() / density.sum()
        cut = NonNegativePosterior(NonNegativePrior(1.0), np.array([a]), np.ones(1))
        assert cut.mean[0] == pytest.approx(mean, rel=2e-4)
        assert cut.variance[0] == pytest.approx(second - mean**2, rel=1e-3)
