"""z-scores that contradict their neighbours."""

import numpy as np
import pytest

import fqtl
from fqtl.model.summary.contradictions import check_scores
from fqtl.model.summary.ld import LD
from fqtl.model.summary.rows import Scores
from tests.model.summary.conftest import make_gene


def test_nothing_contradicts_where_ld_is_right(gene):
    for panel in (gene.x, gene.others):
        found = check_scores(Scores.of(gene.z, gene.n), LD.of_panel(panel))
        assert not found.flipped.any()
        assert not found.left_out.any()


def test_a_turned_allele_is_turned_back(gene):
    strong = int(np.abs(gene.z[:, 0]).argmax())
    z = gene.z.copy()
    z[strong] *= -1
    found = check_scores(Scores.of(z, gene.n), LD.of_panel(gene.others))
    assert np.flatnonzero(found.flipped).tolist() == [strong]
    np.testing.assert_allclose(found.scores.r, Scores.of(gene.z, gene.n).r)
    assert found.contradiction.argmax() == strong


def test_a_z_score_out_of_nothing_is_left_out(gene):
    weak = int(np.abs(gene.z).max(axis=1).argmin())
    z = gene.z.copy()
    z[weak, 1] = 25.0
    found = check_scores(Scores.of(z, gene.n), LD.of_panel(gene.others))
    assert np.flatnonzero(found.left_out).tolist() == [weak]
    untouched = check_scores(Scores.of(z, gene.n), LD.of_panel(gene.others), change=False)
    assert untouched.contradiction[weak] > 6
    np.testing.assert_array_equal(untouched.scores.r, Scores.of(z, gene.n).r)


def test_a_gene_whose_variants_are_in_another_order_is_refused(gene):
    order = np.random.default_rng(0).permutation(len(gene.z))
    with pytest.raises(fqtl.FqtlError, match="LD does not fit the z-scores"):
        fqtl.fit_summary(gene.z[order], gene.n, panel=gene.others)


def test_the_conditional_z_score_is_that_of_the_normal_distribution():
    ld = np.array([[1.0, 0.8, 0.1], [0.8, 1.0, 0.3], [0.1, 0.3, 1.0]])
    z = np.array([[3.0], [-1.0], [0.5]])
    found = check_scores(Scores.of(z, np.array([500.0])), LD.of_matrix(ld, None), change=False)
    r = Scores.of(z, np.array([500.0])).r[:, 0] * np.sqrt(500)
    regularised = ld + np.diag(np.full(3, 0.05))
    expected = []
    for j in range(3):
        rest = [i for i in range(3) if i != j]
        slope = np.linalg.solve(regularised[np.ix_(rest, rest)], regularised[rest, j])
        variance = regularised[j, j] - slope @ regularised[rest, j]
        expected.append(abs(r[j] - slope @ r[rest]) / np.sqrt(variance))
    scale = max(np.median(expected) / 0.6745, 1.0)
    np.testing.assert_allclose(found.contradiction, np.array(expected) / scale, rtol=1e-6)


def test_z_scores_of_one_tissue_do_not_contradict_the_ld_of_few_others():
    """In 8 genes of 400 variants, 120 people and 120 others."""
    for seed in range(8):
        gene = make_gene(seed, p=400, people=120, m=1, acting=1, absent=0.0)
        found = fqtl.fit_summary(gene.z, gene.n, panel=gene.others)
        assert found.left_out.sum() + found.flipped.sum() <= 2
