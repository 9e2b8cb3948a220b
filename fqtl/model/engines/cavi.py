"""Engine `cavi`: coordinate ascent of the ELBO, deterministic.

A round turns the family's slopes into a weighted Gaussian problem (working response Z, weights W),
lets every predictor of the location maximise against it, and then moves the noise: what tissues
share of it, and the dispersion by a Newton step that is halved until the ELBO of each tissue rises.
For the Gaussian family the working problem is the model itself, so no step of a round can lower the
ELBO. For the others it is a quadratic that touches the model where it was made. A round that would
lower the ELBO is undone and made again against a problem part of the way from the one before (a
shorter step along the natural gradient). Where no length of step saves it, nothing is gained: what
visits every variant has then found nothing better, and of what was known the fit has converged if
the shortest step loses less than `tolerance`; otherwise it ends and says that it has not.

Entries grow in turn, against what the others leave, with a round in between, until none finds
anything more: factors one after another, then effects of single tissues, then factors again. Then
all are refined together, and the settled fit is reconsidered: each entry is emptied for once, and
what the others make of it stays if the ELBO is the higher by it (of the Gaussian family; the
rounds of the others cost too much). A round visits what mattered before; when it gains less than
`tolerance` nats the next visits every variant, and only such a round can say that the fit has
converged.
(Conjugate-computation variational inference: Khan & Lin 2017, AISTATS; for the Gaussian this is
plain coordinate ascent.)
"""

import logging
import time
from collections.abc import Sequence
from copy import copy, deepcopy
from dataclasses import dataclass, field, replace
from itertools import cycle
from typing import NamedTuple

import numpy as np

from fqtl.model.arrays.moments import Floats, Moments, Slope, working_weight
from fqtl.model.engines.dispersion import climb
from fqtl.model.engines.options import CaviOptions
from fqtl.model.families import Family, Likelihood, Response
from fqtl.model.predictors.covariates import Covariates
from fqtl.model.predictors.predictor import Predictor, Visit
from fqtl.model.predictors.shared_noise import Precision, SharedNoise
from fqtl.model.priors import Slab

log = logging.getLogger(__name__)
REPORT_EVERY = 5.0  # seconds
FIRST_ROUNDS = 3  # after noise that tissues share was found
MARGIN = 2.0  # nats by which another way must be ahead: the gain of a factor comes out too small
MOST_QUICK = 10  # rounds of what is known in a row: what they leave alone may hold them up
BEHIND = 10.0  # nats that rounds will not make up for
FAR_BEHIND = 100.0  # nats that what was left out will not make up for in another way
SETTLING = 20  # rounds of covariates alone, at most, where one does not find their optimum
SETTLED = 0.3  # nats that such a round may still gain when effects begin to be looked for
STEPS = (1.0, 1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32)  # lengths that are tried
SLIP = 1e-3  # nats that quadrature may take from a family that is not quadratic
LEAST_WEIGHT = 1e-6  # of Fisher's information: what is flat here may be steep a little further
NO_WEIGHT = 1e-10  # what is as flat as this is of no use, and its response beyond all bounds


@dataclass
class Model:
    """One family, the entries of its location, its dispersion, and noise that tissues share.

    location : intercepts and covariates are the first entry
    far : whether the location may still be far from its optimum. Working weights are then Fisher's
        information, which does not hang on the response: the curvature at one place, in a family
        that is not quadratic, says little about another, and where it follows y it makes variants
        that y follows look more informative than others.
    """

    family: Family
    response: Response
    location: list[Predictor]
    dispersion: Covariates
    noise: SharedNoise | None = None
    far: bool = True

    @property
    def confounders(self) -> Covariates:
        """Intercepts and covariates of the location."""
        first = self.location[0]
        assert isinstance(first, Covariates)
        return first

    def location_moments(self) -> Moments:
        """Mean and variance of eta1; the entries are independent under q, so both add up."""
        mean, variance = np.zeros((2, *self.response.values.shape))
        for predictor in self.location:
            part = predictor.moments()
            mean += part.mean
            variance += part.variance
        return Moments(mean, variance)

    def likelihood(self, location: Moments) -> Likelihood:
        shared = len(self.dispersion.design) == 1
        return self.family.given(self.response, location, shared)

    def state(self) -> "State":
        """What a round changes, as it is now."""
        return State(deepcopy(self.location), self.dispersion.effects, copy(self.noise))

    def restore(self, state: "State") -> None:
        """Undo what was done since."""
        self.location = deepcopy(state.location)
        self.dispersion.effects = state.dispersion
        self.noise = copy(state.noise)

    def divergence(self) -> float:
        """KL(q || p) of all loadings, in nats."""
        of_location = sum(predictor.divergence() for predictor in self.location)
        return of_location + float(self.dispersion.effects.divergence().sum())

    def elbo(self) -> float:
        """Nats; of a model without shared noise, whatever engine moved it."""
        likelihood = self.likelihood(self.location_moments())
        return float(likelihood.expect(self.dispersion.moments())[0].sum()) - self.divergence()


class State(NamedTuple):
    """Entries of the location, effects of the dispersion, noise that tissues share."""

    location: list[Predictor]
    dispersion: Slab
    noise: SharedNoise | None


@dataclass(frozen=True)
class Working:
    """The local weighted Gaussian problem of the location.

    response : (n, m)
    before : the problem that the location has been fitted to, if any
    """

    response: Floats
    precision: Precision
    before: "Working | None" = None

    @classmethod
    def at(cls, location: Moments, slope: Slope, model: Model) -> "Working":
        """Quadratic with the family's slopes at these moments; weight 0 where nothing was seen."""
        weight = slope.information if model.far else working_weight(slope)
        weight = np.maximum(weight, LEAST_WEIGHT * slope.information)
        weight = np.where(weight > NO_WEIGHT, weight, 0.0)
        step = np.divide(slope.mean, weight, out=np.zeros_like(weight), where=weight > 0)
        return cls(location.mean + step, Precision(weight)).under(model.noise)

    def under(self, noise: SharedNoise | None) -> "Working":
        """The same problem with noise that tissues share."""
        weight = self.precision.weight
        return Working(
            self.response, Precision(weight) if noise is None else noise.precision(weight)
        )

    def after(self, before: "Working") -> "Working":
        """The same problem, to be come to from another."""
        return replace(self, before=replace(before, before=None))

    def nearer(self, step: float, noise: SharedNoise | None) -> "Working":
        """The problem this part of the way from the one before, in natural parameters."""
        if step == 1 or self.before is None:
            return self.under(noise)
        old, new = self.before.precision.weight, self.precision.weight
        weight = (1 - step) * old + step * new
        pull = (1 - step) * old * self.before.response + step * new * self.response
        response = np.divide(pull, weight, out=np.zeros_like(weight), where=weight > 0)
        return Working(response, Precision(weight)).under(noise)

    def left(self, model: Model, but: Predictor | None = None) -> Floats:
        """(n, m) response minus every entry of the location, or every one but one."""
        residual = self.response.copy()
        for predictor in model.location:
            if predictor is not but:
                residual -= predictor.mean()
        return residual

    def pull(self, model: Model, predictor: Predictor) -> Floats:
        """(n, m) what an entry sees of the response."""
        return self.precision.times(self.left(model, predictor))


@dataclass
class Trace:
    """How the ELBO went.

    elbo : nats, after every round
    said : when a line of the log last told of it, by the monotonic clock
    stuck : whether a round was undone, since no length of step saved it
    """

    elbo: list[float] = field(default_factory=list)
    converged: bool = False
    stuck: bool = False
    said: float = field(default_factory=time.monotonic)

    def add(self, elbo: float) -> None:
        """One more round; a long fit says how far it is."""
        self.elbo.append(elbo)
        if time.monotonic() - self.said > REPORT_EVERY:
            self.said = time.monotonic()
            log.info("round %d: ELBO %.2f nats", len(self.elbo), elbo)

    @property
    def note(self) -> str:
        """Why a fit that has not converged stopped; nothing if it has."""
        if self.converged:
            return ""
        if self.stuck:
            return "the fit stopped where no step, however short, raised the ELBO"
        gains = "".join(f", the last of which gained {g:.2g} nats" for g in np.diff(self.elbo[-2:]))
        return f"the fit stopped at max_iter rounds{gains}"


def maximise(model: Model, options: CaviOptions) -> Trace:
    """Raise the ELBO of `model`, in place, until a round gains less than `options.tolerance`."""
    trace = Trace()
    model.far = True
    location = model.location_moments()
    slope = model.likelihood(location).location_slope(model.dispersion.moments())
    working = _round(model, Working.at(location, slope, model), trace, Visit.KNOWN)
    working = _settle(model, working, trace, options)
    working = _grow(model, working, trace, options)
    if options.shared_noise and model.noise is None:
        working = _share_noise(model, working, trace, options)
    trace, working = _refine(model, working, options)
    entries = range(1, len(model.location))
    if options.reconsider and model.family.quadratic and len(entries) > 1:
        for index in entries:
            trace, working = _reconsider(model, index, working, trace, options)
    return trace


def _refine(model: Model, working: Working, options: CaviOptions) -> tuple[Trace, Working]:
    """Rounds of what has been found, until one that visits every variant gains next to nothing."""
    trace, visit, quick = Trace(), Visit.KNOWN, 0
    model.far = False
    working = _round(model, working, trace, visit, options.tolerance)
    for left in reversed(range(options.max_iter)):
        # a fit that is out of rounds still gives every variant its own posterior
        visited = visit if left else Visit.EVERY
        working = _round(model, working, trace, visited, options.tolerance)
        settled = trace.elbo[-1] - trace.elbo[-2] < options.tolerance
        trace.converged = settled and visit is Visit.EVERY and not trace.stuck
        if trace.converged or trace.stuck:
            break
        quick = quick + 1 if visit is Visit.KNOWN else 0
        visit = Visit.EVERY if settled or quick == MOST_QUICK else Visit.KNOWN
    return trace, working


def _reconsider(
    model: Model, index: int, working: Working, trace: Trace, options: CaviOptions
) -> tuple[Trace, Working]:
    """Let the others do without one entry for once; what they make of it stays if it is better.

    What was found first holds its place: a factor that ties private effects together leaves
    nothing for these to be found by, and a private effect may hold the strongest tissue of a
    factor. Neither gives way to a small step.
    """
    state = model.state()
    if not model.location[index].clear():
        return trace, working
    growth = Trace()
    elsewhere = _round(model, working, growth, Visit.KNOWN)
    others = [other for other in range(len(model.location)) if other != index]
    elsewhere = _grow(model, elsewhere, growth, options, others)
    if growth.elbo[-1] > trace.elbo[-1] - FAR_BEHIND:
        elsewhere = _grow(model, elsewhere, growth, options, [index, *others])
        if growth.elbo[-1] > trace.elbo[-1] - BEHIND:
            found, elsewhere = _refine(model, elsewhere, options)
            if found.elbo[-1] > trace.elbo[-1] + MARGIN:
                return found, elsewhere
    model.restore(state)
    return trace, working


def _share_noise(model: Model, working: Working, trace: Trace, options: CaviOptions) -> Working:
    """Model noise that tissues seem to share, in what the location leaves; entries may grow again.

    Asked after effects were found: effects that tissues share look like noise that they share, and
    while true ones survive the precision of shared noise, false ones do not. What is left of a
    family that is not quadratic is no more than like a residual, so the ELBO has the last word.
    """
    state = None if model.family.quadratic else model.state()
    weight = working.precision.weight
    model.noise = SharedNoise.found_in(working.left(model) * (weight > 0), weight)
    if model.noise is None:
        return working
    beside, trial = working.under(model.noise), Trace()
    for _ in range(FIRST_ROUNDS):
        beside = _round(model, beside, trial, Visit.EVERY, options.tolerance)
    if state is not None and trial.elbo[-1] < trace.elbo[-1]:
        model.restore(state)
        return working
    trace.elbo += trial.elbo
    return _grow(model, beside, trace, options)


def _grow(
    model: Model,
    working: Working,
    trace: Trace,
    options: CaviOptions,
    entries: Sequence[int] | None = None,
) -> Working:
    """Entries, of all or of these, in turn add what they find, until none finds any more."""
    entries = range(len(model.location)) if entries is None else entries
    steps, refusals = 0, 0  # the latter in a row
    for index in cycle(entries):
        while steps < options.max_iter and (grown := _grown(model, index, working, trace)):
            working = grown
            steps, refusals = steps + 1, 0
        refusals += 1
        if refusals == len(entries) or steps == options.max_iter:
            break
    return working


def _grown(model: Model, index: int, working: Working, trace: Trace) -> Working | None:
    """The problem after an entry has grown and a round; None if it has not, or lost by it."""
    state = None if model.family.quadratic else model.state()
    predictor = model.location[index]
    if not predictor.grow(working.pull(model, predictor), working.precision):
        return None
    after = _round(model, working, trace, Visit.KNOWN)
    if state is not None and (trace.stuck or trace.elbo[-1] < trace.elbo[-2]):
        model.restore(state)
        trace.elbo.pop()
        trace.stuck = False
        return None
    return after


def _settle(model: Model, working: Working, trace: Trace, options: CaviOptions) -> Working:
    """Rounds before anything grows, of a family of which one is not enough."""
    if model.family.quadratic:
        return working
    for _ in range(SETTLING):
        working = _round(model, working, trace, Visit.KNOWN, options.tolerance)
        if trace.elbo[-1] - trace.elbo[-2] < SETTLED:
            break
    return working


def _round(
    model: Model, working: Working, trace: Trace, visit: Visit, tolerance: float = 0.0
) -> Working:
    """A step that does not lower the ELBO, as long as may be; the next round's problem."""
    if model.family.quadratic or not trace.elbo:
        return _step(model, working, trace, visit)
    state = model.state()
    for length in STEPS:
        after = _step(model, working.nearer(length, model.noise), trace, visit)
        lost = trace.elbo[-2] - trace.elbo[-1]
        if lost < SLIP:
            return after
        model.restore(state)
        trace.elbo.pop()
    trace.elbo.append(trace.elbo[-1])
    trace.stuck = visit is Visit.KNOWN and lost > tolerance
    return working


def _step(model: Model, working: Working, trace: Trace, visit: Visit) -> Working:
    """Every entry of the location once, then the noise; the next round's problem."""
    for predictor in model.location:
        predictor.update(working.pull(model, predictor), working.precision, visit)
    seen = _with_shared_noise(model, working)
    likelihood = model.likelihood(seen.location)
    # what looked overdispersed before effects were found may lie on the wrong plain by now; for a
    # Gaussian response squared residuals tell the way in every round
    anew = visit is Visit.EVERY and not model.family.quadratic
    value = climb(likelihood, model.dispersion, anew)
    trace.add(float(value.sum()) - model.divergence() - seen.divergence)
    slope = likelihood.location_slope(model.dispersion.moments())
    return Working.at(seen.location, slope, model).after(working)


class Seen(NamedTuple):
    """Moments of the location with the noise that tissues share, and what the noise costs."""

    location: Moments
    divergence: float


def _with_shared_noise(model: Model, working: Working) -> Seen:
    location = model.location_moments()
    if model.noise is None:
        return Seen(location, 0.0)
    precision = working.precision
    assert precision.shared is not None
    residual = working.response - location.mean
    covariance = np.zeros_like(residual)
    for entry in model.location:
        covariance += entry.covariance_along(precision.shared)
    part = model.noise.part(residual, covariance, precision)
    model.noise.learn(residual, precision.weight, part)
    cost = part.divergence() - model.noise.log_prior()
    return Seen(part.beside(location, model.noise.loadings), cost)
