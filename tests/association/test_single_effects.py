"""Which of many correlated candidates explain a locus."""

import numpy as np
import pytest
from scipy.special import logsumexp

from fqtl.association.single_effects import (
    GroupPrior,
    conditional_z,
    learn_prior,
    log_bayes_factor,
    single_effects,
    start_prior,
)

PRIOR = GroupPrior(np.array([0.01, 0.05]), np.array([25.0, 60.0]))


def locus(rng, size=30, people=80):
    """What candidates predict in people, neighbours alike."""
    values = np.cumsum(rng.standard_normal((size, people)), axis=0)
    values += 2 * rng.standard_normal((size, people))
    values -= values.mean(axis=1, keepdims=True)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def drawn(rng, values, effect):
    """z-scores with the correlation of the candidates around R b."""
    return values @ (values.T @ effect + rng.standard_normal(values.shape[1]))


def test_a_single_candidate_has_the_probability_worked_out_by_hand():
    z, v, share = 4.0, 25.0, 0.01
    bf = np.sqrt(1 / (1 + v)) * np.exp(z**2 / 2 * v / (1 + v))
    assert np.exp(log_bayes_factor(np.array([z]), np.array([v])))[0] == pytest.approx(bf)
    found = single_effects(np.array([z]), np.ones((1, 1)), np.array([0]), PRIOR, effects=1)
    assert found.pip[0] == pytest.approx(share * bf / (share * bf + 1 - share))
    assert found.mean[0, 0] == pytest.approx(z * v / (1 + v))


def test_people_stand_for_a_correlation_that_is_never_formed():
    """The same rounds with R written out."""
    rng = np.random.default_rng(0)
    values = locus(rng, 12)
    r = values @ values.T
    group = np.arange(12) % 2
    effect = np.zeros(12)
    effect[[2, 9]] = 7, -8
    z = drawn(rng, values, effect)
    b = np.zeros((3, 12))
    for _ in range(400):
        for k in range(3):
            rest = z - r @ (b.sum(axis=0) - b[k])
            v = PRIOR.variance[group]
            log_each = np.log(PRIOR.share[group] / 3) - 0.5 * np.log(1 + v)
            log_each = log_each + rest**2 / 2 * v / (1 + v)
            none = np.log(1 - PRIOR.share[group].sum() / 3)
            alpha = np.exp(log_each - logsumexp([*log_each, none]))
            b[k] = alpha * v / (1 + v) * rest
    found = single_effects(z, values, group, PRIOR, effects=3)
    assert found.total == pytest.approx(b.sum(axis=0), abs=2e-2)


def test_copies_share_a_probability_as_their_groups_do():
    values = np.vstack([np.eye(3)[0], np.eye(3)[0], np.eye(3)[1]])
    prior = GroupPrior(np.array([0.01, 0.04]), np.array([25.0, 25.0]))
    found = single_effects(np.array([8.0, 8.0, 0.1]), values, np.array([0, 1, 0]), prior)
    assert found.alpha[0, 1] / found.alpha[0, 0] == pytest.approx(4, rel=1e-3)
    assert found.pip_of(np.array([0, 1])) == pytest.approx(1, abs=1e-6)


def test_probabilities_are_what_they_promise():
    """Loci drawn from the prior: of candidates with a PIP of so much, as many are effects."""
    rng = np.random.default_rng(1)
    group = np.arange(30) % 2
    prior = GroupPrior(np.array([0.012, 0.036]), PRIOR.variance)
    share = prior.share[group] / 3  # of each of three effects
    pips, truth = [], []
    for _ in range(400):
        values = locus(rng)
        effect = np.zeros(31)  # the last is nowhere
        for chosen in rng.choice(31, 3, p=[*share, 1 - share.sum()]):
            variance = prior.variance[group[chosen]] if chosen < 30 else 0.0
            effect[chosen] += rng.standard_normal() * np.sqrt(variance)
        z = drawn(rng, values, effect[:30])
        pips.append(single_effects(z, values, group, prior, effects=3).pip)
        truth.append(effect[:30] != 0)
    pip, true = np.concatenate(pips), np.concatenate(truth)
    for low, high in [(0.02, 0.3), (0.3, 0.7), (0.7, 0.95), (0.95, 1.01)]:
        mine = (pip >= low) & (pip < high)
        error = np.sqrt(pip[mine].mean() * (1 - pip[mine].mean()) / mine.sum())
        # the posterior is a product over effects, which is no more than this from the exact one
        assert true[mine].mean() == pytest.approx(pip[mine].mean(), abs=3 * error + 0.02)


def test_two_effects_have_a_credible_set_each():
    rng = np.random.default_rng(2)
    values = locus(rng, 40)
    effect = np.zeros(40)
    effect[[4, 33]] = 14, 12
    found = single_effects(drawn(rng, values, effect), values, np.zeros(40, dtype=int), PRIOR)
    sets = [set(candidates.tolist()) for _, candidates in found.sets()]
    assert len(sets) == 2
    assert sorted(next(iter(s & {4, 33})) for s in sets) == [4, 33]


def test_nothing_is_found_where_nothing_is():
    rng = np.random.default_rng(3)
    start = start_prior(["variant", "tissue"])
    values = locus(rng, 200)
    found = single_effects(drawn(rng, values, np.zeros(200)), values, np.arange(200) % 2, start)
    assert found.sets() == []
    assert found.pip.max() < 0.2


def test_many_loci_teach_the_prior_and_few_hardly_move_it():
    rng = np.random.default_rng(4)
    group = np.arange(50) % 2
    z = []
    for _ in range(500):
        scores = rng.standard_normal(50)
        if rng.random() < 0.5:  # one candidate of the second group in half of the loci
            scores[1 + 2 * rng.integers(25)] += rng.standard_normal() * 8
        z.append(scores)
    start = start_prior(["variant", "tissue"])
    learned = learn_prior(z, [group] * 500, start, np.zeros(2))
    # effects that noise hides count little: of N(0, 64) a quarter is below 2.5
    assert learned.share[1] * 25 == pytest.approx(0.5, abs=0.15)
    assert learned.share[0] < 5e-4
    assert learned.variance[1] == pytest.approx(64, rel=0.3)
    few = learn_prior(z[:1], [group], start, np.zeros(2))
    assert few.share == pytest.approx(start.share, rel=1.2)


def test_loci_without_an_association_count_as_without_effects():
    rng = np.random.default_rng(5)
    z = [rng.standard_normal(10) + 6 * (np.arange(10) == 3) for _ in range(40)]
    group = [np.zeros(10, dtype=int)] * 40
    start = start_prior(["tissue"])
    alone = learn_prior(z, group, start, np.zeros(1)).share[0]
    among = learn_prior(z, group, start, np.array([4000.0])).share[0]
    assert among == pytest.approx(alone * (400 + 500) / (4400 + 500), rel=0.05)


def test_what_remains_of_a_copy_is_nothing_and_of_an_independent_candidate_all():
    z = np.array([5.0, 4.9, 3.0, 4.0])
    rest = conditional_z(z, 0, np.array([1.0, 0.9999, 0.0, 0.6]))
    assert rest.tolist() == pytest.approx([0, 0, 3, (4 - 3) / 0.8])
