"""Tissues of different people: genotypes are seen around the mean of those who have the tissue."""

import numpy as np
import pytest

import fqtl
from fqtl.model.arrays.groups import groups_of


def populations(seed, *, n=(150, 90), p=30, apart=0.3, effect=0.5):
    """Expression of two populations with another frequency of every allele, and its effects.

    The first variant acts in the second population alone.
    """
    rng = np.random.default_rng(seed)
    low, high = 0.5 - apart, 0.5 + apart
    x = np.vstack(
        [rng.binomial(2, f, (size, p)) for f, size in zip((low, high), n, strict=True)]
    ).astype(float)
    x[:, 1::2] = 2 - x[:, 1::2]  # half of the alleles are the frequent ones of the first
    y = np.full((sum(n), 2), np.nan)
    y[: n[0], 0] = rng.standard_normal(n[0])
    y[n[0] :, 1] = effect * x[n[0] :, 0] + rng.standard_normal(n[1]) + 3
    return y, x


def test_groups_are_those_that_tissues_tie_together():
    observed = np.zeros((7, 5))
    observed[[0, 1], 0] = observed[[1, 2], 1] = 1  # a chain of two tissues
    observed[[3, 4], 3] = 1
    observed[5, [3, 4]] = 1
    donors, tissues = groups_of(observed)  # tissue 2 has nobody, and nobody asked donor 6
    assert donors.tolist() == [0, 0, 0, 1, 1, 1, -1]
    assert tissues.tolist() == [0, 0, 0, 1, 1]


@pytest.mark.parametrize("dosages", ["called", "imputed"])
@pytest.mark.parametrize("options", [{}, {"factored": False, "background": False}])
def test_a_shift_of_one_populations_genotypes_changes_nothing_but_intercepts(dosages, options):
    """A constant is no genotype: what tells of effects is the deviation within the tissue."""
    y, x = populations(0)
    if dosages == "imputed":
        x = np.clip(x + np.random.default_rng(1).normal(0, 0.05, x.shape), 0, 2)
    shifted = x.copy()
    shifted[150:] += np.linspace(-3, 3, x.shape[1])
    found, other = fqtl.fit(y, x, **options), fqtl.fit(y, shifted, **options)
    np.testing.assert_allclose(other.pip, found.pip, atol=1e-4)
    np.testing.assert_allclose(other.effects, found.effects, atol=1e-4)
    np.testing.assert_allclose(
        other.predict(shifted)[150:, 1], found.predict(x)[150:, 1], atol=1e-3
    )
    mean = np.nanmean(y, axis=0)
    np.testing.assert_allclose(found.predict(x)[:150, 0].mean(), mean[0], atol=1e-3)
    np.testing.assert_allclose(found.predict(x)[150:, 1].mean(), mean[1], atol=1e-3)


def test_an_effect_of_one_population_is_found_as_if_there_were_no_other():
    beside, alone = [], []
    for seed in range(30):
        y, x = populations(seed, effect=0.6)
        beside.append(fqtl.fit(y, x, factored=False, background=False).pip[0, 1])
        own = fqtl.fit(y[150:, 1:], x[150:], factored=False, background=False)
        alone.append(own.pip[0, 0])
    assert np.mean(alone) > 0.4
    assert np.mean(beside) > np.mean(alone) - 0.05  # of which the prior beside another tissue takes


def test_what_differs_between_populations_alone_tells_nothing():
    y, x = populations(3)
    x[:150, 4], x[150:, 4] = 0, 2
    found = fqtl.fit(y, x)
    assert (found.effects[4] == 0).all()
    assert found.scale.x_sd[4] == 0


def test_people_of_whom_nothing_was_measured_change_nothing_beside_two_populations():
    y, x = populations(4)
    more = np.vstack([x, np.full((20, x.shape[1]), 2.0)])
    found = fqtl.fit(y, x)
    other = fqtl.fit(np.vstack([y, np.full((20, 2), np.nan)]), more)
    np.testing.assert_allclose(other.effects, found.effects, atol=1e-6)


def test_effects_on_genes_in_cis_are_around_the_mean_of_their_people():
    y, x = populations(5)
    shifted = x.copy()
    shifted[150:] += 3
    places = {"y_loc": np.array([5.0, 20.0]), "x_loc": np.arange(30.0), "window": 8.0}
    found, other = fqtl.fit_cis(y, x, **places), fqtl.fit_cis(y, shifted, **places)
    np.testing.assert_allclose(other.effects, found.effects, atol=1e-3)
    np.testing.assert_allclose(
        other.predict(shifted)[150:, 1], found.predict(x)[150:, 1], atol=1e-2
    )
