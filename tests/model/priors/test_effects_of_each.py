"""Weak effects of many responses at once are those that each response finds by itself."""

import numpy as np

from fqtl.model.arrays.standardise import standardise_genotypes
from fqtl.model.arrays.variants import Variants
from fqtl.model.priors.default_model import tissue_specific_effects
from fqtl.model.priors.place import Alike, SeenRows
from fqtl.model.priors.single_effects import SingleEffect
from tests.conftest import linked_genotypes


def test_each_response_has_its_own_best_effect() -> None:
    rng = np.random.default_rng(0)
    z = standardise_genotypes(linked_genotypes(rng, 150, 400).astype(np.float32)).x
    x, prior = Variants.distinct(z), tissue_specific_effects(5).of_slot(0)
    y = rng.standard_normal((150, 5))
    y[:, 3] += z[100]  # no weak effect
    observed, weight = (rng.random((150, 5)) < 0.7).astype(float), rng.uniform(0.5, 2.0, 5)
    weights = observed * weight
    gradients = weights * y
    z, information = x.scores_of_each(observed * y), x.information(observed).T
    seen = [SeenRows(x, z[t], information[t], float(weight[t]), prior) for t in range(5)]
    found = SingleEffect.best_of_each(x, seen, weights)
    assert [one is None for one in found] == [False, False, False, True, False]
    for t, one in enumerate(found):
        if one is None:
            continue
        alike = Alike(information[t], float(weight[t]))
        alone = SingleEffect.best(x, gradients[:, t], weights[:, t], prior, alike=alike)
        np.testing.assert_array_equal(one.index, alone.index)
        np.testing.assert_allclose(one.alpha, alone.alpha, rtol=1e-4)
        np.testing.assert_allclose(one.score, alone.score, atol=1e-6)
        np.testing.assert_allclose(one.score_variance, alone.score_variance, rtol=1e-4)
