"""mr.mash against posteriors that are written down, and patterns against true ones."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from tests.benchmarks.accuracy.real.mr_mash import MrMash, Patterns, mr_mash
from tests.benchmarks.accuracy.real.patterns import canonical, components, deconvolve, strongest

NOISE = np.array([[1.0, 0.4], [0.4, 2.0]])
PATTERNS = Patterns(
    np.array([[[1.0, 0.0], [0.0, 0.0]], [[1.0, 0.8], [0.8, 1.0]], [[1.0, -1.0], [-1.0, 1.0]]]),
    np.array([0.05, 0.6]),
)


def some(n=12, missing=(0, 3, 15, 20)):
    """Expression of one variant around known means, some of it missing."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(n, 1))
    y = x @ [[0.8, 0.5]] + rng.multivariate_normal([0, 0], NOISE, n)
    y.ravel()[list(missing)] = np.nan
    return y, x


def exact(y, x, fit):
    """Mean, covariance and pattern probabilities by Bayes' rule on the values that are there."""
    seen = np.isfinite(y).ravel()
    design = np.kron(x, np.eye(2))[seen]
    noise = np.kron(np.eye(len(y)), NOISE)[np.ix_(seen, seen)]
    log, mean, second = [fit.weights.null], [np.zeros(2)], [np.zeros((2, 2))]
    log[0] += multivariate_normal.logpdf(y.ravel()[seen], np.zeros(seen.sum()), noise)
    for s, scale in enumerate(PATTERNS.scales):
        for r, pattern in enumerate(PATTERNS.covariances):
            prior = scale * pattern
            total = design @ prior @ design.T + noise
            gain = prior @ design.T @ np.linalg.inv(total)
            log.append(
                fit.weights.others[s, r]
                + multivariate_normal.logpdf(y.ravel()[seen], np.zeros(seen.sum()), total)
            )
            mean.append(gain @ y.ravel()[seen])
            second.append(prior - gain @ design @ prior + np.outer(mean[-1], mean[-1]))
    of_each = np.exp(np.array(log) - np.logaddexp.reduce(log))
    mean, second = np.tensordot(of_each, mean, 1), np.tensordot(of_each, second, 1)
    return mean, second - np.outer(mean, mean), of_each[1:].reshape(2, 3)


def test_the_posterior_of_one_variant_is_exact_where_contexts_are_missing():
    y, x = some()
    fit = MrMash(y, x, PATTERNS)
    fit.noise, fit.residual = NOISE, np.nan_to_num(y)  # the mean is known to be 0
    fit.prepare()
    fit.visit(np.array([0]))
    mean, covariance, of_each = exact(y, x, fit)
    np.testing.assert_allclose(fit.effects[0], mean, rtol=1e-10)
    np.testing.assert_allclose(fit.responsibility[0], of_each, rtol=1e-9)
    np.testing.assert_allclose(fit.covariances()[0], covariance, rtol=1e-9)


def test_means_are_those_of_generalised_least_squares():
    y, x = some()
    fit = MrMash(y + np.array([3, -1]), x, PATTERNS)
    fit.noise = NOISE
    fit.prepare()
    shift = fit.residual - np.nan_to_num(y)
    fit.visit(np.array([], dtype=int))
    seen = np.isfinite(y)
    design = np.kron(np.ones((len(y), 1)), np.eye(2))[seen.ravel()]
    weight = np.linalg.inv(np.kron(np.eye(len(y)), NOISE)[np.ix_(seen.ravel(), seen.ravel())])
    mean = np.linalg.solve(design.T @ weight @ design, design.T @ weight @ y[seen])
    assert np.abs(shift[seen]).max() > 0.01
    np.testing.assert_allclose(fit.residual[seen], (y - mean)[seen], rtol=1e-9)


def test_noise_without_effects_is_its_maximum_likelihood_estimate():
    rng = np.random.default_rng(2)
    y = rng.multivariate_normal([0, 0], NOISE, 300)
    y[:80, 0], y[80:120, 1] = np.nan, np.nan
    fit = MrMash(y, np.zeros((300, 1)), PATTERNS)
    for _ in range(20):
        fit.noise = fit.likely_noise()

    def loglik(noise):
        at = [np.ix_(known, known) for known in np.isfinite(y)]
        return sum(
            multivariate_normal.logpdf(row[np.isfinite(row)], None, noise[part])
            for row, part in zip(fit.residual_with_gaps, at, strict=True)
        )

    fit.residual_with_gaps = np.where(np.isfinite(y), fit.residual, np.nan)
    best = loglik(fit.noise)
    for entry in ((0, 0), (0, 1), (1, 1)):
        for step in (-0.02, 0.02):
            other = fit.noise.copy()
            other[entry] = other[entry[::-1]] = other[entry] + step
            assert loglik(other) < best


@pytest.mark.parametrize("groups", [1, 3])
def test_a_shared_effect_is_found_in_contexts_of_few_donors(groups):
    rng = np.random.default_rng(3)
    n, p = 240, 40
    x = rng.binomial(2, 0.4, (n, p)).astype(float)
    y = np.where(
        np.arange(n)[:, None] % groups == np.arange(groups), 0, np.nan
    ) + (x[:, :1] * 0.8 + rng.normal(size=(n, 1)))  # fmt: skip
    if groups == 1:
        y = np.hstack([y, y + rng.normal(size=y.shape)])
    effects = mr_mash(y, x, Patterns(canonical(y.shape[1]), np.array([0.01, 0.1, 1])))
    np.testing.assert_allclose(effects[0], 0.8, atol=0.2)
    assert np.abs(effects[1:]).max() < 0.1


def test_deconvolution_finds_the_covariance_under_the_errors():
    rng = np.random.default_rng(4)
    truth = np.array([[1.0, 0.9, 0], [0.9, 1.0, 0], [0, 0, 0.3]])
    errors = np.array([np.diag(rng.uniform(0.2, 1, 3)) for _ in range(4000)])
    effects = rng.multivariate_normal(np.zeros(3), truth, 4000)
    effects = effects + rng.normal(size=effects.shape) * np.sqrt(np.einsum("gtt->gt", errors))
    weights, found = deconvolve(effects, errors, components(effects)[-1:])
    assert weights == pytest.approx([1])
    np.testing.assert_allclose(found[0], truth, atol=0.08)  # three standard errors of a variance
    assert np.abs(effects.T @ effects / 4000 - truth).max() > 0.4


def test_the_strongest_variant_is_that_of_the_largest_chi2_and_disjoint_donors_err_apart():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(400, 6))
    y = np.where(
        np.arange(400)[:, None] % 2 == [0, 1], x[:, [3]] + rng.normal(size=(400, 2)), np.nan
    )
    found = strongest(y, x)
    np.testing.assert_allclose(found.effects, 1, atol=0.3)
    np.testing.assert_allclose(found.errors, np.diag(np.nanvar(y, axis=0) / 200), atol=1e-12)
    assert found.p < 1e-10
