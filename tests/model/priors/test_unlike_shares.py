"""Shares of tissues that are not alike: the best of a grid, bounds, and tissues that are alike."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from fqtl.model.priors import SuccessivePrior
from fqtl.model.priors.unlike_shares import best_shares, expected_log, of_each_tissue

ODDS = np.array([-2.0, -0.5, 0.0, 0.3, 1.5, 2.5])


def log_density(pip, share, odds, most, usual, weight):
    """Of a share, of what tissues say and of what is known beforehand."""
    found = 0.0
    for q, a in zip(pip, odds, strict=True):
        p = min(expit(logit(share) + a), most)
        found += q * np.log(p) + (1 - q) * np.log(1 - p)
    return found + weight * (usual * np.log(share) + (1 - usual) * np.log(1 - share))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("most", [0.4, 0.9])
def test_no_share_of_a_grid_is_better(seed, most):
    rng = np.random.default_rng(seed)
    pip, usual, weight = rng.random(6) ** 2, 0.05, 8.0
    found = best_shares(pip, ODDS, np.array([most]), usual, weight)[0]
    grid = np.linspace(1e-3, most, 500)
    values = [log_density(pip, share, ODDS, most, usual, weight) for share in grid]
    assert log_density(pip, found, ODDS, most, usual, weight) > max(values) - 1e-6


def test_the_expected_log_is_that_written_out():
    pip, most = np.array([0.1, 0.9, 0.5, 0.0, 1.0, 0.3]), np.array([0.6])
    each = of_each_tissue(np.array([0.3]), ODDS, most)
    assert each.max() == 0.6
    expected = log_density(pip, 0.3, ODDS, 0.6, 0.5, 0.0)
    assert expected_log(pip, each) == pytest.approx(expected)


def test_a_gene_learns_its_share_of_tissues_with_effects_beside_their_odds():
    """None on a grid is more probable, and that of tissues that are alike is the one by hand."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        included = np.sort(rng.random((6, 3)) ** 2, axis=1)[:, ::-1]
        prior = SuccessivePrior(0.1, 1.0, (0.01, 0.5), unseen=6.0, lowest=0.5)
        known = replace(prior, of_each=tuple(ODDS)).learned(included, 1.0)
        grid = np.linspace(0.01, 0.5, 400)
        values = [log_density(included[:, 0], s, ODDS, 0.5, 0.5 / 6, 6.0) for s in grid]
        best = log_density(included[:, 0], known.inclusion, ODDS, 0.5, 0.5 / 6, 6.0)
        # the bound makes a second peak possible, which may be a little higher
        assert best > max(values) - 0.05
        alike = replace(prior, of_each=(0.0,) * 6).learned(included, 1.0)
        assert alike.inclusion == pytest.approx(prior.learned(included, 1.0).inclusion, abs=1e-8)
        assert alike.precision == known.precision == prior.learned(included, 1.0).precision


def test_a_tissue_has_the_odds_of_the_share_times_its_own_up_to_the_bound():
    prior = SuccessivePrior(0.1, 2.0, (0.01, 0.5), of_each=(0.0, np.log(3.0), 5.0))
    assert prior.inclusions(3) == pytest.approx([0.1, 0.25, 0.5])
    second = prior.of_tissue(1)
    assert second.of_slot(0).inclusion == pytest.approx(0.25)
    assert second.of_slot(1).inclusion == prior.another
    alike = SuccessivePrior(0.1, 2.0)
    assert alike.of_tissue(1) == alike
    assert alike.inclusions(2) == pytest.approx([0.1, 0.1])
