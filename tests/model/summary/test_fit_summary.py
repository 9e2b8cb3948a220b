"""A fit to z-scores and LD is a fit to what they were made of."""

import numpy as np
import pytest

import fqtl
from fqtl.model.summary.summary_fit import SummaryFit
from tests.model.summary.conftest import make_gene, z_scores


def genetic_r2(effects, gene):
    """Squared correlation of predicted and true genetic values of other people, of all tissues."""
    active = gene.effects.any(axis=0)
    truth = gene.others @ (gene.effects / gene.others.std(axis=0)[:, None])[:, active]
    found = gene.others @ effects[:, active]
    pairs = zip(truth.T, found.T, strict=True)
    return np.mean([np.corrcoef(a, b)[0, 1] ** 2 if b.std() > 0 else 0.0 for a, b in pairs])


def test_one_tissue_of_everybody_gives_the_effects_of_individual_data():
    gene = make_gene(2, m=1, acting=1, absent=0.0)
    whole = fqtl.fit(gene.y, gene.x, background=False)
    found = fqtl.fit_summary(gene.z, gene.n, panel=gene.x, background=False)
    assert found.mismatch == 0
    # the eigenvectors hold all but a hundredth of the genotypes
    np.testing.assert_allclose(
        found.effects, whole.effects / whole.scale.y_sd, atol=0.02 * np.abs(whole.effects).max()
    )
    assert found.tissue_pip == pytest.approx(whole.tissue_pip, abs=0.01)


def test_shared_effects_are_found_as_in_individual_data(gene):
    whole = fqtl.fit(gene.y, gene.x, background=False)
    found = fqtl.fit_summary(gene.z, gene.n, panel=gene.x, background=False)
    assert found.rank == whole.rank == 1
    assert (found.tissue_pip > 0.5).tolist() == gene.effects.any(axis=0).tolist()
    assert genetic_r2(found.effects, gene) > 0.98 * genetic_r2(whole.effects, gene)
    assert any(gene.effects[entry.variants].any() for entry in found.credible_sets)


def test_the_ld_of_other_people_is_told_from_that_of_the_same(gene):
    same = fqtl.fit_summary(gene.z, gene.n, panel=gene.x)
    other = fqtl.fit_summary(gene.z, gene.n, panel=gene.others)
    assert same.mismatch < 0.3
    assert other.mismatch > 0.6
    assert genetic_r2(other.effects, gene) > 0.9


def test_correlations_do_as_well_as_the_panel_that_they_are_of(gene):
    matrix = np.corrcoef(gene.others, rowvar=False)
    of_panel = fqtl.fit_summary(gene.z, gene.n, panel=gene.others)
    of_matrix = fqtl.fit_summary(gene.z, gene.n, ld=matrix, ld_size=len(gene.others))
    np.testing.assert_allclose(
        of_matrix.standardised_effects, of_panel.standardised_effects, atol=1e-3
    )
    assert of_matrix.effects == pytest.approx(of_matrix.standardised_effects)
    frequency = gene.others.mean(axis=0) / 2
    per_allele = fqtl.fit_summary(
        gene.z, gene.n, ld=matrix, ld_size=len(gene.others), frequency=frequency
    )
    sd = np.sqrt(2 * frequency * (1 - frequency))
    np.testing.assert_allclose(per_allele.effects, of_matrix.effects / sd[:, None])


def test_missing_z_scores_are_told_by_their_neighbours_not_taken_for_zeros(gene):
    rng = np.random.default_rng(3)
    z = np.where(rng.random(gene.z.shape) < 0.2, np.nan, gene.z)
    whole = fqtl.fit_summary(gene.z, gene.n, panel=gene.x)
    found = fqtl.fit_summary(z, gene.n, panel=gene.x)
    as_zero = fqtl.fit_summary(np.nan_to_num(z), gene.n, panel=gene.x, check=False)
    expected = genetic_r2(whole.effects, gene)
    assert genetic_r2(found.effects, gene) > 0.97 * expected
    assert genetic_r2(found.effects, gene) > genetic_r2(as_zero.effects, gene)


@pytest.mark.parametrize("seed", range(4))
def test_missing_z_scores_make_no_effects_out_of_errors_of_ld(seed):
    gene = make_gene(seed)
    rng = np.random.default_rng(seed)
    z = np.where(rng.random(gene.z.shape) < 0.2, np.nan, gene.z)
    z[rng.random(len(z)) < 0.05] = np.nan
    z[50] = gene.z[50]  # of the variant that acts
    found = fqtl.fit_summary(z, gene.n, panel=gene.others)
    assert genetic_r2(found.effects, gene) > 0.95
    alike = np.abs(np.corrcoef(gene.x.T)[50])
    sets = [one.variants for one in found.credible_sets if one.pip > 0.9]
    assert sets
    assert all(alike[variants].max() > 0.9 for variants in sets)
    assert (found.tissue_pip[4:] < 0.5).all()


def test_a_tissue_without_z_scores_is_a_tissue_without_effects(gene):
    z = gene.z.copy()
    z[:, 2] = np.nan
    found = fqtl.fit_summary(z, gene.n, panel=gene.x)
    assert not found.effects[:, 2].any()
    assert found.n_people[2] == 0
    assert any("no z-score" in note for note in found.notes)


@pytest.mark.parametrize("people", ["x", "others"])
@pytest.mark.parametrize("given", [False, True])
def test_a_tissue_without_z_scores_changes_nothing(gene, people, given):
    panel, m = getattr(gene, people), gene.z.shape[1]
    z, n = np.column_stack([np.full(len(gene.z), np.nan), gene.z]), np.r_[100.0, gene.n]
    noise = np.full((m + 1, m + 1), 0.3) + 0.7 * np.eye(m + 1)
    of_some = {"noise_correlation": noise[1:, 1:]} if given else {}
    of_all = {"noise_correlation": noise} if given else {}
    known = fqtl.fit_summary(gene.z, gene.n, panel=panel, **of_some)
    wide = fqtl.fit_summary(z, n, panel=panel, **of_all)
    for name in ("effects", "pip", "tissue_pip", "shared_noise", "noise_variance", "elbo"):
        found, expected = getattr(wide, name), getattr(known, name)
        found = found[..., 1:] if np.ndim(found) else found
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9, err_msg=name)
    np.testing.assert_allclose(wide.noise_correlation[1:, 1:], known.noise_correlation)
    assert wide.tissue_pip[0] == 0
    assert not wide.effects[:, 0].any()
    assert any("1 of 7 tissues have no z-score" in note for note in wide.notes)


def test_counting_the_other_allele_turns_the_effects(gene):
    sign = np.where(np.arange(gene.z.shape[0]) % 3 == 0, -1.0, 1.0)
    turned = np.where(sign < 0, 2 - gene.others, gene.others)
    one = fqtl.fit_summary(gene.z, gene.n, panel=gene.others)
    other = fqtl.fit_summary(gene.z * sign[:, None], gene.n, panel=turned)
    np.testing.assert_allclose(other.effects * sign[:, None], one.effects, atol=1e-3)


def test_noise_of_shared_donors_makes_no_factor():
    for seed in (4, 5):
        gene = make_gene(seed, m=12, acting=0, noise=0.5)
        for panel in (gene.x, gene.others):
            found = fqtl.fit_summary(gene.z, gene.n, panel=panel)
            assert not (found.tissue_pip > 0.5).any()


def test_noise_correlation_that_is_given_is_reported_and_keeps_factors_away():
    gene = make_gene(6, m=8, acting=0, noise=0.6, absent=0.0)
    given = np.full((8, 8), 0.6) + 0.4 * np.eye(8)
    found = fqtl.fit_summary(gene.z, gene.n, panel=gene.others, noise_correlation=given)
    assert found.rank == 0
    np.testing.assert_allclose(found.noise_correlation, given, atol=0.01)


def test_a_fit_is_saved_whole(gene, tmp_path):
    found = fqtl.fit_summary(gene.z, gene.n, panel=gene.others)
    found.save(tmp_path / "fit.npz")
    again = SummaryFit.load(tmp_path / "fit.npz")
    assert again.mismatch == found.mismatch
    np.testing.assert_array_equal(again.effects, found.effects)
    np.testing.assert_array_equal(again.flipped, found.flipped)


def test_the_same_numbers_come_back(gene):
    one, other = (fqtl.fit_summary(gene.z, gene.n, panel=gene.others) for _ in range(2))
    assert one.effects.tobytes() == other.effects.tobytes()


def test_what_cannot_be_is_refused_in_words(gene):
    z, n, panel = gene.z, gene.n, gene.others
    ld = np.corrcoef(panel, rowvar=False)
    cases = [
        ({}, "neither"),
        ({"ld": ld, "panel": panel}, "both"),
        ({"panel": panel[:, :-1]}, "149"),
        ({"panel": panel, "ld_size": 100}, "a panel tells its own"),
        ({"ld": ld[:, :-1]}, "square"),
        ({"ld": ld + np.triu(np.full_like(ld, 0.1), 1)}, "symmetric"),
        ({"ld": ld * 3}, "correlations"),
        ({"ld": ld, "frequency": np.ones(150)}, "between 0 and 1"),
        ({"panel": panel, "noise_correlation": np.eye(3)}, "each of 6 tissues"),
        ({"panel": panel, "variant_prior": "slab"}, "single_effects"),
        ({"panel": panel, "rank": 0}, "rank"),
        ({"panel": panel[:5]}, "has 5 people"),
        ({"panel": np.where(panel == 0, -9.0, panel)}, "0 to 2, NaN where missing; found -9 for"),
    ]
    for options, words in cases:
        with pytest.raises(fqtl.FqtlError, match=words):
            fqtl.fit_summary(z, n, **options)
    with pytest.raises(fqtl.FqtlError, match="from 10 on"):
        fqtl.fit_summary(z, np.zeros(6), panel=panel)
    for people in (np.full(6, np.inf), np.full(6, np.nan)):
        with pytest.raises(fqtl.FqtlError, match="from 10 on"):
            fqtl.fit_summary(z, people, panel=panel)
    with pytest.raises(fqtl.FqtlError, match="numbers of people"):
        fqtl.fit_summary(z, np.array(["a"] * 6), panel=panel)
    with pytest.raises(fqtl.FqtlError, match="6 tissues"):
        fqtl.fit_summary(z, n[:3], panel=panel)


def test_dosages_that_are_centred_are_as_good_a_panel(gene):
    centred = gene.others - gene.others.mean(axis=0)
    assert centred.max() > 0 > centred.min()
    one, other = (fqtl.fit_summary(gene.z, gene.n, panel=panel) for panel in (gene.others, centred))
    np.testing.assert_allclose(one.effects, other.effects, atol=1e-5)
    coded = np.where(gene.others == 1, 9, gene.others)
    with pytest.raises(fqtl.FqtlError, match=f"found 9 for {(coded == 9).sum()} of {coded.size}"):
        fqtl.fit_summary(gene.z, gene.n, panel=coded)


def test_a_small_panel_is_told_and_errs_to_the_side_of_nothing(gene):
    found = fqtl.fit_summary(gene.z, gene.n, panel=gene.others[:30])
    assert found.notes[0] == "30 people are behind the LD: it needs some hundreds"
    assert (found.tissue_pip[4:] < 0.5).all()


def test_z_scores_of_few_people_are_left_out(gene):
    n = np.tile(gene.n, (len(gene.z), 1))
    n[7, 2] = 20
    found = fqtl.fit_summary(gene.z, n, panel=gene.x)
    assert any(note.startswith("1 z-scores of far fewer") for note in found.notes)
    assert z_scores(gene.y, gene.x)[1].tolist() == gene.n.tolist()
