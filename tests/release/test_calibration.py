import numpy as np
import pytest

from fqtl.release.calibration import (
    calibrate,
    pi0,
    pooled_p,
    q_values,
    sequential_p,
)


def test_the_observed_statistic_counts_among_the_null_ones_and_so_do_ties():
    null = np.array([1.0, 2.0, 2.0, 5.0])
    np.testing.assert_allclose(pooled_p(np.array([6.0, 5.0, 2.0, 0.0]), null), [0.2, 0.4, 0.8, 1])


def test_a_pool_in_any_order_gives_what_a_loop_would():
    rng = np.random.default_rng(0)
    observed, null = rng.standard_normal(30).round(1), rng.standard_normal(50).round(1)
    slow = [(1 + sum(value >= one for value in null)) / 51 for one in observed]
    np.testing.assert_allclose(pooled_p(observed, null), slow)


def test_a_p_value_of_nothing_but_nulls_is_uniform():
    rng = np.random.default_rng(1)
    p = pooled_p(rng.standard_normal(4000), rng.standard_normal(4000))
    for cut in (0.01, 0.1, 0.5):
        assert (p <= cut).mean() == pytest.approx(cut, abs=4 * np.sqrt(2 * cut / 4000))


def test_drawing_until_enough_were_larger_gives_a_p_value_that_is_never_too_small():
    """P(p <= a) <= a for every a, whatever the stopping rule saves."""
    rng = np.random.default_rng(2)
    most, limit = 3, 19
    found = []
    for _ in range(4000):
        observed, nulls = rng.standard_normal(), rng.standard_normal(limit)
        reached = np.cumsum(nulls >= observed)
        stop = np.flatnonzero(reached == most)
        draws = int(stop[0]) + 1 if len(stop) else limit
        found.append(sequential_p(int(reached[draws - 1]), draws, most))
    for cut in (0.05, 0.1, 0.2, 0.5):
        assert np.mean(np.array(found) <= cut) <= cut + 3 * np.sqrt(cut / 4000)


def test_a_gene_that_no_null_reaches_has_the_smallest_p_value_of_its_draws():
    assert sequential_p(0, 99, 10) == 0.01
    assert sequential_p(10, 20, 10) == 0.5


@pytest.mark.parametrize("share", [0.3, 0.8, 1.0])
def test_the_share_of_nulls_is_found(share):
    rng = np.random.default_rng(3)
    tests = 20_000
    p = rng.random(tests)
    with_effect = rng.random(tests) > share
    p[with_effect] = p[with_effect] ** 200  # of these, 1 % are above a half
    assert pi0(p) == pytest.approx(share, abs=0.04)


def test_the_share_of_nulls_is_that_of_the_published_rule():
    """By hand, as qvalue 2.0 computes it with pi0.method = "bootstrap"."""
    few = np.array([0.001, 0.002, 0.01, 0.04, 0.21, 0.33, 0.48, 0.62, 0.77, 0.96])
    p = np.tile(few, 10)
    grid = [i / 20 for i in range(1, 20)]
    shares = [sum(p >= cut) / (100 * (1 - cut)) for cut in grid]
    low = np.quantile(shares, 0.1)
    errors = []
    for cut, share in zip(grid, shares, strict=True):
        above = sum(p >= cut)
        errors.append(above / (100**2 * (1 - cut) ** 2) * (1 - above / 100) + (share - low) ** 2)
    assert pi0(p) == pytest.approx(shares[int(np.argmin(errors))])
    assert pi0(few) == 1.0  # ten tests tell nothing


@pytest.mark.parametrize("largest", [0.3, 0.5, 0.949])
def test_where_no_p_value_is_large_the_share_of_nulls_is_not_estimated(largest):
    """Of nulls some would be; such p-values are not what they should be, and q is that of BH."""
    p = np.linspace(0.001, largest, 500)
    assert pi0(p) == 1.0
    np.testing.assert_allclose(q_values(p, pi0(p)), q_values(p))


def test_one_large_p_value_is_enough_for_the_published_rule():
    p = np.append(np.linspace(0.001, 0.5, 499), 0.95)
    assert pi0(p) == pytest.approx(1 / (500 * 0.45))


def test_q_values_are_those_of_benjamini_and_hochberg_times_the_share_of_nulls():
    p = np.array([0.01, 0.02, 0.5])
    np.testing.assert_allclose(q_values(p), [0.03, 0.03, 0.5])
    np.testing.assert_allclose(q_values(p, share=0.5), [0.015, 0.015, 0.25])


def test_hypotheses_that_were_not_listed_still_count():
    p = np.array([0.01, 0.02])
    np.testing.assert_allclose(q_values(p, tests=10), [0.1, 0.1])


def test_false_discoveries_are_as_many_as_promised():
    rng = np.random.default_rng(4)
    tests = 40_000  # some hundred null statistics beyond each cut-off: 5 % of noise
    acts = rng.random(tests) < 0.3
    observed = rng.standard_normal(tests) + 3 * acts
    found = calibrate(observed, rng.standard_normal(tests))
    for cut in (0.05, 0.1, 0.2):
        called = found.q <= cut
        assert (~acts[called]).mean() == pytest.approx(cut, rel=0.15)


def test_without_nulls_nothing_is_calibrated():
    found = calibrate(np.array([1.0, 2.0]), np.zeros(0))
    assert np.isnan(found.p).all()
    assert np.isnan(found.q).all()


def test_an_infinite_statistic_is_as_good_as_any():
    found = calibrate(np.array([np.inf, 2.0]), np.array([1.0, 3.0, np.inf]))
    assert found.p.tolist() == [0.5, 0.75]


def test_a_gene_that_was_not_fitted_is_no_hypothesis():
    found = calibrate(np.array([np.nan, 2.0]), np.array([1.0, 3.0, 0.0]))
    assert np.isnan(found.p[0])
    assert found.p[1] == 0.5
    assert found.q[1] == 0.5 * found.pi0
