"""Covariates: their joint posterior, with noise that tissues share and without."""

import numpy as np
import pytest

from fqtl.model.predictors.covariates import Covariates
from fqtl.model.predictors.predictor import Visit
from fqtl.model.priors import NoisePrecision, SharedNoise
from fqtl.model.priors.default_model import COVARIATES
from tests.reference.objective import dense_precisions, part_of_elbo

N, M, Q = 40, 4, 3


def problem(seed, shared, intercept_alone):
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(N), rng.standard_normal((N, Q - 1))])
    design = design[:, :1] if intercept_alone else design
    weight = rng.uniform(0.5, 1.5, (N, M)) * (rng.random((N, M)) < 0.8)
    precision = SharedNoise(np.full(M, 4.0)).precision(weight) if shared else NoisePrecision(weight)
    response = design @ rng.standard_normal((design.shape[1], M)) + rng.standard_normal((N, M))
    return Covariates.empty(design, M), design, precision.times(response), precision


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("intercept_alone", [False, True])
def test_an_update_never_lowers_the_elbo(shared, intercept_alone):
    for seed in range(5):
        covariates, _, residual, precision = problem(seed, shared, intercept_alone)
        values = [part_of_elbo(covariates, residual, precision)]
        for _ in range(10):
            covariates = covariates.updated(residual, precision, Visit.FULL_SWEEP)
            values.append(part_of_elbo(covariates, residual, precision))
        assert np.diff(values).min() > -1e-9
        assert values[-1] > values[0] + 1


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("intercept_alone", [False, True])
def test_where_updates_settle_is_the_regression_of_all_tissues_together(shared, intercept_alone):
    covariates, design, residual, precision = problem(0, shared, intercept_alone)
    for _ in range(2000):
        covariates = covariates.updated(residual, precision, Visit.FULL_SWEEP)
    # one coefficient per covariate and tissue, over all donors' joint precisions
    information = np.einsum("iq,ist,ir->qsrt", design, dense_precisions(precision), design)
    size = design.shape[1] * M
    matrix = information.reshape(size, size) + COVARIATES.precision * np.eye(size)
    expected = np.linalg.solve(matrix, (design.T @ residual).ravel()).reshape(-1, M)
    np.testing.assert_allclose(covariates.effects.mean, expected, atol=1e-8)
    mean, variance = covariates.moments()
    np.testing.assert_allclose(np.broadcast_to(mean, (N, M)), design @ expected, atol=1e-8)
    for t in range(M):
        own = (design.T * precision.diagonal[:, t]) @ design + COVARIATES.precision * np.eye(
            size // M
        )
        spread = np.einsum("iq,qr,ir->i", design, np.linalg.inv(own), design)
        np.testing.assert_allclose(np.broadcast_to(variance, (N, M))[:, t], spread, rtol=1e-8)


def test_a_tissue_sees_the_others_as_the_same_update_has_left_them():
    covariates, design, residual, precision = problem(1, True, False)
    covariates = covariates.updated(residual, precision, Visit.FULL_SWEEP)
    others = design @ covariates.effects.mean
    others[:, -1] = 0
    left, weight = (residual - precision.times(others))[:, -1], precision.diagonal[:, -1]
    own = (design.T * weight) @ design + COVARIATES.precision * np.eye(Q)
    expected = np.linalg.solve(own, design.T @ left)
    np.testing.assert_allclose(covariates.effects.mean[:, -1], expected, rtol=1e-10)
