import numpy as np
import pytest
from scipy.special import gammaln
from scipy.stats import chi2

from fqtl.association.combination import (
    cauchy_combination,
    components_test,
    correlation_of,
    log_chi2_tail,
)
from fqtl.gwas.effects import log_p_of


def test_cauchy_of_moderate_p_is_the_formula():
    p = np.array([0.01, 0.2, 0.7])
    t = np.mean(np.tan(np.pi * (0.5 - p)))
    assert np.exp(cauchy_combination(np.log(p))) == pytest.approx(0.5 - np.arctan(t) / np.pi)


def test_one_p_stays_what_it_is_and_none_is_unknown():
    assert cauchy_combination(np.log([0.83])) == pytest.approx(np.log(0.83))
    assert np.isnan(cauchy_combination(np.array([np.nan])))


@pytest.mark.parametrize("exponent", [-9, -12, -30, -320, -1000])
def test_a_small_p_among_m_is_m_times_as_large(exponent):
    log_p = np.array([exponent * np.log(10), np.log(0.5), np.log(0.4), np.log(0.9)])
    assert cauchy_combination(log_p) == pytest.approx(log_p[0] + np.log(4), abs=1e-6)


def test_a_p_of_one_does_not_undo_what_another_found():
    assert cauchy_combination(np.log([1.0, 1e-8])) == pytest.approx(np.log(2e-8), rel=1e-6)
    assert np.isfinite(cauchy_combination(np.log([1.0, 1.0])))


def log_tail(x, df):
    """By Q(a + 1, x) = Q(a, x) + x^a e^-x / Gamma(a + 1), from that of one or two degrees."""
    log_q = log_p_of(np.sqrt([x]))[0] if df % 2 else -x / 2
    for a in np.arange(0.5 if df % 2 else 1.0, df / 2):
        log_q = np.logaddexp(log_q, a * np.log(x / 2) - x / 2 - gammaln(a + 1))
    return log_q


def test_tails_of_chi_squared_beyond_doubles_are_right():
    for df in (1, 2, 5, 10):
        assert log_chi2_tail(30.0, df) == pytest.approx(chi2.logsf(30.0, df), rel=1e-12)
        assert log_chi2_tail(5000.0, df) == pytest.approx(log_tail(5000.0, df), rel=1e-12)


def test_independent_tissues_give_the_sum_of_squares():
    z = np.array([1.0, -2.0, 3.0])
    found = components_test(z, np.eye(3))
    assert (found.statistic, found.components, found.condition) == (pytest.approx(14.0), 3, 1.0)
    assert found.log_p == pytest.approx(chi2.logsf(14.0, 3))


def test_copies_of_a_tissue_are_one_component():
    found = components_test(np.array([2.0, 2.0, 2.0]), np.ones((3, 3)))
    assert found.components == 1
    assert found.log_p == pytest.approx(float(log_p_of(np.array([2.0]))[0]))


def test_components_of_small_eigenvalues_are_left_out():
    correlation = np.array([[1.0, 0.95], [0.95, 1.0]])  # eigenvalues 1.95 and 0.05
    z = np.array([1.0, 3.0])
    assert components_test(z, correlation, 30.0).components == 1
    assert components_test(z, correlation, 50.0).components == 2


def test_combined_tests_hold_their_level():
    rng = np.random.default_rng(1)
    loadings = rng.standard_normal((6, 20))
    latent = rng.standard_normal((20, 5))
    ld = np.corrcoef(latent @ latent.T + 3 * np.eye(20))
    correlation = correlation_of(loadings, ld)
    z = rng.multivariate_normal(np.zeros(6), correlation, 20_000)
    pca = np.array([components_test(row, correlation).log_p for row in z])
    cauchy = np.array([cauchy_combination(log_p_of(row)) for row in z])
    for level in (0.05, 0.01, 1e-3):
        error = np.sqrt(level / len(z))
        assert np.mean(pca < np.log(level)) == pytest.approx(level, abs=4 * error)
        # Cauchy's approximation may be conservative; it must not be the other way by more
        assert np.mean(cauchy < np.log(level)) < level * 1.1 + 4 * error
