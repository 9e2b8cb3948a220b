"""BLUP against the likelihood and the equations as they are written, with dense matrices."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from tests.benchmarks.accuracy.real.blup import blup


def make(share, seed=0, n=60, p=40):
    rng = np.random.default_rng(seed)
    x = rng.binomial(2, rng.uniform(0.1, 0.5, p), (n, p)).astype(float)
    score = (x - x.mean(axis=0)) @ rng.normal(size=p)
    noise = rng.normal(size=n) * score.std() * np.sqrt(1 / share - 1) if share < 1 else 0
    return 3 + score + noise, x


def restricted_deviance(share, y, kinship):
    """-2 ln of the restricted likelihood, its scale at its maximum."""
    n = len(y)
    inverse = np.linalg.inv(share * kinship + (1 - share) * np.eye(n))
    ones = np.ones(n)
    project = inverse - np.outer(inverse @ ones, inverse @ ones) / (ones @ inverse @ ones)
    determinants = -np.linalg.slogdet(inverse)[1] + np.log(ones @ inverse @ ones)
    return determinants + (n - 1) * np.log(y @ project @ y)


@pytest.mark.parametrize(("share", "seed"), [(0.2, 0), (0.5, 1), (0.8, 2)])
def test_effects_solve_the_mixed_model_at_the_most_likely_variance(share, seed):
    y, x = make(share, seed)
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    kinship = standard @ standard.T / x.shape[1]
    found = minimize_scalar(
        restricted_deviance, bounds=(0, 0.999), args=(y, kinship), options={"xatol": 1e-8}
    ).x
    assert 0.01 < found < 0.99
    variance = found * kinship + (1 - found) * np.eye(len(y))
    ones = np.ones(len(y))
    weight = np.linalg.inv(variance)
    mean = ones @ weight @ y / (ones @ weight @ ones)
    expected = standard.T @ weight @ (y - mean) * found / x.shape[1] / x.std(axis=0)
    # the search stops within 1e-5 of the maximum
    np.testing.assert_allclose(blup(y, x), expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


def test_expression_without_a_genetic_part_has_no_effects():
    x = make(0.5)[1]
    others = np.linalg.svd(np.column_stack([np.ones(len(x)), x]))[0][:, x.shape[1] + 1 :]
    y = others @ np.random.default_rng(3).normal(size=others.shape[1])
    assert np.abs(blup(y, x)).max() < 1e-12


def test_a_variant_that_does_not_vary_has_no_effect():
    y, x = make(0.5)
    assert blup(y, np.column_stack([x, np.ones(len(x))]))[-1] == 0
