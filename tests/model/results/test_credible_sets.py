"""Credible sets of what was simulated."""

import numpy as np
import pytest

import fqtl
from tests.conftest import simulated_gene


def test_credible_sets_hold_what_was_simulated():
    held, sizes = [], []
    for seed in range(8):
        gene = simulated_gene(seed, n=300, h2=0.4)
        causal = gene.variants[:, 0].argmax()
        sets = [entry for entry in fqtl.fit(gene.y, gene.x).credible_sets if entry.factor == 0]
        assert sets
        for entry in sets:
            assert entry.pip > 0.5
            assert 0.95 <= entry.coverage <= 1 + 1e-12
            assert entry.tissue is None
            r = np.abs(np.corrcoef(gene.x[:, entry.variants].T))
            assert entry.purity == pytest.approx(np.min(r), abs=1e-5)
        held.append(any(causal in entry.variants for entry in sets))
        sizes.append(min(len(entry.variants) for entry in sets))
    assert np.mean(held) > 0.85
    assert np.median(sizes) <= 5


def clump(like, copies):
    """(n, copies) variants that differ from one in a donor each."""
    x = np.repeat(like[:, None], copies, axis=1)
    donors = np.arange(copies)
    x[donors, donors] = (x[donors, donors] + 1) % 3
    return x


@pytest.mark.parametrize(("other", "pure"), [(150, False), (0, True)])
def test_a_large_set_is_pure_only_if_its_least_likely_variants_are_like_the_others(other, pure):
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 3, (2, 400)).astype(float)
    x = np.hstack([clump(first, 150), clump(second, other)])
    seen = np.column_stack([np.ones(400), first, second])
    noise = rng.standard_normal(400)
    noise -= seen @ np.linalg.lstsq(seen, noise, rcond=None)[0]  # chance prefers neither
    y = 0.35 * first + 0.31 * second + 1.5 * noise
    (found,) = fqtl.fit(y, x, max_effects=1, background=False).credible_sets
    assert (found.variants[:100] < 150).all()
    assert (found.variants >= 150).any() != pure
    least = np.abs(np.corrcoef(x[:, found.variants].T)).min()
    assert (least >= 0.5, found.purity >= 0.5) == (pure, pure)
    if pure:
        assert found.purity == pytest.approx(least, abs=1e-5)


def test_a_set_of_one_variant_is_pure():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, (300, 40))  # no LD
    y = np.outer(x[:, 7], np.ones(6)) + rng.standard_normal((300, 6))
    (only,) = fqtl.fit(y, x).credible_sets
    assert only.variants.tolist() == [7]
    assert only.purity == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("factored", [True, False])
def test_variants_in_perfect_ld_are_together_in_a_set_with_equal_pip(factored):
    for seed in range(3):
        gene = simulated_gene(seed, n=300, h2=0.4)
        causal = int(gene.variants[:, 0].argmax())
        twin = (causal + 37) % 100
        x = gene.x.copy()
        x[:, twin] = 2 - x[:, causal]  # the same variant, its alleles swapped
        fit = fqtl.fit(gene.y, x, factored=factored)
        t = int(np.flatnonzero(gene.tissues[:, 0])[0])
        assert fit.pip[causal, t] > 0.2
        # products in single precision depend on where in a block a row stands
        assert fit.pip[twin, t] == pytest.approx(fit.pip[causal, t], rel=1e-4)
        assert fit.effects[twin, t] == pytest.approx(-fit.effects[causal, t], rel=1e-4)
        both = [{causal, twin} & set(entry.variants) for entry in fit.credible_sets]
        assert {causal, twin} in both
        assert not [one for one in both if len(one) == 1]
