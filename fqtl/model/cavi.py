"""Engine `cavi`: coordinate ascent of the ELBO, deterministic.

A round turns the family's slopes into a weighted Gaussian problem (working response Z, weights W),
lets every predictor of the location maximise against it, and then moves the noise: what tissues
share of it, and the dispersion by a Newton step that is halved until the ELBO of each tissue rises.
For the Gaussian family the working problem is the model itself, so no step of a round can lower the
ELBO.

Entries grow in turn, against what the others leave, with a round in between, until none finds
anything more: factors one after another, then effects of single tissues, then factors again. Then
all are refined together. A round visits what mattered before; when it gains less than `tolerance`
nats the next visits every variant, and only such a round can say that the fit has converged.
(Conjugate-computation variational inference: Khan & Lin 2017, AISTATS; for the Gaussian this is
plain coordinate ascent.)
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from fqtl.model.covariates import Covariates
from fqtl.model.dispersion import climb
from fqtl.model.families import Family, Likelihood, Response
from fqtl.model.moments import Floats, Moments, Slope, working_weight
from fqtl.model.noise import Precision, SharedNoise
from fqtl.model.options import Options
from fqtl.model.predictors import Predictor, Visit

FIRST_ROUNDS = 3  # after noise that tissues share was found


@dataclass
class Model:
    """One family, the entries of its location, its dispersion, and noise that tissues share."""

    family: Family
    response: Response
    location: list[Predictor]
    dispersion: Covariates
    noise: SharedNoise | None = None

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

    def divergence(self) -> float:
        """KL(q || p) of all loadings, in nats."""
        of_location = sum(predictor.divergence() for predictor in self.location)
        return of_location + float(self.dispersion.effects.divergence().sum())

    def elbo(self) -> float:
        """Nats; of a model without shared noise, whatever engine moved it."""
        likelihood = self.likelihood(self.location_moments())
        return float(likelihood.expect(self.dispersion.moments())[0].sum()) - self.divergence()


@dataclass(frozen=True)
class Working:
    """The local weighted Gaussian problem of the location.

    response : (n, m)
    """

    response: Floats
    precision: Precision

    @classmethod
    def at(cls, location: Moments, slope: Slope, noise: SharedNoise | None) -> "Working":
        """Quadratic with the family's slopes at these moments; weight 0 where nothing was seen."""
        weight = working_weight(slope)
        step = np.divide(slope.mean, weight, out=np.zeros_like(weight), where=weight > 0)
        return cls(location.mean + step, Precision(weight)).under(noise)

    def under(self, noise: SharedNoise | None) -> "Working":
        """The same problem with noise that tissues share."""
        weight = self.precision.weight
        return Working(
            self.response, Precision(weight) if noise is None else noise.precision(weight)
        )

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
    """

    elbo: list[float] = field(default_factory=list)
    converged: bool = False


def maximise(model: Model, options: Options) -> Trace:
    """Raise the ELBO of `model`, in place, until a round gains less than `options.tolerance`."""
    trace = Trace()
    location = model.location_moments()
    slope = model.likelihood(location).location_slope(model.dispersion.moments())
    working = _round(model, Working.at(location, slope, model.noise), trace, Visit.KNOWN)
    working = _grow(model, working, trace, options)
    if options.shared_noise and model.noise is None and _found_shared_noise(model, working):
        working = working.under(model.noise)
        for _ in range(FIRST_ROUNDS):
            working = _round(model, working, trace, Visit.EVERY)
        working = _grow(model, working, trace, options)
    trace.elbo.clear()

    visit = Visit.KNOWN
    working = _round(model, working, trace, visit)
    for left in reversed(range(options.max_iter)):
        # a fit that is out of rounds still gives every variant its own posterior
        working = _round(model, working, trace, visit if left else Visit.EVERY)
        settled = trace.elbo[-1] - trace.elbo[-2] < options.tolerance
        trace.converged = settled and visit is Visit.EVERY
        if trace.converged:
            break
        visit = Visit.EVERY if settled else Visit.KNOWN
    return trace


def _found_shared_noise(model: Model, working: Working) -> bool:
    """Whether tissues seem to share noise, in what the location leaves; it is modelled then.

    Asked after effects were found: effects that tissues share look like noise that they share, and
    while true ones survive the precision of shared noise, false ones do not.
    """
    weight = working.precision.weight
    model.noise = SharedNoise.found_in(working.left(model) * (weight > 0), weight)
    return model.noise is not None


def _grow(model: Model, working: Working, trace: Trace, options: Options) -> Working:
    """Entries in turn add what they find, until none finds any more."""
    steps = 0
    before = -1
    while before < steps < options.max_iter:
        before = steps
        for predictor in model.location:
            while steps < options.max_iter and predictor.grow(
                working.pull(model, predictor), working.precision
            ):
                working = _round(model, working, trace, Visit.KNOWN)
                steps += 1
    return working


def _round(model: Model, working: Working, trace: Trace, visit: Visit) -> Working:
    """Every entry of the location once, then the noise; the next round's problem."""
    for predictor in model.location:
        predictor.update(working.pull(model, predictor), working.precision, visit)
    seen = _with_shared_noise(model, working)
    likelihood = model.likelihood(seen.location)
    value = climb(likelihood, model.dispersion)
    trace.elbo.append(float(value.sum()) - model.divergence() - seen.divergence)
    slope = likelihood.location_slope(model.dispersion.moments())
    return Working.at(seen.location, slope, model.noise)


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
