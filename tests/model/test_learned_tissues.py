"""Which tissues have factors more often: planted odds, tissues that are alike, and what fits do."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

import fqtl
from fqtl.model.learned_tissues import Named, TissueEvidence, learned_log_odds
from fqtl.model.priors.default_model import default_priors, factor_tissues
from fqtl.model.priors.release_priors import OF_EACH

UNSEEN = 10.0
SHARE = 0.3


def factors_of(rng, log_odds, count, shift=3.0, share=SHARE):
    """Factors whose tissues are drawn with these odds, and evidence of a z-score of each."""
    there = rng.random((count, len(log_odds))) < expit(logit(share) + np.array(log_odds))
    noise = rng.standard_normal(there.shape) * shift
    log_bayes = noise + np.where(there, 1, -1) * shift**2 / 2
    return tuple(TissueEvidence(float(logit(share)), tuple(row)) for row in log_bayes.tolist())


def genes_of(rng, log_odds, count, names=(), **options):
    return [Named(names, (one,)) for one in factors_of(rng, log_odds, count, **options)]


def test_planted_odds_are_found():
    planted = [-2.0, -1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0]
    found = learned_log_odds(genes_of(np.random.default_rng(0), planted, 600), UNSEEN)
    assert list(found) == [str(t) for t in range(8)]
    np.testing.assert_allclose(list(found.values()), planted, atol=0.45)


def test_tissues_that_are_alike_stay_alike():
    """Of 40 tissues that differ by chance alone none is told from the others."""
    found = learned_log_odds(genes_of(np.random.default_rng(1), [0.0] * 40, 60), UNSEEN)
    assert np.abs(list(found.values())).max() < 0.2


def test_evidence_that_is_too_large_for_all_alike_changes_nothing():
    """The score of a factor is fitted to the noise of its tissues: c takes it, not a."""
    genes = genes_of(np.random.default_rng(2), [-2.0, 0.0, 0.0, 0.0, 1.0], 400)
    larger = [
        Named((), tuple(TissueEvidence(f.log_odds - 0.7, f.log_bayes) for f in gene.said))
        for gene in genes
    ]
    found, moved = (np.array(list(learned_log_odds(g, 0.0).values())) for g in (genes, larger))
    np.testing.assert_allclose(moved, found, atol=0.02)


def test_a_tissue_of_which_hardly_anything_is_seen_is_as_the_others():
    genes = genes_of(np.random.default_rng(3), [0.0] * 4, 200)
    unseen = [
        Named((), tuple(TissueEvidence(f.log_odds, (*f.log_bayes, 0.0)) for f in gene.said))
        for gene in genes
    ]
    found = list(learned_log_odds(unseen, UNSEEN).values())
    assert abs(found[4] - np.mean(found[:4])) < 0.1


def test_a_tissue_that_no_factor_has_may_still_have_the_next():
    """Beside so many factors in which all are alike its odds are those of 10 in 10 + K at least."""
    genes = [
        Named((), (TissueEvidence(float(logit(SHARE)), (20.0, 20.0, 20.0, -20.0)),))
        for _ in range(50)
    ]
    found = learned_log_odds(genes, UNSEEN)
    assert -6 < found["3"] - found["0"] < -3


def test_names_go_before_places_and_genes_need_not_have_all_tissues():
    rng, planted = np.random.default_rng(4), {"a": -2.0, "b": 0.5, "c": 0.5, "d": 0.5}
    genes = []
    for _ in range(300):
        mine = tuple(rng.permutation(list(planted))[:3].tolist())
        genes += genes_of(rng, [planted[name] for name in mine], 1, names=mine)
    found = learned_log_odds(genes, UNSEEN)
    assert list(found) == list("abcd")
    assert found["a"] < -1 < max(found.values()) < 1.5
    order = np.random.default_rng(5).permutation(len(genes))
    assert learned_log_odds([genes[i] for i in order], UNSEEN) == found


def test_places_that_may_be_of_other_tissues_teach_nothing():
    rng = np.random.default_rng(6)
    three, four = genes_of(rng, [-2.0, 0, 0], 50), genes_of(rng, [-2.0, 0, 0, 0], 50)
    assert learned_log_odds([*three, *four], UNSEEN) == {}
    named = genes_of(rng, [-2.0, 0, 0], 50, names=("a", "b", "c"))
    assert learned_log_odds([*three, *named], UNSEEN) == {}
    assert learned_log_odds([Named((), ())], UNSEEN) == {}


def test_odds_that_keep_the_mean_leave_as_many_effects_in_all_tissues():
    planted = [-1.0, -1.0, 0.0, 2.0]
    genes = genes_of(np.random.default_rng(7), planted, 600, share=0.02)
    free, kept = (
        np.array(list(learned_log_odds(genes, UNSEEN, keep_mean=mean).values()))
        for mean in (False, True)
    )
    assert np.exp(kept).mean() == pytest.approx(1)
    np.testing.assert_allclose(np.diff(kept), np.diff(free), atol=1e-12)


def idle_beside_three(seed, effect=0.55):
    """A gene whose effect three tissues of different people share, and one without it."""
    rng = np.random.default_rng(seed)
    x = rng.binomial(2, 0.3, (320, 60)).astype(float)
    loadings = effect * np.array([1.0, 1.1, 0.9, 0.0])
    y = np.outer((x[:, 7] - 0.6) / 0.65, loadings) + rng.standard_normal((320, 4))
    return np.where(rng.permutation(320)[:, None] % 4 == np.arange(4), y, np.nan), x


@pytest.fixture(scope="module")
def release():
    """Fits of genes with an idle tissue, and what they say."""
    genes = [idle_beside_three(seed) for seed in range(100, 130)]
    fits = [fqtl.fit(y, x) for y, x in genes]
    return fits, fqtl.learn_priors(fits)


def test_a_tissue_without_effects_is_known_by_its_release_and_holds_nobody_back(release):
    fits, priors = release
    assert sum(fit.rank for fit in fits) > 20
    assert priors.tissues == ("0", "1", "2", "3")
    assert priors.factor_log_odds[3] < min(priors.factor_log_odds[:3]) - 1.5
    alike = priors.of_labels([], 1)
    assert alike.factor_log_odds == ()
    probability = np.zeros((2, 4))
    for seed in range(200, 220):
        y, x = idle_beside_three(seed)
        for row, known in enumerate((alike, priors)):
            probability[row] += fqtl.fit(y, x, priors=known).tissue_pip / 20
    assert probability[1, 3] < probability[0, 3]
    assert (probability[1, :3] >= probability[0, :3] - 0.005).all()


def test_columns_with_names_have_the_odds_of_their_names_in_any_order(release):
    priors = replace(release[1], tissues=("w", "x", "y", "z"))
    y, x = idle_beside_three(201)
    frame = pd.DataFrame(y, columns=list("wxyz"))
    found = fqtl.fit(frame, x, priors=priors)
    turned = fqtl.fit(frame[list("zyxw")], x, priors=priors)
    np.testing.assert_allclose(turned.effects[:, ::-1], found.effects, atol=1e-6)
    share, odds = found.factor_share[0], np.array(priors.factor_log_odds)
    assert found.tissue_prior[3, 0] == pytest.approx(expit(logit(share) + odds[3]))
    np.testing.assert_allclose(turned.tissue_prior[::-1], found.tissue_prior, atol=1e-6)
    # of columns without names, or with others, nobody knows which they are
    for unknown in (y, frame.rename(columns={"z": "q"})):
        other = fqtl.fit(unknown, x, priors=priors)
        assert other.tissue_prior[3, 0] == pytest.approx(other.factor_share[0])


def test_no_odds_lift_a_tissue_above_the_bound_of_the_share():
    """Each is asked for a Bayes factor of its own, however often others have had factors."""
    rng = np.random.default_rng(0)
    x = rng.binomial(2, 0.3, (200, 40)).astype(float)
    y = np.outer(x[:, 5], np.repeat([1.0, 0.0], 10)) + rng.standard_normal((200, 20))
    odds = replace(
        default_priors(20),
        tissues=tuple(map(str, range(20))),
        factor_log_odds=(3.0,) * 15 + (-3.0,) * 5,
    )
    fit = fqtl.fit(y, x, priors=odds)
    bound = max(factor_tissues(20, 0.25).most)
    assert fit.rank == 1
    assert fit.tissue_prior.max() == pytest.approx(bound)
    assert (fit.tissue_prior[15:] < bound / 5).all()
    assert (fit.tissue_pip[:10] > 0.9).all()
    assert (fit.tissue_pip[10:] < 0.5).all()


def test_the_elbo_does_not_fall_under_such_priors(release):
    for seed in range(300, 304):
        fit = fqtl.fit(*idle_beside_three(seed), priors=release[1])
        assert (np.diff(fit.elbo_trace) > -1e-8 * abs(fit.elbo)).all()


def test_a_column_that_is_empty_leaves_the_others_their_odds(release):
    y, x = idle_beside_three(202)
    priors = release[1]
    names = ("-", *priors.tissues)
    odds = {name: (0.0, *getattr(priors, name)) for name in OF_EACH}
    known = replace(priors, tissues=names, **odds)
    wide = pd.DataFrame(np.column_stack([np.full(len(y), np.nan), y]), columns=names)
    found, wider = fqtl.fit(y, x, priors=priors), fqtl.fit(wide, x, priors=known)
    np.testing.assert_allclose(wider.effects[:, 1:], found.effects, rtol=1e-8, atol=1e-12)


def test_what_fits_under_learned_priors_say_is_said_over_these(release):
    """A second pass: the Bayes factors are over the odds that the fits were made with."""
    y, x = idle_beside_three(203)
    fit = fqtl.fit(y, x, priors=release[1])
    assert fit.rank == 1
    before = logit(fit.tissue_prior[:, 0])
    again = fqtl.learn_priors([fit])
    assert again.n_tissues == 4
    pip = fit.tissues.pip[:, 0] / fit.factor_there[0]
    expected = logit(np.clip(pip, 1e-9, 1 - 1e-9)) - before
    direct = learned_log_odds(
        [Named((), (TissueEvidence(float(logit(fit.factor_share[0])), tuple(expected.tolist())),))],
        UNSEEN,
    )
    assert tuple(direct.values()) == pytest.approx(again.factor_log_odds, abs=1e-9)


def test_summary_statistics_read_them_too(release):
    y, x = idle_beside_three(204)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    z, n = [], []
    for t in range(4):
        seen = np.isfinite(y[:, t])
        r = [np.corrcoef(column, y[seen, t])[0, 1] for column in x[seen].T]
        n.append(float(seen.sum()))
        z.append(np.array(r) * math.sqrt(n[-1] - 2) / np.sqrt(1 - np.array(r) ** 2))
    ld = np.corrcoef(x.T)
    chosen = {"ld": ld, "ld_size": 320}
    found = fqtl.fit_summary(np.column_stack(z), np.array(n), priors=release[1], **chosen)
    alike = fqtl.fit_summary(np.column_stack(z), np.array(n), priors=default_priors(4), **chosen)
    assert found.rank == alike.rank == 1
    assert found.tissue_prior[3, 0] < 0.5 < alike.tissue_prior[3, 0]
    assert found.tissue_pip[3] <= alike.tissue_pip[3]


def own_in_the_last(seed, effect):
    """A gene of five tissues, of which the last often has an effect of its own."""
    rng = np.random.default_rng(seed)
    x = rng.binomial(2, 0.3, (150, 60)).astype(float)
    y = rng.standard_normal((150, 5))
    there = rng.random() < 0.6
    y[:, 4] += there * effect * (x[:, rng.integers(60)] - 0.6) / 0.65
    return np.where(rng.random((150, 5)) < 0.8, y, np.nan), x, there


@pytest.fixture(scope="module")
def own_effects():
    """What genes say of which the last tissue has effects of its own."""
    genes = [own_in_the_last(seed, 0.5) for seed in range(40)]
    return fqtl.learn_priors(fqtl.fit(y, x) for y, x, _ in genes)


def test_a_tissue_that_often_has_effects_of_its_own_is_known_by_its_release(own_effects):
    odds = np.array(own_effects.specific_log_odds)
    assert odds[4] > max(odds[:4]) + 1.5
    assert np.exp(odds).mean() == pytest.approx(1)
    alike = replace(own_effects, specific_log_odds=())
    score, found = np.zeros(2), np.zeros(2)
    for seed in range(100, 160):
        y, x, there = own_in_the_last(seed, 0.35)
        for i, known in enumerate((alike, own_effects)):
            pip = fqtl.fit(y, x, priors=known).tissue_pip
            truth = np.array([False] * 4 + [there])
            score[i] += np.log(np.where(truth, pip, 1 - pip)).sum()
            found[i] += pip[4] / 60
    assert score[1] > score[0] + 10  # nats, of 300 pairs
    assert abs(found[1] - 0.6) < abs(found[0] - 0.6)


def test_fits_tell_what_a_tissue_had_beforehand_and_how_many_effects(own_effects):
    y, x, _ = own_in_the_last(3, 0.5)
    fit = fqtl.fit(y, x, priors=own_effects)
    assert (np.diff(fit.elbo_trace) > -1e-8 * abs(fit.elbo)).all()
    odds = np.array(own_effects.specific_log_odds)
    expected = np.minimum(expit(logit(fit.specific_share) + odds), 0.5)
    np.testing.assert_allclose(fit.specific_prior, expected)
    assert fit.specific_another == own_effects.another_specific
    number = fit.specific_number
    np.testing.assert_allclose(number.sum(axis=1), 1)
    np.testing.assert_allclose(1 - number[:, 0], fit.specific.any)
    # the mean number is the sum of what its effects are there with
    expected_number = number @ np.arange(number.shape[1])
    assert (expected_number >= fit.specific.pip.sum(axis=0) - 1e-9).all()
    wide = np.column_stack([np.full(len(y), np.nan), y])
    absent = fqtl.fit(
        wide, x, priors=replace(own_effects, tissues=(), factor_log_odds=(), specific_log_odds=())
    )
    assert absent.specific_prior[0] == 0
    np.testing.assert_array_equal(absent.specific_number[0], np.eye(number.shape[1])[0])


def test_summary_statistics_read_what_tissues_have_of_their_own():
    rng = np.random.default_rng(1)
    known = replace(default_priors(3), tissues=("0", "1", "2"), specific_log_odds=(-2.0, 0.0, 2.0))
    found = fqtl.fit_summary(
        rng.standard_normal((40, 3)), np.full(3, 200.0), priors=known, ld=np.eye(40), ld_size=300
    )
    assert (np.diff(found.specific_prior) > 0).all()
    odds = np.array(known.specific_log_odds)
    expected = np.minimum(expit(logit(found.specific_share) + odds), 0.5)
    np.testing.assert_allclose(found.specific_prior, expected)
