"""How likely and how large a background is, from what genes say: hand cases, planted truth."""

from itertools import product

import numpy as np
import pytest

import fqtl
from fqtl.model.learned_background import (
    MEDIANS,
    PROBABILITIES,
    learned_background,
    said_of_background,
)
from fqtl.model.priors import VariancePrior
from tests.conftest import linked_genotypes

DEFAULTS = (0.5, 0.01)
EIGENVALUES = np.geomspace(1, 200, 60)


def planted(rng, probability, median, m=1):
    """(1 + m, G) Bayes factors of a gene: tissues share a background, or each may have its own."""
    prior, odds = VariancePrior(median), probability / (1 - probability)
    each = odds / max(m / 2, 1)
    there = rng.random(1 + m) < each / (1 + each)
    is_shared = m > 1 and rng.random() < 0.5
    there[0] = rng.random() < probability
    there &= (np.arange(1 + m) == 0) == is_shared

    def said(variance, donors):
        own = EIGENVALUES * donors
        scores = np.sqrt(own + variance * own**2) * rng.standard_normal(len(own))
        return prior.gains(scores, own)

    drawn = there * rng.choice(prior.variances, p=np.exp(prior.log_mass), size=1 + m)
    # what all tissues tell of a shared one, then what each tells of its own
    return np.array([said(variance, 1 if k else m) for k, variance in enumerate(drawn)])


@pytest.mark.parametrize(("probability", "median"), [(0.1, 0.03), (0.85, 0.1)])
@pytest.mark.parametrize("m", [1, 4])
def test_a_planted_background_is_found(probability, median, m):
    rng = np.random.default_rng(0)
    said = [said_of_background(planted(rng, probability, median, m)) for _ in range(300)]
    found = learned_background(said, *DEFAULTS)
    assert abs(np.log(found[0] / (1 - found[0]) / (probability / (1 - probability)))) < 0.8
    assert found[1] == pytest.approx(median, rel=0.6)


def test_few_genes_that_say_nothing_give_the_defaults_back():
    said = said_of_background(np.zeros((4, 24)))
    np.testing.assert_allclose(said, 0, atol=1e-12)
    found = learned_background([said] * 3, *DEFAULTS)
    assert found == pytest.approx(DEFAULTS, rel=0.12)
    assert learned_background([], *DEFAULTS) == DEFAULTS
    assert said_of_background(None) is None


@pytest.mark.parametrize("m", [1, 2, 5])
def test_a_gene_is_as_likely_as_its_hypotheses_together_make_it(m):
    """The slow way: every set of tissues that may have a background of their own."""
    log_bayes = np.random.default_rng(m).normal(0, 2, (1 + m, 24))
    said = said_of_background(log_bayes)
    for i, j in ((3, 4), (20, 15), (33, 27)):
        bayes = np.exp(log_bayes) @ np.exp(VariancePrior(MEDIANS[j]).log_mass)
        odds = PROBABILITIES[i] / (1 - PROBABILITIES[i])
        each = odds / max(m / 2, 1)
        own = prior = 0.0
        for tissues in product((False, True), repeat=m):
            weight = each ** sum(tissues)
            own += weight * np.prod(bayes[1:][list(tissues)])
            prior += weight
        shared = (1 + odds * bayes[0]) / (1 + odds)
        expected = own / prior if m == 1 else 0.5 * own / prior + 0.5 * shared
        assert said[i, j] == pytest.approx(np.log(expected), abs=1e-9)


def test_the_order_of_genes_does_not_matter():
    rng = np.random.default_rng(4)
    said = [said_of_background(planted(rng, 0.4, 0.02, m=3)) for _ in range(30)]
    order = rng.permutation(30)
    again = learned_background([said[k] for k in order], *DEFAULTS)
    assert learned_background(said, *DEFAULTS) == again


def fits_of(seeds, share, m):
    found = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        x = linked_genotypes(rng, 200, 150)
        value = (x - x.mean(axis=0)) / x.std(axis=0) @ rng.standard_normal((150, 1))
        noise = rng.standard_normal((200, m))
        y = np.sqrt(share) * value / value.std() + np.sqrt(1 - share) * noise
        found.append(fqtl.fit(y, x))
    return found


@pytest.mark.parametrize("m", [1, 3])
def test_fits_teach_that_there_is_one_or_that_there_is_none(m):
    polygenic = fqtl.learn_priors(fits_of(range(8), 0.3, m))
    assert polygenic.background_probability > 0.7
    assert polygenic.background_median > 0.03
    without = fqtl.learn_priors(fits_of(range(8), 0.0, m))
    assert without.background_probability < 0.4
    assert without.background_median < 0.01


def test_a_fit_without_a_background_teaches_nothing_of_it(gene):
    fit = fqtl.fit(gene.y[:, :2], gene.x, background=False)
    priors = fqtl.learn_priors([fit])
    assert (priors.background_probability, priors.background_median) == DEFAULTS


def test_learned_priors_are_read_where_no_option_says_otherwise(gene):
    fits = fits_of(range(3), 0.3, 1)
    rng = np.random.default_rng(9)
    x = linked_genotypes(rng, 200, 150)
    y = rng.standard_normal((200, 1)) + x @ rng.normal(0, 0.06, (150, 1))
    priors = fqtl.learn_priors(fits)
    options = {
        "background_probability": priors.background_probability,
        "median_background": priors.background_median,
    }
    learned = fqtl.fit(y, x, priors=priors)
    assert learned.effects.tobytes() == fqtl.fit(y, x, priors=priors, **options).effects.tobytes()
    by_default = fqtl.fit(y, x, priors=priors, background_probability=0.5, median_background=0.01)
    assert learned.background_share[0] != by_default.background_share[0]
