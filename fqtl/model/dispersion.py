"""The dispersion: Newton steps of its posterior at a fixed location.

By Price's theorem the slopes of the likelihood define a working response and weights, as they do
for the location, and the best posterior against these is a Newton step. Only the dispersion of
tissue t enters the likelihood of tissue t, so each tissue has a step length of its own: doubled, up
to a whole step, when its part of the ELBO rose, halved and undone when it did not.
"""

from typing import NamedTuple

import numpy as np

from fqtl.model.covariates import Covariates
from fqtl.model.families import Likelihood
from fqtl.model.moments import Floats, Slope, working_weight
from fqtl.model.priors import Slab

STEPS = 4  # in one round; the next round goes on from there
TOLERANCE = 1e-3  # nats of one tissue
SHORTEST_STEP = 1 / 16
LONGEST_STRIDE = (
    2.0  # of eta2: beyond it lies the plain where the sigmoid is flat and slopes vanish
)


class Point(NamedTuple):
    """A posterior of the dispersion and what it is worth.

    value : (m,) expected log-likelihood
    objective : (m,) value minus divergence, the part of the ELBO that the dispersion can move
    """

    effects: Slab
    value: Floats
    objective: Floats
    slope: Slope


def climb(likelihood: Likelihood, dispersion: Covariates) -> Floats:
    """(m,) expected log-likelihood after moving `dispersion`, in place, uphill in every tissue."""

    def at(effects: Slab) -> Point:
        value, slope = likelihood.expect(dispersion.moments_of(effects))
        return Point(effects, value, value - effects.divergence(), slope)

    def step_up(goal: Slab, length: Floats) -> tuple[Point, np.ndarray]:
        """Point a part of the way to `goal`, or here in the tissues that would lose; who gained."""
        there = at(here.effects.towards(goal, length))
        better = there.objective >= here.objective
        if better.all():
            return there, better
        return at(here.effects.towards(goal, np.where(better, length, 0.0))), better

    here = at(dispersion.effects)
    length = np.ones(len(here.value))
    here, _ = step_up(likelihood.dispersion_guess(dispersion), length)
    for _ in range(STEPS):
        goal = newton_goal(here, dispersion)
        stride = np.abs(dispersion.design @ (goal.mean - here.effects.mean)).max(axis=0)
        length = np.minimum(length, LONGEST_STRIDE / np.maximum(stride, LONGEST_STRIDE))
        there, better = step_up(goal, length)
        small = there.objective - here.objective < TOLERANCE
        settled = np.where(better, small, length < SHORTEST_STEP)
        here, length = there, np.where(better, np.minimum(2 * length, 1.0), length / 2)
        if settled.all():
            break
    dispersion.effects = here.effects
    return here.value


def newton_goal(here: Point, dispersion: Covariates) -> Slab:
    """Best posterior against the local quadratic of the likelihood."""
    weight = working_weight(here.slope)
    step = here.slope.mean / np.maximum(weight, np.finfo(float).tiny)
    return dispersion.solve(dispersion.moments_of(here.effects).mean + step, weight)
