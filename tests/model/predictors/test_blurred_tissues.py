"""Effects of single tissues whose score has an error: laws, and planted effects."""

from dataclasses import replace

import numpy as np
import pytest

import fqtl
from fqtl.model.predictors.blurred_tissues import BlurredTissues
from fqtl.model.predictors.options import SingleEffectsOptions
from fqtl.model.predictors.predictor import Visit
from fqtl.model.predictors.tissue_specific import TissueSpecific
from fqtl.model.summary import problem as summary_problem
from fqtl.model.summary.ld import LD
from fqtl.model.summary.noise import blur_of_tissues
from fqtl.model.summary.rows import Rows, Scores
from tests.model.predictors.test_factored import M, problem
from tests.model.summary.conftest import dosages, z_scores
from tests.reference.objective import part_of_elbo

BLUR = 0.5


def settled(seed, blur, shared=False):
    """The entry after some full sweeps, and what it was updated against."""
    x, response, precision = problem(seed, shared)
    entry = TissueSpecific.empty(x, np.ones((x.n, M)), SingleEffectsOptions())
    if blur is not None:
        entry = BlurredTissues.of(entry, np.full(M, blur))
    residual = precision.times(response)
    for _ in range(4):
        entry = entry.updated(residual, precision, Visit.FULL_SWEEP)
    return entry, residual, precision


def test_without_blur_effects_are_those_of_the_default_model():
    blurred, residual, precision = settled(0, 0.0)
    sharp, _, _ = settled(0, None)
    assert sharp.likely
    np.testing.assert_array_equal(blurred.mean(), sharp.mean())
    assert blurred.kl() == sharp.kl()
    for one, other in zip(
        blurred.log_bayes_factors(residual, precision),
        sharp.log_bayes_factors(residual, precision),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("shared", [False, True])
def test_errors_raise_the_elbo_above_that_of_the_same_effects_without(shared):
    """u at its best given the effects, under its prior, against u = 0 with its KL left out."""
    entry, residual, precision = settled(1, BLUR, shared)
    at = [t for t, effects in enumerate(entry.tissues) if effects.blurred is not None]
    assert at
    t = at[0]
    here = part_of_elbo(entry, residual, precision)
    for size in (0.9, 1.1):
        effects = entry.tissues[t]
        score = effects.blurred.score
        moved = effects.score + size * (score.mean - effects.score)
        tau2 = BLUR * (effects.score**2 + effects.score_variance).mean()
        # what the other mean of u costs under the prior
        cost = (
            0.5 * (((moved - effects.score) ** 2 - (score.mean - effects.score) ** 2) / tau2).sum()
        )
        other = effects.blurred._replace(
            score=score._replace(mean=moved), kl=effects.blurred.kl + cost
        )
        tissues = list(entry.tissues)
        tissues[t] = replace(effects, blurred=other)
        worse = replace(entry, tissues=tuple(tissues))
        assert part_of_elbo(worse, residual, precision) < here


def test_people_without_end_are_no_better_witnesses_than_the_error_allows():
    """With weights a thousand times as large ln BF of the variants hardly change."""
    entry, residual, precision = settled(2, BLUR)
    t = next(t for t, effects in enumerate(entry.tissues) if effects.blurred is not None)
    many = replace(precision, weight=1000 * precision.weight)
    here = entry.log_bayes_factors(residual, precision)[t][0].max()
    there = entry.log_bayes_factors(1000 * residual, many)[t][0].max()
    assert there < 10 * here


def test_an_error_of_ld_has_the_variance_that_it_is_taken_for():
    """Score of one variant in 400 people, by their own LD and by that of 300 others."""
    rng, ratio = np.random.default_rng(3), []
    for _ in range(6):
        both = dosages(rng, 700, 250)
        x = (both[:400] - both[:400].mean(axis=0)) / both[:400].std(axis=0)
        ld = LD.of_panel(both[400:]).between(1.0)
        variants = rng.choice(250, 8, replace=False)
        own = x.T @ x[:, variants] / 400
        n = np.full(8, 400.0)
        # r of a score that is the whole of the expression has no other noise
        rows = Rows.of(Scores(own, n, 0), ld)
        implied = rows.x[variants].T.astype(float)
        error = rows.y - implied * (rows.y * implied).mean(axis=0) / (implied**2).mean(axis=0)
        expected = blur_of_tissues(rows, ld, 1.0) * (implied**2).mean(axis=0)
        ratio.append((error**2).mean(axis=0) / expected)
    assert np.mean(ratio) == pytest.approx(1.0, abs=0.15)


def test_a_strong_effect_in_a_tissue_of_many_people_has_no_companions(monkeypatch):
    """Half of the variance in 2,000 people, LD of 100 others; without the error, some."""

    def sets_of(seed):
        rng = np.random.default_rng(seed)
        both = dosages(rng, 2100, 100)
        x, others = both[:2000], both[2000:]
        acts = (x[:, [50]] - x[:, 50].mean()) / x[:, 50].std()
        y = np.sqrt(0.5) * (acts + rng.standard_normal((2000, 1)))
        fit = fqtl.fit_summary(*z_scores(y, x), panel=others, background=False)
        return [bool(50 in entry.variants) for entry in fit.credible_sets if entry.purity > 0.5]

    assert [sets_of(seed) for seed in range(6)] == [[True]] * 6
    monkeypatch.setattr(summary_problem, "blur_of", lambda *_: 0.0)
    surer = [right for seed in range(6) for right in sets_of(seed)]
    assert surer.count(False) >= 12
