"""The dispersion: Newton steps of its posterior at a fixed location.

By Price's theorem the slopes of the likelihood define a working response and weights, as they do
for the location, and the best posterior against these is a Newton step. Only the dispersion of
tissue t enters the likelihood of tissue t, so each tissue has a step length of its own: doubled, up
to a whole step, when its part of the ELBO rose, halved and undone when it did not.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from fqtl.model.arrays.moments import Floats, Slope, working_weight
from fqtl.model.families import Likelihood
from fqtl.model.predictors.covariates import Covariates
from fqtl.model.priors import Slab

STEPS = 4  # in one round; the next round goes on from there
UNKNOWN = 3.0  # variance of eta2 from which it lies on a plain of the sigmoid
STEPS_FROM_AFAR = 30  # once, where covariates have not had a part yet
TOLERANCE = 1e-3  # nats of one tissue
SHORTEST_STEP = 1 / 16
LONGEST_STRIDE = 2.0  # of eta2: beyond it the sigmoid may be flat, and slopes vanish
WIDEST = 7.0  # variance of eta2 where nothing holds it


class Point(NamedTuple):
    """A posterior of the dispersion and what it is worth.

    value : (m,) expected log-likelihood
    objective : (m,) value minus divergence, the part of the ELBO that the dispersion can move
    """

    effects: Slab
    value: Floats
    objective: Floats
    slope: Slope


def climb(likelihood: Likelihood, dispersion: Covariates, anew: bool = False) -> Floats:
    """(m,) expected log-likelihood after moving `dispersion`, in place, uphill in every tissue.

    anew : whether tissues that lie on a plain are looked for a way off it
    """
    here = point_at(dispersion.effects, likelihood, dispersion)
    if not likelihood.dispersed:
        return here.value
    length = np.ones(len(here.value))
    short_cut = moment_goal(likelihood, dispersion)
    if short_cut is not None:
        here, _ = step_up(here, short_cut, length, likelihood, dispersion)
    here = ascend(here, length, STEPS, likelihood, dispersion)
    if anew and _on_a_plain(here.effects).any():
        here = _off_the_plain(here, likelihood, dispersion)
    if dispersion.design.shape[1] > 1 and not dispersion.effects.mean[1:].any():
        here = _best_of(here, _from_the_middle(likelihood, dispersion), likelihood, dispersion)
    dispersion.effects = here.effects
    return here.value


def ascend(
    here: Point, length: Floats, steps: int, likelihood: Likelihood, dispersion: Covariates
) -> Point:
    """Newton steps of these lengths at first, each of a tissue's own; uphill or nowhere."""
    settled = np.zeros(len(length), dtype=bool)
    for _ in range(steps):
        goal = newton_goal(here, dispersion)
        stride = np.abs(dispersion.design @ (goal.mean - here.effects.mean)).max(axis=0)
        length = np.minimum(length, LONGEST_STRIDE / np.maximum(stride, LONGEST_STRIDE))
        there, better = step_up(here, goal, length * ~settled, likelihood, dispersion)
        small = there.objective - here.objective < TOLERANCE
        settled |= np.where(better, small, length < SHORTEST_STEP)
        here, length = there, np.where(better, np.minimum(2 * length, 1.0), length / 2)
        if settled.all():
            break
    return here


def _on_a_plain(effects: Slab) -> Floats:
    """(m,) 1 where eta2 is as good as unknown, since what it moves is at a bound; else 0."""
    return (effects.covariance[:, 0, 0] > UNKNOWN).astype(np.float64)


def _off_the_plain(here: Point, likelihood: Likelihood, dispersion: Covariates) -> Point:
    """Tissues on a plain at other places, if these are better, and uphill from there."""
    plain = _on_a_plain(here.effects)
    q = len(here.effects.mean)
    narrow = np.where(plain > 0, 0.5, 1.0)[:, None, None] * np.eye(q)
    places = (
        replace(here.effects, mean=-here.effects.mean),  # the plain at the other bound
        replace(here.effects, mean=here.effects.mean / 4, covariance=narrow),  # on the slope
    )
    for place in places:
        here, moved = step_up(here, place, plain, likelihood, dispersion)
        plain = plain * ~moved
    return ascend(here, np.ones(len(plain)), STEPS, likelihood, dispersion)


def _from_the_middle(likelihood: Likelihood, dispersion: Covariates) -> Point:
    """Where steps lead to from the middle of the sigmoid, which is nowhere flat.

    On the plain near the upper bound, where the dispersion starts, covariates have no slope.
    """
    q, m = dispersion.effects.mean.shape
    middle = replace(
        dispersion.effects, mean=np.zeros((q, m)), covariance=np.tile(0.1 * np.eye(q), (m, 1, 1))
    )
    here = point_at(middle, likelihood, dispersion)
    return ascend(here, np.ones(m), STEPS_FROM_AFAR, likelihood, dispersion)


def _best_of(here: Point, there: Point, likelihood: Likelihood, dispersion: Covariates) -> Point:
    """Each tissue where it is better off."""
    better = there.objective > here.objective
    return point_at(
        here.effects.towards(there.effects, better.astype(np.float64)), likelihood, dispersion
    )


def point_at(effects: Slab, likelihood: Likelihood, dispersion: Covariates) -> Point:
    value, slope = likelihood.expect(dispersion.moments_of(effects))
    return Point(effects, value, value - effects.divergence(), slope)


def step_up(
    here: Point, goal: Slab, length: Floats, likelihood: Likelihood, dispersion: Covariates
) -> tuple[Point, np.ndarray]:
    """Point a part of the way to `goal`, or here in the tissues that would lose; who gained."""
    there = point_at(here.effects.towards(goal, length), likelihood, dispersion)
    better = there.objective >= here.objective
    if better.all():
        return there, better
    kept = here.effects.towards(goal, np.where(better, length, 0.0))
    slope = Slope(*(np.where(better, *both) for both in zip(there.slope, here.slope, strict=True)))
    value, objective = (
        np.where(better, *both)
        for both in ((there.value, here.value), (there.objective, here.objective))
    )
    return Point(kept, value, objective, slope), better


def newton_goal(here: Point, dispersion: Covariates) -> Slab:
    """Best posterior against the local quadratic of the likelihood."""
    weight = working_weight(here.slope)
    step = here.slope.mean / np.maximum(weight, np.finfo(float).tiny)
    return dispersion.solve(dispersion.moments_of(here.effects).mean + step, weight)


def moment_goal(likelihood: Likelihood, dispersion: Covariates) -> Slab | None:
    """Where the variance follows a least-squares regression of the squared residuals.

    A short cut: near the bound of the Gaussian variance the ELBO is flat in eta2 (at the optimum of
    a tissue that nothing explains eta2 is about 9 ± 2.6), and Newton steps into and out of that
    plain are many.
    """
    squares = likelihood.squared_residuals()
    if squares is None:
        return None
    mean_square, count, dispersion_at = squares
    fitted = dispersion.design @ dispersion.solve(mean_square, count).mean
    eta, information = dispersion_at(fitted)
    centre = dispersion.solve(eta, count)
    spread = dispersion.solve(eta, count * information, 1 / WIDEST)
    return replace(centre, covariance=spread.covariance)
