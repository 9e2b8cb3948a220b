"""What fits of some genes say beforehand of the next: planted shares, few genes, any order."""

from dataclasses import replace

import numpy as np
import pytest

import fqtl
from fqtl.errors import FqtlError
from fqtl.model.learn_priors import NODES, FactorSeen, Seen, _log_bayes, _said, priors_of
from fqtl.model.predictors.options import FactorOptions
from fqtl.model.priors.default_model import default_priors, factor_tissues
from fqtl.model.priors.likeness import LIKENESS
from tests.conftest import simulated_gene


def said_of(rng, share, weight, m, shift):
    """What m tissues say, of which a share drawn from a Beta has effects.

    The evidence of a tissue is normal around ± shift²/2, as of a z-score that is shifted or not:
    the mean Bayes factor without an effect is 1.
    """
    mine = rng.beta(weight * share, weight * (1 - share))
    there = rng.random(m) < mine
    log_bayes = rng.standard_normal(m) * shift + np.where(there, 1, -1) * shift**2 / 2
    return _said(log_bayes), int(there.sum())


def genes_of(rng, count, *, specific, factor, weight=8.0, m=20):
    seen = []
    for _ in range(count):
        said, found = said_of(rng, specific, weight, m, 3.0)
        tissues = said_of(rng, factor, weight, m, 3.0)[1]
        first = FactorSeen(tissues, float(tissues), float(tissues), float(tissues), 1.0, 0.2)
        seen.append(Seen(m, said, float(found), 0.04 * float(found), (first,)))
    return seen


@pytest.mark.parametrize(("specific", "factor"), [(0.02, 0.6), (0.2, 0.1)])
def test_planted_shares_are_found(specific, factor):
    rng = np.random.default_rng(0)
    found = priors_of(genes_of(rng, 200, specific=specific, factor=factor))
    assert found.specific_start == pytest.approx(specific, rel=0.25)
    assert found.factor_share == pytest.approx(factor, rel=0.25)
    assert found.factor_weight == pytest.approx(20 * 200 / 210)
    assert found.specific_square == pytest.approx(0.04, rel=0.05)
    assert found.factor_square == pytest.approx(0.2, rel=0.05)


def test_a_tissue_that_says_nothing_does_not_count_whatever_the_fit_held_beforehand():
    for share in (0.01, 0.3):
        nothing = np.full(30, share)
        log_bayes = _log_bayes(nothing, nothing, np.ones(30, dtype=bool))
        assert _said(log_bayes) == pytest.approx(np.zeros(NODES), abs=1e-12)


def test_what_a_tissue_says_is_its_bayes_factor():
    """By hand: of a PIP of 0.9 under a share of 0.25 the factor is 27."""
    pip, prior, there = np.array([0.9, 0.0]), np.array([0.25, 0.0]), np.array([True, False])
    log_bayes = _log_bayes(pip, prior, there)
    assert np.exp(log_bayes[0]) == pytest.approx(27)
    assert np.isnan(log_bayes[1])
    said = np.exp(_said(log_bayes[:1]))
    log_odds = np.linspace(-9, 9, NODES)
    share = 1 / (1 + np.exp(-log_odds))
    assert said == pytest.approx(1 - share + 27 * share)


def test_loadings_that_are_alike_make_likeness_likely():
    seen = genes_of(np.random.default_rng(1), 60, specific=0.02, factor=0.5)
    weights = priors_of(seen).likeness
    assert LIKENESS[int(np.argmax(weights))] == max(LIKENESS)
    assert sum(weights) == pytest.approx(1)
    apart = [
        replace(gene, factors=tuple(one._replace(first=0.0) for one in gene.factors))
        for gene in seen
    ]
    assert LIKENESS[int(np.argmax(priors_of(apart).likeness))] == 0


def test_a_gene_that_says_nothing_gives_the_defaults_back():
    nothing = Seen(5, np.zeros(NODES), 0.0, 0.0, ())
    default = default_priors(5)
    found = priors_of([nothing])
    assert found.specific_start == pytest.approx(default.specific_start, rel=0.1)
    assert found.specific_weight == pytest.approx(default.specific_weight, rel=0.15)
    kept = ("specific_square", "factor_share", "factor_weight", "factor_square", "likeness")
    kept = (*kept, "another_specific", "tissues")
    for name in kept:
        assert getattr(found, name) == getattr(default, name)


def test_priors_do_not_depend_on_the_order_of_fits():
    seen = genes_of(np.random.default_rng(2), 40, specific=0.1, factor=0.3)
    order = np.random.default_rng(3).permutation(len(seen))
    assert priors_of(seen) == priors_of([seen[i] for i in order])


def test_fits_of_a_release_in_which_tissues_share_teach_that_they_do():
    genes = [simulated_gene(seed, n=120, p=40, m=4, tissues_each=4) for seed in range(10)]
    fits = [fqtl.fit(gene.y, gene.x) for gene in genes]
    found = fqtl.learn_priors(fits)
    assert found.n_tissues == 4
    assert found.factor_share > 0.5
    assert found.factor_weight > 0
    again = fqtl.fit(genes[0].y, genes[0].x, priors=found)
    assert again.converged
    assert (np.diff(again.elbo_trace) > -1e-8 * abs(again.elbo)).all()


def test_other_fits_teach_no_priors(gene):
    with pytest.raises(FqtlError, match="at least one fit, found none"):
        fqtl.learn_priors([])
    other = fqtl.fit(gene.y[:, :2], gene.x, variant_prior="spike_slab", max_iter=2)
    with pytest.raises(FqtlError, match="default model"):
        fqtl.learn_priors([other])


@pytest.mark.parametrize("m", [2, 5, 44])
def test_by_default_a_factor_is_held_to_half_of_the_tissues_that_it_may_have_at_most(m):
    bound = factor_tissues(m, FactorOptions().max_tissue_inclusion).most[-1]
    assert default_priors(m).factor_share == pytest.approx(bound / 2)


@pytest.mark.parametrize("given", [(np.zeros((9, 2)), np.zeros((9, 3))), "fits.parquet", None])
def test_what_is_no_fit_is_named(given):
    with pytest.raises(FqtlError, match=f"as fqtl.fit returns them, found {type(given).__name__}"):
        fqtl.learn_priors([given])
