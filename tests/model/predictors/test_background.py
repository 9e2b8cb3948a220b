"""The polygenic background: its features, laws of its updates, and when there is none."""

import numpy as np
import pytest

from fqtl.model.arrays.variants import Variants
from fqtl.model.predictors import background
from fqtl.model.predictors.background import Background, Relatedness
from fqtl.model.predictors.predictor import Visit
from fqtl.model.priors import NoisePrecision, SharedNoise
from tests.conftest import linked_genotypes
from tests.reference.objective import part_of_elbo

N, P, M = 60, 90, 3
shared_or_not = pytest.mark.parametrize("shared", [False, True])


def standard_genotypes(rng, n, p):
    x = linked_genotypes(rng, n, p)
    return Variants(np.ascontiguousarray(((x - x.mean(axis=0)) / x.std(axis=0)).T))


def problem(seed, shared=False, share=0.5, own=(0.0, 0.0, 0.4)):
    """Variants, a response with a background of all tissues and of the last, and a precision."""
    rng = np.random.default_rng(seed)
    x = standard_genotypes(rng, N, P)
    effects = np.sqrt(share / P) * rng.standard_normal((P, 1))
    effects = effects + np.sqrt(np.array(own) / P) * rng.standard_normal((P, M))
    response = x.x.T @ effects + 0.6 * rng.standard_normal((N, M))
    weight = rng.uniform(2, 3, (N, M)) * (rng.random((N, M)) < 0.8)
    if shared:
        response += 0.6 * rng.standard_normal((N, 1)) * np.array([1, -1, 1])
        return x, response, SharedNoise(np.array([0.6, -0.6, 0.6])).precision(weight)
    return x, response, NoisePrecision(weight)


def empty(x, precision):
    return Background.empty(x, (precision.weight > 0).astype(float), 0.05, 0.5)


def grown(seed, shared=False):
    x, response, precision = problem(seed, shared)
    found = empty(x, precision).grown(precision.times(response), precision)
    return found.entry, response, precision


@pytest.mark.parametrize("p", [30, 200])
def test_features_hold_the_relatedness_and_are_scores_of_variants(p, monkeypatch):
    monkeypatch.setattr(background, "TRACE", 0.999)
    x = standard_genotypes(np.random.default_rng(0), N, p)
    relatedness = Relatedness(x, np.ones((N, M)))
    features, gram = relatedness.features, x.x.T @ x.x / p
    rest = gram - features @ features.T
    assert -1e-9 <= np.trace(rest) <= 0.001 * np.trace(gram) + 1e-9
    np.testing.assert_allclose(rest @ features, 0, atol=1e-10)
    np.testing.assert_allclose(relatedness.diagonal, np.diag(gram), rtol=1e-10)
    effects = np.random.default_rng(1).standard_normal(features.shape[1])
    of_variants = relatedness.variant_effects(effects)
    np.testing.assert_allclose(x.x.T @ of_variants, features @ effects, atol=1e-10)
    # v/p for each variant is v for each feature: no longer than those of least norm
    assert (of_variants**2).sum() * p == pytest.approx((effects**2).sum(), rel=1e-8)


@shared_or_not
@pytest.mark.parametrize("visit", Visit)
def test_an_update_never_lowers_the_elbo(visit, shared):
    parts = []
    for seed in range(4):
        entry, response, precision = grown(seed, shared)
        rng = np.random.default_rng(seed)
        for _ in range(6):
            shaken = rng.choice([0.3, 1.0]) * response + 0.3 * rng.standard_normal((N, M))
            residual = precision.times(shaken)
            before = part_of_elbo(entry, residual, precision)
            entry = entry.updated(residual, precision, visit)
            assert part_of_elbo(entry, residual, precision) >= before - 1e-9
            parts.append(entry.found)
    assert max(parts) >= 2


@shared_or_not
def test_growing_raises_the_elbo_and_then_ends(shared):
    shared_parts = 0
    for seed in range(4):
        x, response, precision = problem(seed, shared)
        residual = precision.times(response)
        step = empty(x, precision).grown(residual, precision)
        assert step.found
        assert part_of_elbo(step.entry, residual, precision) > 0
        entry = step.entry
        for _ in range(3):
            entry = entry.updated(residual, precision, Visit.FULL_SWEEP)
            further = entry.grown(residual, precision)
            if not further.found:
                break
            entry = further.entry
        assert not entry.grown(residual, precision).found
        shared_parts += entry.shared is not None
    assert shared_parts >= 3


def test_equal_weights_give_what_weights_that_are_all_but_equal_give():
    x, response, precision = problem(0)
    seen = (precision.weight > 0).astype(float)
    found = []
    for shake in (0.0, 1e-9):
        noise = NoisePrecision(2 * seen * (1 + shake * np.random.default_rng(0).random((N, M))))
        entry = Background.empty(x, seen, 0.05, 0.5)
        found.append(entry.grown(noise.times(response), noise).entry.moments())
    assert found[0].mean.any()
    np.testing.assert_allclose(found[0].mean, found[1].mean, atol=1e-7)
    np.testing.assert_allclose(found[0].variance, found[1].variance, atol=1e-7)


def test_noise_that_tissues_share_is_no_background():
    opened = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        x = standard_genotypes(rng, N, P)
        precision = NoisePrecision(np.full((N, 2), 1.0))
        response = 0.7 * (rng.standard_normal((N, 1)) + rng.standard_normal((N, 2)))
        entry = Background.empty(x, np.ones((N, 2)), 0.05, 0.5)
        opened += entry.grown(precision.times(response), precision).entry.shared is not None
    assert opened <= 1


def test_nothing_is_decomposed_where_the_slope_speaks_against_it():
    x, _, precision = problem(0)
    entry = empty(x, precision)
    few = np.linalg.eigh(x.x.T @ x.x)[1][:, 1:11]  # directions of little relatedness
    response = few @ np.random.default_rng(0).standard_normal((10, M))
    step = entry.grown(precision.times(response), precision)
    assert not step.found
    assert step.entry is entry
    assert "_decomposed" not in vars(entry.relatedness)
