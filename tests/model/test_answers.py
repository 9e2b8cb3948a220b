"""What a fit can be asked for: predictions, draws, tables, files."""

import numpy as np
import pandas as pd
import pytest

import fqtl
from fqtl.errors import FqtlError
from fqtl.model.families import FAMILIES
from tests.conftest import simulated_gene
from tests.model.test_family_fits import counts, gene_of

MEANS = {
    "gaussian": lambda eta: eta,
    "nb": np.exp,
    "nb_pseudo": np.exp,
    "voom": lambda eta: eta,
    "logit": lambda eta: 1 / (1 + np.exp(-eta)),
    "beta": lambda eta: 1 / (1 + np.exp(-eta)),
}


@pytest.fixture(scope="module")
def count_fit():
    """Counts of 400 donors with library sizes and one covariate, and their fit."""
    rng = np.random.default_rng(0)
    gene = simulated_gene(3, n=400, m=6, p=40, h2=0.25)
    size, c = np.exp(0.5 * rng.standard_normal((400, 1))), rng.standard_normal((400, 1))
    y = counts(rng, 40 * size * np.exp(gene.genetic + 0.3 * c), 0.2)
    y[np.isnan(gene.y)] = np.nan
    fit = fqtl.fit(y, gene.x, family="nb", offset=np.log(size), covariates=c)
    return fit, y, gene.x, c, np.log(size)


@pytest.mark.parametrize("name", FAMILIES)
def test_predictions_are_the_mean_at_the_location(name):
    y, gene = gene_of(name, 0, n=80)
    fit = fqtl.fit(y, gene.x, family=name)
    eta = fit.intercept + (gene.x - gene.x.mean(axis=0)) @ fit.effects
    np.testing.assert_allclose(fit.predict(gene.x, scale="link"), eta, atol=1e-9)
    np.testing.assert_allclose(fit.predict(gene.x), MEANS[name](eta), rtol=1e-8)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_constant_tissue_is_predicted_as_what_it_is(name):
    y, gene = gene_of(name, 0, n=60)
    y[:, 3] = {"nb": 7, "nb_pseudo": 7, "logit": 1, "beta": 0.25}.get(name, 2.5)
    fit = fqtl.fit(y, gene.x, family=name)
    assert (fit.effects[:, 3] == 0).all()
    assert fit.predict(gene.x)[0, 3] == pytest.approx(y[0, 3], abs=1e-5)
    assert "1 of 10 tissues are constant or empty: effect 0" in fit.notes


def test_a_larger_library_is_predicted_to_have_more_counts(count_fit):
    fit, y, x, c, offset = count_fit
    at_one, as_measured = fit.predict(x, c), fit.predict(x, c, offset=offset)
    np.testing.assert_allclose(as_measured, at_one * np.exp(offset), rtol=1e-12)
    assert np.nanmean(y / as_measured) == pytest.approx(1, abs=0.05)


def test_an_offset_is_a_part_of_the_mean_in_every_unit():
    y, gene = gene_of("gaussian", 2, n=100)
    known = 5 * np.random.default_rng(0).standard_normal((100, 1))
    fit = fqtl.fit(y, gene.x)
    moved = fqtl.fit(y + known, gene.x, offset=known)
    np.testing.assert_allclose(moved.effects, fit.effects, atol=1e-9)
    np.testing.assert_allclose(moved.predict(gene.x, offset=known) - known, fit.predict(gene.x))


def test_draws_look_like_what_was_fitted(count_fit):
    fit, y, x, c, offset = count_fit
    rng = np.random.default_rng(1)
    seen = ~np.isnan(y)
    draws = np.array([fit.simulate(rng, x, c, offset=offset)[seen] for _ in range(200)])
    for statistic in (np.mean, np.var, lambda values: np.mean(values == 0), np.median):
        drawn = [statistic(draw) for draw in draws]
        low, high = np.quantile(drawn, [0.005, 0.995])
        assert low <= statistic(y[seen]) <= high


@pytest.mark.parametrize("name", FAMILIES)
def test_draws_of_every_family_are_in_its_domain_and_have_its_mean(name):
    y, gene = gene_of(name, 1, n=100)
    fit = fqtl.fit(y, gene.x, family=name)
    rng = np.random.default_rng(2)
    draws = np.array([fit.simulate(rng, gene.x) for _ in range(100)])
    assert np.isfinite(draws).all()
    whole = np.isin(name, ["nb", "nb_pseudo", "logit"])
    assert (draws == np.floor(draws)).all() == whole
    error = draws.std(axis=(0, 1)) / 100
    assert (np.abs(draws.mean(axis=(0, 1)) - fit.predict(gene.x).mean(axis=0)) < 5 * error).all()


def test_the_same_seed_draws_the_same(count_fit):
    fit, _, x, c, offset = count_fit
    draws = [fit.simulate(np.random.default_rng(7), x, c, offset=offset) for _ in range(2)]
    np.testing.assert_array_equal(*draws)


def test_draws_of_noise_with_covariates_are_of_the_donors_of_the_fit():
    rng = np.random.default_rng(0)
    gene = simulated_gene(1, n=200, m=6, p=20, observed=1.0)
    noisy = np.arange(200) % 2
    y = gene.y + 2 * noisy[:, None] * rng.standard_normal(gene.y.shape)
    fit = fqtl.fit(y, gene.x, dispersion_covariates=noisy)
    spread = np.std([fit.simulate(rng, gene.x) for _ in range(50)], axis=0)
    assert spread[noisy == 1].mean() > 1.5 * spread[noisy == 0].mean()
    with pytest.raises(FqtlError, match="x must have the 200 rows of the fit"):
        fit.simulate(rng, gene.x[:5])


def test_noise_that_tissues_share_is_drawn_shared():
    gene = simulated_gene(2, n=300, m=5, p=30, observed=1.0)
    u = np.random.default_rng(0).standard_normal((300, 1))
    fit = fqtl.fit(gene.y + 1.5 * u, gene.x)
    draw = fit.simulate(np.random.default_rng(1), gene.x) - fit.predict(gene.x)
    assert np.corrcoef(draw.T)[0, 1] > 0.4


def test_the_table_of_effects_holds_every_pair_once(count_fit):
    fit = count_fit[0]
    table = fit.to_frame()
    assert len(table) == 40 * 6
    by_hand = pd.DataFrame(fit.effects).stack()
    np.testing.assert_array_equal(table["effect"], by_hand)
    parts = table[["shared", "specific", "background"]].sum(axis=1)
    np.testing.assert_allclose(parts, table["effect"], atol=1e-15)
    names = [f"rs{j}" for j in range(40)], list("abcdef")
    few = fit.to_frame(*names, min_pip=0.5)
    assert 0 < len(few) < 40
    row = few.iloc[0]
    assert row["pip"] == fit.pip[names[0].index(row["variant"]), names[1].index(row["tissue"])]
    with pytest.raises(FqtlError, match="variants must name the 40 of the fit, found 2"):
        fit.to_frame(["a", "b"])


@pytest.mark.parametrize("name", FAMILIES)
def test_a_fit_comes_back_from_disk_as_it_was(name, tmp_path):
    y, gene = gene_of(name, 1, n=100)
    fit = fqtl.fit(y, gene.x, family=name)
    fit.save(tmp_path / "gene.npz")
    back = fqtl.Fit.load(tmp_path / "gene.npz")
    assert back.summary() == fit.summary()
    np.testing.assert_array_equal(back.predict(gene.x), fit.predict(gene.x))
    np.testing.assert_array_equal(back.pip, fit.pip)
    draws = [one.simulate(np.random.default_rng(0), gene.x) for one in (fit, back)]
    np.testing.assert_array_equal(*draws)
    assert [entry.factor for entry in back.credible_sets] == [e.factor for e in fit.credible_sets]
    assert [path.name for path in tmp_path.iterdir()] == ["gene.npz"]


def test_names_of_columns_are_kept_and_compared(tmp_path):
    gene = simulated_gene(3, n=80, m=6, p=40, observed=1.0)
    x = pd.DataFrame(gene.x, columns=[f"rs{j}" for j in range(40)])
    y = pd.DataFrame(gene.y, columns=list("abcdef"))
    fqtl.fit(y, x).save(tmp_path / "gene.npz")
    fit = fqtl.Fit.load(tmp_path / "gene.npz")
    table = fit.to_frame()
    assert list(table["variant"].unique()) == list(x.columns)
    assert list(table["tissue"].unique()) == list(y.columns)
    np.testing.assert_array_equal(fit.predict(x), fit.predict(gene.x))
    with pytest.raises(FqtlError, match="column 0 is 'rs39', and was 'rs0' in the fit"):
        fit.predict(x[x.columns[::-1]])
    with pytest.raises(FqtlError, match="there is no folder"):
        fit.save(tmp_path / "absent" / "gene.npz")


def test_another_file_is_not_taken_for_a_fit(tmp_path):
    np.savez(tmp_path / "other.npz", a=np.ones(3))
    (tmp_path / "text.npz").write_text("not a zip")
    for name in ("other", "text", "absent"):
        with pytest.raises(FqtlError, match=f"{name}.npz is no file that Fit.save wrote"):
            fqtl.Fit.load(tmp_path / f"{name}.npz")


def test_what_is_asked_for_wrongly_is_named(count_fit):
    fit, _, x, c, _ = count_fit
    with pytest.raises(FqtlError, match="scale must be 'response' or 'link', found 'log'"):
        fit.predict(x, scale="log")
    with pytest.raises(FqtlError, match="rng must be a generator"):
        fit.simulate(1, x)
    with pytest.raises(FqtlError, match="offset must have the shape of y"):
        fit.predict(x, c, offset=np.zeros((3, 6)))
