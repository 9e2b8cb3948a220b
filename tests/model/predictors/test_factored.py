"""Factors: laws of their updates, with noise that tissues share and without."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from fqtl.model.arrays.variants import Variants
from fqtl.model.predictors.factored import PRIOR_LOG_ODDS, Data, Factored
from fqtl.model.predictors.options import SingleEffectsOptions
from fqtl.model.predictors.predictor import Visit
from fqtl.model.priors import NoisePrecision, SharedNoise
from tests.conftest import linked_genotypes
from tests.model.priors.test_single_effects import draws_of
from tests.reference.objective import dense_covariances, part_of_elbo

N, P, M = 60, 20, 5
shared_or_not = pytest.mark.parametrize("shared", [False, True])


def problem(seed, shared=False):
    """Variants, what is to be explained, and the precision of its noise."""
    rng = np.random.default_rng(seed)
    x = linked_genotypes(rng, N, P)
    x = np.ascontiguousarray(((x - x.mean(axis=0)) / x.std(axis=0)).T)
    response = np.outer(x[4], [1.2, -1.2, 0.8, 0, 0]) + rng.standard_normal((N, M))
    weight = rng.uniform(0.5, 1.5, (N, M)) * (rng.random((N, M)) < 0.7)
    loadings = np.array([0.6, 0.5, -0.7, 0.4, 0.8])
    precision = SharedNoise(loadings).precision(weight) if shared else NoisePrecision(weight)
    return Variants(x), response, precision


def grown(seed, shared=False):
    x, response, precision = problem(seed, shared)
    predictor = Factored.empty(x, M, 3, SingleEffectsOptions())
    found = predictor.grown(precision.times(response), precision)
    assert found.found
    return found.entry, response, precision


@pytest.mark.parametrize("log_odds", [np.inf, 0.4])
def test_moments_of_a_factor_are_those_of_draws(log_odds):
    predictor, *_ = grown(0)
    predictor = replace(predictor, factors=(replace(predictor.factors[0], log_odds=log_odds),))
    factor, rng, draws = predictor.factors[0], np.random.default_rng(1), 200_000
    tissues = factor.tissues
    slab = tissues.slab_mean + rng.standard_normal((draws, M)) / np.sqrt(tissues.slab_precision)
    loadings = np.where(rng.random((draws, M)) < tissues.pip, slab, 0.0)
    eta = (draws_of(factor.effects, draws, rng) @ predictor.x.x[:, :1]) * loadings
    eta *= rng.random((draws, 1)) < expit(log_odds)
    mean, variance = predictor.moments()
    np.testing.assert_allclose(eta.mean(axis=0), mean[0], atol=0.01)
    np.testing.assert_allclose(eta.var(axis=0), variance[0], rtol=0.05, atol=1e-4)
    covariance = dense_covariances(predictor, N, M)[0]
    np.testing.assert_allclose(np.diag(covariance), variance[0], rtol=1e-10)
    # of eta with a standard deviation of 0.3; 200,000 draws give a covariance to 0.0003
    np.testing.assert_allclose(np.cov(eta.T), covariance, atol=0.004)


@shared_or_not
def test_the_gain_of_a_factor_is_what_the_elbo_loses_without_it(shared):
    predictor, response, precision = grown(1, shared)
    residual = precision.times(response)
    factor = predictor.factors[0]
    gain = factor.gain(residual, precision)

    def with_odds(log_odds):
        other = replace(predictor, factors=(replace(factor, log_odds=log_odds),))
        return part_of_elbo(other, residual, precision)

    before = expit(PRIOR_LOG_ODDS)
    assert with_odds(np.inf) == pytest.approx(gain + np.log(before), rel=1e-10)
    assert with_odds(-np.inf) == pytest.approx(np.log(1 - before))
    for log_odds in (-1.0, 0.3, 2.0):
        p = expit(log_odds)
        whether = p * np.log(p / before) + (1 - p) * np.log((1 - p) / (1 - before))
        assert with_odds(log_odds) == pytest.approx(p * gain - whether, rel=1e-10)


@shared_or_not
def test_a_factor_is_as_likely_there_as_its_gain_makes_it(shared):
    """No other odds have a higher ELBO, which is then that of a mixture of both."""
    predictor, response, precision = grown(1, shared)
    left = precision.times(0.3 * response)  # a weaker one
    factor = predictor.factors[0]
    factor, gain = factor.updated(
        Data(predictor.x, left, precision), predictor.options, Visit.FULL_SWEEP
    )
    found = []
    for log_odds in PRIOR_LOG_ODDS + gain + np.array([0.0, -0.5, 0.5]):
        other = replace(predictor, factors=(replace(factor, log_odds=log_odds),))
        found.append(part_of_elbo(other, left, precision))
    best = replace(predictor, factors=(factor.weighed(gain),))
    assert part_of_elbo(best, left, precision) == pytest.approx(found[0])
    assert found[0] > max(found[1:])
    before = expit(PRIOR_LOG_ODDS)
    assert found[0] == pytest.approx(np.log(1 - before + before * np.exp(gain)), rel=1e-9)


@shared_or_not
@pytest.mark.parametrize("visit", Visit)
def test_an_update_never_lowers_the_elbo(visit, shared):
    predictor, response, precision = grown(2, shared)
    rng = np.random.default_rng(3)
    for _ in range(10):
        residual = precision.times(response + 0.3 * rng.standard_normal(response.shape))
        before = part_of_elbo(predictor, residual, precision)
        predictor = predictor.updated(residual, precision, visit)
        assert predictor.factors
        assert part_of_elbo(predictor, residual, precision) >= before - 1e-9


@shared_or_not
def test_growing_never_lowers_the_elbo(shared):
    values = []
    for seed in range(10):
        x, response, precision = problem(seed, shared)
        residual = precision.times(response + np.outer(x.x[15], [0, 0, 0, 1.5, 1.5]))
        predictor = Factored.empty(x, M, 3, SingleEffectsOptions())
        value = 0.0
        while (step := predictor.grown(residual, precision)).found:
            predictor = step.entry
            assert part_of_elbo(predictor, residual, precision) >= value
            value = part_of_elbo(predictor, residual, precision)
        values.append(value)
    assert np.median(values) > 5


def test_a_full_visit_gives_every_variant_its_own_posterior():
    predictor, _, precision = grown(4)
    effects = predictor.factors[0].effects
    lead = effects.effects[0].index[effects.effects[0].alpha.argmax()]
    elsewhere = precision.times(np.outer(predictor.x.x[16], predictor.factors[0].tissues.mean))
    assert abs(predictor.x.x[lead] @ predictor.x.x[16]) / N < 0.3
    predictor = predictor.updated(2 * elsewhere, precision, Visit.FULL_SWEEP)
    effects = predictor.factors[0].effects
    assert effects.pip.argmax() == 16
    x = predictor.x.x
    np.testing.assert_allclose(effects.score, x.T @ effects.mean, atol=1e-12)
    spread = np.zeros(N)
    for one in effects.effects:
        rows = x[one.index].T
        spread += rows**2 @ (one.alpha * (one.mean**2 + 1 / one.precision))
        spread -= (rows @ (one.alpha * one.mean)) ** 2
    np.testing.assert_allclose(effects.score_variance, spread, atol=1e-12)


@shared_or_not
def test_the_scale_is_carried_by_the_variants(shared):
    predictor, response, precision = grown(5, shared)
    predictor = predictor.updated(precision.times(response), precision, Visit.ACTIVE_SET)
    prior = predictor.factors[0].tissues.prior
    assert prior.mean**2 + 1 / prior.precision == pytest.approx(1.0)


def test_a_factor_that_does_not_pay_is_dropped():
    predictor, response, precision = grown(6)
    dropped = predictor.updated(np.zeros_like(response), precision, Visit.ACTIVE_SET)
    assert dropped.factors == ()
    assert predictor.factors


def test_no_more_factors_than_the_rank():
    x, response, precision = problem(7)
    residual = precision.times(response + 3 * np.outer(x.x[15], [0, 0, 0, 1.0, 1.0]))
    narrow, wide = (
        Factored.empty(x, M, 1, SingleEffectsOptions()),
        Factored.empty(x, M, 2, SingleEffectsOptions()),
    )
    for entry, found in ((narrow, [True, False]), (wide, [True, True])):
        first = entry.grown(residual, precision)
        second = first.entry.grown(residual, precision)
        assert [first.found, second.found] == found


def test_what_one_tissue_has_is_no_factor_unless_nothing_else_has_a_place_for_it():
    x, _, precision = problem(8)
    rng = np.random.default_rng(0)
    response = np.outer(x.x[4], [2.0, 0, 0, 0, 0]) + rng.standard_normal((N, M))
    residual = precision.times(response)
    assert not Factored.empty(x, M, 3, SingleEffectsOptions()).grown(residual, precision).found
    assert (
        Factored.empty(x, M, 3, SingleEffectsOptions(specific=False))
        .grown(residual, precision)
        .found
    )


def test_noise_that_tissues_share_passes_for_a_factor_only_if_it_is_not_known():
    x, _, precision = problem(9)
    rng = np.random.default_rng(1)
    noise = SharedNoise(np.full(M, 2.0))
    # the donors' noise happens to go with a variant: 5 tissues say so, but are one witness
    u = 0.3 * x.x[4] + rng.standard_normal(N)
    response = np.outer(u, noise.loadings) + rng.standard_normal((N, M))
    known = noise.precision(precision.weight)
    assert (
        Factored.empty(x, M, 3, SingleEffectsOptions())
        .grown(precision.times(response), precision)
        .found
    )
    assert (
        not Factored.empty(x, M, 3, SingleEffectsOptions())
        .grown(known.times(response), known)
        .found
    )


@shared_or_not
def test_relabelling_tissues_relabels_a_factor(shared):
    x, response, precision = problem(10, shared)
    order = np.array([3, 0, 4, 2, 1])
    relabelled = NoisePrecision(
        precision.weight[:, order], precision.shared[:, order] if shared else None
    )
    one, other = (
        Factored.empty(x, M, 3, SingleEffectsOptions()),
        Factored.empty(x, M, 3, SingleEffectsOptions()),
    )
    first = one.grown(precision.times(response), precision)
    second = other.grown(relabelled.times(response[:, order]), relabelled)
    assert first.found
    assert second.found
    np.testing.assert_allclose(second.entry.mean(), first.entry.mean()[:, order], atol=1e-8)


def test_factors_come_in_the_order_of_the_variance_they_explain():
    x, response, precision = problem(11)
    residual = precision.times(response + np.outer(x.x[15], [0, 0, 0, 4.0, 4.0]))
    predictor = Factored.empty(x, M, 3, SingleEffectsOptions())
    while (found := predictor.grown(residual, precision)).found:
        predictor = found.entry.updated(residual, precision, Visit.FULL_SWEEP)
    explained = [(factor.mean() ** 2).sum() for factor in predictor.ordered()]
    assert len(explained) >= 2
    assert explained == sorted(explained, reverse=True)


def count_trials(monkeypatch):
    """Starts that are followed from here on."""
    followed, follow = [], Factored._tried

    def counted(self, pattern, data, before):
        followed.append(follow(self, pattern, data, before))
        return followed[-1]

    monkeypatch.setattr(Factored, "_tried", counted)
    return followed


def test_starts_that_led_nowhere_are_followed_again_only_where_more_speaks_for_them(monkeypatch):
    x, response, precision = problem(12)
    rng = np.random.default_rng(2)
    noise = precision.times(rng.standard_normal((N, M)))
    entry = (
        Factored.empty(x, M, 3, SingleEffectsOptions(min_gain=5.0)).grown(noise, precision).entry
    )
    followed = count_trials(monkeypatch)
    again = entry.grown(noise, precision)
    assert not again.found
    assert not followed
    assert entry.grown(1.5 * noise, precision).entry.in_vain != entry.in_vain
    assert len(followed) == 3
    found = again.entry.grown(precision.times(3 * response), precision)
    assert found.found
    assert len(found.entry.factors) == 1


def test_starts_that_led_nowhere_are_followed_again_under_noise_that_tissues_share(monkeypatch):
    x, _, precision = problem(12)
    rng = np.random.default_rng(2)
    noise = rng.standard_normal((N, M))
    options = SingleEffectsOptions(min_gain=5.0)
    entry = Factored.empty(x, M, 3, options).grown(precision.times(noise), precision).entry
    known = SharedNoise(np.full(M, 0.1)).precision(precision.weight)
    followed = count_trials(monkeypatch)
    entry.grown(known.times(noise), known)
    assert len(followed) == 3


def test_starts_that_lead_to_one_factor_are_followed_to_its_end_once(monkeypatch):
    x, response, precision = problem(13)
    followed = count_trials(monkeypatch)
    strong = response + np.outer(x.x[4], [3.0, -3.0, 2.0, 2.5, 3.0])
    found = Factored.empty(x, M, 3, SingleEffectsOptions()).grown(
        precision.times(strong), precision
    )
    assert found.found
    assert [trial.gain > -np.inf for trial in followed] == [True, False, False]


def test_a_start_that_comes_too_slowly_is_given_up():
    x, response, precision = problem(14)
    residual = precision.times(response)
    entry = Factored.empty(x, M, 3, SingleEffectsOptions(min_gain=100.0, factor_tolerance=1e-6))
    start = entry.scores.refreshed(residual, precision.diagonal).starts(precision.diagonal)[0]
    data = Data(x, residual, precision)
    given_up = entry._tried(start.pattern, data, [])
    followed, _ = entry._started(start.pattern).updated(data, entry.options, Visit.FULL_SWEEP)
    assert given_up.gain < followed.gain(residual, precision) < 90
