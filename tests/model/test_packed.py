"""Passes over genotypes packed into bits are products with the rows that were packed."""

import numpy as np
import pytest

import fqtl
from fqtl.model.arrays._packed import has_wide_lookup
from fqtl.model.arrays.called import Called
from fqtl.model.arrays.packed import Packed
from fqtl.model.arrays.standardise import standardise_genotypes
from fqtl.model.arrays.variants import Variants

# neither 30 donors nor 32 variants to a word and a group; and what fills both
SHAPES = [(61, 45), (60, 64), (1, 3), (97, 31), (200, 130)]
RTOL = 3e-6  # of the length of the vectors: single precision


def called(n: int, p: int, missing: float = 0.0, seed: int = 0) -> np.ndarray:
    """Genotypes (n, p) of all frequencies; a constant row, and two rows of two values."""
    rng = np.random.default_rng(seed)
    x = rng.binomial(2, rng.uniform(0.02, 0.98, p), (n, p)).astype(np.float32)
    x[:, 0] = 1
    x[:, 1] = 2 * (rng.random(n) < 0.4)  # no heterozygote, as on the X chromosome of men
    x[:, 2] = 1 + (rng.random(n) < 0.3)  # no homozygote of one allele
    x[rng.random((n, p)) < missing] = np.nan
    return x


def rows(x: np.ndarray) -> np.ndarray:
    return standardise_genotypes(x).x


def packed_rows(z: np.ndarray, *, wide: bool = False) -> Packed | None:
    found = Called.of_rows(z)
    return None if found is None else Packed.of_called(found, wide=wide)


def packed(x: np.ndarray, *, wide: bool) -> Packed:
    found = packed_rows(rows(x), wide=wide)
    assert found is not None
    return found


def near(found: np.ndarray, expected: np.ndarray, scale: float) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=RTOL * scale)


@pytest.mark.parametrize("missing", [0.0, 0.01])
@pytest.mark.parametrize(("n", "p"), SHAPES)
def test_passes_are_products_with_the_rows(n: int, p: int, missing: float) -> None:
    x = called(n, p, missing)
    one, z = packed(x, wide=has_wide_lookup()), rows(x).astype(np.float64)
    rng = np.random.default_rng(1)
    v, w = rng.standard_normal(n), rng.random(n)
    near(one.scores(v), z @ v, np.sqrt(n) * np.abs(z).max())
    near(one.information(w), z**2 @ w, n * (z**2).max())
    index = np.sort(rng.choice(p, -(-p // 2), replace=False))
    a, b = rng.standard_normal(len(index)), rng.random(len(index))
    scale = np.sqrt(p) * np.abs(z).max()
    near(one.sum(index, a), a @ z[index], scale)
    total, squares = one.add(index, a, b)
    near(total, a @ z[index], scale)
    near(squares, b @ z[index] ** 2, p * (z**2).max())


def test_a_processor_without_wide_lookups_gives_the_same_bits() -> None:
    x = called(97, 70, missing=0.01)
    one, other = packed(x, wide=has_wide_lookup()), packed(x, wide=False)
    rng = np.random.default_rng(2)
    v, a = rng.standard_normal(97), rng.standard_normal(70)
    np.testing.assert_array_equal(one.scores(v), other.scores(v))
    np.testing.assert_array_equal(one.information(v**2), other.information(v**2))
    everything = np.arange(70)
    for found, expected in zip(
        one.add(everything, a, a**2), other.add(everything, a, a**2), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "x",
    [
        called(50, 20)
        + np.float32(0.25) * (np.arange(20) == 7),  # one dosage per variant is called
        called(50, 20, missing=0.01),
    ],
)
def test_any_three_values_a_step_apart_are_called(x: np.ndarray) -> None:
    assert packed_rows(rows(x)) is not None


@pytest.mark.parametrize("what", ["dosage", "double precision", "many missing"])
def test_what_is_not_called_in_single_precision_is_not_packed(what: str) -> None:
    x = called(50, 20, missing=0.1 if what == "many missing" else 0.0)
    if what == "dosage":
        x[3, 5] = 1.2
    z = rows(x)
    z = z.astype(np.float64) if what == "double precision" else z
    assert packed_rows(z) is None


def test_a_variance_that_is_a_small_difference_keeps_its_digits() -> None:
    """One effect known to 1e-6 of its size, and the rest of the probability over all others."""
    z = rows(called(300, 400))
    variants, plain = Variants.distinct(z), Variants(z)
    assert not has_wide_lookup() or variants.packed is not None
    alpha = np.full(400, 1e-9)
    alpha[17] = 1.0
    mean, square = np.full(400, 0.5), 0.25 + 1e-12
    index = np.arange(400)
    total, squares = variants.add(index, alpha * mean, alpha * square)
    expected, expected_squares = plain.add(index, alpha * mean, alpha * square)
    np.testing.assert_allclose(
        squares - total**2, expected_squares - expected**2, rtol=0, atol=1e-11
    )


def test_a_fit_of_called_genotypes_is_that_of_their_rows() -> None:
    """Which are read where a dosage is not a whole number, by however little."""
    rng = np.random.default_rng(3)
    x = called(300, 400, seed=4)
    y = rng.standard_normal((300, 4))
    y[:, :3] += (x[:, [30]] - x[:, 30].mean()) * 0.6
    y[:, 3] += (x[:, 200] - x[:, 200].mean()) * 0.7
    y[rng.random(y.shape) < 0.3] = np.nan
    x[:, 0] = x[:, 3]  # a constant would not stay one
    uncertain = x + 1e-4 * rng.random(x.shape, dtype=np.float32)
    assert packed_rows(rows(uncertain)) is None
    of_called, of_dosages = fqtl.fit(y, x), fqtl.fit(y, uncertain)
    assert of_called.elbo == pytest.approx(of_dosages.elbo, abs=1e-2)
    np.testing.assert_allclose(of_called.effects, of_dosages.effects, atol=1e-3)
    np.testing.assert_allclose(of_called.pip, of_dosages.pip, atol=1e-3)
