"""Against the R package: simulated effects are found at least as well, what it has right is kept.

`make reference` runs both engines on every fit; here `cavi` has all of them, and `sgvb`, which
takes seconds, some.
"""

import numpy as np
import pytest

from tests.r_fqtl.fixtures import (
    FIXTURES,
    Recovery,
    effects_of,
    likelihood_of,
    load,
)

BY_NAME = {fixture.name: fixture for fixture in FIXTURES}
SIMULATED = [fixture for fixture in FIXTURES if fixture.simulated]
BY_FRACTIONS = ["fwreg_nn", "deconv_j1"]


def named(fixtures):
    return pytest.mark.parametrize("fixture", fixtures, ids=lambda fixture: fixture.name)


@named(SIMULATED)
def test_simulated_variants_and_tissues_are_found_at_least_as_well(fixture):
    x = fixture.data["in.x.mean"]
    solved = fixture.solve("cavi")
    ours, theirs = Recovery.of(effects_of(solved), x), Recovery.of(fixture.their_effects(), x)
    slack = 0.02  # one pair of tissues that changed places
    assert solved.solution.converged
    assert ours.variants >= theirs.variants - slack
    assert ours.tissues >= theirs.tissues - slack
    assert ours.pairs >= theirs.pairs - slack
    assert ours.correlation >= theirs.correlation


@named(SIMULATED)
def test_effects_that_the_r_package_has_right_have_its_sign_and_rank(fixture):
    truth = load("truth")
    simulated = truth["left"] @ truth["right"].T
    ours, theirs = effects_of(fixture.solve("cavi")), fixture.their_effects()
    right = (theirs * simulated > 0) & (np.abs(theirs) > 0.1 * np.abs(theirs).max())
    if fixture.name == "freg_v8opts":
        assert np.abs(theirs).max() < 1e-6  # it found nothing
        return
    if fixture.options.get("tissue_prior") == "non_negative":
        right &= simulated > 0  # two signs in one factor are not for it
    kept = np.sign(ours[right]) == np.sign(simulated[right])
    strong = np.abs(ours)[right] > np.quantile(np.abs(ours), 0.8)
    assert kept.mean() >= 0.9
    assert strong.mean() >= 0.7


@named([fixture for fixture in FIXTURES if fixture.name not in BY_FRACTIONS])
def test_the_expected_log_likelihood_is_not_below_that_of_the_r_package(fixture):
    assert likelihood_of(fixture.solve("cavi")) > fixture.their_likelihood()


@pytest.mark.parametrize("name", BY_FRACTIONS)
def test_where_it_is_below_it_is_so_because_the_elbo_pays_for_a_closer_fit(name):
    """One tissue, known fractions: the R package shrinks less, and no posterior pays for that."""
    fixture = BY_NAME[name]
    solved = fixture.solve("cavi")
    assert likelihood_of(solved) > fixture.their_likelihood() - 4
    from_theirs = fixture.climb_from_theirs()
    assert solved.results()["elbo_trace"][-1] > from_theirs.results()["elbo_trace"][-1] - 0.1
    assert likelihood_of(solved) > likelihood_of(from_theirs) - 1


def test_variants_of_cell_types_are_those_of_the_r_package():
    for name in ("fwreg", "fwreg_nn"):
        ours, theirs = effects_of(BY_NAME[name].solve("cavi")), BY_NAME[name].their_effects()
        found = np.abs(theirs).max(axis=0) > 0.1
        top = np.abs(theirs).argmax(axis=0)[found]
        np.testing.assert_array_equal(np.abs(ours).argmax(axis=0)[found], top)
        columns = np.flatnonzero(found)
        assert (np.sign(ours[top, columns]) == np.sign(theirs[top, columns])).all()


@pytest.mark.parametrize("name", ["freg_gaussian", "reg_cis", "fwreg_nn"])
def test_sgvb_finds_it_too_and_cavi_is_not_below(name):
    fixture = BY_NAME[name]
    quick = {"max_iter": 500, "rate": 0.05, "check_every": 25, "patience": 4}
    ours, slow = fixture.solve("cavi"), fixture.solve("sgvb", **quick)
    assert ours.results()["elbo_trace"][-1] >= slow.results()["elbo_trace"][-1]
    if not fixture.simulated:
        return
    x = fixture.data["in.x.mean"]
    found, theirs = Recovery.of(effects_of(slow), x), Recovery.of(fixture.their_effects(), x)
    assert found.pairs >= theirs.pairs - 0.02
    assert found.correlation >= theirs.correlation
    assert likelihood_of(slow) > fixture.their_likelihood()
