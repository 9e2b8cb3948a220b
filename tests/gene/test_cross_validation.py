import numpy as np
import pytest
from scipy.stats import combine_pvalues, pearsonr, spearmanr

from fqtl.gene.cross_validation import assign_folds, compare, cross_validate


def least_squares(y, x):
    x = x - x.mean(axis=0)
    return np.linalg.lstsq(x, np.nan_to_num(y - np.nanmean(y, axis=0)), rcond=None)[0]


def test_folds_are_of_like_size_and_the_seed_decides():
    fold = assign_folds(23, 5, seed=1)
    assert sorted(np.bincount(fold)) == [4, 4, 5, 5, 5]
    assert (fold == assign_folds(23, 5, seed=1)).all()
    assert (fold != assign_folds(23, 5, seed=2)).any()


def test_a_held_out_donor_never_shapes_its_own_prediction():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((40, 3)), rng.standard_normal((40, 2))
    fold = assign_folds(40, 4, seed=0)
    seen = []

    def effects_of(train):
        seen.append(train)
        return least_squares(y[train], x[train])

    cross_validate(y, x, fold, effects_of)
    for k in range(4):
        np.testing.assert_array_equal(seen[k], fold != k)


def test_a_strong_effect_is_predicted_and_noise_is_not():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((300, 2))
    y = np.column_stack([x[:, 0] + 0.5 * rng.standard_normal(300), rng.standard_normal(300)])
    y[::7, 0] = np.nan
    found = cross_validate(
        y, x, assign_folds(300, 5, 0), lambda train: least_squares(y[train], x[train])
    )
    assert found.r2[0] == pytest.approx(0.8, abs=0.06)
    assert found.p[0] < 1e-20
    assert found.r2[1] < 0.03


def test_agreement_is_the_correlation_over_what_was_measured():
    rng = np.random.default_rng(2)
    y, predicted = rng.standard_normal((30, 1)), rng.standard_normal((30, 1))
    y[3] = np.nan
    fold = np.arange(30) % 3
    found = compare(y, predicted, fold)
    seen = np.isfinite(y[:, 0])
    expected = pearsonr(y[seen, 0], predicted[seen, 0], alternative="greater")
    assert found.r[0] == pytest.approx(expected.statistic)
    assert found.p[0] == pytest.approx(expected.pvalue)
    folds = [
        pearsonr(y[seen & (fold == k), 0], predicted[seen & (fold == k), 0], alternative="greater")
        for k in range(3)
    ]
    assert found.fold_r2[0] == pytest.approx(np.mean([max(f.statistic, 0) ** 2 for f in folds]))
    assert found.fold_p[0] == pytest.approx(combine_pvalues([f.pvalue for f in folds]).pvalue)


def test_rank_correlation_is_spearmans_over_what_was_measured():
    rng = np.random.default_rng(3)
    y, predicted = rng.standard_normal((30, 1)), rng.standard_normal((30, 1))
    y[[3, 9]] = np.nan
    seen = np.isfinite(y[:, 0])
    found = compare(y, predicted, np.arange(30) % 3)
    assert found.spearman[0] == pytest.approx(spearmanr(y[seen, 0], predicted[seen, 0]).statistic)
    assert compare(y, np.full_like(y, 0.1), np.arange(30) % 3).spearman[0] == 0


def test_a_constant_prediction_has_no_correlation():
    found = compare(np.arange(9.0)[:, None], np.zeros((9, 1)), np.arange(9) % 3)
    assert (found.r[0], found.r2[0], found.p[0]) == (0, 0, 1)


def test_a_negative_correlation_predicts_nothing():
    y = np.arange(12.0)[:, None]
    found = compare(y, -y, np.arange(12) % 2)
    assert found.r[0] == pytest.approx(-1)
    assert found.r2[0] == 0


def test_each_tissue_is_compared_over_its_own_donors():
    rng = np.random.default_rng(5)
    y, predicted = rng.standard_normal((2, 40, 6))
    predicted[:, :3] += y[:, :3]
    y[rng.random(y.shape) < 0.3] = np.nan
    y[2:, 4] = np.nan  # two donors
    y[np.isfinite(y[:, 5]), 5] = 1.5
    fold = np.arange(40) % 4
    together = compare(y, predicted, fold)
    for t in range(6):
        alone = compare(y[:, [t]], predicted[:, [t]], fold)
        for name in ("r", "r2", "p", "fold_r2", "fold_p", "spearman"):
            assert getattr(together, name)[t] == pytest.approx(getattr(alone, name)[0], rel=1e-12)
    assert (together.r[4:] == 0).all()
    assert (together.p[4:] == 1).all()
    assert (together.fold_p[4:] == 1).all()
