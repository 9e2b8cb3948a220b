import numpy as np
import pytest

from fqtl.model.families import Gaussian, Response
from fqtl.model.moments import Moments
from tests.reference.elbo import noise_terms

N, M = 5, 3


def entries(seed, rows):
    """A response with holes and moments of both linear predictors."""
    rng = np.random.default_rng(seed)
    y = rng.standard_normal((N, M))
    y[0, 1] = y[3, 2] = np.nan
    location = Moments(rng.standard_normal((N, M)), rng.uniform(0.05, 0.5, (N, M)))
    dispersion = Moments(rng.standard_normal((rows, M)), rng.uniform(0.05, 0.5, (rows, M)))
    return Response.of(y), location, dispersion


def value_at(family, y, location, dispersion):
    return family.given(y, location, len(dispersion.mean) == 1).expect(dispersion)[0].sum()


def test_the_gaussian_likelihood_of_one_number_is_the_textbook_value():
    family = Gaussian(np.array([0.0]), np.array([4.0]))
    y = Response.of(np.array([[1.5]]))
    certain = Moments(np.array([[0.5]]), np.array([[0.0]]))
    half = Moments(np.array([[0.0]]), np.array([[0.0]]))  # V = 4 sigmoid(0) = 2
    value, _ = family.given(y, certain, True).expect(half)
    assert value[0] == pytest.approx(-0.5 * (1.0 / 2 + np.log(2) + np.log(2 * np.pi)), rel=1e-12)


@pytest.mark.parametrize("rows", [1, N])
def test_the_expected_likelihood_is_its_integral(rows):
    y, location, dispersion = entries(0, rows)
    family = Gaussian(np.full(M, 0.1), np.full(M, 2.0))
    expected = 0.0
    for i in range(N):
        for t in range(M):
            if y.observed[i, t]:
                eta = [part[i if rows > 1 else 0, t] for part in dispersion]
                inverse, log_v = noise_terms(*eta, 0.1, 2.0)
                squares = (y.values[i, t] - location.mean[i, t]) ** 2 + location.variance[i, t]
                expected -= 0.5 * (squares * inverse + log_v + np.log(2 * np.pi))
    assert value_at(family, y, location, dispersion) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("rows", [1, N])
def test_slopes_are_central_differences(rows):
    y, location, dispersion = entries(1, rows)
    family = Gaussian(np.full(M, 0.1), np.full(M, 2.0))
    likelihood = family.given(y, location, rows == 1)
    step = 1e-5
    for slope, moments, evaluate in (
        (
            likelihood.location_slope(dispersion),
            location,
            lambda moments: value_at(family, y, moments, dispersion),
        ),
        (
            likelihood.expect(dispersion)[1],
            dispersion,
            lambda moments: value_at(family, y, location, moments),
        ),
    ):
        for name in ("mean", "variance"):
            for index in np.ndindex(moments.mean.shape):
                shift = np.zeros(moments.mean.shape)
                shift[index] = step
                up = evaluate(moments._replace(**{name: getattr(moments, name) + shift}))
                down = evaluate(moments._replace(**{name: getattr(moments, name) - shift}))
                assert getattr(slope, name)[index] == pytest.approx(
                    (up - down) / (2 * step), abs=1e-5
                )


def test_what_was_not_measured_has_no_slope():
    y, location, dispersion = entries(2, 1)
    slope = Gaussian.of(y).given(y, location, True).location_slope(dispersion)
    for part in slope:
        assert (part[y.observed == 0] == 0).all()


def test_noise_never_exceeds_what_was_observed():
    rng = np.random.default_rng(3)
    y = Response.of(rng.standard_normal((40, M)) * [1.0, 2.0, 5.0])
    extreme = Moments(np.array([[-50.0, 0.0, 50.0]]), np.ones((1, M)))
    noise = Gaussian.of(y).noise_variance(extreme)[0]
    observed = y.values.var(axis=0)
    assert (noise <= observed * (1 + 1e-12)).all()
    assert (noise >= 1e-4 * observed * (1 - 1e-12)).all()
