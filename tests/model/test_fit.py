"""What holds for `fqtl.fit` whatever the numbers, and what it recovers."""

import inspect

import numpy as np
import pandas as pd
import pytest

import fqtl
from tests.conftest import planted_gene


def average_precision(truth, score):
    ranked = truth[np.argsort(-score, kind="stable")]
    return (np.cumsum(ranked) / np.arange(1, len(ranked) + 1))[ranked].mean()


def test_planted_tissues_and_variants_are_recovered():
    tissues, variants, correlation = [], [], []
    for seed in range(8):
        gene = planted_gene(seed, n=300, rank=2, h2=0.3)
        fit = fqtl.fit(gene.y, gene.x)
        acts = gene.genetic.std(axis=0) > 0
        tissues.append(average_precision(acts, fit.tissue_pip))
        lead = fit.variants.pip.max(axis=1) if fit.rank else np.zeros(gene.x.shape[1])
        variants.append(average_precision(gene.variants.any(axis=1), lead))
        fitted = fit.predict(gene.x)
        correlation.append(
            np.corrcoef(fitted[:, acts].ravel(), gene.genetic[:, acts].ravel())[0, 1]
        )
    assert np.mean(tissues) > 0.95
    assert np.mean(variants) > 0.7  # one of two twins is as good as the other to any method
    assert np.mean(correlation) > 0.9


def test_noise_alone_gives_no_factor():
    for seed in range(10):
        rng = np.random.default_rng(seed)
        gene = planted_gene(seed)
        assert fqtl.fit(rng.standard_normal(gene.y.shape), gene.x).rank == 0


def test_dense_effects_are_recovered_where_they_are_private():
    rng = np.random.default_rng(0)
    gene = planted_gene(0, n=400, m=4, tissues_each=1)
    truth = np.zeros((100, 4))
    truth[[10, 40, 70, 90], range(4)] = 1
    y = gene.x @ truth + 2 * rng.standard_normal((400, 4))
    fit = fqtl.fit(y, gene.x, factored=False)
    assert fit.variants.pip.shape == (100, 4)
    found = np.abs(fit.effects).argmax(axis=0)
    linked = np.corrcoef(gene.x.T)
    assert all(abs(linked[a, b]) > 0.8 for a, b in zip(found, [10, 40, 70, 90], strict=True))


def test_the_same_input_gives_the_same_bytes(gene):
    one, two = fqtl.fit(gene.y, gene.x), fqtl.fit(gene.y.copy(), gene.x.copy())
    assert one.effects.tobytes() == two.effects.tobytes()
    assert one.elbo_trace.tobytes() == two.elbo_trace.tobytes()


def test_the_layout_and_type_of_dosages_do_not_matter(gene):
    fit = fqtl.fit(gene.y, gene.x)
    for x in (gene.x.astype(np.int8), np.asfortranarray(gene.x), gene.x.astype(np.float32)):
        np.testing.assert_allclose(fqtl.fit(gene.y, x).effects, fit.effects, atol=1e-5)


def test_permuting_variants_permutes_effects(gene):
    order = np.random.default_rng(0).permutation(gene.x.shape[1])
    fit, permuted = fqtl.fit(gene.y, gene.x), fqtl.fit(gene.y, gene.x[:, order])
    np.testing.assert_allclose(permuted.effects, fit.effects[order], atol=1e-8)
    assert permuted.elbo == pytest.approx(fit.elbo, abs=1e-4)


def test_relabelling_tissues_relabels_effects(gene):
    order = np.random.default_rng(1).permutation(gene.y.shape[1])
    fit, relabelled = fqtl.fit(gene.y, gene.x), fqtl.fit(gene.y[:, order], gene.x)
    np.testing.assert_allclose(relabelled.effects, fit.effects[:, order], atol=1e-6)
    np.testing.assert_allclose(relabelled.tissues.pip, fit.tissues.pip[order], atol=1e-6)


def test_permuting_individuals_changes_nothing(gene):
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


def test_effects_per_allele_are_effects_per_sd_over_the_sd(gene):
    fit = fqtl.fit(gene.y, gene.x)
    y_sd = np.nanstd(gene.y, axis=0)
    np.testing.assert_allclose(
        fit.effects, fit.standardised_effects / gene.x.std(axis=0)[:, None] * y_sd, rtol=1e-6
    )


def test_prediction_is_the_intercept_plus_dosage_times_effect(gene):
    fit = fqtl.fit(gene.y, gene.x)
    by_hand = fit.predict(np.zeros((1, 100))) + gene.x @ fit.effects
    np.testing.assert_allclose(fit.predict(gene.x), by_hand, atol=1e-10)
    residual = gene.y - fit.predict(gene.x)
    np.testing.assert_allclose(np.nanmean(residual, axis=0), 0, atol=1e-3)


def test_a_missing_genotype_predicts_as_the_mean(gene):
    fit = fqtl.fit(gene.y, gene.x)
    x = gene.x[:1].copy()
    x[0, :] = np.nan
    np.testing.assert_allclose(
        fit.predict(x)[0], fit.predict(gene.x.mean(axis=0)[None])[0], atol=1e-10
    )


def test_prediction_refuses_what_the_fit_does_not_know(gene):
    fit = fqtl.fit(gene.y, gene.x, covariates=gene.x[:, 0])
    with pytest.raises(fqtl.FqtlError, match="x must have the 100 variants"):
        fit.predict(gene.x[:, :5])
    with pytest.raises(fqtl.FqtlError, match=r"covariates must have shape \(200, 1\)"):
        fit.predict(gene.x, covariates=gene.x[:, :2])
    assert fit.predict(gene.x, covariates=gene.x[:, 0]).shape == gene.y.shape


def test_the_rank_is_an_upper_bound():
    gene = planted_gene(0, n=300, rank=2, h2=0.4)
    assert fqtl.fit(gene.y, gene.x).rank == 2
    assert fqtl.fit(gene.y, gene.x, rank=1).rank == 1


def test_covariates_are_estimated_and_do_not_pass_for_genetics():
    gene = planted_gene(2, n=300)
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
    gene = planted_gene(3, n=400)
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
    x = planted_gene(0).x
    y = x[:, 30] + 2 * rng.standard_normal(200)
    fit = fqtl.fit(y if y_shape == "vector" else y[:, None], x)
    assert fit.effects.shape == (100, 1)
    assert fit.tissues.mean.shape == (1, 1)
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


def test_the_summary_names_what_was_found(gene):
    text = fqtl.fit(gene.y, gene.x).summary()
    assert "100 variants, 12 tissues" in text
    assert "factor 0" in text
    assert repr(fqtl.fit(gene.y, gene.x)).startswith("<Fit: gaussian fit by cavi: 100 variants")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": np.ones((3, 4))}, "x must have the 200 rows of y, found shape (3, 4)"),
        ({"y": np.full((200, 2), np.nan)}, "y must vary"),
        ({"x": np.full((200, 2), np.inf)}, "x must be finite, found inf at row 0, column 0"),
        ({"rank": 0}, "rank must be a whole number of at least 1, found 0"),
        ({"rank": 1.5}, "rank must be a whole number of at least 1, found 1.5"),
        ({"rank": "3"}, "rank must be a whole number of at least 1, found '3'"),
        ({"family": "cauchy"}, "family must be one of gaussian; found 'cauchy'"),
        ({"engine": "mcmc"}, "engine must be one of cavi; found 'mcmc'"),
        ({"tolerence": 1}, "Unknown option 'tolerence'"),
        ({"screen": "a"}, "Option screen must be a number, found 'a'"),
        ({"max_tissue_inclusion": 1.5}, "max_tissue_inclusion must be below 1, found 1.5"),
        ({"y": np.ones(200) * 1j}, "y must hold numbers"),
        (
            {"covariates": np.full((200, 1), np.nan)},
            "covariates must be finite, found nan at row 0",
        ),
        ({"covariates": np.ones((5, 1))}, "covariates must have the 200 rows of y"),
        ({"y": np.array(["a"] * 200)}, "y must hold numbers"),
        ({"x": np.empty((200, 0))}, "x must have rows and columns"),
    ],
)
def test_bad_input_is_named(gene, change, message):
    arguments = {"y": gene.y, "x": gene.x, **change}
    with pytest.raises(fqtl.FqtlError) as fault:
        fqtl.fit(arguments.pop("y"), arguments.pop("x"), **arguments)
    assert message in str(fault.value)


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


def test_what_a_mask_hides_is_missing(gene):
    hidden = np.isnan(gene.y)
    masked = np.ma.MaskedArray(np.where(hidden, -999.0, gene.y), hidden)
    assert fqtl.fit(masked, gene.x).elbo == fqtl.fit(gene.y, gene.x).elbo


def test_rows_with_other_labels_are_refused(gene):
    y, x = pd.DataFrame(gene.y), pd.DataFrame(gene.x)
    with pytest.raises(fqtl.FqtlError, match="must have the same labels in the same order"):
        fqtl.fit(y, x[::-1])
    assert fqtl.fit(y, x).elbo == fqtl.fit(gene.y, gene.x).elbo
