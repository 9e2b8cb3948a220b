"""The polygenic background: its features, laws of its updates, and when there is none."""

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from fqtl.model.arrays.variants import Variants
from fqtl.model.predictors import relatedness as relatedness_of_donors
from fqtl.model.predictors.background import Background
from fqtl.model.predictors.predictor import Visit
from fqtl.model.predictors.relatedness import Relatedness
from fqtl.model.priors import NoisePrecision, SharedNoise
from tests.conftest import linked_genotypes
from tests.reference.objective import part_of_elbo

N, P, M = 60, 90, 3
shared_or_not = pytest.mark.parametrize("shared", [False, True])


def standard_genotypes(rng, n, p):
    x = linked_genotypes(rng, n, p)
    return Variants(np.ascontiguousarray(((x - x.mean(axis=0)) / x.std(axis=0)).T))


def problem(seed, shared=False, share=0.5, own=(0.0, 0.0, 0.4)):
    """Variants, a response with a background of all tissues and of the last, and a precision."""
    rng = np.random.default_rng(seed)
    x = standard_genotypes(rng, N, P)
    effects = np.sqrt(share / P) * rng.standard_normal((P, 1))
    effects = effects + np.sqrt(np.array(own) / P) * rng.standard_normal((P, M))
    response = x.x.T @ effects + 0.6 * rng.standard_normal((N, M))
    weight = rng.uniform(2, 3, (N, M)) * (rng.random((N, M)) < 0.8)
    if shared:
        response += 0.6 * rng.standard_normal((N, 1)) * np.array([1, -1, 1])
        return x, response, SharedNoise(np.array([0.6, -0.6, 0.6])).precision(weight)
    return x, response, NoisePrecision(weight)


def empty(x, precision):
    return Background.empty(x, (precision.weight > 0).astype(float), 0.05, 0.5)


def grown(seed, shared=False):
    x, response, precision = problem(seed, shared)
    found = empty(x, precision).grown(precision.times(response), precision)
    return found.entry, response, precision


@pytest.mark.parametrize("p", [30, 200])
def test_features_hold_the_relatedness_and_are_scores_of_variants(p, monkeypatch):
    monkeypatch.setattr(relatedness_of_donors, "TRACE", 0.999)
    x = standard_genotypes(np.random.default_rng(0), N, p)
    relatedness = Relatedness(x, np.ones((N, M)))
    features, gram = relatedness.features, x.x.T @ x.x / p
    rest = gram - features @ features.T
    assert -1e-9 <= np.trace(rest) <= 0.001 * np.trace(gram) + 1e-9
    np.testing.assert_allclose(rest @ features, 0, atol=1e-10)
    np.testing.assert_allclose(relatedness.diagonal, np.diag(gram), rtol=1e-10)
    effects = np.random.default_rng(1).standard_normal(features.shape[1])
    of_variants = relatedness.variant_effects(effects)
    np.testing.assert_allclose(x.x.T @ of_variants, features @ effects, atol=1e-10)
    # v/p for each variant is v for each feature: no longer than those of least norm
    assert (of_variants**2).sum() * p == pytest.approx((effects**2).sum(), rel=1e-8)


@shared_or_not
@pytest.mark.parametrize("visit", Visit)
def test_an_update_never_lowers_the_elbo(visit, shared):
    parts = []
    for seed in range(4):
        entry, response, precision = grown(seed, shared)
        rng = np.random.default_rng(seed)
        for _ in range(6):
            shaken = rng.choice([0.3, 1.0]) * response + 0.3 * rng.standard_normal((N, M))
            residual = precision.times(shaken)
            before = part_of_elbo(entry, residual, precision)
            entry = entry.updated(residual, precision, visit)
            assert part_of_elbo(entry, residual, precision) >= before - 1e-9
            parts.append(entry.found)
    assert max(parts) >= 2


@shared_or_not
def test_growing_raises_the_elbo_and_then_ends(shared):
    shared_parts = 0
    for seed in range(4):
        x, response, precision = problem(seed, shared)
        residual = precision.times(response)
        step = empty(x, precision).grown(residual, precision)
        assert step.found
        assert part_of_elbo(step.entry, residual, precision) > 0
        entry = step.entry
        for _ in range(3):
            entry = entry.updated(residual, precision, Visit.FULL_SWEEP)
            further = entry.grown(residual, precision)
            if not further.found:
                break
            entry = further.entry
        assert not entry.grown(residual, precision).found
        shared_parts += entry.accounts[1].shared is not None
    assert shared_parts >= 3


def test_bayes_factors_of_a_variance_are_those_of_the_normal_that_it_makes():
    """Of a shared part, against the density of the response under each variance."""
    x, response, precision = problem(1)
    residual = precision.times(response)
    entry = empty(x, precision).grown(residual, precision).entry
    found, variances = entry.log_bayes_factors()[0], entry.accounts[1].prior.variances
    weight = precision.weight.sum(axis=1)
    seen = weight > 0
    mean = residual.sum(axis=1)[seen] / weight[seen]
    kinship = entry.relatedness.features[seen] @ entry.relatedness.features[seen].T
    noise = np.diag(1 / weight[seen])
    none = multivariate_normal(cov=noise).logpdf(mean)
    for k in range(0, len(variances), 5):
        density = multivariate_normal(cov=noise + variances[k] * kinship).logpdf(mean)
        assert found[k] == pytest.approx(density - none, abs=1e-6)


def test_bayes_factors_of_what_was_not_found_say_less_the_larger_the_variance():
    rng = np.random.default_rng(5)
    x = standard_genotypes(rng, N, P)
    precision = NoisePrecision(np.ones((N, M)))
    response = rng.standard_normal((N, M))
    response -= x.x.T @ np.linalg.lstsq(x.x.T, response, rcond=None)[0] * 0.5
    step = empty(x, precision).grown(precision.times(response), precision)
    assert not step.found
    said = step.entry.log_bayes_factors()
    assert said.shape == (1 + M, len(step.entry.accounts[0].prior.variances))
    assert (said[0] < 0).all()
    assert (np.diff(said[0]) < 0).all()


def test_equal_weights_give_what_weights_that_are_all_but_equal_give():
    x, response, precision = problem(0)
    seen = (precision.weight > 0).astype(float)
    found = []
    for shake in (0.0, 1e-9):
        noise = NoisePrecision(2 * seen * (1 + shake * np.random.default_rng(0).random((N, M))))
        entry = Background.empty(x, seen, 0.05, 0.5)
        found.append(entry.grown(noise.times(response), noise).entry.moments())
    assert found[0].mean.any()
    np.testing.assert_allclose(found[0].mean, found[1].mean, atol=1e-7)
    np.testing.assert_allclose(found[0].variance, found[1].variance, atol=1e-7)


def test_noise_that_tissues_share_is_no_background():
    opened = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        x = standard_genotypes(rng, N, P)
        precision = NoisePrecision(np.full((N, 2), 1.0))
        response = 0.7 * (rng.standard_normal((N, 1)) + rng.standard_normal((N, 2)))
        entry = Background.empty(x, np.ones((N, 2)), 0.05, 0.5)
        opened += (
            entry.grown(precision.times(response), precision).entry.accounts[1].shared is not None
        )
    assert opened <= 1


def test_nothing_is_decomposed_where_the_slope_speaks_against_it():
    x, _, precision = problem(0)
    entry = empty(x, precision)
    few = np.linalg.eigh(x.x.T @ x.x)[1][:, 1:11]  # directions of little relatedness
    response = few @ np.random.default_rng(0).standard_normal((10, M))
    step = entry.grown(precision.times(response), precision)
    assert not step.found
    assert not step.entry.mean().any()
    assert "_decomposed" not in vars(entry.relatedness)


def halves(seed, own, share=0.6):
    """Two tissues of disjoint donors with a background, the last of them without one if own."""
    rng = np.random.default_rng(seed)
    x = standard_genotypes(rng, 2 * N, P)
    seen = np.repeat(np.eye(2), N, axis=0)
    score = x.x.T @ (np.sqrt(share / P) * rng.standard_normal(P))
    response = np.where(own, score * seen[:, 0], score)[:, None] * seen
    response += np.sqrt(0.5) * rng.standard_normal((2 * N, 2)) * seen
    return x, response, NoisePrecision(2.0 * seen)


@pytest.mark.parametrize("own", [False, True])
def test_hypotheses_are_weighed_by_their_probability(own):
    """Of disjoint donors every hypothesis is normal given its variances: its evidence is exact."""
    looked = 0
    for seed in range(6):
        x, response, precision = halves(seed, own, share=0.2)
        entry = Background.empty(x, (precision.weight > 0).astype(float), 0.05, 0.4)
        entry = entry.grown(precision.times(response), precision).entry
        apart, together = entry.accounts
        covariance = together.relatedness.features @ together.relatedness.features.T
        prior, odds = together.prior, 0.4 / 0.6

        def evidence(donors, y, covariance=covariance, prior=prior):
            """ln p(y) of these donors over that without a background."""
            k, noise = covariance[np.ix_(donors, donors)], 0.5 * np.eye(len(donors))
            each = [
                multivariate_normal.logpdf(y[donors], cov=v * k + noise) for v in prior.variances
            ]
            nothing = multivariate_normal.logpdf(y[donors], cov=noise)
            return logsumexp(prior.log_mass + np.array(each)) - nothing

        y, first, second = response.sum(axis=1), np.arange(N), np.arange(N, 2 * N)
        of_tissues = [np.log(odds) + evidence(donors, y) for donors in (first, second)]
        assert apart.found == sum(gain > 0 for gain in of_tissues)
        gains = [
            sum(gain for gain in of_tissues if gain > 0) if apart.found else -np.inf,
            np.log(odds) + evidence(np.arange(2 * N), y) if together.found else -np.inf,
        ]
        probability = np.exp(gains - logsumexp([0, *gains]))
        # what a tissue has beside what is shared has no exact evidence
        if together.tissues == (None, None):
            np.testing.assert_allclose(entry.weights, probability, atol=1e-6)
            looked += 0.01 < probability[0] < 0.99
    assert looked >= 2


def test_a_background_of_one_tissue_is_not_taken_for_one_of_both():
    weights = {own: np.zeros(2) for own in (False, True)}
    for own, total in weights.items():
        for seed in range(8):
            x, response, precision = halves(seed, own)
            entry = Background.empty(x, (precision.weight > 0).astype(float), 0.05, 0.5)
            total += entry.grown(precision.times(response), precision).entry.weights / 8
    assert weights[True][0] > 0.7
    assert weights[False][1] > 0.7
