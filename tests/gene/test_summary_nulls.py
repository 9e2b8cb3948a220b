"""z-scores that are drawn where nothing acts, and fits to them."""

import numpy as np
import pytest

from fqtl.errors import FqtlError
from fqtl.gene.permutations import PermutationPlan
from fqtl.gene.summary_nulls import TRIES, draw_nulls, null_beside, null_scores
from fqtl.model.summary import contradictions
from fqtl.model.summary.fit import problem_of
from fqtl.model.summary.noise import correlation_in_low_rows
from tests.model.summary.conftest import make_gene

TISSUES = 6
SHARED = np.full((TISSUES, TISSUES), 0.5) + 0.5 * np.eye(TISSUES)
PLAN = PermutationPlan(2, 5, "donors", 1, seed=3)


@pytest.fixture(scope="module")
def acting():
    """A gene in which a variant acts on four of six tissues, with LD of the same people."""
    gene = make_gene(0, noise=0.5, absent=0.0)
    z = gene.z.copy()
    z[::7, 2] = np.nan
    problem = problem_of(z, gene.n, panel=gene.x, noise_correlation=SHARED, background=False)
    return problem, problem.fit()


def test_draws_have_the_ld_of_the_panel_and_the_noise_of_donors(acting):
    """Over 200 draws: unit variance, correlation over variants and over tissues."""
    problem, _ = acting
    rng = np.random.default_rng(1)
    draws = np.stack([null_scores(problem, SHARED, rng).r for _ in range(200)])
    assert np.array_equal(np.isnan(draws[0]), np.isnan(problem.checked.scores.r))
    full = draws[:, :, [0, 1, 3, 4, 5]] * np.sqrt(problem.checked.scores.n[0])
    assert full.std() == pytest.approx(1, abs=0.02)
    ld = np.corrcoef(full.transpose(1, 0, 2).reshape(full.shape[1], -1))
    expected = (problem.ld.vectors * problem.ld.values) @ problem.ld.vectors.T
    beside = ~np.eye(len(ld), dtype=bool)
    assert np.abs(ld - expected)[beside].mean() < 0.04  # of 1000 numbers: 0.03
    tissues = np.corrcoef(full.reshape(-1, 5).T)
    assert np.abs(tissues - SHARED[:5, :5]).max() < 0.1


def test_tissues_that_are_drawn_beside_others_keep_the_noise_of_these(acting):
    """Not their effects: what is left of the others beside the fit."""
    problem, fit = acting
    rows, rng, part = problem.rows, np.random.default_rng(2), np.array([4])
    drawn = np.mean(
        [null_beside(problem, fit, SHARED, part, rng).r[:, 4] for _ in range(100)], axis=0
    )
    effects = fit.effects * problem.ld.sd[:, None]
    left = (rows.y - rows.x.T @ effects)[:, [0, 1, 3, 5]] / np.sqrt(rows.noise()[0])
    held = problem.ld.vectors * np.sqrt(problem.ld.values)
    expected = held @ left.sum(axis=1) * 0.5 / (0.5 + 0.5 * 4)  # C_po C_oo^-1, alike for all
    root_n = np.sqrt(problem.checked.scores.n[4])
    assert np.corrcoef(drawn, expected)[0, 1] > 0.95
    assert np.abs(drawn * root_n - expected).mean() < 0.15
    lead = int(np.abs(fit.effects[:, 0]).argmax())
    assert abs(drawn[lead] * root_n) < 0.3 * abs(problem.checked.scores.r[lead, 0] * root_n)


def test_a_null_that_the_check_of_ld_refuses_does_not_fail_the_gene(acting, monkeypatch):
    """It is drawn again, and counted, and where that never helps nothing is refused."""
    problem, fit = acting
    plan = PermutationPlan(1, 5, "donors", 0, seed=3)
    monkeypatch.setattr(contradictions, "UNFIT", 0.1)
    with pytest.raises(FqtlError, match="LD does not fit"):
        problem.with_scores(problem.checked.scores)
    found = draw_nulls("g1", problem, fit, SHARED, plan)
    assert len(found.statistics) == 1
    assert np.isfinite(found.statistics).all()
    assert found.refused == TRIES
    monkeypatch.undo()
    assert draw_nulls("g1", problem, fit, SHARED, plan).refused == 0


def test_noise_that_no_fit_was_told_of_is_seen_in_the_gene():
    """In rows of hardly any effect, of 300 people: a correlation to 0.1 or so."""
    gene = make_gene(0, noise=0.5, absent=0.0)
    problem = problem_of(gene.z, gene.n, panel=gene.x, background=False)
    found = correlation_in_low_rows(problem.rows)
    assert np.diag(found).tolist() == [1.0] * TISSUES
    assert np.abs(found - SHARED).max() < 0.35
    assert abs(found[np.triu_indices(TISSUES, 1)].mean() - 0.5) < 0.15


def test_nulls_of_a_gene_with_effects_have_next_to_none(acting):
    problem, fit = acting
    found = draw_nulls("g1", problem, fit, SHARED, PLAN)
    assert len(found.statistics) == 2
    assert max(found.statistics) < 0.2 * fit.neg_log_null_prob
    assert [t for _, t, _ in found.tissues]
    assert max(pip for _, _, pip in found.tissues) < 0.5
    again = draw_nulls("g1", problem, fit, SHARED, PLAN)
    assert again == found
    assert draw_nulls("g2", problem, fit, SHARED, PLAN).statistics != found.statistics
