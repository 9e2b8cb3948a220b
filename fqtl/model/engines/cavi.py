"""Engine `cavi`: coordinate ascent of the ELBO, deterministic.

A round turns the family's gradient into a weighted Gaussian problem (working response Z, weights
W), lets every predictor of the location maximise against it, and then moves the noise: what tissues
share of it, and the dispersion by a Newton step that is halved until the ELBO of each tissue rises.
It takes a state and gives another, with whether it was accepted; a state never changes, so that to
undo a round is to keep the state before. What rounds gave is recorded; nothing reads the record.
For the Gaussian family the working problem is the model itself, so no step of a round can lower the
ELBO. For the others it is a quadratic that touches the model where it was made. A round that would
lower the ELBO is undone and made again against a problem part of the way from the one before (a
shorter step along the natural gradient). Where no length of step saves it, nothing is gained: what
visits every variant has then found nothing better, and of what was known the fit has converged if
the shortest step loses less than `tolerance`; otherwise it ends and says that it has not.

Entries grow in turn, against what the others leave, with a round in between, until none finds
anything more: factors one after another, then effects of single tissues, then factors again; a
polygenic background last, once noise that tissues share was looked for. Then all are refined
together, and the settled fit is reconsidered: each entry is emptied for once, and what the others
make of it stays if the ELBO is the higher by it (of the Gaussian family; the rounds of the others
cost too much). A round visits what mattered before; when it gains less than `tolerance` nats the
next visits every variant, and only such a round can say that the fit has converged.
(Conjugate-computation variational inference: Khan & Lin 2017, AISTATS; for the Gaussian this is
plain coordinate ascent.)
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from typing import NamedTuple

import numpy as np

from fqtl.model.arrays.moments import Moments
from fqtl.model.engines.dispersion import maximise_dispersion
from fqtl.model.engines.model import Model
from fqtl.model.engines.options import CaviOptions
from fqtl.model.engines.solution import Solution
from fqtl.model.engines.trace import Trace
from fqtl.model.engines.working import Working
from fqtl.model.predictors.background import Background
from fqtl.model.predictors.covariates import Covariates
from fqtl.model.predictors.factored import Factored
from fqtl.model.predictors.predictor import Predictor, Visit
from fqtl.model.predictors.tissue_specific import TissueSpecific
from fqtl.model.priors import SharedNoise

FIRST_ROUNDS = 3  # after noise that tissues share was found; taste
# nats by which another way must be ahead: the gain of a factor comes out too small; taste
MARGIN = 2.0
MOST_ACTIVE = 10  # rounds of the active set in a row: what they leave alone may hold them up; taste
BEHIND = 10.0  # nats that rounds will not make up for; taste
MOVED = 1.0  # nats that make another way of what has found nothing new; taste
PATIENCE = 10.0  # times the gain of its last round that a fit may still gain; taste
# part of what a fit lost with an entry that others must make up for; measured: of 120 other ways of
# release genes and of simulated ones, those that came to be taken had made up for all of it
STILL_LOST = 0.5
# times what one more effect in each tissue promises, that growing may bring; measured: of 40 other
# ways 1.0 at most where it was of more than 20 nats
HOPE = 1.5
FAR_BEHIND = 100.0  # nats that what was left out will not make up for in another way; taste
SETTLING = 20  # rounds of covariates alone, at most, where one does not find their optimum; taste
SETTLED = 0.3  # nats that such a round may still gain when effects begin to be looked for; taste
LENGTHS = (1.0, 1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32)  # of a step, that are tried; taste
# nats that quadrature may take from a family that is not quadratic: its sums are good to 1e-6 of a
# nat an entry (`families/expected.py`), of a thousand entries; derived
SLIP = 1e-3


@dataclass(frozen=True)
class State:
    """Where a fit stands.

    working : the problem of the next round
    elbo : nats, of the model; -inf before the first round
    far : whether the location may still be far from its optimum, see `Working.at`
    """

    model: Model
    working: Working
    elbo: float = -math.inf
    far: bool = True

    @classmethod
    def of(cls, model: Model) -> "State":
        """Before the first round."""
        location = model.location_moments()
        gradient = model.likelihood(location).location_gradient(model.dispersion.moments())
        return cls(model, Working.at(model, location, gradient, far=True))

    def at_rest(self) -> "State":
        """The same, to be gone back to."""
        return replace(self, model=self.model.at_rest())


class Round(NamedTuple):
    """What a round gave.

    state : as it was before the round, where that was not accepted
    lost : nats that the shortest step would have lost, where not accepted
    """

    state: State
    accepted: bool
    lost: float = 0.0

    @property
    def elbo(self) -> float:
        """Nats, of the state."""
        return self.state.elbo


class Refined(NamedTuple):
    """A fit after joint rounds, and why they ended.

    gain : nats, of the last round
    stuck : whether the last round was not accepted, and lost more than is settled for
    """

    state: State
    gain: float
    converged: bool
    stuck: bool

    def at_rest(self) -> "Refined":
        """The same, to be gone back to."""
        return self._replace(state=self.state.at_rest())

    @property
    def note(self) -> str:
        """Why a fit that has not converged stopped; nothing if it has."""
        if self.converged:
            return ""
        if self.stuck:
            return "the fit stopped where no step, however short, raised the ELBO"
        return f"the fit stopped at max_iter rounds, the last of which gained {self.gain:.2g} nats"


def maximise(model: Model, options: CaviOptions) -> Solution:
    """The model of highest ELBO, where a round gains less than `options.tolerance`."""
    trace = Trace()
    fit = _refine(_grown(model, trace, options), trace, options).at_rest()
    entries = range(1, len(model.location))
    if options.reconsider and model.family.quadratic and len(entries) > 1:
        for index in entries:
            fit = _reconsider(fit, index, trace, options)
    return Solution(fit.state.model, trace.elbo, fit.converged, fit.note, fit.state.working)


def _grown(model: Model, trace: Trace, options: CaviOptions) -> State:
    """Before all is refined together."""
    state = _recorded(one_round(State.of(model), Visit.ACTIVE_SET), trace).state
    state = _settle(state, trace)
    early = [k for k, one in enumerate(model.location) if not isinstance(one, Background)]
    before = state = state.at_rest()
    state = _grow(before, trace, options, early)
    if options.shared_noise and model.noise is None:
        state = _share_noise(state, before, trace, options, early)
    del before  # a state that nothing goes back to holds as much as a fit
    late = [k for k in range(len(model.location)) if k not in early]
    return _grow(state, trace, options, late)


def _recorded(done: Round, trace: Trace) -> Round:
    trace.record(done.elbo)
    return done


def _refine(state: State, trace: Trace, options: CaviOptions, goal: float = -math.inf) -> Refined:
    """Rounds of what has been found, until a full sweep of variants gains next to nothing.

    goal : nats; rounds end, too, where these gain too little to come as far
    """
    state = replace(state.at_rest(), far=False)
    state = _recorded(one_round(state, Visit.ACTIVE_SET), trace).state
    visit, in_a_row = Visit.ACTIVE_SET, 0
    gain, converged, stuck = 0.0, False, False
    for more in reversed(range(options.max_iter)):
        # a fit that is out of rounds still gives every variant its own posterior
        visited = visit if more else Visit.FULL_SWEEP
        done = _recorded(one_round(state, visited), trace)
        stuck = visited is Visit.ACTIVE_SET and done.lost > options.tolerance
        gain, state = done.elbo - state.elbo, done.state
        settled = gain < options.tolerance
        converged = settled and visit is Visit.FULL_SWEEP
        hopeless = state.elbo + PATIENCE * gain < goal
        if converged or stuck or hopeless:
            break
        in_a_row = in_a_row + 1 if visit is Visit.ACTIVE_SET else 0
        full = settled or in_a_row == MOST_ACTIVE
        visit = Visit.FULL_SWEEP if full else Visit.ACTIVE_SET
    return Refined(state, gain, converged, stuck)


def _reconsider(fit: Refined, index: int, trace: Trace, options: CaviOptions) -> Refined:
    """Let the others do without one entry for once; what they make of it stays if it is better.

    What was found first holds its place: a factor that ties tissue-specific effects together leaves
    nothing for these to be found by, and a tissue-specific effect may hold the strongest tissue of
    a factor. Neither gives way to a small step.
    """
    cleared = fit.state.model.location[index].cleared()
    if cleared is None or _is_how_it_began(fit.state.at_rest().model, index):
        return fit
    with trace.beside(fit.state.elbo):
        other = _other_way(
            _without(fit.state, index, cleared), index, fit.state.elbo, trace, options
        )
    if other is None or other.state.elbo <= fit.state.elbo + MARGIN:
        return fit
    trace.took(other.state.elbo)
    return other.at_rest()


def _is_how_it_began(model: Model, index: int) -> bool:
    """Whether the fit began with what it would be without an entry: nothing found, and entries
    that grow before that one first."""
    if model.noise is not None:
        return False
    others = [k for k in range(1, len(model.location)) if k != index]
    early = [k for k in others if not isinstance(model.location[k], Background)]
    return max(early, default=0) < index and not any(model.location[k].mean().any() for k in others)


def _without(state: State, index: int, cleared: Predictor) -> State:
    """The state with an entry that was cleared; what its rounds make stays with it."""
    resting = state.at_rest()
    return replace(resting, model=resting.model.with_entry(index, cleared))


def _other_way(
    state: State, index: int, held: float, trace: Trace, options: CaviOptions
) -> Refined | None:
    """The fit from a state without one entry; None where it has nothing else to offer.

    Where others neither move nor find anything in its place, it would come back as it was.
    """
    before, state = state, _recorded(one_round(state, Visit.ACTIVE_SET), trace).state
    most = min(max(BEHIND, STILL_LOST * (held - state.elbo)), FAR_BEHIND)
    others = [other for other in range(len(state.model.location)) if other != index]
    moved, alone = _nats_moved(before, state, others), state.elbo
    del before  # a state that nothing goes back to holds as much as a fit
    if alone + HOPE * _promise(state, others) <= held - most:
        return None
    state = state.at_rest()
    state = _grow(state, trace, options, others)
    came = state.elbo > alone
    if state.elbo <= held - most or not (came or moved > MOVED):
        return None
    state = _grow(state, trace, options, [index, *others])
    if state.elbo <= held - BEHIND:
        return None
    return _refine(state, trace, options, goal=held + MARGIN)


def _promise(state: State, entries: Sequence[int]) -> float:
    """Nats that one more effect in each tissue would bring; infinite of other entries."""
    location, total = state.model.location, 0.0
    for index in entries:
        entry = location[index]
        if isinstance(entry, Covariates):
            continue
        if not isinstance(entry, TissueSpecific):
            return math.inf
        residual = state.working.weighted_residual(state.model, index)
        total += entry.promise(residual, state.working.precision)
    return total


def _nats_moved(before: State, after: State, entries: Sequence[int]) -> float:
    """By which the part of the location that these entries make has changed."""
    change = sum(after.model.location[k].mean() - before.model.location[k].mean() for k in entries)
    return 0.5 * float((after.working.precision.weight * change**2).sum())


def _share_noise(
    state: State, before: State, trace: Trace, options: CaviOptions, entries: Sequence[int]
) -> State:
    """Model noise that tissues seem to share, in what the location leaves; these entries
    may grow again.

    Asked after effects were found: effects that tissues share look like noise that they share, and
    while true ones survive the precision of shared noise, false ones do not. What is left of a
    family that is not quadratic is no more than like a residual, so the ELBO has the last word.

    A factor in all tissues may take the place of noise that they share, and leave none to be found.
    Where there seemed to be some before anything was found, it is tried in its place, too, and
    stays if the ELBO is the higher by it.
    """
    noise = _noise_left_by(state)
    if noise is not None:
        with trace.beside(state.elbo):
            shared = _under(state, noise, trace)
        if not state.model.family.quadratic and shared.elbo < state.elbo:
            return state
        trace.took(shared.elbo)
        return _grow(shared, trace, options, entries)
    noise = _noise_left_by(before) if _has_factor_in_all_tissues(state.model) else None
    if noise is None:
        return state
    with trace.beside(state.elbo):
        shared = _grow(_under(before, noise, trace), trace, options, entries)
    if shared.elbo <= state.elbo + MARGIN:
        return state
    trace.took(shared.elbo)
    return shared


def _has_factor_in_all_tissues(model: Model) -> bool:
    factored = [entry for entry in model.location if isinstance(entry, Factored)]
    return any(factor.is_in_all_tissues for entry in factored for factor in entry.factors)


def _noise_left_by(state: State) -> SharedNoise | None:
    weight = state.working.precision.weight
    return SharedNoise.found_in(state.working.residual(state.model) * (weight > 0), weight)


def _under(state: State, noise: SharedNoise, trace: Trace) -> State:
    """The state after the first rounds under shared noise: another model, whose first round has
    nothing to be compared with."""
    model, working = replace(state.model, noise=noise), state.working.under(noise)
    shared = replace(state, model=model, working=working, elbo=-math.inf)
    for _ in range(FIRST_ROUNDS):
        shared = _recorded(one_round(shared, Visit.FULL_SWEEP), trace).state
    return shared


def _grow(state: State, trace: Trace, options: CaviOptions, entries: Sequence[int]) -> State:
    """These entries in turn add what they find, until none finds any more."""
    state = state.at_rest()  # as the caller goes on holding the one that it had
    steps, refusals = 0, 0  # the latter in a row
    for index in cycle(entries):
        found = True
        while found and steps < options.max_iter:
            state, found = _grow_entry(state, index, trace)
            if found:
                steps, refusals = steps + 1, 0
        refusals += 1
        if refusals == len(entries) or steps == options.max_iter:
            break
    return state.at_rest()


def _grow_entry(state: State, index: int, trace: Trace) -> tuple[State, bool]:
    """The state after an entry has grown and a round, and whether it has; not if it lost by it."""
    residual = state.working.weighted_residual(state.model, index)
    grown = state.model.location[index].grown(residual, state.working.precision)
    larger = replace(state, model=state.model.with_entry(index, grown.entry))
    if not grown.found:
        return larger, False
    done = one_round(larger, Visit.ACTIVE_SET)
    worse = not done.accepted or done.elbo < state.elbo
    if worse and not state.model.family.quadratic:
        trace.record(state.elbo)
        return state, False
    trace.record(done.elbo)
    return done.state, True


def _settle(state: State, trace: Trace) -> State:
    """Rounds before anything grows, of a family of which one is not enough."""
    if state.model.family.quadratic:
        return state
    for _ in range(SETTLING):
        before = state.elbo
        state = _recorded(one_round(state, Visit.ACTIVE_SET), trace).state
        if state.elbo - before < SETTLED:
            break
    return state


def one_round(state: State, visit: Visit) -> Round:
    """A step that does not lower the ELBO, as long as may be."""
    model, working = state.model, state.working
    if model.family.quadratic or state.elbo == -math.inf:
        return Round(_step(state, working, visit), True)
    lost = 0.0
    for length in LENGTHS:
        after = _step(state, working.nearer(length, model.noise), visit)
        lost = state.elbo - after.elbo
        if lost < SLIP:
            return Round(after, True)
    return Round(state, False, lost)


def _step(state: State, working: Working, visit: Visit) -> State:
    """Every entry of the location once against a problem, then the noise."""
    model = state.model
    for index, entry in enumerate(model.location):
        residual = working.weighted_residual(model, index)
        model = model.with_entry(index, entry.updated(residual, working.precision, visit))
    seen = _with_shared_noise(model, working)
    likelihood = model.likelihood(seen.location)
    # what looked overdispersed before effects were found may lie in the wrong saturated region by
    # now; for a Gaussian response squared residuals tell the way in every round
    anew = visit is Visit.FULL_SWEEP and not model.family.quadratic
    dispersion, value = maximise_dispersion(likelihood, model.dispersion, anew)
    model = replace(model, dispersion=dispersion, noise=seen.noise)
    kl = model.kl() + seen.kl
    if model.family.quadratic:  # the problem is the model itself, and no step is shortened
        problem = working.weighing(likelihood.information(dispersion.moments()), model.noise)
    else:
        gradient = likelihood.location_gradient(dispersion.moments())
        problem = Working.at(model, seen.location, gradient, state.far).after(working)
    return State(model, problem, float(value.sum()) - kl, state.far)


class Seen(NamedTuple):
    """Moments of the location with the noise that tissues share, that noise, and what it costs."""

    location: Moments
    noise: SharedNoise | None
    kl: float


def _with_shared_noise(model: Model, working: Working) -> Seen:
    location = model.location_moments()
    if model.noise is None:
        return Seen(location, None, 0.0)
    precision = working.precision
    assert precision.shared is not None
    residual = working.response - location.mean
    covariance = np.zeros_like(residual)
    for entry in model.location:
        covariance += entry.covariance_along(precision.shared)
    part = model.noise.part(residual, covariance, precision)
    noise = model.noise.learned(residual, precision.weight, part)
    return Seen(part.added_to(location, noise.loadings), noise, part.kl() - noise.log_prior())
