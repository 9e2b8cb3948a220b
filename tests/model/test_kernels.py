import numpy as np
import pytest

from fqtl.model._kernels import spike_slab_sweep, standardise_rows
from tests.reference import sweep as reference


def problem(seed, dtype, n=50, p=12):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((p, n)).astype(dtype)
    x[3] = x[2] + 0.1 * x[3]  # near twins
    weight = rng.uniform(0, 2, n)
    target = weight * (0.5 * x[2] - 0.4 * x[7] + rng.standard_normal(n))
    start = rng.uniform(0, 1, p), rng.standard_normal(p), rng.uniform(5, 20, p)
    return x, weight, target, start


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-10), (np.float32, 1e-6)])
def test_the_sweep_does_what_the_formulas_say(dtype, tolerance):
    x, weight, target, start = problem(0, dtype)
    order = np.array([7, 2, 3, 0, 11, 5])
    pip, slab_mean, slab_precision = (part.copy() for part in start)
    score = x.T.astype(float) @ (pip * slab_mean)
    spread = (x.T.astype(float) ** 2) @ (pip / slab_precision + pip * (1 - pip) * slab_mean**2)

    moved = spike_slab_sweep(
        x,
        order,
        weight,
        score,
        spread,
        target - weight * score,
        pip,
        slab_mean,
        slab_precision,
        0.1,
        2.0,
        0.0,
    )

    expected = reference.spike_slab_sweep(x.astype(float), order, weight, target, *start, 0.1, 2.0)
    assert moved == len(order)
    for found, wanted in zip((pip, slab_mean, slab_precision), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)
    # score and its variance follow the loadings
    np.testing.assert_allclose(score, x.T @ (pip * slab_mean), atol=tolerance * 10)
    variance = pip / slab_precision + pip * (1 - pip) * slab_mean**2
    np.testing.assert_allclose(spread, (x.T**2) @ variance, atol=tolerance * 10)


def test_a_variant_that_would_not_move_is_left_unless_it_has_no_posterior_yet():
    x, weight, target, (pip, slab_mean, slab_precision) = problem(1, np.float64)
    pip[4] = 0
    state = np.zeros(x.shape[1]), np.zeros(x.shape[1])
    before = slab_mean.copy()
    moved = spike_slab_sweep(
        x, np.arange(len(x)), weight, *state, target, pip, slab_mean, slab_precision, 0.1, 2.0, 1e9
    )
    assert moved == 1
    assert pip[4] > 0
    assert np.flatnonzero(slab_mean != before).tolist() == [4]


def test_rows_are_standardised_over_what_is_observed():
    x = np.array([[0.0, 1.0, 2.0, np.nan], [1.0, 1.0, 1.0, 1.0], [np.nan] * 4])
    mean, sd = np.empty(3), np.empty(3)
    assert standardise_rows(x, mean, sd) == 5
    np.testing.assert_allclose(mean, [1, 1, 0])
    np.testing.assert_allclose(sd, [np.sqrt(2 / 3), 0, 0])
    np.testing.assert_allclose(x[0], [-np.sqrt(1.5), 0, np.sqrt(1.5), 0])
    np.testing.assert_array_equal(x[1:], np.zeros((2, 4)))


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_the_unit_of_a_row_does_not_matter(scale):
    row = np.random.default_rng(0).standard_normal((1, 30))
    one, other = row.copy(), row * scale + 3 * scale
    for part in (one, other):
        standardise_rows(part, np.empty(1), np.empty(1))
    np.testing.assert_allclose(one, other, atol=1e-10)
