"""The engine against the slow ELBO, and its one law: the ELBO does not fall."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from fqtl.model.arrays.variants import Variants
from fqtl.model.engines import cavi
from fqtl.model.engines.model import Model
from fqtl.model.engines.options import CaviOptions
from fqtl.model.engines.trace import Trace
from fqtl.model.families import Gaussian, Response
from fqtl.model.predictors.background import Background
from fqtl.model.predictors.covariates import Covariates
from fqtl.model.predictors.factored import PRIOR_LOG_ODDS, Factored
from fqtl.model.predictors.options import SingleEffectsOptions
from fqtl.model.predictors.predictor import Visit
from fqtl.model.predictors.tissue_specific import TissueSpecific
from fqtl.model.priors.default_model import default_priors
from tests.conftest import linked_genotypes
from tests.model.priors.test_single_effects import as_dict as effects_as_dict
from tests.reference.elbo import gaussian_elbo

PARTS = ["both", "factored", "specific", "unlike", "all"]
ODDS = (-3.0, 0.0, 1.0, 2.0)  # of effects of each tissue's own, ln
# E[1/V] and E[ln V] are sums over 20 nodes here and adaptive integrals there; with noise covariates
# eta2 of some donors lies where the sigmoid bends
QUADRATURE = {False: 1e-8, True: 1e-5}


def model_of(
    seed, *, dtype=np.float64, n=40, p=8, m=4, parts="both", noise_covariates=False, shared=0.0
):
    """An effect in all tissues but the last, which has one of its own, and noise of all tissues."""
    rng = np.random.default_rng(seed)
    x = linked_genotypes(rng, n, p)
    x = np.ascontiguousarray(((x - x.mean(axis=0)) / x.std(axis=0)).T, dtype=dtype)
    confounder = rng.standard_normal(n)
    y = np.outer(x[1], np.append([1.6, -1.2, 1.4][: m - 1], 0)) + 0.5 * confounder[:, None]
    y[:, -1] += 1.5 * x[7]
    y = y + np.exp(0.5 * noise_covariates * confounder)[:, None] * rng.standard_normal((n, m))
    y += shared * rng.standard_normal((n, 1))
    y = (y - y.mean(axis=0)) / y.std(axis=0)
    y[rng.random((n, m)) < 0.3] = np.nan
    response = Response.of(y)
    family = Gaussian.of(response)
    design = np.column_stack([np.ones(n), confounder])
    known = None
    if parts == "unlike":
        known = replace(default_priors(m), tissues=tuple("0123"), specific_log_odds=ODDS)
    variants = Variants(x)
    options = SingleEffectsOptions(specific=parts != "factored", priors=known)
    location = [Covariates.empty(design, m)]
    if parts not in ("specific", "unlike"):
        location.append(Factored.empty(variants, m, 2, options))
    if parts != "factored":
        location.append(TissueSpecific.empty(variants, response.observed, options))
    if parts == "all":
        location.append(Background.empty(variants, response.observed, 0.05, 0.9999))
    dispersion = Covariates.of_dispersion(
        design if noise_covariates else design[:, :1], m, start=family.dispersion_start
    )
    return Model(family, response, tuple(location), dispersion), y


def part_of(model, kind):
    return next((part for part in model.location if isinstance(part, kind)), None)


def as_dict(covariates):
    return {
        "design": covariates.design,
        "mean": covariates.effects.mean,
        "covariance": covariates.effects.covariance,
        "precision": covariates.effects.prior.precision,
    }


def spike_slab_as_dict(loadings):
    return {**vars(loadings), **vars(loadings.prior)}


def assert_that_effects_were_found(model):
    factored, specific = part_of(model, Factored), part_of(model, TissueSpecific)
    assert not factored or factored.factors
    assert not specific or specific.likely > 0
    background = part_of(model, Background)
    assert not background or background.found


def background_as_dict(background):
    """KL is tested in tests/model/priors/test_polygenic.py."""
    nothing = np.zeros(len(background.relatedness.observed))

    def moments(part):
        return (part.mean, part.variance) if part else (nothing, nothing)

    accounts = [
        {
            "weight": weight,
            "shared": moments(account.shared),
            "tissues": [moments(part) for part in account.tissues],
        }
        for weight, account in background.weighed
    ]
    assert sum(account["weight"] for account in accounts) <= 1 + 1e-12
    return {"accounts": accounts, "divergence": background.kl()}


def slow_elbo(model, y, noise=None):
    background = part_of(model, Background)
    factored, specific = part_of(model, Factored), part_of(model, TissueSpecific)
    return gaussian_elbo(
        y,
        (factored or specific).x.x,
        [
            (
                effects_as_dict(f.effects, f.prior),
                spike_slab_as_dict(f.tissues),
                (f.there, expit(PRIOR_LOG_ODDS)),
            )
            for f in factored.factors
        ]
        if factored
        else [],
        [
            effects_as_dict(effects, specific.prior.of_tissue(t))
            for t, effects in enumerate(specific.tissues)
        ]
        if specific
        else [],
        as_dict(model.location[0]),
        as_dict(model.dispersion),
        (model.family.variance_min, model.family.variance_max),
        noise,
        background_as_dict(background) if background else None,
    ) - (slow_log_prior(specific.prior) if specific else 0.0)


def slow_log_prior(prior):
    a, b = 1 + prior.lowest, 1 + prior.unseen - prior.lowest
    normaliser = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    share = prior.inclusion
    of_share = normaliser + (a - 1) * math.log(share) + (b - 1) * math.log(1 - share)
    # one effect more that explains a twentieth of the variance
    shape, rate = 1.5, 0.025
    of_precision = shape * math.log(rate) - math.lgamma(shape)
    of_precision += (shape - 1) * math.log(prior.precision) - rate * prior.precision
    return -(of_share + of_precision)


@pytest.mark.parametrize("noise_covariates", [False, True])
@pytest.mark.parametrize("parts", PARTS)
def test_the_elbo_is_the_slow_one(parts, noise_covariates):
    model, y = model_of(0, n=80, parts=parts, noise_covariates=noise_covariates)
    options = CaviOptions(max_iter=20, tolerance=1e-6, shared_noise=False, reconsider=False)
    solution = cavi.maximise(model, options)
    assert_that_effects_were_found(solution.model)
    slow = slow_elbo(solution.model, y)
    assert solution.elbo_trace[-1] == pytest.approx(slow, rel=QUADRATURE[noise_covariates])


@pytest.mark.parametrize("noise_covariates", [False, True])
@pytest.mark.parametrize("parts", PARTS)
def test_the_elbo_with_shared_noise_is_the_slow_one(parts, noise_covariates):
    model, y = model_of(4, n=80, parts=parts, noise_covariates=noise_covariates, shared=1.5)
    model = cavi.maximise(model, CaviOptions(max_iter=5, reconsider=False)).model
    assert_that_effects_were_found(model)
    assert np.abs(model.noise.loadings).max() > 0.3
    state = cavi.State.of(model)
    for visit in (Visit.ACTIVE_SET, Visit.FULL_SWEEP):
        # a round prepares the next: q(u | eta) is that of the problem it began with
        precision = state.working.precision
        state = cavi.one_round(state, visit).state
        noise = {
            "loadings": state.model.noise.loadings,
            "ridge": state.model.noise.ridge,
            "slope": np.sqrt(precision.conditional_variance)[:, None] * precision.shared,
            "conditional_variance": precision.conditional_variance,
        }
        slow = slow_elbo(state.model, y, noise)
        assert state.elbo == pytest.approx(slow, rel=QUADRATURE[noise_covariates])


def arrays_of(thing):
    """Every array that can be reached from a model, by its place."""
    found, ahead = {}, [((), thing)]
    while ahead:
        place, one = ahead.pop()
        if isinstance(one, np.ndarray):
            found[place] = one
        elif isinstance(one, tuple | list):
            ahead += [((*place, k), part) for k, part in enumerate(one)]
        elif hasattr(one, "__dataclass_fields__"):
            ahead += [((*place, k), getattr(one, k)) for k in one.__dataclass_fields__]
    return found


@pytest.mark.parametrize("shared", [0.0, 1.5])
def test_a_state_is_what_it_was_after_rounds_that_began_with_it(shared):
    model, _ = model_of(4, n=80, shared=shared)
    model = cavi.maximise(model, CaviOptions(max_iter=5, reconsider=False)).model
    state = cavi.State.of(model)
    assert (model.noise is not None) == (shared > 0)
    before = {place: array.copy() for place, array in arrays_of(state).items()}
    assert len(before) > 40
    once, again = (cavi.one_round(state, Visit.FULL_SWEEP).state for _ in range(2))
    for place, array in arrays_of(state).items():
        np.testing.assert_array_equal(array, before[place], str(place))
    assert once.elbo == again.elbo
    assert any(
        (one != before[place]).any()
        for place, one in arrays_of(once).items()
        if place in before and one.shape == before[place].shape
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("parts", PARTS)
@pytest.mark.parametrize("noise_covariates", [True, False])
@pytest.mark.parametrize("shared", [0.0, 1.5])
def test_the_elbo_never_falls(dtype, parts, noise_covariates, shared):
    found = 0
    for seed in range(5):
        model, _ = model_of(
            seed,
            dtype=dtype,
            n=80,
            p=30,
            parts=parts,
            noise_covariates=noise_covariates,
            shared=shared,
        )
        solution = cavi.maximise(model, CaviOptions(max_iter=60, tolerance=1e-6))
        assert np.diff(solution.elbo_trace).min() > -1e-6
        found += solution.model.noise is not None
    if shared:
        assert found >= 4


@pytest.mark.parametrize("parts", PARTS)
def test_going_on_from_where_a_fit_converged_brings_nothing(parts):
    for seed in range(4):
        model, _ = model_of(seed, n=150, p=60, parts=parts)
        options = CaviOptions(max_iter=200, tolerance=1e-4, shared_noise=False)
        solution = cavi.maximise(model, options)
        assert solution.converged
        again = cavi.maximise(solution.model, options)
        assert again.elbo_trace[-1] - solution.elbo_trace[-1] < 5e-3


@pytest.mark.parametrize("n", [100, 400, 1600])
def test_a_model_without_effects_converges_to_the_observed_variance(n):
    """To half of a standard error: the noise is below its bound, where all is noise."""
    model, _ = model_of(3, n=n)
    rng = np.random.default_rng(0)
    y = rng.standard_normal((n, 4))
    response = Response.of((y - y.mean(axis=0)) / y.std(axis=0))
    model = replace(model, response=response, family=Gaussian.of(response))
    solution = cavi.maximise(model, CaviOptions(max_iter=50, tolerance=1e-5))
    model = solution.model
    assert solution.converged
    assert part_of(model, Factored).factors == ()
    assert part_of(model, TissueSpecific).likely == 0
    assert model.noise is None
    noise = model.family.noise_variance(model.dispersion.moments())
    assert (noise < 1).all()
    np.testing.assert_allclose(noise, 1.0, atol=0.5 * np.sqrt(2 / n))


@pytest.mark.parametrize("shared", [0.0, 1.5])
def test_the_trace_holds_every_round_that_was_run(shared, monkeypatch):
    rounds, one_round = [], cavi.one_round
    monkeypatch.setattr(
        cavi, "one_round", lambda *given: rounds.append(one_round(*given)) or rounds[-1]
    )
    model, _ = model_of(4, n=80, p=30, shared=shared)
    solution = cavi.maximise(model, CaviOptions())
    assert len(solution.elbo_trace) == len(rounds)
    assert solution.elbo_trace[-1] in [one.elbo for one in rounds]


def other_ways(model, monkeypatch):
    """Of a fit: the entries that it was tried without, and how often others grew in these ways."""
    without, grown, other_way, grow = [], [], cavi._other_way, cavi._grow

    def other(state, index, *given):
        without.append(type(state.model.location[index]))
        monkeypatch.setattr(cavi, "_grow", lambda *given: grown.append(1) or grow(*given))
        other = other_way(state, index, *given)
        monkeypatch.setattr(cavi, "_grow", grow)
        return other

    monkeypatch.setattr(cavi, "_other_way", other)
    cavi.maximise(model, CaviOptions(shared_noise=False))
    return without, len(grown)


def test_a_fit_is_not_tried_again_without_the_one_entry_that_holds_anything(monkeypatch):
    model, _ = model_of(4, n=80, p=30)
    nowhere = replace(model.location[1].options, min_gain=1e6)
    model = model.with_entry(1, replace(model.location[1], options=nowhere))
    assert other_ways(model, monkeypatch) == ([], 0)


def test_others_do_not_grow_in_place_of_an_entry_where_they_promise_too_little(monkeypatch):
    model, y = model_of(4, n=80, p=30)
    without, grown = other_ways(model, monkeypatch)
    assert without == [Factored, TissueSpecific]
    assert grown > 0
    scores = model.location[1].x.x[1]
    # each of many tissues has too little for an effect of its own, and all of them have one factor
    rng = np.random.default_rng(0)
    y = 0.3 * scores[:, None] + rng.standard_normal((len(scores), 20))
    response = Response.of((y - y.mean(axis=0)) / y.std(axis=0))
    x, options, design = model.location[1].x, SingleEffectsOptions(), np.ones((len(y), 1))
    entries = (
        Covariates.empty(design, 20),
        Factored.empty(x, 20, 2, options),
        TissueSpecific.empty(x, response.observed, options),
    )
    family = Gaussian.of(response)
    dispersion = Covariates.of_dispersion(design, 20, start=family.dispersion_start)
    shared = Model(family, response, entries, dispersion)
    monkeypatch.undo()
    assert other_ways(shared, monkeypatch) == ([Factored], 0)


def test_a_trace_repeats_what_is_held_until_another_way_is_taken():
    trace = Trace()
    trace.record(-10.0)
    with trace.beside(-10.0):
        trace.record(-30.0)
        trace.record(-7.0)
    trace.took(-7.0)
    trace.record(-6.0)
    assert trace.elbo.tolist() == [-10, -10, -7, -6]


def test_a_fit_that_is_out_of_rounds_still_visits_every_variant():
    model, _ = model_of(4, n=80, p=30)
    solution = cavi.maximise(model, CaviOptions(max_iter=1, tolerance=1e-9))
    assert not solution.converged
    # a tissue has a possibility more than what was found in it only after all were visited
    for effects in part_of(solution.model, TissueSpecific).tissues:
        assert len(effects.effects) > effects.likely


def test_covariates_of_the_noise_are_found_from_the_saturated_region_where_the_dispersion_starts():
    rng = np.random.default_rng(9)
    n, m = 300, 4
    d = rng.standard_normal(n)
    y = np.exp(0.5 * d)[:, None] * rng.standard_normal((n, m))
    response = Response.of((y - y.mean(axis=0)) / y.std(axis=0))
    family, design = Gaussian.of(response), np.column_stack([np.ones(n), d])
    dispersion = Covariates.of_dispersion(design, m, start=family.dispersion_start)
    location = (Covariates.empty(design[:, :1], m),)
    solution = cavi.maximise(Model(family, response, location, dispersion), CaviOptions())
    flat = Covariates.of_dispersion(design[:, :1], m, start=family.dispersion_start)
    without = cavi.maximise(Model(family, response, location, flat), CaviOptions())
    # a normal of the true variances is better than one of a single variance by 170 nats or so
    assert solution.elbo_trace[-1] > without.elbo_trace[-1] + 100
    noise = family.noise_variance(solution.model.dispersion.moments())
    assert noise[np.argsort(d)[:50]].mean() < 0.35
