"""What holds for `fqtl.fit` whatever the numbers, and what it recovers."""

import inspect

import numpy as np
import pytest

import fqtl
from fqtl.model.engines.cavi import MARGIN
from tests.conftest import linked_genotypes, simulated_gene


def average_precision(truth, score):
    ranked = truth[np.argsort(-score, kind="stable")]
    return (np.cumsum(ranked) / np.arange(1, len(ranked) + 1))[ranked].mean()


def test_simulated_tissues_and_variants_are_recovered():
    tissues, variants, correlation = [], [], []
    for seed in range(8):
        gene = simulated_gene(seed, n=300, rank=2, h2=0.3)
        fit = fqtl.fit(gene.y, gene.x)
        acts = gene.genetic.std(axis=0) > 0
        tissues.append(average_precision(acts, fit.tissue_pip))
        variants.append(average_precision(gene.variants.any(axis=1), fit.pip.max(axis=1)))
        fitted = fit.predict(gene.x)
        correlation.append(
            np.corrcoef(fitted[:, acts].ravel(), gene.genetic[:, acts].ravel())[0, 1]
        )
    assert np.mean(tissues) > 0.95
    assert np.mean(variants) > 0.7  # one of two twins is as good as the other to any method
    assert np.mean(correlation) > 0.9


def test_noise_alone_gives_nothing():
    for seed in range(10):
        rng = np.random.default_rng(seed)
        gene = simulated_gene(seed)
        fit = fqtl.fit(rng.standard_normal(gene.y.shape), gene.x)
        assert fit.rank == 0
        assert fit.credible_sets == ()
        assert (fit.shared_noise == 0).all()
        assert fit.tissue_pip.max() < 0.5


def test_noise_that_tissues_share_passes_for_genetics_only_if_it_may_not_be_modelled():
    called = {True: [], False: []}
    for seed in range(5):
        rng = np.random.default_rng(seed)
        x = simulated_gene(seed).x
        # a variant with a hint of the donors' noise, as one of so many has: of z 2.4 to 5.5 here,
        # above which an effect that all tissues share is the likelier cause
        u = rng.standard_normal(200) + 0.2 * (x[:, 50] - x[:, 50].mean()) / x[:, 50].std()
        y = np.sqrt(0.3) * u[:, None] + np.sqrt(0.7) * rng.standard_normal((200, 12))
        for shared_noise, counts in called.items():
            fit = fqtl.fit(y, x, shared_noise=shared_noise)
            counts.append(int((fit.tissue_pip > 0.5).sum()))
            assert (np.abs(fit.shared_noise).max() > 0.3) == shared_noise
    assert called[True] == [0] * 5
    assert np.mean(called[False]) > 3


@pytest.mark.parametrize("factored", [True, False])
def test_an_effect_that_all_tissues_share_is_not_taken_for_noise_that_they_share(factored):
    for seed in range(4):
        gene = simulated_gene(seed, h2=0.3, tissues_each=12, observed=0.9)
        fit = fqtl.fit(gene.y, gene.x, factored=factored)
        assert (fit.tissue_pip > 0.5).all()
        assert np.corrcoef(fit.predict(gene.x).ravel(), gene.genetic.ravel())[0, 1] > 0.95
        assert (fit.shared_noise == 0).all()


def test_an_effect_is_found_beside_noise_that_tissues_share():
    for seed in range(4):
        gene = simulated_gene(seed, n=300, h2=0.2, observed=0.8)
        rng = np.random.default_rng(seed)
        fit = fqtl.fit(gene.y + 0.7 * rng.standard_normal((300, 1)), gene.x)
        acts = gene.genetic.std(axis=0) > 0
        assert average_precision(acts, fit.tissue_pip) > 0.95
        assert (fit.tissue_pip[~acts] < 0.5).all()
        # in units of y: 0.7 in every tissue, with some 240 donors each
        np.testing.assert_allclose(np.abs(fit.shared_noise), 0.7, atol=0.25)
        assert np.abs(fit.shared_noise).mean() == pytest.approx(0.7, abs=0.1)


def tissue_specific_gene(seed, where, n=400, noise=2.0):
    """Tissue t has an effect of variant where[t] and none else."""
    rng = np.random.default_rng(seed)
    x = simulated_gene(seed, n=n).x
    y = x[:, where] + noise * rng.standard_normal((n, len(where)))
    return y, x


def test_a_factor_that_ties_tissue_specific_effects_gives_way_to_them():
    untied = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        x = linked_genotypes(rng, 150, 60)
        where = rng.integers(0, 60, 12)  # a variant of its own in each of 12 tissues
        standard = (x - x.mean(axis=0)) / x.std(axis=0)
        y = standard[:, where] * np.sqrt(0.15) * rng.choice([-1, 1], 12)
        y += np.sqrt(0.85) * rng.standard_normal((150, 12))
        y[rng.random((150, 12)) < 0.3] = np.nan
        first, fit = fqtl.fit(y, x, reconsider=False), fqtl.fit(y, x)
        assert fit.elbo == first.elbo or fit.elbo > first.elbo + MARGIN
        if fit.elbo > first.elbo:
            untied.append((first.rank, fit.rank))
    assert len(untied) >= 3
    assert all(before > 0 and after == 0 for before, after in untied)


def test_effects_are_recovered_where_they_are_tissue_specific():
    where = [10, 40, 70, 90]
    y, x = tissue_specific_gene(0, where)
    linked = np.corrcoef(x.T)
    for factored in (True, False):
        fit = fqtl.fit(y, x, factored=factored)
        found = np.abs(fit.effects).argmax(axis=0)
        assert all(abs(linked[a, b]) > 0.8 for a, b in zip(found, where, strict=True))
        assert fit.pip.shape == (100, 4)
        assert (fit.tissue_pip > 0.9).all()


def test_an_effect_of_one_tissue_is_its_own_and_no_factor():
    rng = np.random.default_rng(1)
    y, x = tissue_specific_gene(1, [30] * 6)
    y[:, 1:] = 2 * rng.standard_normal((400, 5))
    fit = fqtl.fit(y, x)
    assert fit.rank == 0
    assert fit.specific.any[0] > 0.99
    assert (fit.tissue_pip[1:] < 0.5).all()
    (only,) = fit.credible_sets
    assert (only.factor, only.tissue) == (None, 0)
    assert "6 tissues, no factors;" in fit.summary()
    assert "  tissue 0: variant 30" in fit.summary()


def test_an_effect_of_one_tissue_is_found_beside_a_factor():
    gene = simulated_gene(4, n=400, observed=1.0)
    shared = int(gene.variants[:, 0].argmax())
    far = 90 if shared < 50 else 10
    silent = int(np.flatnonzero(gene.tissues[:, 0] == 0)[0])
    y = gene.y.copy()
    y[:, silent] += (gene.x[:, far] - gene.x[:, far].mean()) / gene.x[:, far].std()
    fit = fqtl.fit(y, gene.x)
    assert fit.rank == 1
    assert fit.tissues.pip[silent, 0] < 0.5
    assert fit.specific.any[silent] > 0.99
    assert (
        abs(np.corrcoef(gene.x[:, fit.specific.pip[:, silent].argmax()], gene.x[:, far])[0, 1])
        > 0.8
    )
    assert {(entry.factor, entry.tissue) for entry in fit.credible_sets} >= {
        (0, None),
        (None, silent),
    }


def test_without_factors_each_tissue_has_its_effects_in_a_column_of_its_own(gene):
    fit = fqtl.fit(gene.y, gene.x, factored=False)
    assert (fit.rank, fit.variants.pip.shape, fit.specific.pip.shape) == (0, (100, 0), (100, 12))
    np.testing.assert_array_equal(fit.standardised_effects, fit.specific.mean)
    np.testing.assert_allclose(fit.tissue_pip, fit.specific.any, atol=1e-12)
    assert {entry.factor for entry in fit.credible_sets} == {None}
    assert "100 variants, 12 tissues, no factors; ELBO" in fit.summary()


def test_one_tissue_has_effects_and_no_factor(gene):
    t = int(np.flatnonzero(gene.tissues[:, 0])[0])
    fit = fqtl.fit(gene.y[:, t], gene.x)
    assert (fit.rank, fit.factor_pip.size) == (0, 0)
    assert fit.tissue_pip[0] > 0.9
    np.testing.assert_array_equal(fit.pip, fit.specific.pip)
    assert "100 variants, 1 tissue; ELBO" in fit.summary()
    assert "factor" not in fit.summary()


def test_tissues_that_may_have_no_effects_of_their_own_have_none():
    y, x = tissue_specific_gene(2, [30, 30, 30, 60])
    fit = fqtl.fit(y, x, specific=False)
    assert (fit.specific.pip == 0).all()
    assert fit.tissue_pip[0] > 0.9  # what one tissue has may be a factor then


def test_the_same_input_gives_the_same_bytes(gene):
    one, two = fqtl.fit(gene.y, gene.x), fqtl.fit(gene.y.copy(), gene.x.copy())
    assert one.effects.tobytes() == two.effects.tobytes()
    assert one.elbo_trace.tobytes() == two.elbo_trace.tobytes()


def test_the_layout_and_type_of_dosages_do_not_matter(gene):
    fit = fqtl.fit(gene.y, gene.x)
    for x in (gene.x.astype(np.int8), np.asfortranarray(gene.x), gene.x.astype(np.float32)):
        np.testing.assert_allclose(fqtl.fit(gene.y, x).effects, fit.effects, atol=1e-5)


@pytest.mark.parametrize("family", ["gaussian", "nb"])
def test_the_layout_of_the_response_does_not_matter(family):
    y = np.random.default_rng(0).poisson(20, (60, 3)).astype(float)
    x = np.random.default_rng(1).binomial(2, 0.3, (60, 5))
    one, other = (fqtl.fit(values, x, family=family) for values in (y, np.asfortranarray(y)))
    assert one.elbo == other.elbo


@pytest.mark.parametrize("factored", [True, False])
@pytest.mark.parametrize("seed", [1, 2, 4, 5])
def test_permuting_variants_permutes_effects(seed, factored):
    """To single precision, in which sums over variants are taken in another order."""
    gene = simulated_gene(seed)
    order = np.random.default_rng(0).permutation(gene.x.shape[1])
    fit = fqtl.fit(gene.y, gene.x, factored=factored)
    permuted = fqtl.fit(gene.y, gene.x[:, order], factored=factored)
    np.testing.assert_allclose(permuted.effects, fit.effects[order], atol=1e-6)
    np.testing.assert_allclose(permuted.pip, fit.pip[order], atol=1e-6)
    assert permuted.elbo == pytest.approx(fit.elbo, abs=1e-6)


def test_relabelling_tissues_relabels_effects(gene):
    order = np.random.default_rng(1).permutation(gene.y.shape[1])
    fit, relabelled = fqtl.fit(gene.y, gene.x), fqtl.fit(gene.y[:, order], gene.x)
    np.testing.assert_allclose(relabelled.effects, fit.effects[:, order], atol=1e-6)
    np.testing.assert_allclose(relabelled.tissues.pip, fit.tissues.pip[order], atol=1e-6)


def test_permuting_donors_changes_nothing(gene):
    order = np.random.default_rng(2).permutation(len(gene.y))
    fit, permuted = fqtl.fit(gene.y, gene.x), fqtl.fit(gene.y[order], gene.x[order])
    np.testing.assert_allclose(permuted.effects, fit.effects, atol=1e-6)


def test_swapping_alleles_flips_the_effect(gene):
    fit, swapped = fqtl.fit(gene.y, gene.x), fqtl.fit(gene.y, 2 - gene.x)
    np.testing.assert_allclose(swapped.effects, -fit.effects, atol=1e-6)
    np.testing.assert_allclose(swapped.pip, fit.pip, atol=1e-6)


def test_the_unit_of_expression_scales_effects_and_shifts_the_elbo(gene):
    fit, scaled = fqtl.fit(gene.y, gene.x), fqtl.fit(10 * gene.y + 3, gene.x)
    np.testing.assert_allclose(scaled.effects, 10 * fit.effects, atol=1e-6)
    np.testing.assert_allclose(scaled.intercept, 10 * fit.intercept + 3, atol=1e-5)
    np.testing.assert_allclose(scaled.noise_variance, 100 * fit.noise_variance, rtol=1e-5)
    observed = (~np.isnan(gene.y)).sum()
    assert scaled.elbo == pytest.approx(fit.elbo - observed * np.log(10), abs=1e-3)


def test_the_rank_is_an_upper_bound():
    for seed in range(1, 5):
        gene = simulated_gene(seed, n=300, rank=2, h2=0.4)
        assert fqtl.fit(gene.y, gene.x).rank == 2
        assert fqtl.fit(gene.y, gene.x, rank=1).rank == 1


def test_covariates_are_estimated_and_do_not_pass_for_genetics():
    gene = simulated_gene(2, n=300)
    rng = np.random.default_rng(0)
    c = np.column_stack([rng.standard_normal(300), rng.integers(0, 2, 300), np.ones(300)])
    effect = np.vstack([np.full(12, 2.0), np.full(12, -3.0), np.zeros(12)])
    y = gene.y + c @ effect
    fit = fqtl.fit(y, gene.x, covariates=c)
    np.testing.assert_allclose(fit.covariate_effects, effect, atol=0.6)
    np.testing.assert_allclose(fit.effects, fqtl.fit(gene.y, gene.x).effects, atol=0.1)
    residual = y - fit.predict(gene.x, covariates=c)
    np.testing.assert_allclose(np.nanmean(residual, axis=0), 0, atol=0.01)
    at_the_mean = np.tile(c.mean(axis=0), (300, 1))
    np.testing.assert_allclose(fit.predict(gene.x), fit.predict(gene.x, at_the_mean), atol=1e-10)


def test_dispersion_covariates_find_the_noisy_half():
    gene = simulated_gene(3, n=400)
    noisy = np.arange(400) % 2
    y = gene.y + 1.5 * noisy[:, None] * np.random.default_rng(0).standard_normal(gene.y.shape)
    fit = fqtl.fit(y, gene.x, dispersion_covariates=noisy)
    assert fit.noise_variance.shape == y.shape
    ratio = fit.noise_variance[noisy == 1].mean() / fit.noise_variance[noisy == 0].mean()
    assert 2 < ratio < 6
    assert fit.elbo > fqtl.fit(y, gene.x).elbo + 10


@pytest.mark.parametrize("y_shape", ["vector", "column"])
def test_one_tissue_is_enough(y_shape):
    rng = np.random.default_rng(0)
    x = simulated_gene(0).x
    y = x[:, 30] + 2 * rng.standard_normal(200)
    fit = fqtl.fit(y if y_shape == "vector" else y[:, None], x)
    assert fit.effects.shape == (100, 1)
    assert (fit.tissues.mean.shape, fit.specific.mean.shape) == ((1, 0), (100, 1))
    assert np.corrcoef(fit.predict(x)[:, 0], x[:, 30])[0, 1] > 0.9


def test_constant_and_empty_columns_get_effect_zero_and_a_note(gene):
    x, y = gene.x.copy(), gene.y.copy()
    x[:, 5], x[:, 6] = 1.0, np.nan
    y[:, 2], y[:, 3] = np.nan, 7.0
    fit = fqtl.fit(y, x)
    assert (fit.effects[5:7] == 0).all()
    assert (fit.effects[:, 2:4] == 0).all()
    assert np.isfinite(fit.effects).all()
    assert np.isfinite(fit.predict(x)).all()
    assert fit.predict(x)[0, 3] == pytest.approx(7.0)
    assert any("2 of 100 variants" in note for note in fit.notes)
    assert any("2 of 12 tissues" in note for note in fit.notes)


@pytest.mark.parametrize("n, p, m", [(30, 1, 3), (4, 200, 2), (200, 3, 1), (12, 12, 12)])
def test_odd_shapes_give_finite_numbers(n, p, m):
    rng = np.random.default_rng(0)
    fit = fqtl.fit(rng.standard_normal((n, m)), rng.integers(0, 3, (n, p)))
    assert np.isfinite(fit.effects).all()
    assert np.isfinite(fit.elbo)


def test_fit_keeps_the_signature_others_rely_on():
    parameters = inspect.signature(fqtl.fit).parameters
    expected = {
        "family": "gaussian",
        "rank": None,
        "factored": True,
        "covariates": None,
        "dispersion_covariates": None,
        "engine": "cavi",
        "seed": 0,
    }
    assert list(parameters)[:2] == ["y", "x"]
    assert {name: parameters[name].default for name in expected} == expected


def of_one_variant(x, h2):
    """Genetic value (n,) with this variance."""
    return np.sqrt(h2) * (x[:, 60] - x[:, 60].mean()) / x[:, 60].std()


def explained(fit, x, genetic, tissue):
    """Share of the true genetic variance that a prediction for a tissue explains."""
    left = fit.predict(x)[:, tissue] - genetic
    return 1 - left.var() / genetic.var()


def test_a_tissue_without_effects_takes_next_to_nothing_from_another():
    lost = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = linked_genotypes(rng, 180, 150)
        genetic = of_one_variant(x, 0.1)
        y = rng.standard_normal((180, 2)) * np.sqrt(0.9)
        y[:, 0] += genetic
        beside, alone = (fqtl.fit(one, x) for one in (y, y[:, 0]))
        lost.append(explained(alone, x, genetic, 0) - explained(beside, x, genetic, 0))
    # of a half that is explained; it was a third of it before the prior was alike for few tissues
    assert np.mean(lost) < 0.03


def test_groups_of_people_that_share_an_effect_are_nearly_as_good_as_all_people_together():
    shares = {"groups": [], "together": [], "alone": []}
    for seed in range(12):
        rng = np.random.default_rng(100 + seed)
        x = linked_genotypes(rng, 240, 150)
        genetic = of_one_variant(x, 0.12)
        y = genetic + rng.standard_normal(240) * np.sqrt(0.88)
        group = np.arange(240) % 4
        apart = np.where(group[:, None] == np.arange(4), y[:, None], np.nan)
        fits = {
            "groups": fqtl.fit(apart, x),
            "together": fqtl.fit(y, x),
            "alone": fqtl.fit(y[group == 0], x[group == 0]),
        }
        for name, fit in fits.items():
            shares[name].append(explained(fit, x, genetic, 0))
    found = {name: np.mean(values) for name, values in shares.items()}
    assert found["groups"] > 0.8 * found["together"]
    assert found["alone"] < 0.5 * found["together"]
