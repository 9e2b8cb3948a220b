import numpy as np
import pytest

from fqtl.model.priors import Slab, SpikeSlab
from tests.reference.elbo import slab_divergence, spike_slab_divergence


def loadings(seed, size=6):
    rng = np.random.default_rng(seed)
    prior = SpikeSlab.empty(size, inclusion=0.2, precision=3.0)
    prior.pip[:] = rng.uniform(0, 1, size)
    prior.pip[:2] = 0, 1
    prior.slab_mean[:] = rng.standard_normal(size)
    prior.slab_precision[:] = rng.uniform(1, 10, size)
    return prior


def objective(prior, score, information):
    return (
        score @ prior.mean
        - 0.5 * information @ (prior.mean**2 + prior.variance)
        - prior.divergence()
    )


def test_spike_slab_divergence_is_the_integral_that_defines_it():
    prior = loadings(0)
    expected = sum(
        spike_slab_divergence(*row, prior.inclusion, prior.precision)
        for row in zip(prior.pip, prior.slab_mean, prior.slab_precision, strict=True)
    )
    assert prior.divergence() == pytest.approx(expected, rel=1e-8)


def test_mean_and_variance_are_those_of_draws():
    prior = loadings(1)
    rng = np.random.default_rng(0)
    draws = 400_000
    slab = prior.slab_mean + rng.standard_normal((draws, 6)) / np.sqrt(prior.slab_precision)
    theta = np.where(rng.random((draws, 6)) < prior.pip, slab, 0.0)
    np.testing.assert_allclose(theta.mean(axis=0), prior.mean, atol=0.01)
    np.testing.assert_allclose(theta.var(axis=0), prior.variance, atol=0.02)


def test_no_small_change_improves_on_the_update():
    prior = loadings(2)
    score, information = np.array([0.1, -3.0, 5.0, 0.0, 1.0, 2.0]), np.arange(1.0, 7.0)
    prior.update(score, information)
    best = objective(prior, score, information)
    for part in (prior.pip, prior.slab_mean, prior.slab_precision):
        for j in range(6):
            for factor in (0.99, 1.01):
                kept = part[j]
                part[j] = min(kept * factor, 1.0) if part is prior.pip else kept * factor
                assert objective(prior, score, information) <= best + 1e-12
                part[j] = kept


def test_the_learned_prior_has_the_smallest_divergence():
    prior = loadings(3)
    prior.learn()
    best = prior.divergence()
    for name in ("inclusion", "precision"):
        kept = getattr(prior, name)
        for factor in (0.9, 0.99, 1.01, 1.1):
            setattr(prior, name, kept * factor)
            assert prior.divergence() > best
        setattr(prior, name, kept)


def test_the_prior_stays_within_its_bounds():
    prior = SpikeSlab.empty(
        4, inclusion=0.1, precision=1.0, inclusion_bounds=(0.05, 0.25), precision_bounds=(0.5, 2.0)
    )
    prior.pip[:], prior.slab_mean[:], prior.slab_precision[:] = 1.0, 100.0, 1.0
    prior.learn()
    assert (prior.inclusion, prior.precision) == (0.25, 0.5)
    prior.pip[:], prior.slab_mean[:], prior.slab_precision[:] = 1e-6, 1e-3, 1e6
    prior.learn()
    assert (prior.inclusion, prior.precision) == (0.05, 2.0)


def test_rescaling_a_loading_with_its_prior_costs_nothing():
    prior = loadings(4)
    divergence, mean, variance = prior.divergence(), prior.mean, prior.variance
    prior.rescale(3.0)
    assert prior.divergence() == pytest.approx(divergence, rel=1e-12)
    np.testing.assert_allclose(prior.mean, 3 * mean)
    np.testing.assert_allclose(prior.variance, 9 * variance)


def test_loadings_that_inform_on_each_other_are_each_best_given_the_rest():
    prior = loadings(5)
    rng = np.random.default_rng(0)
    root = rng.standard_normal((6, 6))
    matrix = root @ root.T + np.eye(6)
    information, beside = np.diag(matrix).copy(), matrix - np.diag(np.diag(matrix))
    score = 3 * rng.standard_normal(6)

    def whole():
        r = prior.mean
        fitted = score @ r - 0.5 * (r @ matrix @ r + information @ prior.variance)
        return fitted - prior.divergence()

    before = whole()
    for _ in range(300):
        prior.update(score, information, beside)
        assert whole() >= before - 1e-12
        before = whole()
    for part in (prior.pip, prior.slab_mean, prior.slab_precision):
        for j in range(6):
            for factor in (0.99, 1.01):
                kept = part[j]
                part[j] = min(kept * factor, 1.0) if part is prior.pip else kept * factor
                assert whole() <= before + 1e-10
                part[j] = kept


def test_evidence_is_what_a_loading_adds_at_its_best():
    prior = loadings(6)
    score, information = np.array([0.1, -3.0, 5.0, 0.0, 1.0, 2.0]), np.arange(1.0, 7.0)
    prior.update(score, information)
    slab_precision = 3.0 + information
    bayes_factor = np.sqrt(3.0 / slab_precision) * np.exp(0.5 * score**2 / slab_precision)
    np.testing.assert_allclose(prior.evidence(), np.log(0.8 + 0.2 * bayes_factor), rtol=1e-10)
    assert prior.evidence().sum() == pytest.approx(objective(prior, score, information), rel=1e-10)


def test_slab_divergence_is_that_of_two_normals():
    rng = np.random.default_rng(6)
    root = rng.standard_normal((2, 3, 3))
    slab = Slab(rng.standard_normal((3, 2)), root @ root.transpose(0, 2, 1) + np.eye(3), 0.7)
    expected = [slab_divergence(slab.mean[:, t], slab.covariance[t], 0.7) for t in range(2)]
    np.testing.assert_allclose(slab.divergence(), expected, rtol=1e-10)


def test_slab_posterior_is_ridge_regression():
    rng = np.random.default_rng(7)
    design, y = rng.standard_normal((30, 3)), rng.standard_normal((30, 2))
    information = np.stack([2.0 * design.T @ design] * 2)
    slab = Slab.empty(3, 2, precision=0.5).posterior(2.0 * design.T @ y, information)
    ridge = np.linalg.solve(design.T @ design + 0.25 * np.eye(3), design.T @ y)
    np.testing.assert_allclose(slab.mean, ridge, rtol=1e-10)
