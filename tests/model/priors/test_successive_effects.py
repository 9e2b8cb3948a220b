"""Effects of one tissue in a chain: the sums against all numbers of effects, and what holds."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from fqtl.model.arrays.variants import Variants
from fqtl.model.priors import SuccessivePrior
from fqtl.model.priors.single_effects import Regression, SingleEffect
from fqtl.model.priors.successive_effects import SuccessiveEffects
from tests.model.priors.test_single_effects import as_dict, problem, whole
from tests.reference.effect import single_effect
from tests.reference.elbo import (
    given_there,
    numbers_of_effects,
    successive_divergence,
    successive_score_moments,
)

SLOTS = 4
PRIOR = SuccessivePrior(0.1, 2.0)


def started(seed, size=0.6):
    """No effects yet, and what they are found by: a problem in which two variants act."""
    x, target, weight = problem(seed, size=size)
    target = target - weight * 0.8 * x.x[9]
    return SuccessiveEffects.empty(x.n, x.p, SLOTS), target, Regression(x, weight, PRIOR)


def settled(seed, rounds=6, size=1.0):
    effects, target, regression = started(seed, size)
    for _ in range(rounds):
        effects = effects.refined(target, regression).extended(target, regression)
    return effects, target, regression


def objective(effects, target, regression):
    """target . E f - 1/2 weight . E f^2 - KL, by all numbers of effects."""
    sums, rows = as_dict(effects, regression.prior), regression.x.x
    moments = np.array([successive_score_moments(sums, row) for row in rows.T])
    square = moments[:, 1] + moments[:, 0] ** 2
    explained = target @ moments[:, 0] - 0.5 * regression.weight @ square
    return explained - successive_divergence(sums)


@pytest.mark.parametrize("seed", range(4))
def test_moments_and_kl_are_sums_over_the_number_of_effects(seed):
    effects, _, regression = settled(seed)
    assert len(effects.effects) >= 2
    sums = as_dict(effects, PRIOR)
    rows = regression.x.x.T
    moments = np.array([successive_score_moments(sums, row) for row in rows])
    # of effects of single variants E f^2 is that of each donor
    np.testing.assert_allclose(effects.score, moments[:, 0], rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(effects.score_variance, moments[:, 1], rtol=1e-7, atol=1e-9)
    slots = PRIOR.of_slots(SLOTS)
    assert effects.kl_under(slots) == pytest.approx(successive_divergence(sums), rel=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_told_of_variants_is_summed_over_the_number_of_effects(seed):
    effects, _, _ = settled(seed)
    p, there = effects.p, [effect.pip for effect in effects.effects]
    each = [given_there(whole(effect, p))[0] for effect in effects.effects]
    pip, mean, square = np.zeros((3, p))
    for number, q in enumerate(numbers_of_effects(there)):
        absent, first, variance = np.ones(p), np.zeros(p), np.zeros(p)
        for effect in each[:number]:
            alpha = np.array(effect["alpha"])
            own = alpha * effect["mean"]
            absent *= 1 - alpha
            first += own
            variance += alpha * (effect["mean"] ** 2 + 1 / effect["precision"]) - own**2
        pip += q * (1 - absent)
        mean += q * first
        square += q * (variance + first**2)
    np.testing.assert_allclose(effects.pip, pip, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(effects.mean, mean, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(effects.variance, square - mean**2, rtol=1e-6, atol=1e-12)
    assert effects.any == pytest.approx(1 - numbers_of_effects(there)[0])
    assert effects.included[: len(there)] == pytest.approx(np.cumprod(there))
    assert effects.second_moment == pytest.approx(
        sum(effect.second_moment for effect in effects.each)
    )


@pytest.mark.parametrize("seed", range(6))
def test_no_update_and_no_new_slot_lowers_the_objective(seed):
    effects, target, regression = started(seed, size=1.0)
    start = before = objective(effects, target, regression)
    for _ in range(8):
        for step in ("refined", "extended"):
            effects = getattr(effects, step)(target, regression)
            after = objective(effects, target, regression)
            assert after >= before - 1e-9 * abs(before)
            before = after
    assert before > start + 0.1


def test_each_effect_is_at_its_best_given_the_others():
    effects, target, regression = settled(1, rounds=200)
    assert len(effects.effects) >= 3
    best = objective(effects, target, regression)
    for slot, effect in enumerate(effects.effects):
        for factor in (0.9, 0.99, min(1.01, (1 + 1 / effect.pip) / 2)):
            moved = list(effects.effects)
            moved[slot] = effect.times(factor)
            assert objective(effects.of(moved), target, regression) < best
        for size in (0.97, 1.03):
            moved = list(effects.effects)
            moved[slot] = replace(
                effect, where=effect.where._replace(each=effect.each * [[1], [size], [1]])
            )
            assert objective(effects.of(moved), target, regression) < best


def test_a_first_effect_is_found_as_if_there_were_no_other():
    """Its log odds pay for the slot that was not opened after it, and for nothing else."""
    effects, target, regression = started(0)
    (first, *_) = effects.extended(target, regression).effects
    log_odds = np.log(0.1 / 0.9) + np.log(0.7)
    alpha, mean, *_ = single_effect(
        regression.x.x,
        target,
        regression.weight,
        np.zeros(effects.n),
        1 / (1 + np.exp(-log_odds)),
        2.0,
    )
    np.testing.assert_allclose(first.alpha, np.array(alpha)[first.index], rtol=1e-8)
    np.testing.assert_allclose(first.mean, np.array(mean)[first.index], rtol=1e-8)


def test_a_second_effect_sees_what_the_first_leaves_where_it_is_there():
    effects, target, regression = settled(2, rounds=1)
    first, second, *_ = effects.effects
    left = target - regression.weight * first.score / first.pip
    log_odds = np.log(0.3 / 0.7) + np.log(0.7)
    alpha, *_ = single_effect(
        regression.x.x,
        left,
        regression.weight,
        np.zeros(effects.n),
        1 / (1 + np.exp(-log_odds)),
        2.0,
    )
    np.testing.assert_allclose(second.alpha, np.array(alpha)[second.index], rtol=1e-8)


def test_a_second_effect_speaks_for_the_first():
    """One that is there as likely as not by itself is there beside a second one."""
    rng = np.random.default_rng(5)
    x = rng.standard_normal((400, 200)).T
    x = np.ascontiguousarray((x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True))
    likely = {}
    for name, acting in (("one", [20]), ("two", [20, 120])):
        y = 0.244 * x[acting].sum(axis=0) + rng.standard_normal(400)
        y -= x[acting].T @ (np.linalg.lstsq(x[acting].T, y, rcond=None)[0] - 0.244)
        prior = SuccessivePrior(0.01, 25.0)
        regression = Regression(Variants(x), np.ones(400), prior)
        effects = SuccessiveEffects.empty(400, 200, SLOTS)
        for _ in range(30):
            effects = effects.refined(y, regression).extended(y, regression)
        likely[name] = effects.pip[acting]
    assert likely["one"][0] < 0.5
    assert likely["two"].min() > likely["one"][0] + 0.2


def test_effects_that_bring_more_come_first():
    effects, target, regression = settled(3, size=1.0)
    reached = effects.reached
    assert reached[1] > 0.1
    first, second, *rest = effects.effects
    turned = effects.of(
        [second.times(first.pip / second.pip), first.times(second.pip / first.pip), *rest]
    )
    assert objective(turned, target, regression) < objective(effects, target, regression)
    back = turned._in_order(target, regression)
    np.testing.assert_array_equal(back.effects[0].index, first.index)
    np.testing.assert_allclose(back.effects[0].alpha, first.alpha, rtol=1e-12)
    assert objective(back, target, regression) == pytest.approx(
        objective(effects, target, regression), rel=1e-10
    )


def test_slots_are_opened_after_one_that_is_likelier_there_than_not():
    for seed in range(6):
        effects, target, regression = started(seed, size=1.0)
        effects = effects.extended(target, regression)
        reached = [1.0, *effects.reached]
        assert all(before > 0.5 for before in reached[: len(effects.effects)])
        assert len(effects.effects) == SLOTS or reached[-1] <= 0.5
        assert all(one >= other for one, other in pairwise(reached))


def test_what_was_found_has_its_whole_probability():
    effects, target, regression = settled(3, size=1.0)
    found = effects.found()
    assert [effect.pip for effect in found] == pytest.approx(
        [reached for reached in effects.reached if reached > 0.5]
    )
    assert len(effects.log_bayes_factors(target, regression)) == len(found) == effects.likely


def test_a_part_of_an_effect_is_there_with_a_part_of_its_probability():
    x, target, weight = problem(0)
    effect = SingleEffect.best(x, target, weight, PRIOR.of_slot(1))
    half = effect.times(0.5)
    assert half.pip == pytest.approx(0.5 * effect.pip)
    np.testing.assert_allclose(half.score, 0.5 * effect.score)
    np.testing.assert_allclose(
        half.score_variance + half.score**2, 0.5 * (effect.score_variance + effect.score**2)
    )
    assert half.log_none == pytest.approx(np.log1p(-half.pip))
    assert half.kl_if_there(2.0) == pytest.approx(effect.kl_if_there(2.0), rel=1e-10)
