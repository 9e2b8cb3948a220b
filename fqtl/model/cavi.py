"""Engine `cavi`: coordinate ascent of the ELBO, deterministic.

A round turns the family's slopes into a weighted Gaussian problem (working response Z, weights W),
lets every predictor of the location maximise against it, and then moves the dispersion by a Newton
step that is halved until the ELBO of each tissue rises. For the Gaussian family the working problem
is the model itself, so no step of a round can lower the ELBO.

Factors are found one after another against what the others leave, all entries having a round in
between; then all are refined together. A round visits the variants that mattered before; when it
gains less than `tolerance` nats the next visits every variant, and only such a round can say that
the fit has converged. (Conjugate-computation variational inference: Khan & Lin
2017, AISTATS; for the Gaussian this is plain coordinate ascent.)
"""

from dataclasses import dataclass, field

import numpy as np

from fqtl.model.covariates import Covariates
from fqtl.model.dispersion import climb
from fqtl.model.families import Family, Likelihood, Response
from fqtl.model.moments import Floats, Moments, Slope, working_weight
from fqtl.model.predictors import Predictor, Visit


@dataclass
class Model:
    """One family, the entries of its location, and its dispersion."""

    family: Family
    response: Response
    location: list[Predictor]
    dispersion: Covariates

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

    def elbo(self, value: Floats) -> float:
        """ELBO at an expected log-likelihood (m,) of the tissues."""
        divergence = sum(predictor.divergence() for predictor in self.location)
        return float(value.sum()) - divergence - float(self.dispersion.effects.divergence().sum())


@dataclass(frozen=True)
class Working:
    """The local weighted Gaussian problem of the location.

    response, weight : (n, m)
    """

    response: Floats
    weight: Floats

    @classmethod
    def at(cls, location: Moments, slope: Slope) -> "Working":
        """Quadratic with the family's slopes at these moments; weight 0 where nothing was seen."""
        weight = working_weight(slope)
        step = np.divide(slope.mean, weight, out=np.zeros_like(weight), where=weight > 0)
        return cls(location.mean + step, weight)

    def without(self, model: Model, predictor: Predictor) -> Floats:
        """(n, m) response minus every other entry of the location."""
        residual = self.response.copy()
        for other in model.location:
            if other is not predictor:
                residual -= other.mean()
        return residual


@dataclass
class Trace:
    """How the ELBO went.

    elbo : nats, after every round
    """

    elbo: list[float] = field(default_factory=list)
    converged: bool = False


def maximise(model: Model, *, max_iter: int, tolerance: float) -> Trace:
    """Raise the ELBO of `model`, in place, until a round gains less than `tolerance` nats."""
    trace = Trace()
    working = _round(model, _linearise(model), trace, Visit.KNOWN)
    for predictor in model.location:
        while predictor.grow(working.without(model, predictor), working.weight):
            working = _round(model, working, trace, Visit.KNOWN)

    visit = Visit.KNOWN
    for left in reversed(range(max_iter)):
        # a fit that is out of rounds still gives every variant its own posterior
        working = _round(model, working, trace, visit if left else Visit.EVERY)
        settled = trace.elbo[-1] - trace.elbo[-2] < tolerance
        trace.converged = settled and visit is Visit.EVERY
        if trace.converged:
            break
        visit = Visit.EVERY if settled else Visit.KNOWN
    return trace


def _linearise(model: Model) -> Working:
    location = model.location_moments()
    slope = model.likelihood(location).location_slope(model.dispersion.moments())
    return Working.at(location, slope)


def _round(model: Model, working: Working, trace: Trace, visit: Visit) -> Working:
    """Every entry of the location once, then the dispersion; the next round's problem."""
    for predictor in model.location:
        predictor.update(working.without(model, predictor), working.weight, visit)
    location = model.location_moments()
    likelihood = model.likelihood(location)
    trace.elbo.append(model.elbo(climb(likelihood, model.dispersion)))
    return Working.at(location, likelihood.location_slope(model.dispersion.moments()))
