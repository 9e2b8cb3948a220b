import numpy as np
import pytest

from fqtl.model.dense import Dense
from fqtl.model.factored import Factored
from fqtl.model.options import Options
from fqtl.model.predictors import Visit
from tests.conftest import linked_genotypes

N, P, M = 60, 20, 5


def problem(seed):
    rng = np.random.default_rng(seed)
    x = linked_genotypes(rng, N, P)
    x = np.ascontiguousarray(((x - x.mean(axis=0)) / x.std(axis=0)).T)
    response = np.outer(x[4], [1.0, -1.0, 0.5, 0, 0]) + rng.standard_normal((N, M))
    weight = rng.uniform(0.5, 1.5, (N, M)) * (rng.random((N, M)) < 0.7)
    return x, response, weight


def objective(predictor, response, weight):
    """The part of the ELBO that an entry of the location sees."""
    mean, variance = predictor.moments()
    return (weight * (response * mean - 0.5 * (mean**2 + variance))).sum() - predictor.divergence()


def grown(seed):
    x, response, weight = problem(seed)
    predictor = Factored(x, M, 3, Options())
    assert predictor.grow(response, weight)
    return predictor, response, weight


def test_moments_of_a_factor_are_those_of_draws():
    predictor, *_ = grown(0)
    factor = predictor.factors[0]
    rng = np.random.default_rng(1)
    draws = 200_000

    def draw(prior):
        slab = prior.slab_mean + rng.standard_normal((draws, prior.pip.size)) / np.sqrt(
            prior.slab_precision
        )
        return np.where(rng.random((draws, prior.pip.size)) < prior.pip, slab, 0.0)

    eta = (draw(factor.variants) @ predictor.x[:, :1]) * draw(factor.tissues)
    mean, variance = predictor.moments()
    np.testing.assert_allclose(eta.mean(axis=0), mean[0], atol=0.01)
    np.testing.assert_allclose(eta.var(axis=0), variance[0], rtol=0.05, atol=1e-4)


def test_the_gain_of_a_factor_is_what_the_elbo_loses_without_it():
    predictor, response, weight = grown(1)
    gain = predictor.factors[0].gain(response, weight)
    assert objective(predictor, response, weight) == pytest.approx(gain, rel=1e-10)


@pytest.mark.parametrize("visit", Visit)
def test_an_update_never_lowers_the_elbo(visit):
    predictor, response, weight = grown(2)
    rng = np.random.default_rng(3)
    for _ in range(10):
        shaken = response + 0.3 * rng.standard_normal(response.shape)
        before = objective(predictor, shaken, weight)
        predictor.update(shaken, weight, visit)
        assert objective(predictor, shaken, weight) >= before - 1e-9


def test_a_full_visit_gives_every_variant_its_own_posterior():
    predictor, response, weight = grown(4)
    predictor.update(response, weight, Visit.EVERY)
    factor = predictor.factors[0]
    assert (factor.variants.pip > 0).all()
    np.testing.assert_allclose(factor.score, predictor.x.T @ factor.variants.mean, atol=1e-12)
    spread = (predictor.x.T**2) @ factor.variants.variance
    np.testing.assert_allclose(factor.score_variance, spread, atol=1e-12)


def test_the_scale_is_carried_by_the_variants():
    predictor, response, weight = grown(5)
    predictor.update(response, weight, Visit.PROMISING)
    assert predictor.factors[0].tissues.precision == pytest.approx(1.0)


def test_a_factor_that_does_not_pay_is_dropped():
    predictor, response, weight = grown(6)
    predictor.update(np.zeros_like(response), weight, Visit.PROMISING)
    assert predictor.factors == []


def test_no_more_factors_than_the_rank():
    x, response, weight = problem(7)
    predictor = Factored(x, M, 1, Options())
    assert predictor.grow(response, weight)
    strong = response + 3 * np.outer(x[15], [0, 0, 0, 1.0, 1.0])
    assert not predictor.grow(strong, weight)


def test_dense_tissues_share_nothing_but_the_prior():
    x, response, weight = problem(8)
    together = Dense.empty(x, M, Options())
    together.update(response, weight, Visit.EVERY)
    for t in range(M):
        alone = Dense.empty(x, 1, Options())
        alone.update(response[:, [t]], weight[:, [t]], Visit.EVERY)
        np.testing.assert_array_equal(together.effects.pip[t], alone.effects.pip[0])


def test_a_dense_update_never_lowers_the_elbo():
    x, response, weight = problem(9)
    dense = Dense.empty(x, M, Options())
    before = -np.inf
    for _ in range(5):
        dense.update(response, weight, Visit.PROMISING)
        after = objective(dense, response, weight)
        assert after >= before - 1e-9
        before = after
