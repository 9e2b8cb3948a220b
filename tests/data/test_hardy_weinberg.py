"""The exact test agrees with counting all ways to pair alleles."""

from itertools import combinations

import numpy as np
import pytest

from fqtl.data.hardy_weinberg import hardy_weinberg_p


def by_enumeration(dosage):
    """Every way to deal the alleles out to people is as likely as every other."""
    n, minor = len(dosage), int(min(sum(dosage), 2 * len(dosage) - sum(dosage)))
    counts = {}
    for places in combinations(range(2 * n), minor):
        copies = np.bincount(np.array(places, dtype=int) // 2, minlength=n)
        het = int((copies == 1).sum())
        counts[het] = counts.get(het, 0) + 1
    seen = counts[int((np.array(dosage) == 1).sum())]
    return sum(count for count in counts.values() if count <= seen) / sum(counts.values())


@pytest.mark.parametrize(
    "dosage", [[0, 0, 1, 1, 2], [2, 2, 2, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0, 1], [2, 2, 1, 2, 0]]
)
def test_the_p_value_is_that_of_dealing_alleles_out(dosage):
    assert hardy_weinberg_p(np.array(dosage, float)) == pytest.approx(by_enumeration(dosage))


def test_missing_and_imputed_calls():
    known = hardy_weinberg_p(np.array([0.0, 1, 1, 2, 0]))
    assert hardy_weinberg_p(np.array([0.1, np.nan, 0.9, 1.2, 1.9, 0])) == known


def test_heterozygotes_alone_in_many_people_are_far_from_it():
    assert hardy_weinberg_p(np.ones(500)) < 1e-100
    rng = np.random.default_rng(0)
    assert hardy_weinberg_p(rng.binomial(2, 0.3, 500).astype(float)) > 1e-3
