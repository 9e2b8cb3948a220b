"""A polygenic background as a few variants: what of its score they keep, and what is written."""

from dataclasses import replace

import numpy as np
import pytest

import fqtl
from fqtl.config.together import refuse_background
from fqtl.errors import FqtlError
from fqtl.gene import sparse_background as module
from fqtl.gene.analysis import analyse_gene, fit_gene
from fqtl.gene.cross_validation import assign_folds, cross_validate
from fqtl.gene.donors import genotypes_of
from fqtl.gene.record import sparse_effects
from fqtl.gene.settings import Settings
from fqtl.gene.sparse_background import KEPT, MOST, alike, pursued, sparse_background
from fqtl.tables.fits import covariance_of
from tests.conftest import linked_genotypes
from tests.gene.test_analysis import inputs

N, P = 240, 150


def polygenic(seed, m, share=0.5):
    """Dosages (N, P) in LD, and a response (N, m) that hangs on all of them alike."""
    rng = np.random.default_rng(seed)
    x = linked_genotypes(rng, N, P, correlation=0.98)
    value = (x - x.mean(axis=0)) / x.std(axis=0) @ rng.standard_normal(P)
    value *= np.sqrt(share) / value.std()
    return x, value[:, None] + np.sqrt(1 - share) * rng.standard_normal((N, m))


def with_background(seed=3, m=1):
    x, y = polygenic(seed, m)
    fit = fqtl.fit(y, x)
    assert fit.background_share.all()
    return x, fit


def share_of(score, told):
    return 1 - np.var(score - told) / np.var(score)


def test_few_variants_keep_nine_tenths_of_the_score_of_all():
    x, fit = with_background()
    found = sparse_background(fit, x)
    kept = share_of(x @ fit.background, x @ found.effects)
    assert found.kept[0] == pytest.approx(kept, abs=1e-9)
    assert kept >= KEPT
    assert 1 < np.count_nonzero(found.effects) <= MOST < np.count_nonzero(fit.background)


def test_variants_are_those_of_a_search_that_tries_each_by_least_squares_of_what_is_left():
    rng = np.random.default_rng(1)
    unit = rng.standard_normal((40, 12))
    unit -= unit.mean(axis=0)
    unit /= np.linalg.norm(unit, axis=0)
    score = unit @ rng.standard_normal(12)
    chosen, left = [], score
    while left @ left > (1 - KEPT) * (score @ score):
        drops = [left @ left - np.linalg.lstsq(unit[:, [j]], left)[1][0] for j in range(12)]
        chosen.append(int(np.argmax(drops)))
        effects = np.linalg.lstsq(unit[:, chosen], score)[0]
        left = score - unit[:, chosen] @ effects
    found = pursued(unit, score, np.empty(0, dtype=np.int64))
    assert found.tolist() == chosen
    assert 2 < len(chosen) < 12


def test_tissues_that_share_all_of_it_have_the_same_variants_in_the_units_of_each():
    x, y = polygenic(2, m=3)
    fit = fqtl.fit(y * [1.0, 10.0, 0.1], x)
    assert len(alike(fit.standardised_background)) == 1
    found = sparse_background(fit, x)
    there = found.effects != 0
    np.testing.assert_array_equal(there, there[:, [0]].repeat(3, axis=1))
    per_sd = found.effects / fit.scale.y_sd
    np.testing.assert_allclose(per_sd, per_sd[:, [0]].repeat(3, axis=1), rtol=1e-9)


def test_what_most_tissues_share_comes_first_and_others_add_to_it():
    x, fit = with_background(m=4)
    shared = fit.standardised_background[:, 0]
    own = np.random.default_rng(3).standard_normal(P) * shared.std()
    background = np.column_stack([shared + own, shared, shared, np.zeros(P)])
    assert alike(background) == [[1, 2], [0]]
    found = sparse_background(replace(fit, standardised_background=background), x)
    there = found.effects != 0
    assert there[there[:, 1], 0].all()
    assert there[:, 0].sum() > there[:, 1].sum()
    assert not there[:, 3].any()
    assert np.isnan(found.kept[3])
    assert (found.kept[:3] >= KEPT).all()


def test_a_fit_without_a_background_has_nothing_that_stands_in():
    x, y = polygenic(4, m=2)
    found = sparse_background(fqtl.fit(y, x, background=False), x)
    assert not found.effects.any()
    assert np.isnan(found.kept).all()


def test_variants_without_variance_and_missing_dosages_do_no_harm():
    x, fit = with_background()
    odd = x.astype(float)
    odd[:, 5] = 1.0
    odd[::7, 9] = np.nan
    found = sparse_background(fit, odd)
    assert np.isfinite(found.effects).all()
    assert found.effects[5, 0] == 0
    filled = np.where(np.isnan(odd), np.nanmean(odd, axis=0), odd)
    kept = share_of(filled @ fit.background, filled @ found.effects)
    assert found.kept[0] == pytest.approx(kept[0] if np.ndim(kept) else kept, abs=1e-9)


def gene_of(seed=2, m=3):
    gene, genotypes, _ = inputs()
    x, y = polygenic(seed, m)
    variants = genotypes.variants.iloc[np.arange(P) % len(genotypes.variants)].assign(
        variant_id=[f"chr1_{i}_A_G_b38" for i in range(P)], pos=np.arange(P)
    )
    donors = [f"d{i}" for i in range(N)]
    told = replace(genotypes, variants=variants, dosages=x.T.astype(np.float32), donors=donors)
    return replace(gene, y=y, tissues=[f"t{i}" for i in range(m)]), told


SPARSE = Settings(fit={"background": True}, fold=None, min_pip=0.01)


def written(record, tissue):
    """Variants and weights of a tissue."""
    entries = [entry for entry in record["weights"] if entry["tissue"] == tissue]
    return [entry["variant"] for entry in entries], np.array([e["weight"] for e in entries])


def test_a_record_holds_what_stands_in_with_its_covariance_and_says_what_it_keeps():
    gene, genotypes = gene_of()
    record = analyse_gene(gene, genotypes, SPARSE)
    x = genotypes.dosages.T
    fit = fit_gene(gene, x, SPARSE)
    expected = sparse_effects(fit, 0.01) + sparse_background(fit, x).effects
    covariance = covariance_of(record["covariance"], len(record["variants"]))
    for t, row in enumerate(record["prediction"]):
        which, weights = written(record, row["tissue"])
        np.testing.assert_array_equal(weights, expected[expected[:, t] != 0, t])
        score = np.var(x.astype(float) @ expected[:, t], ddof=1)
        assert weights @ covariance[np.ix_(which, which)] @ weights == pytest.approx(score)
        assert row["background_share"] == fit.background_share[t] > 0
        assert row["background_kept"] == sparse_background(fit, x).kept[t] > 0.8


def test_without_it_a_record_says_nothing_of_a_background():
    gene, genotypes = gene_of()
    record = analyse_gene(gene, genotypes, replace(SPARSE, fit={}))
    assert all("background_share" not in row for row in record["prediction"])
    fit = fit_gene(gene, genotypes.dosages.T, replace(SPARSE, fit={}))
    for t, tissue in enumerate(gene.tissues):
        effects = sparse_effects(fit, 0.01)[:, t]
        np.testing.assert_array_equal(written(record, tissue)[1], effects[effects != 0])


def test_cross_validation_is_of_what_is_written(monkeypatch):
    gene, genotypes = gene_of(0, m=1)
    fold = assign_folds(N, 3, 0)
    settings = replace(SPARSE, fold=fold)
    record = analyse_gene(gene, genotypes, settings)
    x = genotypes.dosages.T

    def effects(train):
        fit = fit_gene(gene, x, SPARSE, train)
        return sparse_effects(fit, 0.01) + sparse_background(fit, genotypes_of(x, train)).effects

    by_hand = cross_validate(gene.y, x, fold, effects)
    assert record["prediction"][0]["r2"] == by_hand.r2[0] > 0.05
    monkeypatch.setattr(module, "MOST", 1)
    fewer = analyse_gene(gene, genotypes, settings)
    assert fewer["prediction"][0]["r2"] != record["prediction"][0]["r2"]


def test_it_is_refused_with_an_engine_that_has_none():
    refuse_background("none", "sgvb")
    refuse_background("sparse", "cavi")
    said = "weights.background: sparse goes with model.engine: cavi; found sgvb"
    with pytest.raises(FqtlError, match=said):
        refuse_background("sparse", "sgvb")
