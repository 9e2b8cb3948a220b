"""Whole fits of families that are not Gaussian: what is recovered, and what must not matter."""

import numpy as np
import pytest

import fqtl
from fqtl.errors import FqtlError
from fqtl.model.families import FAMILIES
from tests.benchmarks.robustness import outcome
from tests.conftest import simulated_gene

# a response with location eta, by family
RESPONSES = {
    "gaussian": lambda rng, eta: eta + 0.7 * rng.standard_normal(eta.shape),
    "nb": lambda rng, eta: counts(rng, 20 * np.exp(eta), 0.3),
    "nb_pseudo": lambda rng, eta: counts(rng, 20 * np.exp(eta), 0.3),
    "voom": lambda rng, eta: 3 + eta + 0.5 * rng.standard_normal(eta.shape),
    "logit": lambda rng, eta: rng.binomial(1, 1 / (1 + np.exp(-4 * eta))).astype(float),
    "beta": lambda rng, eta: rng.beta(10 / (1 + np.exp(-eta)), 10 / (1 + np.exp(eta))),
}
# per unit of eta; a tissue's slope is shrunk, and the logit's posterior of few is wide
SLOPE = {name: 4.0 if name == "logit" else 1.0 for name in RESPONSES}


def counts(rng, mean, overdispersion):
    shape = 1 / overdispersion
    return rng.poisson(rng.gamma(shape, mean / shape)).astype(float)


def gene_of(name, seed, n=300):
    """A gene of ten tissues, five of which share an effect of half a unit of eta."""
    gene = simulated_gene(seed, n=n, m=10, p=60, h2=0.25)
    y = RESPONSES[name](np.random.default_rng(seed), gene.genetic)
    return np.where(np.isnan(gene.y), np.nan, y), gene


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_finds_what_was_simulated_and_its_elbo_does_not_fall(name, dtype):
    for seed in range(2):
        y, gene = gene_of(name, seed)
        fit = fqtl.fit(y, gene.x.astype(dtype), family=name)
        acts = gene.genetic.std(axis=0) > 0
        assert fit.converged
        assert np.diff(fit.elbo_trace).min() > -1e-3
        assert fit.tissue_pip[acts].min() > 0.8
        score = (gene.x - gene.x.mean(axis=0)) @ fit.effects
        truth = SLOPE[name] * gene.genetic[:, acts].ravel()
        assert np.corrcoef(score[:, acts].ravel(), truth)[0, 1] > 0.9
        assert 0.7 < np.polyfit(score[:, acts].ravel(), truth, 1)[0] < 1.4  # shrunk, if anything


@pytest.mark.parametrize("name", FAMILIES)
def test_a_response_without_effects_gives_none(name):
    rng = np.random.default_rng(5)
    for seed in range(2):
        y, gene = gene_of(name, seed)
        y = RESPONSES[name](rng, np.zeros(y.shape))
        fit = fqtl.fit(y, gene.x, family=name)
        assert fit.rank == 0
        assert fit.tissue_pip.max() < 0.5


@pytest.mark.parametrize("name", ["nb", "nb_pseudo"])
def test_a_constant_in_the_size_factors_changes_only_the_intercept(name):
    y, gene = gene_of(name, 3, n=150)
    size = np.random.default_rng(0).uniform(0.5, 2, (150, 1))
    fits = [fqtl.fit(y, gene.x, family=name, offset=np.log(by * size)) for by in (1.0, 50.0)]
    np.testing.assert_allclose(fits[0].effects, fits[1].effects, rtol=1e-6, atol=1e-10)
    np.testing.assert_allclose(fits[0].intercept - np.log(50), fits[1].intercept, atol=1e-6)
    assert fits[0].elbo == pytest.approx(fits[1].elbo, abs=1e-5)


def test_library_sizes_that_are_known_do_not_blur_the_effects():
    rng = np.random.default_rng(0)
    gene = simulated_gene(4, n=300, m=6, p=60, h2=0.25, tissues_each=3)
    size = np.exp(rng.standard_normal((300, 6)))
    y = counts(rng, 30 * size * np.exp(gene.genetic), 0.2)
    known = fqtl.fit(y, gene.x, family="nb", offset=np.log(size))
    unknown = fqtl.fit(y, gene.x, family="nb")
    truth = gene.genetic.ravel()
    score = gene.x - gene.x.mean(axis=0)
    with_sizes, without = (
        np.corrcoef((score @ f.effects).ravel(), truth)[0, 1] for f in (known, unknown)
    )
    assert with_sizes > 0.95
    assert with_sizes > without
    assert known.noise_variance.mean() < 0.5 * unknown.noise_variance.mean()


@pytest.mark.parametrize("name", ["logit", "beta"])
def test_the_other_outcome_has_the_opposite_effects(name):
    y, gene = gene_of(name, 1, n=200)
    fit, mirrored = (fqtl.fit(values, gene.x, family=name) for values in (y, 1 - y))
    np.testing.assert_allclose(mirrored.effects, -fit.effects, atol=1e-3)
    assert fit.elbo == pytest.approx(mirrored.elbo, abs=0.05)


def test_many_trials_say_what_their_outcomes_say_one_by_one():
    rng = np.random.default_rng(0)
    gene = simulated_gene(1, n=100, m=3, p=30, observed=1.0, tissues_each=2)
    single = [rng.binomial(1, 1 / (1 + np.exp(-2 * gene.genetic))).astype(float) for _ in range(4)]
    # noise that a donor's tissues share is of a donor, of whom there are four times as many apart
    how = {"family": "logit", "shared_noise": False}
    together = fqtl.fit(sum(single), gene.x, trials=np.full((100, 3), 4), **how)
    apart = fqtl.fit(np.vstack(single), np.tile(gene.x, (4, 1)), **how)
    np.testing.assert_allclose(together.effects, apart.effects, atol=1e-6)


def test_large_counts_are_read_as_their_logarithms():
    rng = np.random.default_rng(2)
    gene = simulated_gene(2, n=300, m=8, p=60, h2=0.3)
    log = 10 + gene.genetic + 0.4 * rng.standard_normal(gene.genetic.shape)
    log[np.isnan(gene.y)] = np.nan
    of_counts = fqtl.fit(np.round(np.exp(log)), gene.x, family="nb")
    of_logs = fqtl.fit(log, gene.x)
    np.testing.assert_allclose(of_counts.tissue_pip, of_logs.tissue_pip, atol=0.1)
    assert np.corrcoef(of_counts.effects.ravel(), of_logs.effects.ravel())[0, 1] > 0.97


@pytest.mark.parametrize("name", FAMILIES)
def test_small_and_odd_problems_end_well_or_say_why(name):
    outcomes = {outcome(name, seed) for seed in range(25)}
    assert "converged" in outcomes


def test_what_is_known_beside_y_is_checked():
    y, gene = gene_of("nb", 0, n=30)
    with pytest.raises(FqtlError, match=r"offset must have the shape of y, \(30, 10\)"):
        fqtl.fit(y, gene.x, family="nb", offset=np.zeros((10, 30)))
    offset = np.zeros(y.shape)
    row, column = np.argwhere(~np.isnan(y))[5]
    offset[row, column] = np.nan
    with pytest.raises(FqtlError, match=f"missing at row {row}, column {column}"):
        fqtl.fit(y, gene.x, family="nb", offset=offset)
    with pytest.raises(FqtlError, match="trials are for family 'logit'"):
        fqtl.fit(y, gene.x, family="nb", trials=np.ones(y.shape))
    one = np.where(np.isnan(y), np.nan, y > 20)
    with pytest.raises(FqtlError, match="has no dispersion"):
        fqtl.fit(one, gene.x, family="logit", dispersion_covariates=gene.x[:, :1])
    y[row, column] = 0.5
    with pytest.raises(FqtlError, match=f"found 0.5 in y at row {row}, column {column}"):
        fqtl.fit(y, gene.x, family="nb")


def test_a_long_fit_says_how_far_it_is(monkeypatch, caplog):
    monkeypatch.setattr("fqtl.model.engines.trace.REPORT_EVERY", 0.0)
    y, gene = gene_of("gaussian", 0, n=60)
    with caplog.at_level("INFO", logger="fqtl"):
        fit = fqtl.fit(y, gene.x)
    assert len(caplog.messages) >= fit.n_iter
    # another way may have been tried after the one that stayed
    last = f"round {fit.n_iter}: ELBO {fit.elbo + np.log(fit.scale.y_sd) @ seen(y):.2f} nats"
    assert last in caplog.messages


def seen(y):
    return (~np.isnan(y)).sum(axis=0)
