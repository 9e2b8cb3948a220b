"""Effects of a model in other orders: exact where all are looked at, and never 0."""

from itertools import permutations

import numpy as np
import pytest

from fqtl.association.permutation import EXCEEDANCES, generator_of, permuted_p


def model(rng, size):
    """Loadings, z-scores and LD of neighbours."""
    values = np.cumsum(rng.standard_normal((size, 60)), axis=0)
    ld = np.corrcoef(values)
    return rng.standard_normal(size), 3 * rng.standard_normal(size), ld


def exact(u, z, ld):
    """Every order in turn."""
    of_model = abs(u @ z) / np.sqrt(u @ ld @ u)
    large = total = 0
    for order in permutations(range(len(u))):
        mine = u[list(order)]
        large += abs(mine @ z) / np.sqrt(mine @ ld @ mine) >= of_model * (1 - 1e-9)
        total += 1
    return large / total, total


@pytest.mark.parametrize("size", [2, 3, 5])
def test_all_orders_of_a_small_model_are_looked_at(size):
    u, z, ld = model(np.random.default_rng(size), size)
    assert permuted_p(u, z, ld, 1000, np.random.default_rng(1)) == pytest.approx(exact(u, z, ld))


@pytest.mark.parametrize("seed", range(5))
def test_drawn_orders_give_the_p_of_all_orders(seed):
    u, z, ld = model(np.random.default_rng(seed), 6)
    true, _ = exact(u, z, ld)
    # fewer than 720 would be all of them
    found = [permuted_p(u, z, ld, 719, np.random.default_rng(i)) for i in range(40)]
    p = np.array([one for one, _ in found])
    se = p.std() / np.sqrt(len(p))
    # (k + 1) / (n + 1) is at most 1/20 of itself, or 1/720, above what is true
    assert true - 4 * se <= p.mean() <= true * (1 + 2 / EXCEEDANCES) + 1 / 720 + 4 * se


def test_drawing_stops_as_soon_as_enough_are_as_large():
    rng = np.random.default_rng(2)
    u, z, ld = model(rng, 30)
    z = np.full(30, 0.0) + 0.01 * rng.standard_normal(30)
    p, n = permuted_p(u, z, ld, 100_000, np.random.default_rng(0))
    assert n < 1000
    assert p == (EXCEEDANCES + 1) / (n + 1)


def test_p_is_never_smaller_than_what_was_drawn_can_tell():
    u = np.zeros(30)
    u[4] = 1.0
    u[5:] = 1e-3
    z = np.zeros(30)
    z[4] = 40.0
    p, n = permuted_p(u, z, np.eye(30), 50, np.random.default_rng(0))
    assert n == 50
    assert 1 / 51 <= p <= 10 / 51


def test_one_order_alone_says_nothing():
    one = np.ones(1)
    assert permuted_p(one, one, np.eye(1), 100, np.random.default_rng(0))[1] == 0
    alike = permuted_p(np.ones(4), np.arange(4.0), np.eye(4), 100, np.random.default_rng(0))
    assert np.isnan(alike[0])


def test_random_numbers_are_of_the_model():
    draws = [generator_of(*names).integers(1 << 60) for names in (("g", "Liver"), ("g", "Lung"))]
    assert draws[0] != draws[1]
    assert generator_of("g", "Liver").integers(1 << 60) == draws[0]
