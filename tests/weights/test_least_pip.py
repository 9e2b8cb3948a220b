"""What probability of an effect is asked of genes in few tissues."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

import fqtl
from fqtl.model.priors.default_model import default_priors, tissue_specific_effects
from fqtl.weights.least_pip import OF_MANY, least_pip, of_tissues
from tests.conftest import linked_genotypes


def odds(probability):
    return probability / (1 - probability)


@pytest.mark.parametrize("m", [1, 2, 3])
def test_the_same_evidence_is_asked_whatever_the_prior(m):
    prior = tissue_specific_effects(m)
    of_one = odds(prior.inclusion) * (1 - prior.another)  # and no other
    asked = odds(of_tissues(m, 0.1)) / of_one
    assert asked == pytest.approx(odds(0.1) / odds(OF_MANY))


def test_of_many_tissues_it_is_as_given_and_a_bound_stays_one():
    for m in (4, 10, 49):
        assert of_tissues(m, 0.1) == pytest.approx(0.1)
    for m in (1, 2, 49):
        assert (of_tissues(m, 0.0), of_tissues(m, 1.0)) == (0.0, 1.0)


def test_where_a_release_says_that_effects_are_likelier_more_is_asked_and_never_less():
    likely = replace(default_priors(1), specific_start=0.5)
    of_one = 1 - tissue_specific_effects(1, likely).another  # one effect at odds of 1, no other
    assert odds(of_tissues(1, 0.1, likely)) == pytest.approx(of_one * odds(0.1) / odds(OF_MANY))
    assert of_tissues(1, 0.1, likely) > of_tissues(1, 0.1)
    for m in (1, 2, 44):
        rare = replace(default_priors(m), specific_start=1e-3)
        assert of_tissues(m, 0.1, rare) == of_tissues(m, 0.1)
    fits = pa.table({"gene_id": ["a"], "n_tissues": [1]})
    assert least_pip(fits, 0.1, likely)["a"] == of_tissues(1, 0.1, likely)


def test_each_gene_is_asked_by_its_own_tissues():
    fits = pa.table({"gene_id": ["a", "b", "c", "failed"], "n_tissues": [1, 44, 0, None]})
    found = least_pip(fits, 0.1)
    assert list(found.index) == ["a", "b", "c", "failed"]
    assert found["a"] > 0.4
    assert found["b"] == found["c"] == found["failed"] == pytest.approx(0.1)


def test_of_noise_in_two_tissues_next_to_nothing_is_released():
    pips = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x = linked_genotypes(rng, 150, 100)
        pips += list(fqtl.fit(rng.standard_normal((150, 2)), x).tissue_pip)
    # as given it would leave nothing out
    assert np.mean(np.array(pips) >= 0.1) > 0.9
    assert np.mean(np.array(pips) >= of_tissues(2, 0.1)) < 0.1
