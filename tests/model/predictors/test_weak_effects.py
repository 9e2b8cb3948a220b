"""Weak effects of tissues from one sweep to the next: kept where next to nothing has changed."""

from dataclasses import replace

import numpy as np
import pytest

from fqtl.model.arrays.standardise import standardise_genotypes
from fqtl.model.arrays.variants import Variants
from fqtl.model.predictors.weak_effects import OTHER, STALE, WeakEffects
from fqtl.model.priors.default_model import tissue_specific_effects
from fqtl.model.priors.effect_prior import EffectPrior
from fqtl.model.priors.single_effects import SingleEffect
from tests.conftest import linked_genotypes

N, P, M = 150, 400, 4
PRIOR = tissue_specific_effects(M).of_slot(0)


class Sweep:
    """Residuals, weights and information of four tissues, of which the last has a strong effect."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        z = standardise_genotypes(linked_genotypes(rng, N, P).astype(np.float32)).x
        self.x = Variants.distinct(z)
        observed = (rng.random((N, M)) < 0.7).astype(float)
        self.weight = observed * rng.uniform(0.8, 1.2, M)
        self.residual = observed * rng.standard_normal((N, M))
        self.residual[:, 3] += observed[:, 3] * z[100]
        self.rng = rng

    def found(
        self, known: WeakEffects, held: dict[int, SingleEffect], prior: EffectPrior = PRIOR
    ) -> tuple[WeakEffects, dict[int, SingleEffect]]:
        """After one sweep of all tissues."""
        information = self.x.information((self.weight > 0).astype(float)).T.copy()
        all_of_them = {t: held.get(t) for t in range(M)}
        priors = dict.fromkeys(range(M), prior)
        return known.found(all_of_them, self.residual, self.weight, information, priors)

    def moved(self, part: float) -> "Sweep":
        """With residuals that have moved by a part of their length."""
        other = Sweep()
        step = self.rng.standard_normal((N, M)) * (self.residual != 0)
        step *= np.linalg.norm(self.residual, axis=0) / np.linalg.norm(step, axis=0)
        other.residual = self.residual + part * step
        return other

    def objective(self, effect: SingleEffect, t: int) -> float:
        """What an effect adds to the ELBO."""
        weight, target = self.weight[:, t], self.weight[:, t] * self.residual[:, t]
        second = effect.score**2 + effect.score_variance
        return float(target @ effect.score - 0.5 * weight @ second) - effect.kl(PRIOR)


def test_weak_effects_are_those_that_each_tissue_finds_alone():
    sweep = Sweep()
    _, found = sweep.found(WeakEffects.none(sweep.x, M), {})
    assert sorted(found) == [0, 1, 2]
    for t, effect in found.items():
        weight = np.ascontiguousarray(sweep.weight[:, t])
        alone = SingleEffect.best(sweep.x, weight * sweep.residual[:, t], weight, PRIOR)
        np.testing.assert_allclose(effect.alpha, alone.alpha, rtol=1e-3)
        np.testing.assert_allclose(effect.score, alone.score, atol=1e-5)


def test_an_effect_is_kept_where_next_to_nothing_has_changed_and_loses_next_to_nothing():
    first = Sweep()
    known, held = first.found(WeakEffects.none(first.x, M), {})
    later = first.moved(0.9 * STALE)
    _, kept = later.found(known, held)
    _, anew = later.found(WeakEffects.none(first.x, M), {})
    for t in range(3):
        assert kept[t] is held[t]
        lost = later.objective(anew[t], t) - later.objective(kept[t], t)
        assert -1e-4 < lost < 0.01


@pytest.mark.parametrize("what", ["residual", "prior", "weight", "held"])
def test_an_effect_is_made_anew_where_something_has_changed(what):
    first = Sweep()
    known, held = first.found(WeakEffects.none(first.x, M), {})
    later, prior = first.moved(2 * STALE if what == "residual" else 0.0), PRIOR
    if what == "prior":
        prior = replace(PRIOR, precision=PRIOR.precision * np.exp(2 * OTHER))
    if what == "weight":
        later.weight = first.weight * np.exp(2 * OTHER)
    if what == "held":  # by another way, as after all effects were taken away
        held = {}
    _, found = later.found(known, held, prior)
    _, expected = later.found(WeakEffects.none(first.x, M), {}, prior)
    for t in range(3):
        assert found[t] is not known.made[t].effect
        np.testing.assert_allclose(found[t].alpha, expected[t].alpha, rtol=1e-3)


def test_a_tissue_that_has_another_prior_finds_its_effect_under_that():
    sweep = Sweep()
    information = sweep.x.information((sweep.weight > 0).astype(float)).T.copy()
    rarer = replace(PRIOR, inclusion=PRIOR.inclusion / 50)
    priors = {0: PRIOR, 1: rarer, 2: PRIOR}
    held = dict.fromkeys(priors)
    none = WeakEffects.none(sweep.x, M)
    _, found = none.found(held, sweep.residual, sweep.weight, information, priors)
    _, alike = none.found(
        held, sweep.residual, sweep.weight, information, dict.fromkeys(priors, PRIOR)
    )
    odds = found[1].pip / (1 - found[1].pip) / (alike[1].pip / (1 - alike[1].pip))
    expected = rarer.inclusion / (1 - rarer.inclusion) / (PRIOR.inclusion / (1 - PRIOR.inclusion))
    assert odds == pytest.approx(expected, rel=1e-6)
    assert found[0].pip == alike[0].pip
