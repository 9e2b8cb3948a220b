"""Pseudo-validation is what cross-validation would have been."""

import numpy as np
import pytest

import fqtl
from fqtl.gene.cross_validation import assign_folds, cross_validate
from fqtl.model.summary.fit import problem_of
from fqtl.model.summary.validation import pseudo_validate
from tests.model.summary.conftest import make_gene

FOLDS = 3


def validated(gene, panel, seed=0):
    problem = problem_of(gene.z, gene.n, panel=panel, background=False)
    return pseudo_validate(problem, FOLDS, seed, lambda fit: fit.effects)


def test_it_agrees_with_cross_validation_of_individual_data(gene):
    def effects_of(train):
        return fqtl.fit(gene.y[train], gene.x[train], background=False).effects

    fold = assign_folds(len(gene.y), FOLDS, 0)
    expected = cross_validate(gene.y, gene.x, fold, effects_of)
    found = validated(gene, gene.x)
    acting = gene.effects.any(axis=0)
    # of 240 donors a correlation has a standard error of 0.06
    np.testing.assert_allclose(found.r[acting], expected.r[acting], atol=0.1)
    assert (found.p[acting] < 1e-3).all()
    assert (found.p[~acting] > 1e-3).all()


def test_where_nothing_acts_nothing_is_predicted():
    gene = make_gene(8, m=10, acting=0, noise=0.4)
    found = validated(gene, gene.others)
    assert (found.r2 < 0.03).all()
    assert (found.p > 1e-3).all()


def test_it_is_the_same_for_the_same_seed():
    gene = make_gene(9, p=60, people=150, m=3)
    one, same, other = (validated(gene, gene.others, seed) for seed in (1, 1, 2))
    assert one.r.tobytes() == same.r.tobytes()
    assert one.r.tobytes() != other.r.tobytes()


def test_one_part_cannot_be_held_out(gene):
    problem = problem_of(gene.z, gene.n, panel=gene.x)
    with pytest.raises(fqtl.FqtlError, match="at least 2 folds, found 1"):
        pseudo_validate(problem, 1, 0, lambda fit: fit.effects)
