"""Contexts that are made of real genes, what is measured in them, and runs that go on."""

import json
import re

import numpy as np
import pytest

import fqtl
from tests.benchmarks.accuracy.real import tables
from tests.benchmarks.accuracy.real.data import Gene, normal_scores
from tests.benchmarks.accuracy.real.learning import PRIORS
from tests.benchmarks.accuracy.real.methods import METHODS, Method, Training, of_contexts, pooled
from tests.benchmarks.accuracy.real.page import page
from tests.benchmarks.accuracy.real.prediction import predict, r2, share
from tests.benchmarks.accuracy.real.settings import FOLDS, SETTINGS, Case, case_of
from tests.benchmarks.accuracy.real.work import measure_all, pieces, read_sources


def gene(n=83, m=1, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.binomial(2, 0.3, (n, 12)).astype(np.float32)
    y = 0.7 * x[:, :1] + rng.normal(size=(n, m))
    return Gene(f"gene{seed}", y, x)


@pytest.mark.parametrize("groups", [2, 4, 8])
def test_groups_are_disjoint_and_have_all_values(groups):
    given = gene()
    case = case_of(SETTINGS[f"{groups} groups"], given)
    seen = np.isfinite(case.y)
    assert (seen.sum(axis=1) == 1).all()
    assert np.ptp(seen.sum(axis=0)) <= 1
    np.testing.assert_array_equal(np.nansum(case.y, axis=1), given.y[:, 0])
    of_fold = np.array([seen[case.fold == k].sum(axis=0) for k in range(FOLDS)])
    assert (np.ptp(of_fold, axis=0) <= 1).all()


@pytest.mark.parametrize("name", ["2 groups", "8 groups"])
def test_only_the_last_group_is_permuted(name):
    plain, mixed = (case_of(SETTINGS[f"{name}{end}"], gene()) for end in ("", ", permuted"))
    assert mixed.real.tolist() == [True] * (mixed.y.shape[1] - 1) + [False]
    np.testing.assert_array_equal(plain.y[:, :-1], mixed.y[:, :-1])
    np.testing.assert_array_equal(plain.fold, mixed.fold)
    assert (plain.y[:, -1] != mixed.y[:, -1])[np.isfinite(plain.y[:, -1])].any()
    np.testing.assert_array_equal(np.sort(plain.y[:, -1]), np.sort(mixed.y[:, -1]))


def test_two_tissues_of_the_same_donors_are_pooled_by_their_mean():
    y = np.array([[1.0, 5.0], [3.0, np.nan], [np.nan, 7.0], [np.nan, np.nan]])
    np.testing.assert_array_equal(pooled(y), [-1, 1, 1, np.nan])


def test_normal_scores_keep_order_and_what_is_missing():
    scores = normal_scores(np.array([3.0, np.nan, -1.0, 10.0]))
    np.testing.assert_allclose(scores, [0, np.nan, -0.967421566, 0.967421566])


def test_a_prediction_is_measured_by_hand():
    yy, ff, yf = np.array([4.0, 1.0]), np.array([1.0, 1.0]), np.array([1.5, 0.5])
    assert share(yy, ff, yf) == pytest.approx(1 - (4 + 1 - 3 + 1 + 1 - 1) / 5)
    assert r2(yy, ff, yf) == pytest.approx(2**2 / (5 * 2))
    assert r2(yy, ff, -yf) == 0


def least_squares(y, x):
    around = x - x.mean(axis=0)
    return np.linalg.lstsq(around, y - y.mean(), rcond=None)[0]


def test_held_out_donors_are_predicted_as_in_a_loop_over_donors():
    given = gene(40)
    case = Case("", np.hstack([given.y, np.where(np.arange(40)[:, None] < 25, 2.0, np.nan)]),
                given.x, np.arange(40) % FOLDS, np.array([True, True]))  # fmt: skip
    found = predict(case, Method("", of_contexts(least_squares)))
    predicted = []
    for i in range(40):
        kept = case.fold != case.fold[i]
        x, y = given.x[kept], given.y[kept, 0]
        predicted.append((given.x[i] - x.mean(axis=0)) @ least_squares(y, x))
    f, y = predicted - np.mean(predicted), given.y[:, 0] - given.y.mean()
    np.testing.assert_allclose(
        [found.yy[0], found.ff[0], found.yf[0]], [y @ y, f @ f, y @ f], rtol=1e-5
    )
    assert found.yy[1] == found.yf[1] == 0  # what does not vary is not predicted


def test_every_method_that_sees_one_context_answers_for_each_and_knows_no_other():
    given = case_of(SETTINGS["2 groups"], gene(120))
    for name in ("alone", "BLUP", "SuSiE", "elastic net"):
        run = METHODS[name].run
        both = run(Training(given.y, given.x, given.real))
        first = run(Training(given.y[:, :1], given.x, given.real[:1]))
        np.testing.assert_array_equal(both[:, :1], first)


def write_mouse(path, genes=2, n=60):
    of = [gene(n, 2, seed) for seed in range(genes)]
    np.savez(
        path,
        dosage=of[0].x.astype(np.int8),
        expression=np.stack([one.y for one in of], axis=1),
        probe=[one.name for one in of],
    )
    return path


def test_a_run_goes_on_where_it_was_and_makes_a_page(tmp_path):
    paths = {"mouse": write_mouse(tmp_path / "mouse.npz")}
    asked = [["mouse"], ["joint", "alone", "BLUP", "mr.mash"], ["joint", "alone"]]
    names = read_sources(paths)["mouse"].names
    first, both = (list(pieces(*asked, {"mouse": names}, genes)) for genes in (1, 2))
    assert set(measure_all(first, paths, tmp_path / "kept", 1)) == set(first)
    assert set(measure_all(both, paths, tmp_path / "kept", 1)) == set(both) - set(first)
    assert not list(measure_all(both, paths, tmp_path / "kept", 1))
    predicted, found = tables.predictions(tmp_path / "kept"), tables.discoveries(tmp_path / "kept")
    assert predicted.groupby("method")["gene"].nunique().to_dict() == {
        "joint": 2,
        "alone": 2,
        "BLUP": 2,
        "mr.mash": 2,
    }
    assert found[["genes", "pairs"]].to_numpy().tolist() == [[2, 4], [2, 4]]
    assert "## Mouse" in page(predicted, found)
    beside = page(
        tables.with_earlier(predicted, predicted.assign(share=predicted["share"] - 0.25)), found
    )
    assert re.search(r"joint, before \| 2 .* \| 0.2500 ± 0.0000 \|", beside)


def test_priors_that_were_kept_gene_by_gene_are_those_of_the_fits_together():
    genes = [gene(60, 2, seed) for seed in range(3)]
    kept = [json.loads(json.dumps(PRIORS.of_gene(one.y, one.x))) for one in genes]
    assert PRIORS.of_all(kept) == fqtl.learn_priors(fqtl.fit(one.y, one.x) for one in genes)
