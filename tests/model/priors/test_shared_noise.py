"""Noise that tissues share, against dense matrices of every donor."""

import numpy as np
import pytest

from fqtl.model.arrays.moments import Moments
from fqtl.model.priors import NoisePrecision, SharedNoise
from tests.reference.objective import dense_precisions

N, M = 40, 5


def weights(rng, n=N, m=M, seen=0.7):
    return rng.uniform(0.5, 1.5, (n, m)) * (rng.random((n, m)) < seen)


def inverse_covariances(loadings, weight):
    """(n, m, m) inverse of diag(1/W_i) + v v' over what donor i has, 0 elsewhere."""
    dense = np.zeros((*weight.shape, weight.shape[1]))
    for i, row in enumerate(weight):
        seen = np.flatnonzero(row)
        covariance = np.diag(1 / row[seen]) + np.outer(loadings[seen], loadings[seen])
        dense[i][np.ix_(seen, seen)] = np.linalg.inv(covariance)
    return dense


def log_likelihood(residual, loadings, weight):
    """ln N(residual_i; 0, diag(1/W_i) + v v') over what donor i has."""
    total = 0.0
    for r, row in zip(residual, weight, strict=True):
        seen = row > 0
        covariance = np.diag(1 / row[seen]) + np.outer(loadings[seen], loadings[seen])
        total -= 0.5 * np.linalg.slogdet(2 * np.pi * covariance)[1]
        total -= 0.5 * r[seen] @ np.linalg.solve(covariance, r[seen])
    return total


def nothing_uncertain(residual):
    return np.zeros_like(residual)


@pytest.mark.parametrize("shared", [False, True])
def test_a_precision_is_that_of_the_noise_of_each_donor(shared):
    rng = np.random.default_rng(0)
    weight, loadings = weights(rng), shared * rng.standard_normal(M)
    precision = SharedNoise(loadings).precision(weight) if shared else NoisePrecision(weight)
    dense = inverse_covariances(loadings, weight)
    np.testing.assert_allclose(dense_precisions(precision), dense, atol=1e-12)

    residual, second = rng.standard_normal((N, M)), rng.uniform(0, 2, N)
    kept = residual.copy()
    by_hand = np.einsum("ist,it->is", dense, residual)
    np.testing.assert_allclose(precision.times(residual), by_hand, atol=1e-12)
    np.testing.assert_array_equal(residual, kept)
    np.testing.assert_allclose(precision.diagonal, np.einsum("itt->it", dense), atol=1e-12)

    mean, variance = rng.standard_normal(M), rng.uniform(0, 1, M)
    expected = [np.trace(P @ (np.outer(mean, mean) + np.diag(variance))) for P in dense]
    np.testing.assert_allclose(precision.of_score(mean, variance), expected, atol=1e-12)

    diagonal, off_diagonal = precision.of_tissues(second)
    total = np.einsum("i,ist->st", second, dense)
    assert (off_diagonal is not None) == shared
    whole = np.diag(diagonal) + (off_diagonal if shared else 0.0)
    np.testing.assert_allclose(whole, total, atol=1e-12)
    if shared:
        assert (np.diag(off_diagonal) == 0).all()


def test_given_the_rest_a_donors_noise_is_its_regression():
    rng = np.random.default_rng(1)
    weight, residual, noise = weights(rng), rng.standard_normal((N, M)), SharedNoise(np.ones(M))
    part = noise.part(residual, nothing_uncertain(residual), noise.precision(weight))
    dense = inverse_covariances(noise.loadings, weight)
    # u and the residual are jointly normal, with covariance v
    mean = np.einsum("s,ist,it->i", noise.loadings, dense, residual)
    variance = 1 - np.einsum("s,ist,t->i", noise.loadings, dense, noise.loadings)
    np.testing.assert_allclose(part.mean, mean, atol=1e-12)
    np.testing.assert_allclose(part.variance, variance, atol=1e-12)
    np.testing.assert_allclose(part.conditional_variance, variance, atol=1e-12)
    cost = 0.5 * (mean**2 + variance - 1 - np.log(variance)).sum()
    assert part.kl() == pytest.approx(cost, rel=1e-12)


def test_moments_with_the_noise_are_those_of_draws():
    rng = np.random.default_rng(2)
    weight = weights(rng, n=1, seen=1.0)
    y, mean, root = *rng.standard_normal((2, 1, M)), rng.standard_normal((M, M))
    covariance = 0.2 * root @ root.T
    noise = SharedNoise(rng.standard_normal(M))
    precision = noise.precision(weight)
    part = noise.part(y - mean, precision.shared @ covariance, precision)
    found = part.added_to(Moments(mean, np.diag(covariance)[None]), noise.loadings)

    draws = 400_000
    eta = rng.multivariate_normal(mean[0], covariance, draws)
    gain = noise.loadings @ inverse_covariances(noise.loadings, weight)[0]
    spread = 1 - gain @ noise.loadings
    u = (y - eta) @ gain + np.sqrt(spread) * rng.standard_normal(draws)
    total = eta + np.outer(u, noise.loadings)
    np.testing.assert_allclose(total.mean(axis=0), found.mean[0], atol=0.02)
    np.testing.assert_allclose(total.var(axis=0), found.variance[0], rtol=0.02)
    assert part.mean[0] == pytest.approx(u.mean(), abs=0.02)
    assert part.variance[0] == pytest.approx(u.var(), rel=0.02)
    along = [np.cov(column, u)[0, 1] for column in eta.T]
    np.testing.assert_allclose(part.covariance[0], -np.array(along), atol=0.02)


def test_learning_the_loadings_never_lowers_the_likelihood():
    rng = np.random.default_rng(3)
    weight = weights(rng)
    residual = rng.standard_normal((N, 1)) * rng.uniform(0.2, 1, M) + rng.standard_normal((N, M))
    noise = SharedNoise(rng.standard_normal(M), ridge=2.0)
    values = []
    for _ in range(300):
        values.append(log_likelihood(residual, noise.loadings, weight) + noise.log_prior())
        precision = noise.precision(weight)
        part = noise.part(residual, nothing_uncertain(residual), precision)
        noise = noise.learned(residual, weight, part)
    assert np.diff(values).min() > -1e-10
    assert values[-1] - values[0] > 1
    # and where it ends no other loadings nearby are better
    for t in range(M):
        for step in (-0.01, 0.01):
            other = noise.loadings + step * np.eye(M)[t]
            prior = -0.5 * noise.ridge * other @ other
            assert log_likelihood(residual, other, weight) + prior < values[-1]


def simulated(seed, loadings, n=300, seen=0.7):
    """Residuals with mean square 1, of which shared noise makes loadings^2; their weights."""
    rng = np.random.default_rng(seed)
    own = np.sqrt(1 - loadings**2) * rng.standard_normal((n, len(loadings)))
    residual = rng.standard_normal((n, 1)) * loadings + own
    observed = (rng.random(residual.shape) < seen).astype(float)
    residual *= observed
    return residual / np.sqrt((residual**2).sum(axis=0) / observed.sum(axis=0)), observed


def test_simulated_noise_is_found():
    truth = np.array([0.8, -0.5, 0.5, 0.0, 0.6, 0.4, 0.0, -0.7])
    for seed in range(5):
        noise = SharedNoise.found_in(*simulated(seed, truth))
        assert noise is not None
        sign = np.sign(noise.loadings @ truth)
        # some 210 donors have a tissue: a loading has a standard error of about 0.07
        np.testing.assert_allclose(sign * noise.loadings, truth, atol=0.25)
        assert np.abs(sign * noise.loadings - truth).mean() < 0.1


@pytest.mark.parametrize("n, m", [(100, 2), (300, 2), (100, 4), (300, 8), (200, 30)])
def test_independent_noise_is_not_shared(n, m):
    found = [SharedNoise.found_in(*simulated(seed, np.zeros(m), n=n)) for seed in range(20)]
    assert not [noise for noise in found if noise is not None]


@pytest.mark.parametrize("sign", [1, -1])
def test_two_tissues_tell_what_they_share_whichever_of_them_has_more(sign):
    residual, weight = simulated(0, np.array([0.8, sign * 0.6]), n=400, seen=1.0)
    noise = SharedNoise.found_in(residual, weight)
    # the standard error of a correlation of 400 donors is 0.05
    np.testing.assert_allclose(noise.loadings.prod(), np.mean(residual.prod(axis=1)), atol=0.05)
    swapped = SharedNoise.found_in(residual[:, ::-1], weight)
    np.testing.assert_allclose(swapped.loadings.prod(), noise.loadings.prod(), atol=1e-9)


def test_two_tissues_of_other_donors_share_nothing():
    residual, _ = simulated(0, np.array([0.8, 0.8]), seen=1.0)
    weight = np.zeros_like(residual)
    weight[:150, 0] = weight[150:, 1] = 1.0
    assert SharedNoise.found_in(residual * weight, weight) is None


def test_a_tissue_that_nobody_has_shares_nothing():
    residual, weight = simulated(1, np.full(8, 0.7))
    residual[:, 2] = weight[:, 2] = 0
    noise = SharedNoise.found_in(residual, weight)
    assert noise.loadings[2] == 0
    assert (np.abs(np.delete(noise.loadings, 2)) > 0.4).all()
