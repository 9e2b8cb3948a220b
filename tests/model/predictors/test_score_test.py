"""What a score test says of a variance: the truth of equal eigenvalues, and near it for others."""

import numpy as np

from fqtl.model.predictors.score_test import ScoreTest
from fqtl.model.priors import VariancePrior

PRIOR = VariancePrior(0.01)


def told(scores, eigenvalues):
    columns = ((scores**2).sum(), eigenvalues.sum(), (eigenvalues**2).sum())
    return ScoreTest(*(np.array([column]) for column in columns))


def test_equal_eigenvalues_are_followed_to_the_last_digit():
    rng = np.random.default_rng(0)
    scores, eigenvalues = 3 * rng.standard_normal(40), np.full(40, 6.0)
    expected = PRIOR.gains(scores, eigenvalues)
    np.testing.assert_allclose(told(scores, eigenvalues).gains(PRIOR.variances)[0], expected)


def test_its_slope_is_that_of_the_gain_whatever_the_eigenvalues():
    rng = np.random.default_rng(1)
    eigenvalues = np.geomspace(0.1, 80, 60)
    scores = 2 * np.sqrt(eigenvalues) * rng.standard_normal(60)
    test, little = told(scores, eigenvalues), np.array([1e-7])
    scaled = 1 + little * eigenvalues
    exact = 0.5 * (scores**2 * little / scaled - np.log(scaled)).sum()
    np.testing.assert_allclose(exact, little * test.slope, rtol=1e-3)
    np.testing.assert_allclose(test.gains(little)[0], exact, rtol=1e-3)


def test_over_genes_it_says_what_their_eigenvalues_say():
    """Unequal ones, with and without a variance: the evidence of forty genes."""
    rng = np.random.default_rng(2)
    eigenvalues = np.geomspace(1, 60, 80)[::-1]
    for variance in (0.0, 0.05):
        about = exact = 0.0
        for _ in range(40):
            scores = np.sqrt(eigenvalues + variance * eigenvalues**2) * rng.standard_normal(80)
            about = about + told(scores, eigenvalues).gains(PRIOR.variances)[0]
            exact = exact + PRIOR.gains(scores, eigenvalues)
        small = PRIOR.variances < 0.1  # of larger ones both say what cannot be
        best = np.argmax(exact)
        assert abs(np.argmax(about) - best) <= 1
        np.testing.assert_allclose(about[small], exact[small], atol=0.2 * np.ptp(exact[small]))


def test_what_was_not_seen_says_nothing():
    nothing = ScoreTest(*np.zeros((3, 1)))
    assert (nothing.gains(PRIOR.variances) == 0).all()
