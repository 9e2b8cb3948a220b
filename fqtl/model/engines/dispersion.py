"""The dispersion: Newton steps of its posterior at a fixed location.

By Price's theorem the gradient of the likelihood defines a working response and weights, as it
does for the location, and the best posterior against these is a Newton step. Only the dispersion of
tissue t enters the likelihood of tissue t, so each tissue has a step length of its own: doubled, up
to a whole step, when its part of the ELBO rose, halved and undone when it did not.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from fqtl.model.arrays.moments import Floats, Gradient, working_weight
from fqtl.model.families import Likelihood
from fqtl.model.families.bounds import AT_THE_BOUND
from fqtl.model.predictors.covariates import Covariates
from fqtl.model.priors import SlabPosterior

STEPS = 4  # in one round; the next round goes on from there; taste
STEPS_FROM_AFAR = 30  # once, where covariates have not had a part yet; taste
# variance of eta2 from which it lies in a saturated region of the sigmoid; taste: the sigmoid
# bends within 2 of 0
SATURATED = 3.0
ENOUGH = 1e-3  # nats of one tissue below which its steps end; taste
SHORTEST_STEP = 1 / 16  # taste
LONGEST_STRIDE = 2.0  # of eta2: beyond it the sigmoid may be flat, and gradients vanish; taste
# Places to look at from a saturated region, and to start from with covariates; all taste
NEARER = 1 / 4  # part of the mean of eta2 that is left; taste
NARROW = 0.5  # variance of eta2 there; taste
MIDDLE = 0.1  # variance of eta2 in the middle of the sigmoid; taste


class Point(NamedTuple):
    """A posterior of the dispersion and what it is worth.

    value : (m,) expected log-likelihood
    objective : (m,) value minus KL, the part of the ELBO that the dispersion can move
    """

    effects: SlabPosterior
    value: Floats
    objective: Floats
    gradient: Gradient


def maximise_dispersion(
    likelihood: Likelihood, dispersion: Covariates, anew: bool = False
) -> tuple[Covariates, Floats]:
    """The dispersion after steps uphill in every tissue; (m,) expected log-likelihood of each.

    anew : whether tissues in a saturated region are looked for a way out of it
    """
    here = point_at(dispersion.effects, likelihood, dispersion)
    if not likelihood.dispersed:
        return dispersion, here.value
    length = np.ones(len(here.value))
    short_cut = moment_goal(likelihood, dispersion)
    if short_cut is not None:
        here, _ = step_up(here, short_cut, length, likelihood, dispersion)
    here = ascend(here, length, STEPS, likelihood, dispersion)
    if anew and _saturated(here.effects).any():
        here = _out_of_saturation(here, likelihood, dispersion)
    if dispersion.design.shape[1] > 1 and not dispersion.effects.mean[1:].any():
        here = _best_of(here, _from_the_middle(likelihood, dispersion), likelihood, dispersion)
    return replace(dispersion, effects=here.effects), here.value


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
        small = there.objective - here.objective < ENOUGH
        settled |= np.where(better, small, length < SHORTEST_STEP)
        here, length = there, np.where(better, np.minimum(2 * length, 1.0), length / 2)
        if settled.all():
            break
    return here


def _saturated(effects: SlabPosterior) -> Floats:
    """(m,) 1 where eta2 is as good as unknown, since what it moves is at a bound; else 0."""
    return (effects.covariance[:, 0, 0] > SATURATED).astype(np.float64)


def _out_of_saturation(here: Point, likelihood: Likelihood, dispersion: Covariates) -> Point:
    """Saturated tissues at other places, if these are better, and uphill from there."""
    saturated = _saturated(here.effects)
    q = len(here.effects.mean)
    narrow = np.where(saturated > 0, NARROW, 1.0)[:, None, None] * np.eye(q)
    places = (
        replace(here.effects, mean=-here.effects.mean),  # the region at the other bound
        replace(here.effects, mean=here.effects.mean * NEARER, covariance=narrow),  # between them
    )
    for place in places:
        here, moved = step_up(here, place, saturated, likelihood, dispersion)
        saturated = saturated * ~moved
    return ascend(here, np.ones(len(saturated)), STEPS, likelihood, dispersion)


def _from_the_middle(likelihood: Likelihood, dispersion: Covariates) -> Point:
    """Where steps lead to from the middle of the sigmoid, which is nowhere flat.

    In the saturated region where the dispersion starts covariates have no gradient.
    """
    q, m = dispersion.effects.mean.shape
    middle = replace(
        dispersion.effects, mean=np.zeros((q, m)), covariance=np.tile(MIDDLE * np.eye(q), (m, 1, 1))
    )
    here = point_at(middle, likelihood, dispersion)
    return ascend(here, np.ones(m), STEPS_FROM_AFAR, likelihood, dispersion)


def _best_of(here: Point, there: Point, likelihood: Likelihood, dispersion: Covariates) -> Point:
    """Each tissue where it is better off."""
    better = there.objective > here.objective
    return point_at(
        here.effects.towards(there.effects, better.astype(np.float64)), likelihood, dispersion
    )


def point_at(effects: SlabPosterior, likelihood: Likelihood, dispersion: Covariates) -> Point:
    value, gradient = likelihood.expect(dispersion.moments_of(effects))
    return Point(effects, value, value - effects.kl(), gradient)


def step_up(
    here: Point, goal: SlabPosterior, length: Floats, likelihood: Likelihood, dispersion: Covariates
) -> tuple[Point, np.ndarray]:
    """Point a part of the way to `goal`, or here in the tissues that would lose; who gained."""
    there = point_at(here.effects.towards(goal, length), likelihood, dispersion)
    better = there.objective >= here.objective
    if better.all():
        return there, better
    kept = here.effects.towards(goal, np.where(better, length, 0.0))
    gradients = zip(there.gradient, here.gradient, strict=True)
    gradient = Gradient(*(np.where(better, *both) for both in gradients))
    value, objective = (
        np.where(better, *both)
        for both in ((there.value, here.value), (there.objective, here.objective))
    )
    return Point(kept, value, objective, gradient), better


def newton_goal(here: Point, dispersion: Covariates) -> SlabPosterior:
    """Best posterior against the local quadratic of the likelihood."""
    weight = working_weight(here.gradient)
    step = here.gradient.mean / np.maximum(weight, np.finfo(float).tiny)
    return dispersion.solve(dispersion.moments_of(here.effects).mean + step, weight)


def moment_goal(likelihood: Likelihood, dispersion: Covariates) -> SlabPosterior | None:
    """Where the variance follows a least-squares regression of the squared residuals.

    A short cut: near the bound of the Gaussian variance the ELBO is flat in eta2 (at the optimum of
    a tissue that nothing explains eta2 is about 4.5 ± 1.3), and Newton steps into and out of that
    region are many.
    """
    squares = likelihood.squared_residuals()
    if squares is None:
        return None
    mean_square, count, dispersion_at = squares
    fitted = dispersion.design @ dispersion.solve(mean_square, count).mean
    eta, information = dispersion_at(fitted)
    centre = dispersion.solve(eta, count)
    spread = dispersion.solve(eta, count * information, 1 / AT_THE_BOUND[1])
    return replace(centre, covariance=spread.covariance)
