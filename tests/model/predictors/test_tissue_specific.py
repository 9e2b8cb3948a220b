"""Effects of single tissues: laws of their updates, with noise that tissues share and without."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from fqtl.model.arrays.variants import Variants
from fqtl.model.predictors.options import SingleEffectsOptions
from fqtl.model.predictors.predictor import Visit
from fqtl.model.predictors.tissue_specific import TissueSpecific
from fqtl.model.priors import NoisePrecision, SharedNoise
from tests.model.predictors.test_factored import M, N, P, problem
from tests.reference.effect import single_effect
from tests.reference.objective import part_of_elbo

shared_or_not = pytest.mark.parametrize("shared", [False, True])


def empty(x, precision, **options):
    return TissueSpecific.empty(
        x, (precision.weight > 0).astype(float), SingleEffectsOptions(**options)
    )


def swept(seed, shared=False):
    x, response, precision = problem(seed, shared)
    specific = empty(x, precision)
    for _ in range(3):
        specific = specific.updated(precision.times(response), precision, Visit.FULL_SWEEP)
    return specific, response, precision


def held(specific):
    return [effects.pip for effects in specific.tissues]


@shared_or_not
@pytest.mark.parametrize("visit", Visit)
def test_an_update_never_lowers_the_elbo(visit, shared):
    for seed in range(5):
        specific, response, precision = swept(seed, shared)
        assert sum(effects.likely for effects in specific.tissues) > 1
        rng = np.random.default_rng(seed)
        for _ in range(6):
            shaken = rng.choice([0.3, 1.0]) * response + 0.3 * rng.standard_normal(response.shape)
            residual = precision.times(shaken)
            before = part_of_elbo(specific, residual, precision)
            specific = specific.updated(residual, precision, visit)
            # an effect of probability below 1e-7 is emptied
            assert part_of_elbo(specific, residual, precision) >= before - 1e-6


def test_a_tissue_sees_the_others_as_the_same_update_has_left_them():
    x, response, precision = problem(0, shared=True)
    residual, specific = precision.times(response), empty(x, precision, max_effects=1)
    inclusion, size_precision = specific.prior.inclusion, specific.prior.precision
    specific = specific.updated(residual, precision, Visit.FULL_SWEEP)
    last = M - 1
    others = specific.mean()
    others[:, last] = 0
    assert np.abs(precision.times(others)[:, last]).max() > 0.1
    target = (residual - precision.times(others))[:, last]
    weight = precision.diagonal[:, last]
    alpha, mean, *_ = single_effect(x.x, target, weight, np.zeros(N), inclusion, size_precision)
    (effect,) = specific.tissues[last].effects
    np.testing.assert_allclose(effect.alpha, np.array(alpha)[effect.index], rtol=1e-8)
    np.testing.assert_allclose(effect.mean, np.array(mean)[effect.index], rtol=1e-8)


@shared_or_not
def test_where_updates_settle_every_effect_is_best_given_the_rest(shared):
    specific, response, precision = swept(0, shared)
    residual = precision.times(response)
    for _ in range(300):
        specific = specific.updated(residual, precision, Visit.FULL_SWEEP)
    left = residual - precision.times(specific.mean())
    for t, effects in enumerate(specific.tissues):
        weight = precision.diagonal[:, t]
        target = left[:, t] + weight * effects.score  # of effects not before the slot, if all are
        for slot, effect in enumerate(effects.effects):
            prior = specific.prior.of_slot(slot)
            after = effects.of(effects.effects[slot + 1 :])
            alpha, mean, *_ = single_effect(
                specific.x.x,
                target - weight * after.score,
                weight,
                np.zeros(N),
                expit(logit(prior.inclusion) + worth(after, slot + 1, target, weight, specific)),
                prior.precision,
            )
            np.testing.assert_allclose(effect.alpha, np.array(alpha)[effect.index], atol=1e-4)
            np.testing.assert_allclose(effect.mean, np.array(mean)[effect.index], atol=1e-4)
            target = target - weight * effect.score / effect.pip


def worth(effects, first, target, weight, specific):
    """Nats that effects of slots from `first` on bring where the one before is there."""
    square = effects.score**2 + effects.score_variance
    slots = specific.prior.of_slots(effects.slots)[first:]
    kl = replace(effects, slots=len(slots)).kl_under(slots)
    return target @ effects.score - 0.5 * weight @ square - kl


def test_tissues_share_nothing_but_the_prior():
    x, response, precision = problem(1)
    together = empty(x, precision)
    together_before = together.prior.inclusion
    together = together.updated(precision.times(response), precision, Visit.FULL_SWEEP)
    for t in range(M):
        one = NoisePrecision(precision.weight[:, [t]])
        alone = empty(x, one)
        # each expects what it would expect among m
        alone = replace(alone, prior=replace(alone.prior, inclusion=together_before))
        alone = alone.updated(one.times(response[:, [t]]), one, Visit.FULL_SWEEP)
        np.testing.assert_array_equal(together.tissues[t].pip, alone.tissues[0].pip)


@shared_or_not
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equal_weights_give_what_weights_that_are_all_but_equal_give(shared, dtype):
    x, response, precision = problem(2)
    x = Variants(x.x.astype(dtype))
    weight = 0.8 * (precision.weight > 0)
    if shared:
        weight[:] = 0.8  # without a hole the donors' precisions are equal even so
    found = []
    for shake in (0.0, 1e-9):
        shaken = weight * (1 + shake * np.random.default_rng(0).random((N, M)))
        noise = SharedNoise(np.full(M, 0.5)).precision(shaken) if shared else NoisePrecision(shaken)
        specific = empty(x, noise)
        for _ in range(3):
            specific = specific.updated(noise.times(response), noise, Visit.FULL_SWEEP)
        assert ("information" in vars(specific.observations)) == (shake == 0)
        found.append(held(specific))
    # the short cut runs in the precision of x
    np.testing.assert_allclose(found[0], found[1], atol=1e-4 if dtype == np.float32 else 1e-6)


def test_every_tissue_keeps_one_effect_more_than_was_found():
    specific, *_ = swept(3)
    assert any(effects.likely for effects in specific.tissues)
    for effects in specific.tissues:
        assert len(effects.effects) == effects.likely + 1


def test_a_cheap_visit_leaves_tissues_without_effects_alone():
    specific, response, precision = swept(4)
    quiet = [t for t, effects in enumerate(specific.tissues) if effects.any < 0.25]
    assert 0 < len(quiet) < M
    before = held(specific)
    specific = specific.updated(0.5 * precision.times(response), precision, Visit.ACTIVE_SET)
    for t in range(M):
        assert (before[t] == specific.tissues[t].pip).all() == (t in quiet)


@shared_or_not
def test_growing_finds_what_is_there_and_then_ends(shared):
    x, _, precision = problem(5, shared)
    rng = np.random.default_rng(0)
    response = np.outer(x.x[4], [1.5, 0, 0, 0, 0]) + rng.standard_normal((N, M))
    residual, specific, grown = precision.times(response), empty(x, precision), 0
    while (step := specific.grown(residual, precision)).found:
        specific, grown = step.entry, grown + 1
    assert 1 <= grown <= 3
    assert [effects.likely > 0 for effects in specific.tissues] == [True, *[False] * (M - 1)]
    assert specific.tissues[0].pip[[3, 4, 5]].sum() > 0.9


def test_nothing_grows_out_of_noise():
    for seed in range(10):
        x, _, precision = problem(seed)
        noise = np.random.default_rng(100 + seed).standard_normal((N, M))
        assert not empty(x, precision).grown(precision.times(noise), precision).found


def test_what_tissues_need_is_learned_from_all_of_them():
    x, _, precision = problem(6)
    rng = np.random.default_rng(1)
    every = np.outer(x.x[4], np.full(M, 1.0)) + rng.standard_normal((N, M))
    one = np.outer(x.x[4], np.eye(M)[0]) + rng.standard_normal((N, M))
    inclusion = []
    for response in (every, one):
        specific = empty(x, precision)
        for _ in range(20):
            specific = specific.updated(precision.times(response), precision, Visit.FULL_SWEEP)
        inclusion.append(specific.prior.inclusion)
    assert inclusion[0] > 2 * inclusion[1]


def test_what_tissues_promise_is_the_evidence_for_one_effect_in_each():
    x, response, precision = problem(6)
    precision = NoisePrecision((precision.weight > 0).astype(float))  # as in the Gaussian family
    left, specific = precision.times(response), empty(x, precision)
    prior = specific.grown(left, precision).entry.prior
    nats = 0.0
    for t in range(M):
        bayes_factor = 0.0
        for row in x.x:
            information = precision.weight[:, t].sum()
            shrunk = np.sqrt(prior.precision / (prior.precision + information))
            square = (row @ left[:, t]) ** 2 / (prior.precision + information)
            bayes_factor += shrunk * np.exp(0.5 * square) / P
        # an effect pays for the one that is not there after it
        paid = 1 - prior.another
        nats += np.log(1 - prior.inclusion + prior.inclusion * paid * bayes_factor)
    assert nats > 5
    assert specific.promise(left, precision) == pytest.approx(nats, rel=0.01)


def test_no_tissue_has_more_effects_than_allowed():
    x, _, precision = problem(7)
    response = (x.x[2] - 2 * x.x[9] + 2 * x.x[16])[:, None] * np.full(M, 3.0)
    specific = empty(x, precision, max_effects=2)
    specific = specific.updated(precision.times(response), precision, Visit.FULL_SWEEP)
    assert max(len(effects.effects) for effects in specific.tissues) == 2
    assert specific.tissues[0].pip.shape == (P,)


@shared_or_not
def test_what_is_emptied_leaves_nothing_and_what_holds_nothing_stays(shared):
    specific, *_ = swept(0, shared)
    assert specific.mean().any()
    cleared = specific.cleared()
    assert not cleared.mean().any()
    assert not cleared.moments().variance.any()
    assert specific.mean().any()
    x, _, precision = problem(5, shared)
    little = empty(x, precision)
    noise = 0.1 * np.random.default_rng(0).standard_normal((N, M))
    little = little.updated(precision.times(noise), precision, Visit.FULL_SWEEP)
    before = held(little)
    assert max(max(pip) for pip in before) > 0
    assert little.cleared() is None
    np.testing.assert_array_equal(held(little), before)
