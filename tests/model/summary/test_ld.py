"""LD of a panel, and noise of z-scores."""

import numpy as np
import pytest

import fqtl
from fqtl.model.summary.ld import LD, of_population
from fqtl.model.summary.noise import direction_of, mismatch_of
from fqtl.model.summary.rows import Rows, Scores
from tests.model.summary.conftest import dosages, make_gene


def test_eigenvalues_of_independent_variants_go_back_to_one():
    rng = np.random.default_rng(0)
    for p, n in ((200, 400), (400, 200)):
        x = rng.standard_normal((n, p))
        values = np.linalg.eigvalsh(np.corrcoef(x, rowvar=False))[::-1]
        values = values[values > 1e-6]
        found = of_population(values, p, n)
        assert values.std() > 0.5
        # exact for each as p and n grow
        assert np.median(found) == pytest.approx(1, abs=0.1)
        assert found.std() < 0.4 * values.std()


def test_a_direction_varies_in_other_people_as_it_is_expected_to():
    rng = np.random.default_rng(1)
    both = dosages(rng, 1200, 300)
    panel, others = both[:200], both[200:]
    ld = LD.of_panel(panel)
    standard = (others - panel.mean(axis=0)) / panel.std(axis=0)
    there = ((standard - standard.mean(axis=0)) @ ld.vectors).var(axis=0)
    low = slice(ld.k // 2, ld.k)
    assert (there / ld.values)[low].mean() > 1.3
    assert (there / ld.expected)[low].mean() == pytest.approx(1, abs=0.15)


def test_a_panel_and_its_correlations_have_the_same_eigenvectors():
    x = dosages(np.random.default_rng(2), 60, 100)
    panel, matrix = LD.of_panel(x), LD.of_matrix(np.corrcoef(x, rowvar=False), 60)
    np.testing.assert_allclose(panel.values, matrix.values, rtol=1e-4)
    alike = np.abs((panel.vectors * matrix.vectors).sum(axis=0))
    np.testing.assert_allclose(alike, 1, atol=1e-3)
    np.testing.assert_allclose(panel.expected, matrix.expected, rtol=1e-3)


def test_rows_of_everybody_are_their_expression_rotated():
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((40, 60)), rng.standard_normal((40, 1))
    x, y = (x - x.mean(0)) / x.std(0), (y - y.mean()) / y.std()
    ld = LD.of_panel(x)
    r = x.T @ y / 40
    z = r * np.sqrt(38 / (1 - r**2))
    rows = Rows.of(Scores.of(z, np.array([40])), ld)
    u = x @ ld.vectors / np.sqrt(40 * ld.values)
    np.testing.assert_allclose(rows.y, np.sqrt(rows.k / 40) * u.T @ y, atol=1e-5)
    np.testing.assert_allclose(rows.x.T, np.sqrt(rows.k / 40) * u.T @ x, atol=1e-4)


def test_z_scores_that_neighbours_imply_cost_no_rows():
    rng = np.random.default_rng(4)
    x = dosages(rng, 50, 200)
    y = rng.standard_normal(50)
    standard = (x - x.mean(0)) / x.std(0)
    r = standard.T @ (y - y.mean()) / 50 / y.std()
    z = np.column_stack([r, r]) * np.sqrt(48 / (1 - np.column_stack([r, r]) ** 2))
    z[rng.random(200) < 0.2, 1] = np.nan
    rows = Rows.of(Scores.of(z, np.array([50, 50])), LD.of_panel(x))
    assert np.isfinite(rows.y[:, 1]).mean() > 0.95
    assert np.corrcoef(np.nan_to_num(rows.y).T)[0, 1] > 0.95


def test_correlations_of_noise_are_those_of_weak_z_scores_turned_back():
    rng = np.random.default_rng(5)
    truth = np.array([[1, 0.6, 0.0], [0.6, 1, -0.3], [0.0, -0.3, 1]])
    z = rng.multivariate_normal(np.zeros(3), truth, 40_000)
    z[:2000] += 8  # effects that tissues share
    z[rng.random(z.shape) < 0.2] = np.nan
    np.testing.assert_allclose(fqtl.noise_correlation(z), truth, atol=0.03)


def test_tissues_that_were_never_seen_together_are_taken_as_independent():
    z = np.full((400, 2), np.nan)
    z[:200, 0], z[200:, 1] = np.random.default_rng(6).standard_normal((2, 200))
    np.testing.assert_array_equal(fqtl.noise_correlation(z), np.eye(2))
    with pytest.raises(fqtl.FqtlError, match="no number"):
        fqtl.noise_correlation(np.full((3, 2), np.nan))


def test_one_direction_is_found_whatever_the_diagonal():
    v = np.array([0.5, -0.3, 0.0, 0.8])
    found = direction_of(np.outer(v, v) + np.diag([1.0, 2.0, 3.0, 4.0]))
    np.testing.assert_allclose(np.abs(found.loadings), np.abs(v), atol=0.02)
    assert direction_of(np.diag([1.0, 2.0])) is None


def test_one_tissue_tells_whether_ld_is_of_the_same_people():
    """By what lies beyond the eigenvectors, where z-scores of the same people have nothing."""
    for seed in range(8):
        gene = make_gene(seed, p=400, people=120, m=1, acting=1, absent=0.0)
        scores = Scores.of(gene.z, gene.n)
        assert mismatch_of(scores, LD.of_panel(gene.x)) < 0.2
        assert mismatch_of(scores, LD.of_panel(gene.others)) > 0.6
