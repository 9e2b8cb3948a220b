from dataclasses import replace

import numpy as np
import pytest

from fqtl.model.priors import SlabPosterior, SlabPrior, SpikeSlabPosterior, SpikeSlabPrior
from tests.reference.elbo import slab_divergence, spike_slab_divergence

PARTS = ("pip", "slab_mean", "slab_precision")


def loadings(seed, size=6):
    rng = np.random.default_rng(seed)
    pip = rng.uniform(0, 1, size)
    pip[:2] = 0, 1
    prior = SpikeSlabPrior(0.2, 3.0)
    return SpikeSlabPosterior(prior, pip, rng.standard_normal(size), rng.uniform(1, 10, size))


def objective(q, score, information):
    return score @ q.mean - 0.5 * information @ (q.mean**2 + q.variance) - q.kl()


def nearby(q):
    """Posteriors that differ in one number by a hundredth."""
    for name in PARTS:
        for j in range(len(q.pip)):
            for factor in (0.99, 1.01):
                part = getattr(q, name).copy()
                part[j] = min(part[j] * factor, 1.0) if name == "pip" else part[j] * factor
                yield replace(q, **{name: part})


def test_spike_slab_kl_is_the_integral_that_defines_it():
    q = loadings(0)
    expected = sum(
        spike_slab_divergence(*row, q.prior.inclusion, q.prior.precision)
        for row in zip(q.pip, q.slab_mean, q.slab_precision, strict=True)
    )
    assert q.kl() == pytest.approx(expected, rel=1e-8)


def test_mean_and_variance_are_those_of_draws():
    q = loadings(1)
    rng = np.random.default_rng(0)
    draws = 400_000
    slab = q.slab_mean + rng.standard_normal((draws, 6)) / np.sqrt(q.slab_precision)
    theta = np.where(rng.random((draws, 6)) < q.pip, slab, 0.0)
    np.testing.assert_allclose(theta.mean(axis=0), q.mean, atol=0.01)
    np.testing.assert_allclose(theta.var(axis=0), q.variance, atol=0.02)


def test_no_small_change_improves_on_the_update():
    score, information = np.array([0.1, -3.0, 5.0, 0.0, 1.0, 2.0]), np.arange(1.0, 7.0)
    q = loadings(2).updated(score, information)
    best = objective(q, score, information)
    assert max(objective(other, score, information) for other in nearby(q)) <= best + 1e-12


def test_an_update_leaves_the_posterior_before_as_it_was():
    q = loadings(2)
    before = [getattr(q, name).copy() for name in PARTS]
    score, information = np.array([0.1, -3.0, 5.0, 0.0, 1.0, 2.0]), np.arange(1.0, 7.0)
    off_diagonal = 0.1 * (np.ones((6, 6)) - np.eye(6))
    for other in (
        q.updated(score, information),
        q.updated(score, information, off_diagonal),
        q.learned(),
        q.rescaled(2.0),
        q.at(q.unconstrained()),
    ):
        assert other is not q
        for name, part in zip(PARTS, before, strict=True):
            np.testing.assert_array_equal(getattr(q, name), part)
    assert q.prior == SpikeSlabPrior(0.2, 3.0)


def test_the_learned_prior_has_the_smallest_kl():
    q = loadings(3).learned()
    for name in ("inclusion", "precision"):
        for factor in (0.9, 0.99, 1.01, 1.1):
            prior = replace(q.prior, **{name: getattr(q.prior, name) * factor})
            assert replace(q, prior=prior).kl() > q.kl()


def test_the_prior_stays_within_its_bounds():
    prior = SpikeSlabPrior(0.1, 1.0, (0.05, 0.25), (0.5, 2.0))
    ones = np.ones(4)
    large = SpikeSlabPosterior(prior, ones, 100.0 * ones, ones).learned().prior
    assert (large.inclusion, large.precision) == (0.25, 0.5)
    small = SpikeSlabPosterior(prior, 1e-6 * ones, 1e-3 * ones, 1e6 * ones).learned().prior
    assert (small.inclusion, small.precision) == (0.05, 2.0)


def test_rescaling_a_loading_with_its_prior_costs_nothing():
    q = loadings(4)
    larger = q.rescaled(3.0)
    assert larger.kl() == pytest.approx(q.kl(), rel=1e-12)
    np.testing.assert_allclose(larger.mean, 3 * q.mean)
    np.testing.assert_allclose(larger.variance, 9 * q.variance)


def test_loadings_that_inform_on_each_other_are_each_best_given_the_rest():
    q = loadings(5)
    rng = np.random.default_rng(0)
    root = rng.standard_normal((6, 6))
    matrix = root @ root.T + np.eye(6)
    information, off_diagonal = np.diag(matrix).copy(), matrix - np.diag(np.diag(matrix))
    score = 3 * rng.standard_normal(6)

    def whole(q):
        r = q.mean
        return score @ r - 0.5 * (r @ matrix @ r + information @ q.variance) - q.kl()

    for _ in range(300):
        before, q = whole(q), q.updated(score, information, off_diagonal)
        assert whole(q) >= before - 1e-12
    assert max(whole(other) for other in nearby(q)) <= whole(q) + 1e-10


def test_the_bayes_factor_is_what_a_loading_adds_at_its_best():
    score, information = np.array([0.1, -3.0, 5.0, 0.0, 1.0, 2.0]), np.arange(1.0, 7.0)
    q = loadings(6).updated(score, information)
    slab_precision = 3.0 + information
    bayes_factor = np.sqrt(3.0 / slab_precision) * np.exp(0.5 * score**2 / slab_precision)
    nats = q.log_bayes_factor()
    np.testing.assert_allclose(nats, np.log(0.8 + 0.2 * bayes_factor), rtol=1e-10)
    assert nats.sum() == pytest.approx(objective(q, score, information), rel=1e-10)


def test_slab_kl_is_that_of_two_normals():
    rng = np.random.default_rng(6)
    root = rng.standard_normal((2, 3, 3))
    covariance = root @ root.transpose(0, 2, 1) + np.eye(3)
    slab = SlabPosterior(SlabPrior(0.7), rng.standard_normal((3, 2)), covariance)
    expected = [slab_divergence(slab.mean[:, t], slab.covariance[t], 0.7) for t in range(2)]
    np.testing.assert_allclose(slab.kl(), expected, rtol=1e-10)


def test_slab_posterior_is_ridge_regression():
    rng = np.random.default_rng(7)
    design, y = rng.standard_normal((30, 3)), rng.standard_normal((30, 2))
    information = np.stack([2.0 * design.T @ design] * 2)
    slab = SlabPosterior.empty(SlabPrior(0.5), 3, 2).updated(2.0 * design.T @ y, information)
    ridge = np.linalg.solve(design.T @ design + 0.25 * np.eye(3), design.T @ y)
    np.testing.assert_allclose(slab.mean, ridge, rtol=1e-10)


def test_the_logarithm_of_absence_goes_on_where_the_pip_rounds_to_one():
    prior, information = SpikeSlabPrior(0.2, 3.0), np.full(6, 50.0)
    score = np.array([0.0, 5.0, 20.0, 40.0, 60.0, 300.0])
    q = SpikeSlabPosterior.empty(prior, 6).updated(score, information)
    # ln P(y | no effect) - ln P(y), by hand
    bayes = 0.5 * np.log(3.0 / 53.0) + 0.5 * score**2 / 53.0
    by_hand = np.log(0.8) - np.logaddexp(np.log(0.8), np.log(0.2) + bayes)
    assert q.pip[-1] == 1
    np.testing.assert_allclose(q.log_absent, by_hand, rtol=1e-6)
    assert q.log_none == pytest.approx(by_hand.sum(), rel=1e-6)


def test_without_a_spike_nothing_is_absent():
    prior = SpikeSlabPrior(1.0, 3.0, inclusion_bounds=(1.0, 1.0))
    assert SpikeSlabPosterior.empty(prior, 3).log_none == -np.inf
