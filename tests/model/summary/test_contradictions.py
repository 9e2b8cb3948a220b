"""z-scores that contradict their neighbours."""

import numpy as np
import pytest

import fqtl
from fqtl.model.summary.contradictions import _Look, check_scores
from fqtl.model.summary.ld import LD
from fqtl.model.summary.rows import Scores
from tests.model.summary.conftest import make_gene, z_scores


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
    np.testing.assert_allclose(found.contradiction, expected, rtol=1e-6)


def test_missing_z_scores_are_taken_as_the_others_imply():
    """So that a z-score given those that are there is what it is without the missing ones."""
    rng = np.random.default_rng(3)
    own = rng.standard_normal((40, 6)) @ rng.standard_normal((6, 6))
    ld = LD.of_matrix(np.corrcoef(own, rowvar=False), None)
    z, n = rng.standard_normal((6, 1)), np.array([500.0])
    some = np.array([True, True, False, True, False, True])
    part = np.where(some[:, None], z, np.nan)
    look = _Look.of(Scores.of(part, n), ld, 0.0)
    r = Scores.of(z, n).r[:, 0] * np.sqrt(500)
    regularised = (ld.vectors * ld.values) @ ld.vectors.T + np.diag(look.rest)
    alone = np.linalg.solve(regularised[np.ix_(some, some)], r[some])
    np.testing.assert_allclose(look.product[some, 0], alone, rtol=1e-6)
    np.testing.assert_allclose(look.product[~some, 0], 0, atol=1e-6)


def test_an_effect_that_no_neighbour_shares_stays():
    """Independent variants: the strongest z-score is of what acts, however large it is."""
    rng = np.random.default_rng(4)
    x = rng.binomial(2, 0.3, (900, 60)).astype(float)
    y = 0.9 * x[:500, [7]] + rng.standard_normal((500, 2))
    z, n = z_scores(y, x[:500])
    for panel in (x[:500], x[500:]):
        fit = fqtl.fit_summary(z, n, panel=panel)
        assert not fit.left_out.any()
        assert fit.variant_pip[7] > 0.95


@pytest.mark.parametrize("p", [1, 2, 5])
def test_a_gene_of_few_variants_is_not_refused_for_what_acts_in_it(p):
    gene = make_gene(1, p=60)
    acting = slice(20, 20 + p)
    fit = fqtl.fit_summary(gene.z[acting], gene.n, panel=gene.others[:, acting])
    assert not fit.left_out.any()
    assert (fit.tissue_pip[:4] > 0.9).all()


def test_a_tissue_of_one_z_score_does_not_spoil_the_gene():
    """In the tissue that has nothing but the variant that acts, nobody contradicts it."""
    gene = make_gene(1, p=60)
    z = gene.z.copy()
    z[np.arange(60) != 20, 0] = np.nan
    fit = fqtl.fit_summary(z, gene.n, panel=gene.others)
    assert not fit.left_out.any()
    assert (fit.tissue_pip[1:4] > 0.9).all()


def test_z_scores_of_one_tissue_do_not_contradict_the_ld_of_few_others():
    """In 8 genes of 400 variants, 120 people and 120 others."""
    for seed in range(8):
        gene = make_gene(seed, p=400, people=120, m=1, acting=1, absent=0.0)
        found = fqtl.fit_summary(gene.z, gene.n, panel=gene.others)
        assert found.left_out.sum() + found.flipped.sum() <= 2
