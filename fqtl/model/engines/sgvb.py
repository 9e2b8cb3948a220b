"""Engine `sgvb`: stochastic gradients of the ELBO, the engine of the model's paper.

An iteration draws both linear predictors of every observed entry from their marginals under q,
eta = M + sqrt(S) eps, and estimates the gradient of E[log p] by the score function (Paisley, Blei,
Jordan 2012):

    dE/dM = E[log p(eta) eps / sqrt(S)],    dE/dS = 1/2 E[log p(eta) (eps^2 - 1) / S].

Draws come in pairs of opposite sign. The even part of log p cancels from the first and the odd part
from the second, which is what a control variate would be for; what is left of the mean is taken
from the others' draws, so that both are without bias (the mean of the same draws would shrink the
data's gradient by (S - 1)/S, and not the prior's). The chain rule through predictors and priors
gives the gradient in unconstrained parameters, where Adam (Kingma, Ba 2015) takes a step of
rate (t + 1)^decay. Hyper-parameters are fixed at first and then follow q, in closed form.

Every `check_every` iterations the ELBO is computed, the same number as of `cavi`, by quadrature and
without a draw. The best of these posteriors is kept, and a phase has converged when `patience`
checks did not better it by `tolerance` nats.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol, Self

import numpy as np

from fqtl.errors import FqtlError
from fqtl.model.arrays.moments import Floats, Indices, Moments
from fqtl.model.engines.model import Model
from fqtl.model.engines.options import SgvbOptions
from fqtl.model.engines.solution import Solution
from fqtl.model.engines.trace import Trace
from fqtl.model.families import Family, Response
from fqtl.model.predictors.bilinear import Bilinear
from fqtl.model.predictors.covariates import Covariates
from fqtl.model.predictors.dense import Dense
from fqtl.model.predictors.predictor import Predictor
from fqtl.model.priors import Unconstrained

# variance of eta below which draws of it are too alike for differences in float64; taste
NARROWEST = 1e-8
DECAYS = (0.9, 0.999)  # of Adam's first and second moments; Kingma & Ba 2015
TINY = 1e-8  # beside Adam's second moment; Kingma & Ba 2015
START_VARIANCE = 0.1  # of the dispersion; taste


class Block(Protocol):
    """Loadings that can be moved in unconstrained parameters."""

    def unconstrained(self) -> Unconstrained: ...

    def at(self, parameters: Unconstrained) -> Self: ...


class Smooth(Predictor, Protocol):
    """An entry of a linear predictor that knows its gradient."""

    def blocks(self) -> Sequence[Block]:
        """Its loadings."""

    def with_blocks(self, blocks: Sequence[Any]) -> Self:
        """The entry with these in place of its loadings."""

    def learned(self) -> Self:
        """The entry under the priors that suit its loadings best."""

    def gradient(self, mean: Floats, variance: Floats) -> list[Unconstrained]:
        """Of the ELBO in the parameters of its blocks, from that in its part of eta."""


def maximise(model: Model, options: SgvbOptions) -> Solution:
    """The best model that was seen; the trace has the ELBO of every check, then the best."""
    rng = np.random.default_rng(options.seed)
    model, trace = start(model, options, rng), Trace()
    phase = Phase(model, 0.0, converged=False)
    for learn in (False, True) if options.learn_prior else (False,):
        phase = one_phase(phase.model, options, rng, trace, learn)
    return Solution(phase.model, trace.elbo, phase.converged, phase.note)


def start(model: Model, options: SgvbOptions, rng: np.random.Generator) -> Model:
    """Factors at the leading directions of the response, or at noise; dispersion in the middle.

    The middle of the sigmoid is nowhere flat; in the saturated region near its upper end, where
    `cavi` starts, noise would hide the way down.
    """
    observed = model.response.observed
    location = model.location_moments()
    gradient = model.likelihood(location).location_gradient(model.dispersion.moments())
    # of the tissue: that of an entry may be next to nothing where log p is not concave
    weight = model.response.average(gradient.information)
    step = observed * gradient.mean / np.where(weight > 0, weight, 1.0)
    centred = observed * (step - model.response.average(step))
    entries: list[Predictor] = []
    for entry in model.location:
        if isinstance(entry, Bilinear):
            seen = centred if options.svd_start else np.zeros_like(centred)
            entries.append(entry.started_at_directions(seen, observed, rng, options.jitter))
        elif isinstance(entry, Dense):
            entries.append(entry.started_at_noise(rng, options.jitter))
        else:
            entries.append(entry)
    noise = model.dispersion.effects
    middle = noise.at((np.zeros_like(noise.mean), np.full_like(noise.mean, np.log(START_VARIANCE))))
    dispersion = replace(model.dispersion, effects=middle)
    return replace(model, location=tuple(entries), dispersion=dispersion)


class Phase(NamedTuple):
    """The best model of a phase.

    gain : nats, by which it is above what the last check gave
    """

    model: Model
    gain: float
    converged: bool

    @property
    def note(self) -> str:
        """Why a phase that has not converged stopped; nothing if it has."""
        if self.converged:
            return ""
        return f"the fit stopped at max_iter rounds, the last of which gained {self.gain:.2g} nats"


def one_phase(
    model: Model, options: SgvbOptions, rng: np.random.Generator, trace: Trace, learn: bool
) -> Phase:
    """The best model on the way, with priors as they are or with priors that follow `learn`."""
    draws = Entries.of(model.response, model.family)
    adam = Adam.at(flatten(unconstrained(model)))
    best, best_elbo = model, model.elbo()
    since, now = 0, best_elbo
    for t in range(options.max_iter):
        step = options.rate * (t + 1) ** options.decay
        uphill = flatten(gradient_of(model, draws, options.samples, rng))
        model = moved(model, adam.step(uphill, step))
        if learn:
            model = with_learned_priors(model)
        if (t + 1) % options.check_every:
            continue
        now = model.elbo()
        trace.record(now)
        since = 0 if now > best_elbo + options.tolerance else since + 1
        if now > best_elbo:
            best, best_elbo = model, now
        if since == options.patience or not np.isfinite(now):
            break
    trace.record(best_elbo)
    return Phase(best, best_elbo - now, since == options.patience)


def entries_of(model: Model) -> list[Smooth]:
    """Entries of the location, and the dispersion."""
    parts: list[Smooth] = []
    for entry in [*model.location, model.dispersion]:
        if not hasattr(entry, "gradient"):
            raise FqtlError(
                f"Engine sgvb cannot move {type(entry).__name__}; see option variant_prior."
            )
        parts.append(entry)  # type: ignore[arg-type]
    return parts


def unconstrained(model: Model) -> list[Unconstrained]:
    """Parameters of every block of every entry."""
    return [block.unconstrained() for entry in entries_of(model) for block in entry.blocks()]


def flatten(parts: list[Unconstrained]) -> Floats:
    return np.concatenate([array.ravel() for part in parts for array in part])


def moved(model: Model, flat: Floats) -> Model:
    """The model whose unconstrained parameters these are."""
    first, entries = 0, []
    for entry in entries_of(model):
        blocks = []
        for block in entry.blocks():
            part = []
            for array in block.unconstrained():
                part.append(flat[first : first + array.size].reshape(array.shape))
                first += array.size
            blocks.append(block.at(tuple(part)))
        entries.append(entry.with_blocks(blocks))
    *location, dispersion = entries
    assert isinstance(dispersion, Covariates)
    return replace(model, location=tuple(location), dispersion=dispersion)


def with_learned_priors(model: Model) -> Model:
    """The model under the priors that suit its location best."""
    location = tuple(entry.learned() for entry in entries_of(model)[:-1])
    return replace(model, location=location)


def gradient_of(
    model: Model, draws: "Entries", samples: int, rng: np.random.Generator
) -> list[Unconstrained]:
    """Unbiased gradient of the ELBO in all unconstrained parameters."""
    dispersion = model.dispersion.moments()
    location, spread = draws.gradients(model.location_moments(), dispersion, samples, rng)
    found: list[Unconstrained] = []
    for entry in entries_of(model)[:-1]:
        found += entry.gradient(*location)
    return found + model.dispersion.gradient(*spread)


@dataclass(frozen=True)
class Entries:
    """What was observed, entry after entry.

    index : (N,) of the entries in the flat (n, m) table
    tissues : (N,)
    response, family : as of one donor with N tissues
    shape : (n, m)
    """

    index: Indices
    tissues: Indices
    response: Response
    family: Family
    shape: tuple[int, int]

    @classmethod
    def of(cls, response: Response, family: Family) -> "Entries":
        index = np.flatnonzero(response.observed)
        tissues = index % response.observed.shape[1]
        return cls(
            index,
            tissues,
            response.of_entries(index),
            family.of_tissues(tissues),
            response.observed.shape,
        )

    def gradients(
        self, location: Moments, dispersion: Moments, samples: int, rng: np.random.Generator
    ) -> tuple[Moments, Moments]:
        """Gradients of E[log p] in the moments of both linear predictors, each in their shape."""
        first, second = self._draws(location), self._draws(dispersion)
        noise = rng.standard_normal((2, samples // 2, len(self.index)), dtype=np.float32)
        stretch = first.sd * noise[0], second.sd * noise[1]
        ahead = self.family.log_prob(
            self.response, first.mean + stretch[0], second.mean + stretch[1]
        )
        behind = self.family.log_prob(
            self.response, first.mean - stretch[0], second.mean - stretch[1]
        )
        odd, even = 0.5 * (ahead - behind), 0.5 * (ahead + behind)
        even -= even.mean(axis=0)
        of_first = self._estimate(odd, even, noise[0], first.sd)
        of_second = self._estimate(odd, even, noise[1], second.sd)
        return self._spread(of_first, location), self._spread(of_second, dispersion)

    def _draws(self, moments: Moments) -> "Normal":
        mean, variance = (np.broadcast_to(part, self.shape).ravel() for part in moments)
        sd = np.sqrt(np.maximum(variance[self.index], NARROWEST))
        return Normal(mean[self.index], sd)

    @staticmethod
    def _estimate(odd: Floats, even: Floats, noise: np.ndarray, sd: Floats) -> Moments:
        pairs = len(noise)
        first = np.einsum("sn,sn->n", odd, noise) / (pairs * sd)
        second = np.einsum("sn,sn,sn->n", even, noise, noise) / (2 * (pairs - 1) * sd**2)
        return Moments(first, second)

    def _spread(self, gradient: Moments, moments: Moments) -> Moments:
        """Back to the table; summed over donors where these share the moments."""
        if len(moments.mean) == 1 and self.shape[0] > 1:
            m = self.shape[1]
            sums = np.stack([np.bincount(self.tissues, part, minlength=m) for part in gradient])
            return Moments(*sums[:, None].astype(np.float64))
        table = np.zeros((2, self.shape[0] * self.shape[1]))
        table[:, self.index] = gradient
        return Moments(*table.reshape(2, *self.shape))


class Normal(NamedTuple):
    mean: Floats
    sd: Floats


@dataclass
class Adam:
    """Steps of like length in every coordinate, whatever its scale."""

    place: Floats
    first: Floats
    second: Floats
    steps: int = field(default=0)

    @classmethod
    def at(cls, place: Floats) -> "Adam":
        return cls(place, np.zeros_like(place), np.zeros_like(place))

    def step(self, gradient: Floats, rate: float) -> Floats:
        """Uphill; the new place."""
        self.steps += 1
        for moment, value, decay in (
            (self.first, gradient, DECAYS[0]),
            (self.second, gradient * gradient, DECAYS[1]),
        ):
            moment *= decay
            moment += (1 - decay) * value
        grown = np.sqrt(1 - DECAYS[1] ** self.steps) / (1 - DECAYS[0] ** self.steps)
        self.place = self.place + rate * grown * self.first / (np.sqrt(self.second) + TINY)
        return self.place
