"""Confounders that nobody measured: components, and what genes far apart share."""

import numpy as np
import pandas as pd
import pytest

from fqtl.data.covariates import Covariates
from fqtl.data.expression import Expression
from fqtl.prepare.components import count_components, principal_components
from fqtl.prepare.confounders import design_of, regress_out
from fqtl.prepare.normalise import standardise
from fqtl.prepare.quality import connectivity, explained_by_each, far_below
from fqtl.prepare.settings import PrepareSettings
from fqtl.prepare.siblings import choose_controls, follows, regress_on_siblings
from fqtl.prepare.tissue import prepare_tissue

DONORS = [f"d{i}" for i in range(80)]


def confounded(rng, genes=200, hidden=2, strength=0.7):
    """Expression (genes, 80) with variance 1 that follows hidden factors (80, hidden)."""
    factors = rng.standard_normal((80, hidden))
    loadings = strength * rng.standard_normal((genes, hidden))
    values = loadings @ factors.T + rng.standard_normal((genes, 80))
    return standardise(values)[0], factors


@pytest.mark.parametrize("hidden", [0, 1, 3])
def test_as_many_components_are_counted_as_there_are_hidden_factors(hidden):
    rng = np.random.default_rng(hidden)
    covariates = rng.standard_normal((80, 4))
    design = design_of(covariates)
    values = regress_out(confounded(rng, hidden=hidden)[0], design)
    assert count_components(values, design, np.random.default_rng(1)) == hidden


def test_components_are_directions_of_most_variance():
    rng = np.random.default_rng(4)
    values, _ = confounded(rng)
    found = principal_components(values, 3)
    right = np.linalg.svd(values, full_matrices=False)[2]
    np.testing.assert_allclose(np.abs(found.T @ right[:3].T), np.eye(3), atol=1e-8)
    assert (found[np.abs(found).argmax(axis=0), range(3)] > 0).all()


def tissue(values, settings, covariates=None, chrom="chr1", windows=None):
    genes = pd.DataFrame(
        {"gene_id": [f"g{i}" for i in range(len(values))], "chrom": chrom, "tss": 100}
    )
    expression = Expression(genes, values, DONORS, {})
    return prepare_tissue(expression, covariates, DONORS, settings, windows)


def test_hidden_factors_are_regressed_out_with_the_covariates():
    rng = np.random.default_rng(5)
    values, factors = confounded(rng, genes=500)
    covariates = Covariates(["age"], rng.standard_normal((80, 1)), DONORS)
    found = tissue(values, PrepareSettings(components=None), covariates)
    assert (found.components, found.covariates) == (2, 3)
    design = design_of(factors)[:, 1:]
    before, after = ((v @ design) ** 2 for v in (values, found.values))
    assert after.mean() < 0.05 * before.mean()
    assert list(found.quality.explained) == ["age", "component 1", "component 2"]
    assert found.quality.explained["age"] == pytest.approx(1 / 79, rel=0.5)
    assert found.quality.explained_together > 0.3


def test_components_leave_degrees_of_freedom():
    values, _ = confounded(np.random.default_rng(6))
    found = tissue(values, PrepareSettings(components=100))
    assert found.components == 80 - 1 - 10


def test_controls_are_the_best_correlated_genes_of_other_chromosomes():
    rng = np.random.default_rng(7)
    values, _ = confounded(rng, genes=30)
    chrom = [f"chr{1 + i % 3}" for i in range(30)]
    found = choose_controls(values, chrom, 4)
    for i in range(30):
        others = [j for j in range(30) if chrom[j] != chrom[i]]
        strength = {j: abs(np.corrcoef(values[i], values[j])[0, 1]) for j in others}
        assert found[i].tolist() == sorted(others, key=lambda j: -strength[j])[:4]


def test_fewer_controls_than_asked_for_are_all_that_there_are():
    values, _ = confounded(np.random.default_rng(8), genes=3)
    found = choose_controls(values, ["chr1", "chr1", "chr2"], 2)
    assert found.tolist() == [[2, -1], [2, -1], found[2].tolist()]
    assert sorted(found[2]) == [0, 1]


def test_a_control_that_follows_a_variant_is_told_from_one_that_does_not():
    rng = np.random.default_rng(9)
    dosages = rng.binomial(2, 0.3, (20, 80)).astype(float)
    controls = rng.standard_normal((2, 80))
    controls[1] += 1.5 * dosages[4]
    dosages[4, :3] = np.nan
    dosages[5] = 1.0  # does not vary
    assert follows(standardise(controls)[0], dosages, 1e-4, 78).tolist() == [False, True]


def test_what_is_shared_with_other_chromosomes_goes_and_genetics_stays():
    """Gene 0 has a cis variant and a batch; gene 1, elsewhere, follows that variant in trans."""
    rng = np.random.default_rng(10)
    variant = rng.binomial(2, 0.5, 80).astype(float)
    batch = rng.standard_normal(80)
    genes = [variant + 2 * batch + 0.5 * rng.standard_normal(80), variant]
    genes += [batch + 0.2 * rng.standard_normal(80) for _ in range(3)]
    values = standardise(np.array(genes))[0]
    chrom = ["chr1", *["chr2"] * 4]
    residual, used = regress_on_siblings(
        values, chrom, iter([(0, variant[None])]), count=4, max_p=1e-4, freedom=78
    )
    assert used.tolist() == [3, 0, 0, 0, 0]
    np.testing.assert_array_equal(residual[1:], values[1:])
    correlation = np.corrcoef([residual[0], values[0], variant, batch])
    assert correlation[1, 2] < 0.5 < 0.7 < correlation[0, 2]
    assert abs(correlation[0, 3]) < 0.2 < correlation[1, 3]


def test_controls_are_counted_and_genes_without_genotypes_keep_their_values():
    rng = np.random.default_rng(11)
    values, _ = confounded(rng, genes=40)
    chrom = ["chr1"] * 20 + ["chr2"] * 20
    dosages = rng.binomial(2, 0.3, (5, 80)).astype(float)

    def windows(rows, samples):
        assert samples == DONORS
        return ((row, dosages) for row in rows if row >= 20)

    found = tissue(values, PrepareSettings(controls=3), chrom=chrom, windows=windows)
    assert 1 < found.controls <= 1.5  # half of the genes have three, unless one was removed
    np.testing.assert_allclose(found.values[:20], values[:20], atol=1e-10)
    assert np.abs(found.values[20:] - values[20:]).max() > 0.1
    np.testing.assert_allclose(found.values.std(axis=1), 1)


def test_a_covariate_explains_the_square_of_its_correlation():
    rng = np.random.default_rng(12)
    values, _ = confounded(rng, genes=3)
    covariates = np.column_stack([rng.standard_normal(80), np.ones(80)])
    r = [np.corrcoef(row, covariates[:, 0])[0, 1] for row in values]
    found = explained_by_each(values, covariates)
    np.testing.assert_allclose(found, [np.mean(np.square(r)), 0], atol=1e-12)


def test_a_donor_of_another_tissue_stands_out():
    rng = np.random.default_rng(13)
    profile = rng.standard_normal((500, 1))
    values = profile + 0.5 * rng.standard_normal((500, 80))
    values[:, 7] = rng.standard_normal(500)
    found = far_below(connectivity(values))
    assert np.flatnonzero(found > 5).tolist() == [7]


def test_too_few_genes_call_no_outliers():
    rng = np.random.default_rng(14)
    assert not far_below(connectivity(rng.standard_normal((5, 80)))).any()
