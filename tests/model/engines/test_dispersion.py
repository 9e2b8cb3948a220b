"""The dispersion of the Gaussian family: what noise follows from what effects leave."""

import numpy as np
import pytest

from fqtl.model.arrays.moments import Moments
from fqtl.model.engines.dispersion import maximise_dispersion
from fqtl.model.families import Gaussian
from fqtl.model.families.response import Response
from fqtl.model.predictors.covariates import Covariates


def noise_beside(n, left, rounds=10):
    """(m,) noise variance where the location leaves these shares (m,) of n unit variances."""
    rng = np.random.default_rng(n)
    y = rng.standard_normal((n, len(left)))
    response = Response.of((y - y.mean(axis=0)) / y.std(axis=0))
    family = Gaussian.of(response)
    location = Moments((1 - np.sqrt(left)) * response.values, np.zeros_like(response.values))
    likelihood = family.given(response, location, shared=True)
    start = family.dispersion_start
    dispersion = Covariates.of_dispersion(np.ones((n, 1)), len(left), start)
    for _ in range(rounds):
        dispersion, _ = maximise_dispersion(likelihood, dispersion)
    return family.noise_variance(dispersion.moments())[0]


@pytest.mark.parametrize("n", [80, 300, 1000])
def test_the_noise_is_what_effects_leave_however_little_they_explain(n):
    """To a standard error of a variance; where noise stays at its bound it is two above."""
    left = np.array([1.0, 0.97, 0.95, 0.93, 0.9, 0.87, 0.85, 0.8, 0.7, 0.5, 0.2])
    noise = noise_beside(n, left)
    assert (np.diff(noise) < 0).all()
    np.testing.assert_array_less(np.abs(noise - left), left * np.sqrt(2 / n))


def test_a_tissue_starts_near_where_nothing_explains_it():
    """One round moves the noise of a tissue without effects by a few hundredths at most."""
    one, many = (noise_beside(300, np.array([1.0]), rounds) for rounds in (1, 20))
    np.testing.assert_allclose(one, many, atol=0.01)
