"""Loadings that are alike: the prior's updates against integrals, a search, and by hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit

from fqtl.model.priors import SpikeSlabPosterior
from fqtl.model.priors.default_model import factor_tissues
from fqtl.model.priors.likeness import LIKENESS, TissuePrior
from tests.reference.elbo import spike_slab_divergence


def prior_of(likeness, size=1.0, inclusion=0.4):
    h = LIKENESS[likeness]
    return TissuePrior(
        inclusion,
        1 / ((1 - h) * size),
        (1e-4, 0.95),
        mean=(h * size) ** 0.5,
        likeness=likeness,
    )


def loadings(seed, likeness, tissues=8):
    rng = np.random.default_rng(seed)
    pip = rng.uniform(0.05, 1, tissues)
    mean, precision = 1.2 + 0.3 * rng.standard_normal(tissues), rng.uniform(4, 20, tissues)
    return SpikeSlabPosterior(prior_of(likeness), pip, mean, precision)


@pytest.mark.parametrize("likeness", range(len(LIKENESS)))
def test_the_kl_of_loadings_that_are_alike_is_the_integral_that_defines_it(likeness):
    q = loadings(0, likeness)
    prior = (q.prior.inclusion, q.prior.precision, q.prior.mean)
    rows = zip(q.pip, q.slab_mean, q.slab_precision, strict=True)
    expected = sum(spike_slab_divergence(*row, *prior) for row in rows)
    assert q.kl() == pytest.approx(expected, rel=1e-8)


ODDS = (-2.0, -1.0, 0.0, 0.5, 0.0, 1.0, 2.0, 0.0)


def test_the_kl_of_tissues_that_are_not_alike_is_the_integral_of_each():
    q = loadings(0, 4)
    q = replace(q, prior=replace(q.prior, log_odds=ODDS))
    share = np.minimum(expit(logit(q.prior.inclusion) + np.array(ODDS)), 0.6)
    q = replace(q, prior=replace(q.prior, inclusion_bounds=(1e-4, 0.6)))
    rows = zip(q.pip, q.slab_mean, q.slab_precision, share, strict=True)
    expected = sum(
        spike_slab_divergence(*row[:3], row[3], q.prior.precision, q.prior.mean) for row in rows
    )
    assert q.kl() == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("off", [False, True])
def test_odds_of_a_tissue_are_added_to_those_that_its_data_make(off):
    rng = np.random.default_rng(1)
    score, information = 4 + 2 * rng.standard_normal(8), rng.uniform(2, 12, 8)
    dense = np.zeros((8, 8)) if off else None
    q = loadings(2, 4)
    alike = q.updated(score, information, dense)
    known = replace(q, prior=replace(q.prior, log_odds=ODDS)).updated(score, information, dense)
    np.testing.assert_allclose(logit(known.pip), logit(alike.pip) + np.array(ODDS), atol=1e-9)


@pytest.mark.parametrize("weight", [0.0, 9.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("most", [0.95, 0.4])
def test_the_share_beside_known_odds_is_learned_at_its_mode(weight, seed, most):
    prior = replace(prior_of(3, inclusion=0.2), log_odds=ODDS, share=0.3, weight=weight)
    prior = replace(prior, inclusion_bounds=(1e-4, most))
    before = replace(loadings(seed, 3), prior=prior)
    q = before.learned()
    best = q.kl()
    assert best <= before.kl() + 1e-9
    for share in np.linspace(0.001, most, 150):
        assert replace(q, prior=replace(q.prior, inclusion=float(share))).kl() >= best - 1e-9


@pytest.mark.parametrize("likeness", [0, 4, 6])
@pytest.mark.parametrize("off", [False, True])
def test_no_small_change_of_a_loading_improves_on_the_update(likeness, off):
    rng = np.random.default_rng(1)
    score, information = 8 + 4 * rng.standard_normal(8), rng.uniform(2, 12, 8)
    dense = 0.3 * (np.ones((8, 8)) - np.eye(8)) if off else None

    def objective(q):
        fitted = score @ q.mean - 0.5 * information @ (q.mean**2 + q.variance)
        return fitted - (0.5 * q.mean @ dense @ q.mean if off else 0.0) - q.kl()

    q = loadings(2, likeness)
    for _ in range(200):
        q = q.updated(score, information, dense)
    best = objective(q)
    for name in ("pip", "slab_mean", "slab_precision"):
        for t in range(8):
            for factor in (0.99, 1.01):
                part = getattr(q, name).copy()
                part[t] = min(part[t] * factor, 1.0) if name == "pip" else part[t] * factor
                assert objective(replace(q, **{name: part})) <= best + 1e-9


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_what_is_learned_costs_least_of_all_sizes_and_likenesses(sign):
    for seed in range(20):
        q = loadings(seed, seed % len(LIKENESS))
        q = replace(q, slab_mean=sign * q.slab_mean * np.random.default_rng(seed).uniform(0, 3, 8))
        learned = q.learned()

        def cost(log_size, likeness, q=q, learned=learned):
            prior = prior_of(likeness, np.exp(log_size), learned.prior.inclusion)
            return replace(q, prior=replace(prior, mean=sign * prior.mean)).kl()

        by_search = min(
            minimize_scalar(cost, bounds=(-5, 5), args=(k,), method="bounded").fun
            for k in range(len(LIKENESS))
        )
        assert learned.kl() == pytest.approx(by_search, abs=1e-4)
        assert learned.kl() <= q.kl() + 1e-9


def test_equal_loadings_are_learned_to_be_alike_and_those_around_0_are_not():
    precise, certain = np.full(20, 1e4), np.full(20, 1.0)
    alike = SpikeSlabPosterior(prior_of(0), certain, np.full(20, 0.7), precise).learned()
    assert LIKENESS[alike.prior.likeness] == max(LIKENESS)
    around = np.random.default_rng(0).standard_normal(20)
    around -= around.mean()
    assert SpikeSlabPosterior(prior_of(6), certain, around, precise).learned().prior.likeness == 0


def test_a_tissue_that_says_nothing_has_the_loading_of_the_others():
    q = replace(loadings(0, 6), prior=prior_of(6, inclusion=0.9))
    q = q.updated(np.zeros(8), np.zeros(8))
    np.testing.assert_allclose(q.mean, 0.9 * LIKENESS[6] ** 0.5, rtol=1e-12)


def test_rescaling_loadings_that_are_alike_costs_nothing():
    q = loadings(3, 5)
    assert q.rescaled(3.0).kl() == pytest.approx(q.kl(), rel=1e-12)
    assert q.rescaled(3.0).prior.size == pytest.approx(3 * q.prior.size)


def test_the_share_of_tissues_may_be_large_where_loadings_are_alike_and_tissues_few():
    most = [factor_tissues(m, 0.25).most for m in range(2, 51)]
    of_alike = [bounds[-1] for bounds in most]
    assert all(bounds[0] == 0.25 for bounds in most)
    assert of_alike[0] > 0.75
    assert np.all(np.diff(of_alike) < 0)
    assert np.abs(np.diff(of_alike)).max() < 0.1
    assert 0.25 < of_alike[-1] < 0.4
