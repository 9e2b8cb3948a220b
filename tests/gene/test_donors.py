"""Genotypes of some donors are those rows, however dosages lie in memory."""

import numpy as np
import pytest

from fqtl.gene.donors import genotypes_of


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float32, np.int8])
def test_donors_by_number_and_under_a_mask_are_rows_of_x(order, dtype):
    rng = np.random.default_rng(0)
    x = np.asarray(rng.binomial(2, 0.3, (20, 7)), dtype=dtype, order=order)
    numbers, mask = rng.permutation(20), rng.random(20) < 0.6
    np.testing.assert_array_equal(genotypes_of(x, numbers), x[numbers])
    np.testing.assert_array_equal(genotypes_of(x, mask), x[mask])
    assert genotypes_of(x, mask).dtype == dtype
