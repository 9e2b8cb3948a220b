"""The engine against the slow ELBO, and its one law: the ELBO does not fall."""

import numpy as np
import pytest

from fqtl.model import cavi
from fqtl.model.covariates import Covariates
from fqtl.model.dense import Dense
from fqtl.model.factored import Factored
from fqtl.model.families import Gaussian, Response
from fqtl.model.options import Options
from tests.conftest import linked_genotypes
from tests.reference.elbo import gaussian_elbo


def model_of(seed, *, dtype=np.float64, n=40, p=8, m=3, factored=True, noise_covariates=False):
    rng = np.random.default_rng(seed)
    x = linked_genotypes(rng, n, p)
    x = np.ascontiguousarray(((x - x.mean(axis=0)) / x.std(axis=0)).T, dtype=dtype)
    confounder = rng.standard_normal(n)
    y = np.outer(x[1], [1.6, -1.2, 1.4][:m]) + 0.5 * confounder[:, None]
    y = y + np.exp(0.5 * noise_covariates * confounder)[:, None] * rng.standard_normal((n, m))
    y = (y - y.mean(axis=0)) / y.std(axis=0)
    y[rng.random((n, m)) < 0.3] = np.nan
    response = Response.of(y)
    family = Gaussian.of(response)
    design = np.column_stack([np.ones(n), confounder])
    effects = Factored(x, m, 2, Options()) if factored else Dense.empty(x, m, Options())
    dispersion = Covariates.empty(
        design if noise_covariates else design[:, :1], m, start=family.dispersion_start
    )
    model = cavi.Model(family, response, [Covariates.empty(design, m), effects], dispersion)
    return model, y


def as_dict(covariates):
    return {
        "design": covariates.design,
        "mean": covariates.effects.mean,
        "covariance": covariates.effects.covariance,
        "precision": covariates.effects.precision,
    }


@pytest.mark.parametrize("noise_covariates", [False, True])
def test_the_elbo_is_the_slow_one(noise_covariates):
    model, y = model_of(0, noise_covariates=noise_covariates)
    trace = cavi.maximise(model, max_iter=20, tolerance=1e-6)
    confounders, effects = model.location
    assert effects.factors
    expected = gaussian_elbo(
        y,
        effects.x,
        [(vars(factor.variants), vars(factor.tissues)) for factor in effects.factors],
        as_dict(confounders),
        as_dict(model.dispersion),
        (model.family.variance_min, model.family.variance_max),
    )
    # the quadrature of the noise is what differs: 20 nodes here, adaptive there
    assert trace.elbo[-1] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("factored", [True, False])
@pytest.mark.parametrize("noise_covariates", [True, False])
def test_the_elbo_never_falls(dtype, factored, noise_covariates):
    for seed in range(8):
        model, _ = model_of(
            seed, dtype=dtype, n=80, p=30, factored=factored, noise_covariates=noise_covariates
        )
        trace = cavi.maximise(model, max_iter=60, tolerance=1e-6)
        assert np.diff(trace.elbo).min() > -1e-6


@pytest.mark.parametrize("factored", [True, False])
def test_going_on_from_where_a_fit_converged_brings_nothing(factored):
    for seed in range(4):
        model, _ = model_of(seed, n=150, p=60, factored=factored)
        trace = cavi.maximise(model, max_iter=200, tolerance=1e-4)
        assert trace.converged
        again = cavi.maximise(model, max_iter=200, tolerance=1e-4)
        assert again.elbo[-1] - trace.elbo[-1] < 5e-3


def test_a_model_without_effects_converges_to_the_observed_variance():
    model, _ = model_of(3, n=400)
    rng = np.random.default_rng(0)
    y = rng.standard_normal((400, 3))
    model.response = Response.of((y - y.mean(axis=0)) / y.std(axis=0))
    model.family = Gaussian.of(model.response)
    trace = cavi.maximise(model, max_iter=50, tolerance=1e-5)
    assert trace.converged
    assert model.location[1].factors == []
    noise = model.family.noise_variance(model.dispersion.moments())
    np.testing.assert_allclose(noise, 1.0, atol=0.01)
