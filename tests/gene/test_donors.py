"""Genotypes of some donors are those rows, however dosages lie in memory."""

import numpy as np
import pytest

import fqtl
from fqtl.errors import FqtlError
from fqtl.gene.donors import CisGenotypes, genotypes_of


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float32, np.int8])
def test_donors_by_number_and_under_a_mask_are_rows_of_x(order, dtype):
    rng = np.random.default_rng(0)
    x = np.asarray(rng.binomial(2, 0.3, (20, 7)), dtype=dtype, order=order)
    numbers, mask = rng.permutation(20), rng.random(20) < 0.6
    np.testing.assert_array_equal(genotypes_of(x, numbers), x[numbers])
    np.testing.assert_array_equal(genotypes_of(x, mask), x[mask])
    assert genotypes_of(x, mask).dtype == dtype


@pytest.mark.parametrize("missing", [0.0, 0.01])
@pytest.mark.parametrize("called", [True, False])
def test_a_fit_of_genotypes_that_were_standardised_before_is_that_of_their_dosages(called, missing):
    rng = np.random.default_rng(1)
    x = rng.binomial(2, rng.uniform(0.1, 0.9, 40), (120, 40)).astype(np.float32)
    x[:, 7] = 2 - x[:, 3]
    x[rng.random(x.shape) < missing] = np.nan
    x[0, 0] = 1.0 if called else 0.7
    y = rng.standard_normal((120, 3)) + np.nan_to_num(x[:, [3]], nan=1.0)
    genotypes, train = CisGenotypes(x), np.arange(120) % 4 > 0
    assert (genotypes.standard.called is not None) == called
    for found, expected in (
        (fqtl.fit(y, genotypes.standard), fqtl.fit(y, x)),
        (fqtl.fit(y[train], genotypes.of(train)), fqtl.fit(y[train], x[train])),
    ):
        np.testing.assert_allclose(found.effects, expected.effects, rtol=1e-6, atol=1e-9)
        assert found.elbo == pytest.approx(expected.elbo, rel=1e-9)
        assert found.notes == expected.notes
        np.testing.assert_allclose(found.predict(x), expected.predict(x), rtol=1e-6, atol=1e-7)


def test_standardised_genotypes_of_other_donors_are_refused():
    genotypes = CisGenotypes(np.random.default_rng(0).binomial(2, 0.3, (20, 7)).astype(float))
    with pytest.raises(FqtlError, match="x must have the 19 rows of y, found 20 donors"):
        fqtl.fit(np.zeros((19, 1)), genotypes.standard)
