"""Where one effect may be: the compiled pass over rows beside what the formulas say in NumPy."""

from math import exp, log

import numpy as np
import pytest
from scipy.special import logsumexp, xlogy

from fqtl.model.arrays._places import place_rows, weigh_rows

P = 203  # no multiple of a vector


def evidence(scale: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Score, information and prior share of every row."""
    rng = np.random.default_rng(0)
    share = rng.integers(1, 5, P) / 1.0
    return scale * rng.standard_normal(P), rng.uniform(0.0, 900.0, P), share / share.sum()


def placed(scale: float, prior: float, log_odds: float, tail: float) -> tuple[np.ndarray, ...]:
    """Rows that are kept, what is found of them (5, kept), and ln P(none) with the sums."""
    score, information, share = evidence(scale)
    found, moments, scratch = np.empty((3, P)), np.empty((2, P)), np.empty((3, P))
    kept = np.empty(P, dtype=np.intp)
    count, *sums = place_rows(
        score,
        information,
        np.log(share),
        share,
        prior,
        log_odds,
        tail,
        found,
        moments,
        scratch,
        kept,
    )
    rows = np.arange(P) if count == P else kept[:count]
    return rows, np.vstack([found, moments])[:, :count], np.array(sums)


@pytest.mark.parametrize("scale", [0.1, 20.0, 300.0, 3e4])
@pytest.mark.parametrize(("prior", "log_odds"), [(20.0, -3.0), (1e-3, 4.0), (1e6, -12.0)])
@pytest.mark.parametrize("tail", [1e-200, 1e-9, 0.5])
def test_a_place_is_what_bayes_rule_says_of_every_row(scale, prior, log_odds, tail):
    score, information, share = evidence(scale)
    precision = prior + information
    mean = score / precision
    log_bayes = 0.5 * np.log(prior / precision) + 0.5 * precision * mean**2
    each = np.log(share) + log_odds + log_bayes
    all_of_it = logsumexp(np.append(each, 0.0))
    alpha = np.exp(each - all_of_it)
    rows, found, (none, included, second, shape) = placed(scale, prior, log_odds, tail)
    np.testing.assert_array_equal(rows, np.flatnonzero(alpha > tail * share))
    alpha, mean, precision = alpha[rows], mean[rows], precision[rows]
    square = alpha * (mean**2 + 1 / precision)
    expected = [alpha, mean, precision, alpha * mean, square]
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-290)
    assert none == pytest.approx(-all_of_it, rel=1e-12)
    assert included == pytest.approx(alpha.sum(), rel=1e-12)
    assert second == pytest.approx(square.sum(), rel=1e-12)
    terms = xlogy(alpha, alpha / share[rows]) + 0.5 * alpha * np.log(precision / prior)
    assert shape == pytest.approx(terms.sum(), rel=1e-9, abs=1e-12)


def test_exponentials_and_logarithms_are_those_of_the_library_to_the_last_bits():
    exponents = np.linspace(-690, 0, 2001)
    ones, found, moments = np.ones(2001), np.empty((3, 2001)), np.empty((2, 2001))
    scratch, kept = np.empty((3, 2001)), np.empty(2001, dtype=np.intp)
    # ln of 1 + information, and exp of the logarithm of a share, where scores are 0
    information = np.geomspace(1e-12, 1e12, 2001)
    nothing = 0 * ones
    place_rows(nothing, information, exponents, ones, 1.0, 0.0, -1.0, found, moments, scratch, kept)
    np.testing.assert_allclose(
        scratch[0], [log(1 + v) for v in information], rtol=4e-16, atol=3e-16
    )
    place_rows(nothing, nothing, exponents, ones, 1.0, 0.0, -1.0, found, moments, scratch, kept)
    expected = np.array([exp(v) for v in exponents])
    np.testing.assert_allclose(found[0], expected / (1 + expected.sum()), rtol=2e-15)


def test_squares_are_weighed_in_every_tissue_by_its_own_scale():
    rng = np.random.default_rng(1)
    squares = (rng.standard_normal((5, P)) ** 2 * 900).astype(np.float32)
    share = np.full(P, 1 / P, dtype=np.float32)
    scale = np.array([1e-4, 1e-3, 0.01, 0.1, 1.0])
    top, sums = scale * squares.max(axis=1), np.empty((5, 2))
    weigh_rows(squares, share, scale, top, sums)
    weight = share * np.exp(squares * scale[:, None] - top[:, None])
    np.testing.assert_allclose(sums[:, 0], weight.sum(axis=1), rtol=1e-3)
    np.testing.assert_allclose(sums[:, 1], (weight * squares).sum(axis=1), rtol=1e-3)
    np.testing.assert_allclose(sums[:2, 0], weight.sum(axis=1)[:2], rtol=2e-6)
