"""How likely one more effect of a tissue is: planted numbers, and any prior of the fit."""

import numpy as np
import pytest

from fqtl.model.learned_numbers import PROBABILITIES, learned_another, said_of_another

SLOTS, USUAL, UNSEEN = 6, 0.3, 10.0


def prior_of(another, share=0.2):
    """(1 + SLOTS,) of each number of effects: one with a probability, and another after each."""
    further = another ** np.arange(SLOTS) * np.append(np.full(SLOTS - 1, 1 - another), 1.0)
    return np.append(1 - share, share * further)


def posteriors_of(numbers, another, rng, shift=4.0):
    """Under a prior, of tissues with these numbers of effects, of which the data tell something."""
    evidence = rng.standard_normal((len(numbers), 1 + SLOTS)) * shift
    evidence[np.arange(len(numbers)), numbers] += shift**2
    weight = prior_of(another) * np.exp(evidence)
    return weight / weight.sum(axis=1, keepdims=True)


def drawn(rng, another, count):
    return np.minimum(rng.geometric(1 - another, count), SLOTS)


@pytest.mark.parametrize("planted", [0.1, 0.3, 0.6])
def test_planted_chances_of_another_effect_are_found(planted):
    rng = np.random.default_rng(0)
    said = [
        said_of_another(posteriors_of(drawn(rng, planted, 20), 0.3, rng), 0.3) for _ in range(30)
    ]
    assert learned_another(said, USUAL, UNSEEN) == pytest.approx(planted, rel=0.2)


def test_what_is_said_does_not_hang_on_what_the_fit_held_beforehand():
    """A likelihood: fits of the same data under two priors say the same but for a constant."""
    numbers = drawn(np.random.default_rng(1), 0.4, 15)
    found = []
    for another in (0.2, 0.5):
        posterior = posteriors_of(numbers, another, np.random.default_rng(2), shift=2.0)
        there = posterior[:, :1] < 1e-3  # whose weight is 1 under both
        said = said_of_another(posterior[there[:, 0]], another)
        found.append(said - said.max())
    np.testing.assert_allclose(*found, atol=0.05)


def test_by_hand_one_effect_or_two():
    """Of a tissue with two effects for sure and one with a single one; rho (1 - rho)^2 in all."""
    number = np.zeros((2, 1 + SLOTS))
    number[0, 2] = number[1, 1] = 1.0
    expected = np.log(PROBABILITIES) + 2 * np.log1p(-PROBABILITIES)
    expected -= np.log(0.3 * 0.7**2)
    np.testing.assert_allclose(said_of_another(number, 0.3), expected, rtol=1e-12)


def test_as_many_effects_as_there_may_be_say_nothing_of_a_next():
    number = np.zeros((1, 1 + SLOTS))
    number[0, SLOTS] = 1.0
    expected = (SLOTS - 1) * np.log(PROBABILITIES / 0.3)
    np.testing.assert_allclose(said_of_another(number, 0.3), expected, rtol=1e-12)


def test_tissues_in_which_no_effect_was_found_say_nothing():
    number = np.zeros((3, 1 + SLOTS))
    number[:, 0], number[:, 1] = 0.6, 0.4
    said = said_of_another(number, 0.3)
    np.testing.assert_array_equal(said, 0.0)
    assert learned_another([said], USUAL, UNSEEN) == pytest.approx(USUAL, abs=0.02)
    assert learned_another([], USUAL, UNSEEN) == USUAL
