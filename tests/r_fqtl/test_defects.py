"""Where the R package goes wrong, and what happens here, in the order of docs/reference-package.md.

Its signs, odds and squares (1, 2 and 3) are settled by differences in
tests/model/test_gradients.py, its control variate (6) by averages of gradients in
tests/model/engines/test_sgvb.py; these are the faults that a user would meet.
"""

import numpy as np
import pytest

import fqtl
from fqtl.errors import FqtlError
from fqtl.model.engines import sgvb
from fqtl.model.priors import SpikeSlabPosterior, SpikeSlabPrior
from tests.conftest import simulated_gene
from tests.r_fqtl.fixtures import FIXTURES, load

QUICK = {"max_iter": 400, "rate": 0.05}
BY_NAME = {fixture.name: fixture for fixture in FIXTURES}


def uphill(q, rate):
    """The posterior after one step uphill of  -KL."""
    here, gradient = q.unconstrained(), q.gradient(np.zeros(1), np.zeros(1))
    return q.at(tuple(one + rate * step for one, step in zip(here, gradient, strict=True)))


def test_1_without_data_precisions_go_to_the_prior_and_not_to_a_ceiling():
    for start in (0.5, 50.0):
        q = SpikeSlabPosterior(
            SpikeSlabPrior(0.3, 5.0), np.full(1, 0.5), np.zeros(1), np.full(1, start)
        )
        for _ in range(3000):
            q = uphill(q, 0.05)
        assert q.slab_precision[0] == pytest.approx(5.0, rel=0.01)
        assert q.pip[0] == pytest.approx(0.3, rel=0.01)


def test_2_the_pip_is_the_probability_that_the_effect_uses():
    gene = simulated_gene(1, n=80, p=20, m=5, tissues_each=4)
    for engine in ("cavi", "sgvb"):
        quick = QUICK if engine == "sgvb" else {"variant_prior": "spike_slab"}
        fit = fqtl.fit(gene.y, gene.x, engine=engine, rank=1, inclusion=0.2, **quick)
        # V = pip/s + pip (1 - pip) b^2 and E = pip b: the slab's variance that follows is positive
        mean, variance, pip = fit.variants.mean, fit.variants.sd**2, fit.variants.pip
        slab = variance / pip - (1 - pip) * (mean / pip) ** 2
        assert (slab > 0).all()
        # half of the prior's odds are not counted twice: nothing known, nothing learned
        none = fqtl.fit(
            np.random.default_rng(0).standard_normal((80, 5)),
            gene.x,
            engine=engine,
            rank=1,
            factored=False,
            inclusion=0.2,
            precision=1e4,
            **quick,
        )
        assert np.median(none.specific.pip) == pytest.approx(0.2, abs=0.03)


def test_3_variances_of_a_factor_are_those_of_draws():
    fixture = BY_NAME["freg_gaussian"]
    solved = fixture.solve("cavi")
    factor = solved.effects[0].factors[0]
    rng, draws = np.random.default_rng(0), 20_000
    left, tissues = (
        np.where(
            rng.random((draws, len(q.pip))) < q.pip,
            q.slab_mean + rng.standard_normal((draws, len(q.pip))) / np.sqrt(q.slab_precision),
            0.0,
        )
        for q in (factor.left.loadings, factor.tissues)
    )
    eta = (left @ solved.problem.variants.x)[:, :, None] * tissues[:, None, :]
    np.testing.assert_allclose(
        eta.var(axis=0).mean(axis=0), factor.moments().variance.mean(axis=0), rtol=0.1, atol=1e-5
    )


def test_4_a_prior_of_variants_leaves_the_noise_alone():
    """The R package fits .55 Vmax to these data; true variances are .7 to .95 of it."""
    data, truth = BY_NAME["freg_v8opts"].data, load("truth")
    noise = np.nanvar(data["in.y"] - truth["eta"], axis=0)
    for precision in (None, 5.0):
        solved = BY_NAME["freg_v8opts"].solve("cavi", precision=precision, tissue_precision=1.0)
        ratio = solved.results()["noise_variance"] / noise
        # a tissue that little is explained of stays near its bound, which is up to 1.34 here
        assert ratio.min() > 0.95
        assert ratio.max() < 1.4


def test_5_an_elbo_is_reported_and_it_is_that_of_the_posterior():
    solved = BY_NAME["freg_gaussian"].solve("sgvb", **QUICK)
    model, found = solved.model, solved.results()
    offset = solved.problem.response.observed.sum(axis=0) @ np.log(found["scale"].y_sd)
    assert found["elbo_trace"][-1] == pytest.approx(model.elbo() - offset, abs=1e-6)
    assert found["elbo_trace"][-1] == max(found["elbo_trace"])


def test_6_few_draws_do_not_let_the_prior_win():
    """2 or 3 draws gave the R package fits of nothing."""
    gene = simulated_gene(2, n=150, p=20, m=6, tissues_each=5, h2=0.4, observed=0.9)
    fit = fqtl.fit(gene.y, gene.x, engine="sgvb", rank=1, samples=4, max_iter=800, rate=0.03)
    assert np.corrcoef(fit.predict(gene.x).ravel(), gene.genetic.ravel())[0, 1] > 0.9


def test_7_the_start_holds_what_the_data_hold():
    fixture = BY_NAME["freg_gaussian"]
    for jitter in (0.0, 0.1):
        options = sgvb.SgvbOptions(jitter=jitter)
        model = fixture.solve("cavi", max_iter=1).model
        model = sgvb.start(model, options, np.random.default_rng(0))
        explained = np.corrcoef(model.location[1].mean().ravel(), load("truth")["eta"].ravel())
        assert explained[0, 1] > 0.5


def test_8_no_option_is_lost():
    fit = fqtl.fit(
        *(BY_NAME["freg_nn_j1"].data[k] for k in ("in.y", "in.x.mean")),
        engine="sgvb",
        rank=3,
        tissue_prior="non_negative",
        **QUICK,
    )
    assert fit.tissues.mean.min() >= 0
    with pytest.raises(FqtlError, match="Unknown option 'mu_min'"):
        fqtl.fit(np.eye(4), np.eye(4), mu_min=1.0)


def test_9_factors_with_weights_of_their_own_start_apart():
    fixture = BY_NAME["deconv_j1"]
    model = fixture.solve("cavi", max_iter=1).model
    model = sgvb.start(model, sgvb.SgvbOptions(jitter=0.0), np.random.default_rng(0))
    one, two, three = (c.left.loadings.mean for c in model.location[1].factors)
    for pair in ((one, two), (one, three), (two, three)):
        assert abs(np.corrcoef(*pair)[0, 1]) < 0.9


def test_10_tissues_have_bounds_of_their_own_and_what_is_missing_stands_at_its_mean():
    rng = np.random.default_rng(3)
    y = rng.standard_normal((200, 3)) * [0.1, 1.0, 10.0]
    x = rng.integers(0, 3, (200, 5)).astype(float) + 10
    for engine in ("cavi", "sgvb"):
        quick = QUICK if engine == "sgvb" else {}
        fit = fqtl.fit(y, x, engine=engine, rank=1, **quick)
        np.testing.assert_allclose(fit.noise_variance, [0.01, 1.0, 100.0], rtol=0.3)
    holes = x.copy()
    holes[:10, 0] = np.nan
    filled = np.where(np.isnan(holes), np.nanmean(holes, axis=0), holes)
    one, other = fqtl.fit(y, holes), fqtl.fit(y, filled)
    np.testing.assert_allclose(one.predict(filled), other.predict(filled), atol=1e-3)
    with pytest.raises(FqtlError):
        fqtl.fit(np.array([[0.5, 1.2], [0.1, 0.2], [0.3, 0.4]]), np.eye(3), family="beta")
