import numpy as np
import pytest

from fqtl.model.arrays._kernels import add_rows, dot_rows, standardise_rows
from fqtl.model.arrays.variants import Variants

DTYPES = [np.float32, np.float64]
SUBSETS = [[], [7, 2, 3, 0, 11, 5], list(range(12))]


def rows_of(seed, dtype, n=50, p=12):
    return np.random.default_rng(seed).standard_normal((p, n)).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("index", SUBSETS)
def test_dots_are_those_of_the_rows_asked_for_in_their_order(dtype, index):
    rng, x, index = np.random.default_rng(1), rows_of(0, dtype), np.array(index, dtype=np.intp)
    gradient, weight = rng.standard_normal(50), rng.uniform(0, 2, 50)
    score, information = np.full((2, len(index)), np.nan)
    dot_rows(x, index, gradient, weight, score, information)
    wide = x[index].astype(np.float64)  # the sums run in double precision whatever x is
    np.testing.assert_allclose(score, wide @ gradient, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(information, wide**2 @ weight, rtol=1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("index", SUBSETS)
def test_rows_are_added_to_what_is_there(dtype, index):
    rng, x, index = np.random.default_rng(2), rows_of(0, dtype), np.array(index, dtype=np.intp)
    first, second = rng.standard_normal((2, len(index)))
    total, squares = rng.standard_normal((2, 50))
    wide = x[index].astype(np.float64)
    expected = total + first @ wide, squares + second @ wide**2
    add_rows(x, index, first, second, total, squares)
    np.testing.assert_allclose(total, expected[0], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(squares, expected[1], rtol=1e-12, atol=1e-12)


# one product in single precision rounds each of 50 terms to 6e-8 of its size
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-12)])
def test_passes_over_all_variants_are_matrix_products(dtype, tolerance):
    rng, x = np.random.default_rng(3), rows_of(0, dtype, p=300)  # more than are squared at a time
    variants, wide = Variants(x), x.astype(np.float64)
    gradient, weight = rng.standard_normal((50, 3)), rng.uniform(0, 2, (50, 3))
    index, first = np.array([299, 4, 256]), rng.standard_normal(3)
    np.testing.assert_allclose(variants.scores(gradient), wide @ gradient, atol=50 * tolerance)
    np.testing.assert_allclose(variants.information(weight), wide**2 @ weight, rtol=tolerance)
    np.testing.assert_allclose(variants.sum(index, first), first @ wide[index], atol=tolerance)


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
