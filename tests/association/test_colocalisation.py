"""Are two effects of one variant? Against coloc, a loop over all pairs, and planted truth."""

import numpy as np
import pytest

from fqtl.association.colocalisation import (
    ColocPriors,
    colocalise,
    log_bayes_factors,
    share_of,
)
from fqtl.association.single_effects import GroupPrior, log_bayes_factor, single_effects
from tests.conftest import linked_genotypes

PRIORS = ColocPriors(1e-4, 2e-4, 5e-6)


def test_probabilities_are_those_of_coloc():
    """What combine.abf of coloc 6.0.1 (50fe529), the arithmetic of coloc.bf_bf, prints in R."""
    one, other = np.array([1, 2, 8, 0, -1.0]), np.array([0, 7, 3, -0.5, 1])
    found = colocalise(one, other, ColocPriors(1e-4, 1e-4, 5e-6))
    said = [
        *(0.56049975938116336, 0.16772580910361720, 0.06283446164000338),
        *(0.01842175651255376, 0.19051821336266214),
    ]
    assert found == pytest.approx(said, rel=1e-12)
    one[2], other[2] = 30, 600
    said = [4.960282332167038e-269, 5.300793105994419e-260, 3.743049187522005e-12]
    said += [4.092726157967028e-15, 9.999999999962483e-01]
    assert colocalise(one, other, PRIORS) == pytest.approx(said, rel=1e-9)


def test_probabilities_are_those_of_a_loop_over_all_pairs_of_variants():
    rng = np.random.default_rng(0)
    one, other = rng.normal(0, 4, (2, 12))
    weight = np.zeros(5)
    weight[0] = 1.0
    for i in range(12):
        weight[1] += PRIORS.p1 * np.exp(one[i])
        weight[2] += PRIORS.p2 * np.exp(other[i])
        weight[4] += PRIORS.p12 * np.exp(one[i] + other[i])
        for j in range(12):
            if i != j:
                weight[3] += PRIORS.p1 * PRIORS.p2 * np.exp(one[i] + other[j])
    assert colocalise(one, other, PRIORS) == pytest.approx(weight / weight.sum(), rel=1e-10)


def test_laws():
    rng = np.random.default_rng(1)
    one, other = rng.normal(0, 5, (2, 30))
    found = colocalise(one, other, PRIORS)
    assert found.sum() == pytest.approx(1, abs=1e-12)
    swapped = ColocPriors(PRIORS.p2, PRIORS.p1, PRIORS.p12)
    assert colocalise(other, one, swapped)[[0, 2, 1, 3, 4]] == pytest.approx(found, rel=1e-10)
    order = rng.permutation(30)
    assert colocalise(one[order], other[order], PRIORS) == pytest.approx(found, rel=1e-10)
    # of one variant alone there cannot be two
    assert colocalise(one[:1], other[:1], PRIORS)[3] == 0
    # e^700 and more are numbers
    assert np.isfinite(colocalise(one + 900, other + 5000, PRIORS)).all()


def test_the_share_of_some_variants_is_that_of_the_posterior():
    log_bf = np.log([1.0, 2.0, 5.0])
    assert share_of(log_bf, np.array([0, 2])) == pytest.approx(6 / 8)
    assert share_of(log_bf, np.array([], dtype=int)) == 0


def test_bayes_factors_of_the_trait_give_the_posterior_of_its_effects():
    rng = np.random.default_rng(2)
    x = linked_genotypes(rng, 400, 50).T
    values = x - x.mean(axis=1, keepdims=True)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    z = values @ (8 * values[5] - 7 * values[40] + rng.standard_normal(400) / 20)
    prior = GroupPrior(np.array([1e-3]), np.array([30.0]))
    found = single_effects(z, values, np.zeros(50, dtype=int), prior)
    log_bf = log_bayes_factors(z, values, found, 30.0)
    for effect in range(2):
        joint = np.exp(log_bf[effect]) * 1e-3 / 5
        alpha = joint / (joint.sum() + 1 - 50 * 1e-3 / 5)
        assert alpha == pytest.approx(found.alpha[effect], abs=1e-3)


def test_one_effect_alone_is_wakefields():
    """W/V = v: ln ABF = ½ ln(1 - r) + ½ r z², r = W / (W + V)."""
    z, v = np.array([0.0, 2.0, -9.0]), 12.0
    r = v / (1 + v)
    slow = 0.5 * np.log(1 - r) + 0.5 * r * z**2
    assert log_bayes_factor(z, np.full(3, v)) == pytest.approx(slow, rel=1e-12)


def test_one_variant_is_told_from_two_in_ld():
    """Both effects are of 2,000 people: planted at one variant, and at two with r² of 0.5."""
    shared, apart = [], []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        x = linked_genotypes(rng, 2000, 60).T
        values = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
        r2 = np.corrcoef(x)[20] ** 2
        other = int(np.argmin(np.abs(r2 - 0.5)))

        def effects(causal, values=values, rng=rng):
            y = 0.25 * values[causal] + rng.standard_normal(values.shape[1])
            z = values @ y / np.sqrt(values.shape[1])
            return log_bayes_factor(z, np.full(len(z), 50.0))

        expression = effects(20)
        shared.append(colocalise(expression, effects(20), PRIORS)[4])
        apart.append(colocalise(expression, effects(other), PRIORS)[3])
    assert np.median(shared) > 0.95
    assert min(shared) > 0.5
    assert np.median(apart) > 0.95
