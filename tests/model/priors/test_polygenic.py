"""Normal effects under a learned variance, against dense Gaussian processes."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from fqtl.model.priors import PolygenicPosterior, Rotated, VariancePrior

N, K = 25, 6
PRIOR = VariancePrior(0.05)


def problem(seed):
    """Features, weights of which some are 0, and a precision-weighted response."""
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((N, K)) / np.sqrt(K)
    weight = rng.uniform(0.5, 3, N) * (rng.random(N) < 0.8)
    response = features @ rng.standard_normal(K) * 0.7 + rng.standard_normal(N)
    return features, weight, weight * response


def posterior_of(features, weight, target):
    return PolygenicPosterior.of(Rotated.of(features, weight), target, PRIOR)


def dense(seed):
    """Log likelihood beside that of no effects, mean and covariance of eta, of each variance."""
    features, weight, target = problem(seed)
    seen = weight > 0
    response, noise = target[seen] / weight[seen], np.diag(1 / weight[seen])
    none = multivariate_normal.logpdf(response, cov=noise)
    for variance in PRIOR.variances:
        kernel = variance * features @ features.T
        total = kernel[np.ix_(seen, seen)] + noise
        gain = multivariate_normal.logpdf(response, cov=total) - none
        slope = kernel[:, seen] @ np.linalg.inv(total)
        yield gain, slope @ response, np.diag(kernel - slope @ kernel[seen])


@pytest.mark.parametrize("seed", range(3))
def test_evidence_and_moments_are_those_of_gaussian_processes_averaged_over_the_variance(seed):
    found = posterior_of(*problem(seed))
    gain, mean, variance = (np.array(part) for part in zip(*dense(seed), strict=True))
    joint = np.exp(PRIOR.log_mass) * np.exp(gain)
    probability = joint / joint.sum()
    assert found.evidence == pytest.approx(np.log(joint.sum()), abs=1e-9)
    np.testing.assert_allclose(found.probability, probability, rtol=1e-8)
    assert found.prior_variance == pytest.approx(probability @ PRIOR.variances, rel=1e-8)
    expected = probability @ mean
    np.testing.assert_allclose(found.mean, expected, atol=1e-10)
    np.testing.assert_allclose(
        found.variance, probability @ (variance + (mean - expected) ** 2), rtol=1e-8
    )


@pytest.mark.parametrize("seed", range(3))
def test_the_evidence_is_the_elbo_of_the_posterior(seed):
    features, weight, target = problem(seed)
    found = posterior_of(features, weight, target)
    second = found.mean**2 + found.variance
    elbo = target @ found.mean - 0.5 * weight @ second - found.kl
    assert elbo == pytest.approx(found.evidence, abs=1e-10)


def test_slopes_of_the_evidence_are_moments():
    # the ELBO is at its maximum over q, so the envelope theorem holds
    features, weight, target = problem(0)
    weight = weight + 0.1
    found = posterior_of(features, weight, target)
    for i in (0, 7):
        step = 1e-5 * np.eye(N)[i]
        up, down = (posterior_of(features, weight, target + s).evidence for s in (step, -step))
        assert (up - down) / 2e-5 == pytest.approx(found.mean[i], abs=1e-6)
        up, down = (posterior_of(features, weight + s, target).evidence for s in (step, -step))
        slope = -0.5 * (found.mean[i] ** 2 + found.variance[i])
        assert (up - down) / 2e-5 == pytest.approx(slope, abs=1e-6)


def test_the_median_of_the_prior_is_what_it_is_called():
    for median in (0.003, 0.01, 0.1):
        prior = VariancePrior(median)
        mass = np.exp(prior.log_mass)
        assert mass.sum() == pytest.approx(1)
        below = mass[prior.variances < median].sum()
        # cells of the grid are a factor of 1.5 apart, and the tail ends at 1
        assert abs(below - 0.5) < 0.1


def test_a_finer_grid_tells_no_other_evidence(monkeypatch):
    coarse = [posterior_of(*problem(seed)).evidence for seed in range(5)]
    monkeypatch.setattr("fqtl.model.priors.polygenic.GRID", 400)
    fine = VariancePrior(PRIOR.median)
    for seed, evidence in enumerate(coarse):
        features, weight, target = problem(seed)
        rotated = Rotated.of(features, weight)
        exact = fine.evidence(rotated.scores(target), rotated.eigenvalues)
        assert evidence == pytest.approx(exact, abs=0.02)
