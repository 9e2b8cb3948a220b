"""Fits with a polygenic background: what it brings, and that it is not there where nothing is."""

import numpy as np
import pytest

import fqtl
from fqtl.errors import FqtlError
from tests.conftest import linked_genotypes

N, HELD_OUT, P = 300, 200, 400


def gene(seed, share=0.0, sparse=0.0, m=1):
    """Dosages and genetic values (N + HELD_OUT rows), and a response for the first N."""
    rng = np.random.default_rng(seed)
    x = linked_genotypes(rng, N + HELD_OUT, P)
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    value = standard @ rng.standard_normal((P, 1))
    value *= np.sqrt(share) / value.std()
    value = value + np.sqrt(sparse) * standard[:, [P // 2]]
    noise = rng.standard_normal((len(x), m))
    y = value + np.sqrt(1 - share - sparse) * noise
    return x, value[:, 0], y[:N]


def agreement(fit, x, value, **options):
    predicted = fit.predict(x[N:], **options)[:, 0]
    return np.corrcoef(predicted, value[N:])[0, 1] if np.ptp(predicted) > 1e-9 else 0.0


def test_a_polygenic_gene_is_predicted_better_and_its_share_is_found():
    gains, shares = [], []
    for seed in range(6):
        x, value, y = gene(seed, share=0.4)
        fit = fqtl.fit(y, x[:N])
        plain = fqtl.fit(y, x[:N], background=False)
        gains.append(agreement(fit, x, value) - agreement(plain, x, value))
        shares.append(fit.background_share[0])
    assert np.mean(gains) > 0.1
    assert min(gains) > 0
    assert 0.2 < np.mean(shares) < 0.6


def test_genes_without_effects_have_none_in_most_and_little_in_the_rest():
    shares = []
    for seed in range(12):
        x, _, y = gene(seed)
        shares.append(fqtl.fit(y, x[:N]).background_share[0])
    assert np.mean(np.array(shares) == 0) > 0.5
    assert np.mean(shares) < 0.01


def test_where_none_is_found_the_fit_is_to_the_last_bit_the_one_without():
    same = 0
    for seed in range(6):
        x, _, y = gene(seed, sparse=0.1, m=4)
        fit, plain = fqtl.fit(y, x[:N]), fqtl.fit(y, x[:N], background=False)
        if fit.background_share.any():
            continue
        same += 1
        np.testing.assert_array_equal(fit.effects, plain.effects)
        np.testing.assert_array_equal(fit.pip, plain.pip)
        np.testing.assert_array_equal(fit.elbo_trace, plain.elbo_trace)
        np.testing.assert_array_equal(fit.predict(x), plain.predict(x))
    assert same >= 3


def test_a_sparse_effect_keeps_its_credible_set():
    for seed in range(4):
        x, _, y = gene(seed, sparse=0.15)
        fit, plain = fqtl.fit(y, x[:N]), fqtl.fit(y, x[:N], background=False)
        assert len(plain.credible_sets) == len(fit.credible_sets) == 1
        assert np.abs(fit.pip - plain.pip).max() < 0.1


def test_background_and_sparse_effects_are_told_apart():
    for seed in range(3):
        x, value, y = gene(seed, share=0.3, sparse=0.2)
        fit = fqtl.fit(y, x[:N])
        assert fit.background_share[0] > 0.05
        assert fit.variant_pip[P // 2 - 5 : P // 2 + 6].max() > 0.5
        assert agreement(fit, x, value) > agreement(fit, x, value, background=False)


def test_tissues_of_other_donors_learn_of_each_other():
    x, value, y = gene(0, share=0.4)
    apart = np.full((N, 2), np.nan)
    apart[: N // 2, 0], apart[N // 2 :, 1] = y[: N // 2, 0], y[N // 2 :, 0]
    together = fqtl.fit(apart, x[:N])
    alone = fqtl.fit(y[: N // 2], x[: N // 2])
    assert together.background_share.min() > 0.1
    assert agreement(together, x, value) > agreement(alone, x, value) + 0.02


def test_the_mean_that_the_model_held_is_what_its_effects_predict():
    x, _, y = gene(1, share=0.4)
    fit = fqtl.fit(y, x[:N])
    both = fit.predict(x[:N])
    sparse = fit.predict(x[:N], background=False)
    centred = x[:N] - x[:N].mean(axis=0)
    np.testing.assert_allclose(both - sparse, centred @ fit.background, atol=1e-10)
    assert np.var(both - sparse) > 0.02
    np.testing.assert_allclose(both, fit.intercept + centred @ fit.effects, atol=1e-10)
    per_sd = fit.effects * x[:N].std(axis=0)[:, None] / fit.scale.y_sd
    np.testing.assert_allclose(fit.standardised_effects, per_sd, atol=1e-6)
    whole = fit.to_frame()
    np.testing.assert_array_equal(whole["effect"], fit.effects.ravel())
    parts = whole[["shared", "specific", "background"]].sum(axis=1)
    np.testing.assert_allclose(parts, whole["effect"], atol=1e-12)
    assert "polygenic background" in repr(fit)


def test_a_saved_fit_has_its_background(tmp_path):
    x, _, y = gene(1, share=0.4)
    fit = fqtl.fit(y, x[:N])
    fit.save(tmp_path / "fit.npz")
    again = fqtl.Fit.load(tmp_path / "fit.npz")
    np.testing.assert_array_equal(fit.background, again.background)
    np.testing.assert_array_equal(fit.background_share, again.background_share)
    assert fit.summary() == again.summary()


@pytest.mark.parametrize("family", ["nb", "logit"])
def test_other_families_have_one_too(family):
    gains = []
    for seed in range(3):
        x, value, _ = gene(seed, share=0.9)
        rng = np.random.default_rng(seed)
        if family == "nb":
            y = rng.poisson(50 * np.exp(0.4 * value[:N])).astype(float)
            known = {}
        else:
            y = rng.binomial(20, 1 / (1 + np.exp(-value[:N]))).astype(float)
            known = {"trials": np.full(N, 20.0)}
        fit = fqtl.fit(y, x[:N], family=family, **known)
        plain = fqtl.fit(y, x[:N], family=family, background=False, **known)
        assert np.diff(fit.elbo_trace).min() > -2e-3
        link = {"scale": "link"}
        gains.append(agreement(fit, x, value, **link) - agreement(plain, x, value, **link))
    assert np.mean(gains) > 0.05


def test_a_probability_that_is_none_is_refused():
    x, _, y = gene(0)
    for name in ("background_probability", "median_background"):
        with pytest.raises(FqtlError, match=f"Option {name} must be between 0 and 1, found 1.5"):
            fqtl.fit(y, x[:N], **{name: 1.5})
    with pytest.raises(FqtlError, match=r"Option median_background=.* it needs background=True"):
        fqtl.fit(y, x[:N], background=False, median_background=0.2)
