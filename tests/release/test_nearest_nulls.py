"""Which permuted fits a gene is compared with, and what it is good for."""

import numpy as np
import pytest

from fqtl.model.fit import fit
from fqtl.release.nearest_nulls import ENOUGH, TOO_LARGE, NearestNulls

# null statistics of 100 genes of four tissues, one of three, three of six, one of nine, one of one
BY_HAND = NearestNulls.of(
    np.array([*range(100), 98.5, 0.0, 97.5, 150.0, 96.5, 500.0, np.nan]),
    np.array([*[4] * 100, 3, 6, 6, 6, 9, 1, 4]),
)


def test_numbers_of_tissues_are_added_by_their_ratio_until_five_null_statistics_reach():
    found = BY_HAND.compare(np.array([95.0, 96.0, 98.0, 160.0]), np.full(4, 4))
    assert ENOUGH == 5
    # 95 to 99 of four tissues; 96 to 99, and 98.5 of three; 98, 99, 98.5 and 150 of six, and all
    # are asked; none of all
    assert found.reached.tolist() == [5, 5, 4, 0]
    assert found.units.tolist() == [100, 101, 105, 105]
    assert found.fewest.tolist() == [4, 3, 3, 3]
    assert found.most.tolist() == [4, 4, 9, 9]
    assert found.widened.tolist() == [False, True, True, True]
    np.testing.assert_allclose(found.p, [6 / 101, 6 / 102, 5 / 106, 1 / 106])


def test_a_gene_that_one_of_few_permuted_fits_reaches_is_settled():
    """One of three: p is 1/2, and there is nothing to be found, whatever the others have."""
    found = BY_HAND.compare(np.array([120.0, 160.0]), np.array([6, 6]))
    assert TOO_LARGE == 0.1
    np.testing.assert_allclose(found.p, [2 / 4, 1 / 106])
    assert found.most.tolist() == [6, 9]


def test_numbers_of_tissues_at_one_ratio_come_together():
    """Of six tissues four and nine are as near; three are at twice."""
    found = NearestNulls.of(np.arange(3.0), np.array([4, 9, 3])).compare(np.zeros(1), np.array([6]))
    assert (found.units[0], found.fewest[0], found.most[0]) == (2, 4, 9)


def test_genes_of_one_tissue_are_compared_with_each_other_and_with_no_others():
    found = BY_HAND.compare(np.array([400.0, 600.0, 400.0]), np.array([1, 1, 2]))
    assert found.units.tolist() == [1, 1, 105]
    np.testing.assert_allclose(found.p, [1.0, 0.5, 1 / 106])


def test_where_there_is_nothing_to_compare_with_there_is_no_p_value():
    of_one = NearestNulls.of(np.array([1.0]), np.array([1]))
    found = of_one.compare(np.array([1.0, np.nan]), np.array([2, 1]))
    assert np.isnan(found.p).all()
    assert not found.widened.any()


def test_a_permuted_fit_may_hold_no_null_statistic_or_several():
    """Factors, of nine permuted fits: three are in two of them."""
    nulls = NearestNulls.of(np.array([0.2, 0.9, 0.95]), np.array([2, 2, 2]), fits=np.full(9, 2))
    found = nulls.compare(np.array([0.99, 0.92, 0.1]), np.full(3, 2))
    np.testing.assert_allclose(found.p, [0.1, 0.2, 0.4])
    many = NearestNulls.of(np.array([0.2, 0.3]), np.array([2, 2]), fits=np.array([2]))
    assert many.compare(np.array([0.1]), np.array([2])).p[0] == 1.0


def slowly(observed, m, null, tissues):
    """(p, fits) of one statistic by trying every widest ratio."""
    for widest in sorted({max(k / m, m / k) for k in tissues}):
        pool = [v for v, k in zip(null, tissues, strict=True) if max(k / m, m / k) <= widest]
        reached = sum(v >= observed for v in pool)
        p = (reached + 1) / (len(pool) + 1)
        if reached >= ENOUGH or (reached and p >= TOO_LARGE):
            break
    return p, len(pool)


def test_all_at_once_is_what_each_by_itself_would_be():
    rng = np.random.default_rng(0)
    null, tissues = rng.exponential(size=60).round(1), rng.integers(2, 12, 60)
    observed, m = rng.exponential(size=40).round(1), rng.integers(2, 14, 40)
    found = NearestNulls.of(null, tissues).compare(observed, m)
    slow = [slowly(*one, null, tissues) for one in zip(observed, m, strict=True)]
    np.testing.assert_allclose(np.column_stack([found.p, found.units]), slow)


@pytest.mark.parametrize("fits", [40, 400])
def test_where_all_genes_are_alike_no_p_value_is_too_small(fits):
    """P(p <= a) <= a, for all that widening stops where enough reach."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(200):
        null, tissues = rng.random(fits), rng.choice([2, 3, 5, 10, 10, 10, 10], fits)
        m = rng.choice([2, 3, 4, 5, 10], 100)
        found.append(NearestNulls.of(null, tissues).compare(rng.random(100), m).p)
    for cut in (0.01, 0.05, 0.2, 0.5):
        below = np.array([(p <= cut).mean() for p in found])
        assert below.mean() <= cut + 3 * below.std() / np.sqrt(len(below))


LEVELS = {2: 0.45, 3: 0.3, 5: 0.12, 10: 0.09, 20: 0.15}


def noise(rng, m):
    """Statistics as genes of m tissues have where nothing acts: about a level of their own, and
    where much is needed alike (docs/calibration.md)."""
    level = np.array([LEVELS[one] for one in m])
    own = level * np.exp(0.25 * rng.standard_normal(len(m)))
    return np.where(rng.random(len(m)) < 0.01, 1 + rng.exponential(1.0, len(m)), own)


def test_genes_without_effects_have_uniform_p_values_whatever_their_number_of_tissues():
    """Of 2,000 genes half have all tissues; compared with all, genes of two have p < 0.3."""
    rng = np.random.default_rng(2)
    numbers = np.array(list(LEVELS))
    m = np.where(rng.random(2000) < 0.5, 20, rng.choice(numbers, 2000))
    p, pooled = {one: [] for one in numbers}, []
    for _ in range(20):
        null, observed = noise(rng, m), noise(rng, m)
        found = NearestNulls.of(null, m).compare(observed, m).p
        alike = NearestNulls.of(null, np.full(2000, 20)).compare(observed, np.full(2000, 20)).p
        pooled.append((alike[m == 2] < 0.3).mean())
        for one in numbers:
            p[one].append(found[m == one])
    assert np.mean(pooled) > 0.99
    for one in numbers:
        for cut in (0.05, 0.1, 0.5):
            below = np.array([(mine <= cut).mean() for mine in p[one]])
            error = below.std() / np.sqrt(len(below))
            # near 0.05 some are compared with others, of whom fewer may have as much
            least = 0.9 if cut == 0.5 else 0.5
            assert least * cut - 3 * error < below.mean() < 1.1 * cut + 3 * error, (one, cut)


def test_a_gene_with_an_effect_is_compared_with_all_however_rare_its_number_of_tissues():
    rng = np.random.default_rng(3)
    m = np.repeat([20, 5, 2], [390, 8, 2])
    found = NearestNulls.of(noise(rng, m), m).compare(np.full(3, 30.0), np.array([20, 5, 2]))
    assert found.p.tolist() == [1 / 401] * 3


def test_fits_to_noise_are_compared_with_fits_to_noise_in_as_many_tissues():
    """Eight genes of two tissues beside twenty of six, nothing acting on any of them."""
    rng = np.random.default_rng(4)
    m = np.repeat([6, 2], [20, 8])

    def statistics():
        return np.array([noise_fit(rng, one) for one in m])

    null, observed = statistics(), statistics()
    everything = np.full(len(m), 6)
    pooled = NearestNulls.of(null, everything).compare(observed, everything).p
    p = NearestNulls.of(null, m).compare(observed, m).p
    assert pooled[m == 2].mean() < 0.2
    assert 0.3 < p[m == 2].mean() < 0.75
    assert 0.3 < p[m == 6].mean() < 0.75


def noise_fit(rng, m):
    x = rng.binomial(2, 0.3, (60, 10)).astype(float)
    return fit(rng.standard_normal((60, m)), x, background=False).neg_log_null_prob
