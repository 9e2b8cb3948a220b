"""Factors whose score is that of their effects and an error: laws, and a planted effect."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

import fqtl
from fqtl.model.predictors.blurred import BlurredFactors
from fqtl.model.predictors.factored import PRIOR_LOG_ODDS, Data, Factored
from fqtl.model.predictors.options import SingleEffectsOptions
from fqtl.model.predictors.predictor import Visit
from fqtl.model.summary import problem as summary_problem
from tests.model.predictors.test_factored import M, problem
from tests.model.summary.conftest import dosages, z_scores
from tests.reference.objective import part_of_elbo

BLUR = 0.5


def grown(seed, blur=BLUR, shared=False):
    x, response, precision = problem(seed, shared)
    sharp = Factored.empty(x, M, 3, SingleEffectsOptions())
    found = BlurredFactors.of(sharp, blur).grown(precision.times(response), precision)
    assert found.found
    return found.entry, Data(x, precision.times(response), precision)


def test_without_blur_factors_are_those_of_the_default_model():
    blurred, data = grown(0, blur=0.0)
    sharp = Factored.empty(data.x, M, 3, SingleEffectsOptions())
    other = sharp.grown(data.residual, data.precision).entry
    np.testing.assert_array_equal(blurred.mean(), other.mean())
    assert blurred.kl() == other.kl()


@pytest.mark.parametrize("shared", [False, True])
def test_the_gain_of_a_factor_is_what_the_elbo_loses_without_it(shared):
    entry, data = grown(1, shared=shared)
    gain = entry.factors[0].gain(data.residual, data.precision)
    certain = replace(entry, factors=(replace(entry.factors[0], log_odds=np.inf),))
    lost = part_of_elbo(certain, data.residual, data.precision)
    assert lost == pytest.approx(gain + np.log(expit(PRIOR_LOG_ODDS)), rel=1e-10)


def test_the_error_is_integrated_out_of_what_the_tissues_see():
    """exp(t f - w f²/2) under f ~ N(score, tau²), row by row, is what u leaves of the ELBO."""
    entry, data = grown(2)
    factor = entry.factors[0].sharp()
    certain = [replace(effect, square=effect.score**2) for effect in factor.effects.effects]
    known = factor.effects.of(certain)
    factor = replace(factor, effects=known)
    tau = np.sqrt(BLUR * (known.score**2).mean())
    weight = data.precision.of_score(factor.tissues.mean, factor.tissues.variance)
    target = data.residual @ factor.tissues.mean
    f = factor._with_error(data)
    mean, variance = f.score
    found = float(target @ mean - 0.5 * weight @ (mean**2 + variance)) - f.error_kl
    expected = 0.0
    for t, w, s in zip(target, weight, known.score, strict=True):

        def density(value, t=t, w=w, s=s):
            return np.exp(t * value - 0.5 * w * value**2) * norm.pdf(value, s, tau)

        expected += np.log(quad(density, -20, 20, points=[s], limit=200)[0])
    assert found == pytest.approx(expected, rel=1e-8)


def test_tissues_without_end_are_no_more_witnesses_than_the_error_allows():
    """With weights a thousand times as large ln BF of the variants hardly change."""
    entry, data = grown(2)
    factor = entry.factors[0]
    many = replace(data.precision, weight=1000 * data.precision.weight)
    here = factor.log_bayes_factors(data)[0]
    there = factor.log_bayes_factors(Data(data.x, 1000 * data.residual, many))[0]
    sharp = replace(factor.sharp(), blur=0.0)
    surer = sharp.log_bayes_factors(Data(data.x, 1000 * data.residual, many))[0]
    assert there.max() < 10 * here.max()
    assert surer.max() > 100 * there.max()


@pytest.mark.parametrize("visit", Visit)
def test_updates_settle(visit):
    entry, data = grown(4)
    for _ in range(10):
        before, entry = entry, entry.updated(data.residual, data.precision, visit)
    np.testing.assert_allclose(entry.mean(), before.mean(), atol=0.01)


def test_an_effect_in_many_tissues_is_placed_with_the_ld_of_few_others(monkeypatch):
    """One effect in 40 tissues of 400, LD of 100 others; without the error, beside it, too."""

    def sets_of(seed):
        rng = np.random.default_rng(seed)
        both = dosages(rng, 500, 100)
        x, others = both[:400], both[400:]
        y = 0.7 * (x[:, [50]] - x[:, 50].mean()) + rng.standard_normal((400, 40))
        fit = fqtl.fit_summary(*z_scores(y, x), panel=others, background=False)
        r2 = np.corrcoef(others.T)[50] ** 2
        pure = [entry for entry in fit.credible_sets if entry.purity > 0.5]
        return [bool((r2[entry.variants] > 0.99).any()) for entry in pure]

    assert [sets_of(seed) for seed in range(6)] == [[True]] * 6
    monkeypatch.setattr(summary_problem, "blur_of", lambda *_: 0.0)
    surer = [right for seed in range(6) for right in sets_of(seed)]
    assert surer.count(False) >= 3
