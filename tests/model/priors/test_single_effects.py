"""Single effects against the slow one, and what holds for them whatever the numbers."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import beta, gamma

from fqtl.model.arrays.variants import Variants
from fqtl.model.priors import EffectPrior, FactorPrior, SuccessivePrior
from fqtl.model.priors.effect_prior import USUAL_SQUARE
from fqtl.model.priors.place import TAIL, Alike, KeptRows
from fqtl.model.priors.single_effects import (
    LEAST,
    Regression,
    SingleEffect,
    SingleEffectsPosterior,
)
from tests.conftest import linked_genotypes
from tests.reference.effect import single_effect
from tests.reference.elbo import single_effect_divergence, single_effects_divergence

N = 50


def problem(seed, dtype=np.float64, p=12, size=0.6):
    """Genotypes whose variants 2 and 3 are near twins, a gradient at 0 and weights."""
    rng = np.random.default_rng(seed)
    x = linked_genotypes(rng, N, p, correlation=0.5)
    x[:, 3] = np.where(np.arange(N) < 3, x[:, 3], x[:, 2])
    x = np.ascontiguousarray(((x - x.mean(axis=0)) / x.std(axis=0)).T, dtype=dtype)
    weight = rng.uniform(0.2, 2, N) * (rng.random(N) < 0.8)
    return Variants(x), weight * (size * x[2] + rng.standard_normal(N)), weight


def prior_of(inclusion=0.3, precision=2.0):
    return EffectPrior(inclusion, precision)


def whole(effect, p):
    """The effect as a dict with alpha, mean and precision of every variant."""
    full = {name: np.ones(p) if name == "precision" else np.zeros(p) for name in PARTS}
    for name in PARTS:
        full[name][effect.index] = getattr(effect, name)
    return full


def as_dict(effects, prior):
    """A sum of single effects, as the slow ELBO takes it."""
    return {
        "effects": [whole(effect, effects.p) for effect in effects.effects],
        "inclusion": [prior.of_slot(k).inclusion for k in range(effects.slots)],
        "precision": prior.precision,
    }


PARTS = ("alpha", "mean", "precision")


def slow_objective(effect, x, gradient, weight, prior):
    """gradient . E f - 1/2 weight . E f^2 - KL of one effect, a dict."""
    second = effect["alpha"] * (effect["mean"] ** 2 + 1 / effect["precision"])
    fitted = gradient @ (x.T @ (effect["alpha"] * effect["mean"]))
    fitted -= 0.5 * weight @ ((x.T**2) @ second)
    return fitted - single_effect_divergence(effect, prior.inclusion, prior.precision)


def objective(effects, gradient, weight, prior):
    """The same of a sum, by its own moments and KL."""
    square = effects.score**2 + effects.score_variance
    return gradient @ effects.score - 0.5 * weight @ square - effects.kl(prior)


def updated(effects, x, gradient, weight, prior, *, least=0.0, anew=True, worth=None):
    """Effects refined, and extended by what is worth so much if that is said."""
    regression = Regression(x, weight, prior)
    residual = regression.residual(gradient, effects)
    effects, residual = effects.refined(residual, regression, least=least, anew=anew)
    return effects if worth is None else effects.extended(residual, regression, worth=worth)


def some_effects(seed):
    x, gradient, weight = problem(seed, size=1.0)
    gradient -= weight * 1.5 * x.x[9]
    effects = SingleEffectsPosterior.empty(N, x.p, 5)
    for _ in range(5):
        effects = updated(effects, x, gradient, weight, prior_of(), worth=0.5)
    assert effects.likely >= 2
    return effects, x, gradient, weight


# given the information, products with x are in its own precision: 50 terms of 6e-8, and what is
# lost of a score of some nats is lost of ln alpha
@pytest.mark.parametrize(
    ("dtype", "known", "tolerance"),
    [
        (np.float64, False, 1e-10),
        (np.float64, True, 1e-10),
        (np.float32, False, 1e-10),
        (np.float32, True, 1e-4),
    ],
)
@pytest.mark.parametrize("among", [None, [7, 2, 3, 0]])
def test_the_best_effect_is_what_the_formulas_say(dtype, known, tolerance, among):
    for seed in range(5):
        x, target, weight = problem(seed, dtype)
        others = 0.3 * np.random.default_rng(seed).standard_normal(N)
        if known:  # all donors that are seen have one weight
            weight = 0.7 * (weight > 0)
        there = (weight > 0).astype(float)[:, None]
        alike = Alike(x.information(there)[:, 0], 0.7) if known else None
        index = None if among is None else np.array(among)
        effect = SingleEffect.best(
            x, target - weight * others, weight, prior_of(), index, alike=alike
        )
        rows = x.all if among is None else index
        # an effect of few variants has their share of the prior: they are as probable as ever
        share = 0.3 * len(rows) / x.p
        expected = single_effect(
            x.x[rows].astype(np.float64), target, weight, others, share / (0.7 + share), 2.0
        )
        np.testing.assert_array_equal(effect.index, rows)
        found = (effect.alpha, effect.mean, effect.precision, effect.score, effect.score_variance)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def test_no_small_change_improves_on_the_best_effect():
    x, gradient, weight = problem(0, p=5)
    prior = prior_of()
    effect = whole(SingleEffect.best(x, gradient, weight, prior), x.p)
    assert 0.1 < effect["alpha"].sum() < 0.999  # neither certain nor absent
    best = slow_objective(effect, x.x, gradient, weight, prior)

    def is_worse(name, change):
        changed = {**effect, name: effect[name] + change}
        return slow_objective(changed, x.x, gradient, weight, prior) < best

    for j in range(x.p):
        unit = np.eye(x.p)[j]
        for step in (-0.01, 0.01):
            assert is_worse("alpha", step * effect["alpha"] * unit)  # from none, or to none
            assert is_worse("alpha", step * effect["alpha"][j] * (unit - np.eye(x.p)[j - 1]))
            assert is_worse("mean", step * unit)
            assert is_worse("precision", step * effect["precision"] * unit)


def test_the_kl_is_the_sum_that_defines_it():
    effects, x, gradient, weight = some_effects(0)
    effects = updated(effects, x, gradient, weight, prior_of(), worth=0.0)
    # a slot that is held by a mere possibility, beside full ones and empty ones
    assert 0.01 < min(effect.pip for effect in effects.effects) < 0.5
    assert len(effects.effects) < effects.slots
    expected = single_effects_divergence(as_dict(effects, prior_of()))
    assert effects.kl(prior_of()) == pytest.approx(expected, rel=1e-8)


def test_no_effects_cost_what_their_slots_cost():
    effects = SingleEffectsPosterior.empty(N, 12, 5)
    assert effects.kl(prior_of()) == pytest.approx(-5 * np.log(0.7), rel=1e-12)


def test_variants_left_out_hold_next_to_nothing_of_an_effect():
    x, gradient, weight = problem(1, size=3.0)
    effect = SingleEffect.best(x, gradient, weight, prior_of())
    alpha = np.array(single_effect(x.x, gradient, weight, np.zeros(N), 0.3, 2.0)[0])
    left_out = np.setdiff1d(x.all, effect.index)
    assert len(left_out) > 0
    assert alpha[left_out].sum() <= TAIL


def draws_of(effects, draws, rng):
    """(draws, p) theta of a sum of single effects."""
    theta = np.zeros((draws, effects.p))
    for effect in effects.effects:
        chance = np.append(effect.alpha, 1 - effect.pip)
        chosen = rng.choice(len(chance), draws, p=chance / chance.sum())
        there = np.flatnonzero(chosen < len(effect.index))
        k = chosen[there]
        size = effect.mean[k] + rng.standard_normal(len(k)) / np.sqrt(effect.precision[k])
        theta[there, effect.index[k]] += size
    return theta


def test_moments_are_those_of_draws():
    effects, x, *_ = some_effects(3)
    theta = draws_of(effects, 200_000, np.random.default_rng(0))
    score = theta @ x.x
    # 200,000 draws of a variable with standard deviation 0.5 have a mean good to 0.001
    np.testing.assert_allclose(score.mean(axis=0), effects.score, atol=0.01)
    np.testing.assert_allclose(score.var(axis=0), effects.score_variance, rtol=0.05, atol=0.002)
    np.testing.assert_allclose(theta.mean(axis=0), effects.mean, atol=0.01)
    np.testing.assert_allclose(theta.var(axis=0), effects.variance, rtol=0.05, atol=0.002)
    np.testing.assert_allclose((theta != 0).mean(axis=0), effects.pip, atol=0.01)
    assert (theta != 0).any(axis=1).mean() == pytest.approx(effects.any, abs=0.01)
    second = np.mean((theta**2).sum(axis=1))  # no two effects are of the same variant here
    assert second == pytest.approx(effects.second_moment, rel=0.01)


@pytest.mark.parametrize("twin", [4, 11])
def test_twins_share_an_effect_alike_wherever_they_stand(twin):
    x, gradient, weight = problem(4)
    rows = x.x.copy()
    rows[twin] = rows[2]
    effect = whole(SingleEffect.best(Variants(rows), gradient, weight, prior_of()), x.p)
    assert effect["alpha"][2] > 0.05
    assert effect["alpha"][2] == effect["alpha"][twin]
    assert effect["mean"][2] == effect["mean"][twin]


def test_permuting_variants_permutes_the_effect():
    x, gradient, weight = problem(5)
    order = np.random.default_rng(0).permutation(x.p)
    one = SingleEffect.best(x, gradient, weight, prior_of())
    other = SingleEffect.best(Variants(x.x[order]), gradient, weight, prior_of())
    for name in PARTS:
        np.testing.assert_allclose(whole(other, x.p)[name], whole(one, x.p)[name][order])
    np.testing.assert_allclose(other.score, one.score, atol=1e-12)


@pytest.mark.parametrize("least", [0.0, 0.3])
@pytest.mark.parametrize("worth", [None, 0.0, 0.5])
@pytest.mark.parametrize("anew", [True, False])
def test_an_update_never_lowers_the_objective(least, worth, anew):
    effects, x, gradient, weight = some_effects(6)
    rng = np.random.default_rng(7)
    for _ in range(20):
        shaken = gradient * rng.choice([0.1, 1.0]) + rng.standard_normal(N)
        before = objective(effects, shaken, weight, prior_of())
        effects = updated(
            effects, x, shaken, weight, prior_of(), least=least, worth=worth, anew=anew
        )
        # what is emptied was worth no more than its probability
        after = objective(effects, shaken, weight, prior_of())
        assert after >= before - effects.slots * LEAST


def test_one_slot_at_most_is_held_by_a_mere_possibility():
    x, gradient, weight = problem(8, size=2.0)
    prior = prior_of(inclusion=0.05)
    effects = SingleEffectsPosterior.empty(N, x.p, 5)
    effects = updated(effects, x, gradient, weight, prior, worth=0.0)
    assert [effect.pip > 0.5 for effect in effects.effects] == [True, False]
    effects = updated(effects, x, np.zeros(N), weight, prior)
    assert effects.likely == 0


def test_no_more_effects_than_slots():
    x, gradient, weight = problem(9, size=2.0)
    gradient += weight * (2 * x.x[7] - 2 * x.x[11])
    effects = SingleEffectsPosterior.empty(N, x.p, 2)
    effects = updated(effects, x, gradient, weight, prior_of(), worth=0.0)
    assert effects.likely == len(effects.effects) == 2


def test_effects_of_few_variants_stay_with_them():
    effects, x, gradient, weight = some_effects(10)
    few = [effect.index[effect.alpha > 0.01] for effect in effects.effects]
    narrower = []
    for effect in effects.effects:
        kept = effect.alpha > 0.01
        narrower.append(
            replace(
                effect,
                where=KeptRows(effect.index[kept], effect.each[:, kept]),
            )
        )
    effects = replace(effects, effects=tuple(narrower))
    effects = updated(effects, x, -gradient, weight, prior_of(), anew=False)
    for effect, allowed in zip(effects.effects, few, strict=True):
        assert set(effect.index) <= set(allowed)


def test_rescaling_effects_with_their_prior_costs_nothing():
    effects, x, *_ = some_effects(11)
    larger, prior = effects.rescaled(3.0), prior_of()
    assert larger.kl(prior.rescaled(3.0)) == pytest.approx(effects.kl(prior), rel=1e-12)
    np.testing.assert_allclose(larger.mean, 3 * effects.mean)
    np.testing.assert_allclose(larger.variance, 9 * effects.variance)
    np.testing.assert_allclose(larger.score, 3 * effects.score)
    np.testing.assert_allclose(larger.score, larger.mean @ x.x, atol=1e-12)


def test_the_learned_precision_of_a_factor_has_the_smallest_kl():
    effects, *_ = some_effects(12)
    prior = FactorPrior(0.99, 1.0).of_factor(effects.included, effects.second_moment, 1.0)
    for factor in (0.9, 0.99, 1.01, 1.1):
        other = replace(prior, precision=prior.precision * factor)
        assert effects.kl(other) > effects.kl(prior)


def test_a_factor_has_a_first_effect_and_another_as_likely_as_not():
    prior = FactorPrior(0.99, 10.0).of_factor(np.array([1.0, 1.0, 0.1]), 0.5, 1.0)
    slots = [prior.of_slot(k).inclusion for k in range(3)]
    assert slots == pytest.approx([0.99, 0.5, 0.25])
    assert prior.precision == pytest.approx(2.1 / 0.5)


def test_the_learned_precision_of_a_factor_stays_within_its_bounds():
    prior = FactorPrior(0.99, 1.0, precision_bounds=(0.5, 2.0))
    assert prior.of_factor(np.full(10, 0.9), 1e6, 1.0).precision == 0.5
    assert prior.of_factor(np.full(10, 0.001), 1e-6, 1.0).precision == 2.0
    assert prior.of_factor(np.zeros(10), 0.0, 1.0) == prior  # nothing says how large effects are


def test_another_effect_of_a_tissue_is_as_likely_after_each():
    prior = SuccessivePrior(0.02, 3.0)
    assert [prior.of_slot(k).inclusion for k in range(3)] == pytest.approx([0.02, 0.3, 0.3])
    assert prior.of_slot(2).precision == 3.0
    # a slot after which none was opened pays for it, but for the last that there may be
    paid = [prior.of_last(k, 3).log_odds - prior.of_slot(k).log_odds for k in range(3)]
    assert paid == pytest.approx([np.log(0.7), np.log(0.7), 0.0])


def log_density_of_prior(inclusion, precision):
    """Of the share, Beta(1.1, 10.9), and of the precision, Gamma(1.5, rate 0.025)."""
    share = beta.logpdf(inclusion, 1.1, 10.9)
    return share + gamma.logpdf(precision, 1.5, scale=1 / 0.025)


@pytest.mark.parametrize("inclusion", [1e-3, 0.1, 0.9])
@pytest.mark.parametrize("precision", [0.5, 20.0, 400.0])
def test_a_learned_prior_costs_its_own_log_density(inclusion, precision):
    found = SuccessivePrior(inclusion, precision).neg_log_density()
    assert found == pytest.approx(-log_density_of_prior(inclusion, precision), rel=1e-12)


def test_the_learned_successive_prior_is_the_most_probable_one():
    rng = np.random.default_rng(0)
    inclusions = np.linspace(1e-3, 0.9, 20_001)
    prior_density = log_density_of_prior(inclusions, 1.0)
    for _ in range(20):
        included, sums = np.sort(rng.random((7, 4)) ** 2, axis=1)[:, ::-1], 7
        prior = SuccessivePrior(0.3, 1.0, (1e-3, 0.9)).learned(included, 1.0)
        first = included[:, 0].sum()  # others are there or not beside it, whatever the share
        density = np.log(inclusions) * first + np.log1p(-inclusions) * (sums - first)
        best = inclusions[(density + prior_density).argmax()]
        assert prior.inclusion == pytest.approx(best, abs=1e-4)


def test_the_learned_precision_is_the_most_probable_one():
    included, second_moment = np.array([[1.0, 0.7, 0.2], [1.0, 0.5, 0.0], [1.0, 0.3, 0.0]]), 0.4
    prior = SuccessivePrior(0.3, 1.0).learned(included, second_moment)
    precisions = np.linspace(1, 50, 49_001)
    density = included.sum() / 2 * np.log(precisions) - precisions * second_moment / 2
    density += log_density_of_prior(0.3, precisions)
    assert prior.precision == pytest.approx(precisions[density.argmax()], abs=2e-3)


def test_effects_that_are_hardly_there_are_of_the_usual_size():
    prior = SuccessivePrior(0.3, 1.0).learned(np.array([[1e-6]]), 1e-9)
    assert prior.precision == pytest.approx(1 / USUAL_SQUARE, rel=1e-4)


def test_one_sum_alone_teaches_little():
    learned = []
    for sums in (1, 1000):
        prior = SuccessivePrior(0.3, 1.0, (1e-3, 0.999))
        prior = prior.learned(np.ones((sums, 1)), 1.0)
        learned.append(prior.inclusion)
    # of one slot: (sums + lowest) / (sums + unseen)
    assert learned == pytest.approx([1.1 / 11, 1000.1 / 1010], rel=1e-6)


@pytest.mark.parametrize(("included", "learned"), [(0.0, 0.02), (1.0, 0.5)])
def test_the_learned_successive_prior_stays_within_its_bounds(included, learned):
    prior = SuccessivePrior(0.2, 1.0, (0.02, 0.5)).learned(np.full((30, 2), included), 1.0)
    assert prior.inclusion == learned


def test_the_most_probable_effects_hold_the_first_slots():
    x, gradient, weight = problem(2)
    sums = SingleEffectsPosterior.empty(x.n, x.p, 5)
    for _ in range(3):
        sums = updated(sums, x, gradient, weight, prior_of(), worth=0.0)
        pips = sums.included
        assert (np.diff(pips) <= 0).all()
        assert pips[0] > 0


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-10), (np.float32, 1e-6)])
def test_the_variance_of_what_is_hardly_there_is_spread_alike_over_donors(dtype, tolerance):
    x, gradient, weight = problem(13, dtype, p=400, size=0.0)
    effect = SingleEffect.best(x, gradient, weight, prior_of(inclusion=0.02))
    assert 0 < effect.pip < 0.1
    square = effect.score_variance + effect.score**2
    np.testing.assert_allclose(square, square[0], rtol=1e-10)
    rows = x.x[effect.index].astype(np.float64)
    exact = (effect.alpha * (effect.mean**2 + 1 / effect.precision)) @ rows**2
    assert weight @ square == pytest.approx(weight @ exact, rel=1e-10)
    np.testing.assert_allclose(effect.score, (effect.alpha * effect.mean) @ rows, atol=tolerance)
    # and more probable ones are told apart donor by donor
    likely = SingleEffect.best(x, gradient, weight, prior_of(inclusion=0.6))
    assert likely.pip > 0.1
    assert np.ptp(likely.score_variance) > 0.1 * likely.score_variance.mean()


@pytest.mark.parametrize("size", [0.0, 0.6, 3.0, 100.0])
def test_the_logarithm_of_no_effect_is_known_where_its_probability_rounds_to_0(size):
    x, gradient, weight = problem(5, size=size)
    prior = prior_of()
    effect = SingleEffect.best(x, gradient, weight, prior)
    information = (x.x**2) @ weight
    precision = prior.precision + information
    bayes = 0.5 * np.log(prior.precision / precision) + 0.5 * (x.x @ gradient) ** 2 / precision
    odds = np.log(0.3 / 12) + bayes
    by_hand = np.log(0.7) - np.logaddexp(np.log(0.7), np.logaddexp.reduce(odds))
    assert effect.log_none == pytest.approx(by_hand, rel=1e-6)
    assert effect.scaled(2.0).log_none == effect.log_none
