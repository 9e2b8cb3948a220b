"""Genotypes kept as codes are the rows that their dosages would become."""

import numpy as np
import pytest

from fqtl.model.arrays._called import decode_rows, has_wide_decoding
from fqtl.model.arrays.called import Called
from fqtl.model.arrays.rows import CalledRows, FloatRows
from fqtl.model.arrays.standardise import StandardGenotypes, standardise_genotypes

N, P = 97, 60  # donors that fill no word


def dosages(missing: float = 0.0, dtype: type = np.float32) -> np.ndarray:
    """(n, p) of all frequencies; copies, of either allele, constants, and rows of two values."""
    rng = np.random.default_rng(0)
    x = rng.binomial(2, rng.uniform(0.02, 0.98, P), (N, P)).astype(dtype)
    x[:, 0] = x[:, 30] = 2
    x[:, 1] = 2 * (rng.random(N) < 0.4)
    x[:, 2] = 1 + (rng.random(N) < 0.5)
    x[:49, 3], x[49:96, 3], x[96, 3] = 0, 2, 1  # one end as good as as common as the other
    x[:, 4] = np.where(np.arange(N) < 48, 0, 2)
    x[96, 4] = 1  # as common
    x[:, 20:25] = x[:, 1:6]
    x[:, 25:30] = 2 - x[:, 1:6]
    if missing:
        x[rng.random((N, P)) < missing] = np.nan
    return x


def by_hand(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(p, n) standardised over what is observed, 0 where missing; mean and sd."""
    x = x.astype(np.float64)
    mean, sd = np.nanmean(x, axis=0), np.nanstd(x, axis=0)
    return np.nan_to_num((x - mean) / np.where(sd > 0, sd, np.inf)).T, mean, sd


def near(found: StandardGenotypes, x: np.ndarray) -> None:
    rows, mean, sd = by_hand(x)
    np.testing.assert_allclose(found.x, rows, rtol=2e-7, atol=2e-7)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-14)
    np.testing.assert_allclose(found.sd, sd, rtol=1e-13, atol=1e-15)
    assert found.n_missing == np.isnan(x).sum()


@pytest.mark.parametrize("missing", [0.0, 0.01, 0.2])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_codes_give_back_the_standardised_rows(missing, dtype):
    x = dosages(missing, dtype)
    found = standardise_genotypes(x)
    assert found.called is not None
    near(found, x)


@pytest.mark.parametrize("missing", [0.0, 0.03])
def test_rows_of_some_donors_are_made_of_codes_as_of_their_dosages(missing):
    x, donors = dosages(missing), np.flatnonzero(np.arange(N) % 3)
    found, expected = standardise_genotypes(x).of_donors(donors), standardise_genotypes(x[donors])
    assert found is not None
    near(found, x[donors])
    for name in ("of", "first", "sign"):
        one, other = getattr(found.variants.copies, name), getattr(expected.variants.copies, name)
        np.testing.assert_array_equal(one, other, err_msg=name)
    assert found.called is not None
    assert expected.called is not None
    np.testing.assert_array_equal(found.called.words, expected.called.words)
    np.testing.assert_allclose(found.called.values, expected.called.values, rtol=2e-7)


def test_variants_that_few_donors_do_not_tell_apart_become_one_class():
    x = dosages()[:, 5:8]
    x[:, 1] = x[:, 0]
    x[90:, 1] = 2 - x[90:, 1]
    both = standardise_genotypes(x)
    some = both.of_donors(np.arange(80))
    assert some is not None
    assert (both.variants.p, some.variants.p) == (3, 2)
    near(some, x[:80])


def test_what_was_imputed_is_not_known_of_some_donors_alone():
    x = dosages(0.01).astype(np.float64)
    mean = np.nanmean(x, axis=0)
    filled = np.where(np.isnan(x), mean, x)
    found = standardise_genotypes(filled)
    assert found.called is not None
    near(found, filled)
    assert found.of_donors(np.arange(50)) is None


def test_dosages_that_are_not_called_are_rows():
    x = dosages()
    x[3, 40] = 0.9
    found = standardise_genotypes(x)
    assert found.called is None
    assert found.of_donors(np.arange(50)) is None
    near(found, x)


def test_passes_over_codes_are_passes_over_the_rows_that_they_stand_for():
    called = Called.of_rows(by_hand(dosages())[0].astype(np.float32))
    assert called is not None
    codes, rng = CalledRows(called), np.random.default_rng(1)
    rows = FloatRows(codes.take(np.arange(P)))
    assert codes.shape == rows.shape
    g, w = rng.standard_normal(N), rng.random(N)
    index = np.array([59, 3, 17])
    for one, other in zip(codes.dots(index, g, w), rows.dots(index, g, w), strict=True):
        np.testing.assert_array_equal(one, other)
    found, expected = np.zeros((2, N)), np.zeros((2, N))
    codes.add(index, g[:3], w[:3], *found)
    rows.add(index, g[:3], w[:3], *expected)
    np.testing.assert_array_equal(found, expected)
    right, left = rng.standard_normal((N, 4)).astype(np.float32), g[None, :P].astype(np.float32)
    for name, side in (("product", right), ("product_back", left), ("scores_of_each", right.T)):
        one, other = getattr(codes, name)(side), getattr(rows, name)(side)
        np.testing.assert_allclose(one, other, atol=1e-4, err_msg=name)


def test_a_processor_without_wide_decoding_reads_the_same_rows():
    called = standardise_genotypes(dosages(0.01)).called
    assert called is not None
    index, wide, narrow = np.arange(called.p), *np.empty((2, called.p, N), dtype=np.float32)
    decode_rows(called.words, called.values, index, wide, has_wide_decoding())
    decode_rows(called.words, called.values, index, narrow, False)
    np.testing.assert_array_equal(wide, narrow)
