"""What a fit says: effects, probabilities, predictions, and words."""

import json

import numpy as np
import pytest

import fqtl
from fqtl.model.results.posterior import Posterior
from tests.conftest import simulated_gene


def test_effects_are_what_is_shared_plus_what_is_specific(gene):
    y = gene.y.copy()
    y[:, 0] += 2 * gene.x[:, 90]
    fit = fqtl.fit(y, gene.x)
    assert np.abs(fit.shared_effects).max() > 0.1
    assert np.abs(fit.specific_effects).max() > 0.1
    np.testing.assert_array_equal(fit.effects, fit.shared_effects + fit.specific_effects)
    scale = fit.scale.y_sd / fit.scale.x_sd[:, None]
    by_hand = (fit.variants.mean @ fit.tissues.mean.T + fit.specific.mean) * scale
    np.testing.assert_allclose(fit.effects, by_hand, rtol=1e-10)


def test_a_variant_has_an_effect_if_a_factor_or_the_tissue_gives_it_one(gene):
    y = gene.y.copy()
    y[:, 0] += 2 * gene.x[:, 90]
    fit = fqtl.fit(y, gene.x)
    assert fit.rank
    absent = 1 - fit.specific.pip
    none = 1 - fit.specific.any
    for k in range(fit.rank):
        for t in range(12):
            absent[:, t] *= 1 - fit.variants.pip[:, k] * fit.tissues.pip[t, k]
            none[t] *= 1 - fit.tissues.pip[t, k] * fit.variants.any[k]
        any_tissue = 1 - np.prod([1 - pip for pip in fit.tissues.pip[:, k]])
        assert fit.factor_pip[k] == pytest.approx(any_tissue * fit.variants.any[k])
    np.testing.assert_allclose(fit.pip, 1 - absent, atol=1e-12)
    np.testing.assert_allclose(fit.tissue_pip, 1 - none, atol=1e-12)


def test_a_weak_factor_is_doubted_in_all_of_its_tissues_at_once():
    """That nothing acts is at least as likely as that the factor is not there."""
    doubted = 0
    for seed in range(5, 14):
        rng = np.random.default_rng(seed)
        x = rng.binomial(2, 0.3, (120, 40)).astype(float)
        y = 0.2 * (x[:, [3]] - 0.6) / 0.65 + rng.standard_normal((120, 5))
        fit = fqtl.fit(y, x)
        for there, pip in zip(fit.factor_there, fit.tissues.pip.T, strict=True):
            assert (pip <= there).all()
        if fit.rank != 1:
            continue
        doubted += fit.factor_there[0] < 0.97
        nothing = np.log1p(-fit.factor_there[0]) + fit.specific.log_no_loading.sum()
        assert fit.neg_log_null_prob <= -nothing + 1e-9
        assert fit.factor_pip[0] <= fit.factor_there[0]
    assert doubted >= 2


@pytest.mark.parametrize("log_odds", [0.3, 5.0, 60.0])
def test_a_posterior_of_what_may_not_be_there_is_a_mixture_with_none(log_odds):
    """By hand, and on the logarithmic scale where a probability rounds to 1."""
    mean, sd, pip = np.array([[0.5], [-1.0]]), np.array([[0.1], [0.2]]), np.array([[0.9], [0.8]])
    none = np.array([-30.0])
    found = Posterior(mean, sd, pip, 1 - np.exp(none), none).where_there(np.array([log_odds]))
    there = 1 / (1 + np.exp(-log_odds))
    np.testing.assert_allclose(found.mean, there * mean)
    np.testing.assert_allclose(found.pip, there * pip)
    second = there * (sd**2 + mean**2)
    np.testing.assert_allclose(found.sd**2 + found.mean**2, second)
    doubt = 1 / (1 + np.exp(log_odds))
    np.testing.assert_allclose(found.log_no_loading, np.log(doubt + there * np.exp(-30.0)))


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


def test_the_summary_names_every_sure_effect(gene):
    twins = np.hstack([gene.x, gene.x[:, [40]]])
    y = gene.y.copy()
    y[:, 2] += 1.5 * gene.x[:, 40]
    simulated = int(np.flatnonzero(gene.variants.any(axis=1))[0])
    text = fqtl.fit(y, twins).summary()
    assert f"variant {simulated} " in text
    assert "tissue 2 beside the factors: variant 40 or 1 more (PIP 1.000)" in text
    assert "  tissue 0: variant 40 (PIP 1.000)" in fqtl.fit(y[:, 2], gene.x).summary()


def test_the_summary_names_what_was_found(gene):
    text = fqtl.fit(gene.y, gene.x).summary()
    assert "100 variants, 12 tissues" in text
    assert "factor 0" in text
    assert repr(fqtl.fit(gene.y, gene.x)).startswith("<Fit: gaussian fit by cavi: 100 variants")


def test_a_variant_of_a_factor_counts_once_however_many_tissues_it_acts_in():
    gene = simulated_gene(3, n=300, p=40, tissues_each=10, h2=0.4)
    fit = fqtl.fit(gene.y, gene.x)
    assert fit.rank == 1
    assert not (fit.specific.pip > 0.01).any()
    np.testing.assert_allclose(fit.variant_pip, fit.variants.pip[:, 0], atol=0.02)


def product_of_absence(fit):
    """-ln of the product over factors and tissues, as long as none is certain."""
    return -np.log(np.prod(1 - fit.factor_pip) * np.prod(1 - fit.specific.any))


def test_the_null_probability_of_a_weak_gene_is_that_of_factors_and_tissue_specific_effects():
    gene = simulated_gene(3, n=150, p=30, m=4, h2=0.08, tissues_each=2)
    fit = fqtl.fit(gene.y, gene.x)
    assert fit.neg_log_null_prob == pytest.approx(product_of_absence(fit), rel=1e-6)


@pytest.mark.parametrize("m", [1, 4])
@pytest.mark.parametrize("prior", ["single_effects", "spike_slab"])
def test_an_effect_beyond_doubt_has_a_null_probability_that_falls_with_donors(m, prior):
    said = []
    for n in (250, 500):
        gene = simulated_gene(2, n=n, p=30, m=m, tissues_each=1)
        y = gene.x[:, [7]] + 0.05 * np.random.default_rng(n).standard_normal((n, m))
        fit = fqtl.fit(y, gene.x, variant_prior=prior)
        assert max(fit.factor_pip.max(initial=0), fit.specific.any.max()) == 1
        said.append(fit.neg_log_null_prob)
    # nats of a variant that explains all but a share e of the variance: n/2 ln(1/e), and many of
    # them are in one tissue
    assert 100 < said[0] < 0.7 * said[1] < np.inf


def test_a_fit_saved_before_the_null_probability_was_kept_is_read(tmp_path):
    gene = simulated_gene(3, n=150, p=30, m=4, h2=0.08, tissues_each=2)
    fit = fqtl.fit(gene.y, gene.x)
    fit.save(tmp_path / "gene.npz")
    with np.load(tmp_path / "gene.npz") as stored:
        arrays = dict(stored)
    head = json.loads(str(arrays["json"]))
    for part in ("variants", "tissues", "specific"):
        del head["tree"]["parts"][part]["parts"]["log_none"]
    np.savez(tmp_path / "old.npz", **{**arrays, "json": np.array(json.dumps(head))})
    new, old = (fqtl.Fit.load(tmp_path / f"{name}.npz") for name in ("gene", "old"))
    assert new.neg_log_null_prob == fit.neg_log_null_prob
    assert old.neg_log_null_prob == pytest.approx(product_of_absence(fit), rel=1e-9)
    np.testing.assert_array_equal(old.pip, fit.pip)
