"""Stochastic gradients: without bias, with the bytes of their seed, and below `cavi`."""

import numpy as np
import pytest

import fqtl
from fqtl.errors import FqtlError
from fqtl.model.arrays.variants import Variants
from fqtl.model.engines import sgvb
from fqtl.model.engines.model import Model
from fqtl.model.engines.trace import Trace
from fqtl.model.families import Gaussian, Response
from fqtl.model.predictors.covariates import Covariates
from fqtl.model.predictors.options import SpikeSlabOptions
from fqtl.model.spike_slab_model import location_parts
from tests.conftest import simulated_gene

SHORT = {"max_iter": 100, "rate": 0.05, "rank": 2}
QUICK = {"rate": 0.05, "max_iter": 800, "patience": 3, "check_every": 25}


def model_of(seed, *, n=40, p=6, m=3, factored=True):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((p, n))
    y = np.outer(x[1], [0.8, -0.8, 0.0]) + rng.standard_normal((n, m))
    y[rng.random((n, m)) < 0.3] = np.nan
    response = Response.of(y)
    family = Gaussian.of(response)
    design = np.column_stack([np.ones(n), rng.standard_normal(n)])
    location = (
        Covariates.empty(design, m),
        *location_parts(
            Variants(x), response.observed, 2, factored, SpikeSlabOptions(specific=False)
        ),
    )
    dispersion = Covariates.of_dispersion(design[:, :1], m, start=(1.0, 0.3))
    return Model(family, response, location, dispersion)


@pytest.mark.parametrize("samples", [4, 10])
def test_gradients_are_without_bias(samples):
    options = sgvb.SgvbOptions()
    model = model_of(0)
    rng = np.random.default_rng(1)
    model = sgvb.start(model, options, rng)
    entries = sgvb.Entries.of(model.response, model.family)
    location, dispersion = model.location_moments(), model.dispersion.moments()
    likelihood = model.likelihood(location)
    exact = [*likelihood.location_gradient(dispersion)[:2], *likelihood.expect(dispersion)[1][:2]]
    draws = 3000
    total, squares = [0.0] * 4, [0.0] * 4
    for _ in range(draws):
        found = entries.gradients(location, dispersion, samples, rng)
        for k, part in enumerate([*found[0], *found[1]]):
            total[k], squares[k] = total[k] + part, squares[k] + part**2
    for k in range(4):
        mean = total[k] / draws
        error = np.sqrt((squares[k] / draws - mean**2) / draws)
        seen = error > 0
        off = (mean - exact[k])[seen] / error[seen]
        assert np.abs(off).max() < 5
        # and not (samples - 1) / samples of the gradient, as with the mean of the same draws
        ratio = (mean * exact[k]).sum() / (exact[k] ** 2).sum()
        assert ratio == pytest.approx(1, abs=0.05)


def test_what_was_not_observed_has_no_gradient():
    model = model_of(2)
    entries = sgvb.Entries.of(model.response, model.family)
    moments = model.location_moments(), model.dispersion.moments()
    location, _ = entries.gradients(*moments, 10, np.random.default_rng(0))
    assert not location.mean[model.response.observed == 0].any()
    assert location.mean[model.response.observed == 1].all()


def test_one_seed_gives_the_same_bytes_and_another_does_not():
    gene = simulated_gene(3, n=80, p=20, m=5)
    one, same, other = (
        fqtl.fit(gene.y, gene.x, engine="sgvb", seed=seed, **SHORT) for seed in (1, 1, 2)
    )
    assert one.effects.tobytes() == same.effects.tobytes()
    assert one.elbo_trace.tobytes() == same.elbo_trace.tobytes()
    assert one.effects.tobytes() != other.effects.tobytes()


@pytest.mark.parametrize("factored", [True, False])
def test_both_engines_find_what_was_simulated_and_cavi_is_not_below(factored):
    gene = simulated_gene(4, n=120, p=20, m=6, tissues_each=4, h2=0.4, observed=0.8)
    model = {"rank": 2, "variant_prior": "spike_slab", "factored": factored}
    model |= {"specific": False} if factored else {}
    ours = fqtl.fit(gene.y, gene.x, shared_noise=False, **model)
    theirs = fqtl.fit(gene.y, gene.x, engine="sgvb", **QUICK, **model)
    for fit in (ours, theirs):
        assert np.corrcoef(fit.predict(gene.x).ravel(), gene.genetic.ravel())[0, 1] > 0.9
    assert theirs.variant_pip.argmax() == ours.variant_pip.argmax() == gene.variants.argmax()
    assert ours.elbo >= theirs.elbo > ours.elbo - 30


def test_convergence_is_judged_by_the_elbo_and_the_second_phase_always_runs():
    gene = simulated_gene(5, n=80, p=10, m=4, tissues_each=2)
    settings = {"engine": "sgvb", "rank": 1, "rate": 0.05, "check_every": 10}
    long = fqtl.fit(gene.y, gene.x, max_iter=3000, **settings)
    assert long.converged
    assert long.n_iter < 600
    cut = fqtl.fit(gene.y, gene.x, max_iter=30, **settings)
    assert not cut.converged
    fixed = fqtl.fit(gene.y, gene.x, max_iter=3000, learn_prior=False, **settings)
    assert fixed.converged
    assert len(fixed.elbo_trace) < len(long.elbo_trace)  # the first phase had converged, too


def test_how_often_the_elbo_is_looked_at_does_not_change_the_way():
    options = [sgvb.SgvbOptions(check_every=k, max_iter=60, patience=99) for k in (20, 60)]
    places = []
    for option in options:
        model = model_of(6)
        rng, trace = np.random.default_rng(0), Trace()
        sgvb.one_phase(sgvb.start(model, option, rng), option, rng, trace, learn=False)
        places.append(trace.elbo[-2])  # of the last check; then comes the best
    assert places[0] == places[1]


@pytest.mark.parametrize("start", [{"svd_start": True}, {"svd_start": False}])
def test_more_factors_than_variants_or_tissues_start_and_stay_finite(start):
    rng = np.random.default_rng(7)
    y = rng.standard_normal((20, 3))
    y[5, 0] = y[7, 2] = np.nan
    fit = fqtl.fit(y, rng.standard_normal((20, 2)), engine="sgvb", rank=6, max_iter=60, **start)
    assert np.isfinite(fit.effects).all()
    assert np.isfinite(fit.elbo_trace).all()
    assert fit.rank == 6


def test_a_small_jitter_does_not_make_a_small_problem_collapse():
    gene = simulated_gene(8, n=100, p=30, m=8, rank=2, h2=0.4, tissues_each=4)
    for jitter in (0.01, 1.0):
        fit = fqtl.fit(gene.y, gene.x, engine="sgvb", rank=2, jitter=jitter, **QUICK)
        assert np.corrcoef(fit.predict(gene.x).ravel(), gene.genetic.ravel())[0, 1] > 0.9


@pytest.mark.parametrize(
    "option, says",
    [
        ({"samples": 5}, "even"),
        ({"samples": 2}, "at least 4"),
        ({"shared_noise": True}, "shared_noise"),
        ({"variant_prior": "single_effects"}, "engine='cavi'"),
        ({"rate": 0.0}, "rate"),
        ({"inclusion": (0.5, 0.1)}, "in order"),
        ({"variant_prior": "spikes"}, "one of"),
    ],
)
def test_options_that_cannot_be_are_refused(option, says):
    with pytest.raises(FqtlError, match=says):
        fqtl.fit(np.eye(5), np.eye(5), engine="sgvb", **option)
