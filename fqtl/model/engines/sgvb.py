"""Engine `sgvb`: stochastic gradients of the ELBO, the engine of the model's paper.

An iteration draws both linear predictors of every observed entry from their marginals under q,
eta = M + sqrt(S) eps, and estimates the slopes of E[log p] by the score function (Paisley, Blei,
Jordan 2012):

    dE/dM = E[log p(eta) eps / sqrt(S)],    dE/dS = 1/2 E[log p(eta) (eps^2 - 1) / S].

Draws come in pairs of opposite sign. The even part of log p cancels from the first and the odd part
from the second, which is what a control variate would be for; what is left of the mean is taken
from the others' draws, so that both are without bias (the mean of the same draws would shrink the
data's slope by (S - 1)/S, and not the prior's). The chain rule through predictors and priors gives
slopes in coordinates without bounds, where Adam (Kingma, Ba 2015) takes a step of
rate (t + 1)^decay. Hyper-parameters are fixed at first and then follow q, in closed form.

Every `check_every` iterations the ELBO is computed, the same number as of `cavi`, by quadrature and
without a draw. The best of these posteriors is kept, and a phase has converged when `patience`
checks did not better it by `tolerance` nats.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np

from fqtl.errors import FqtlError
from fqtl.model.arrays.moments import Floats, Indices, Moments
from fqtl.model.engines.cavi import Model, Trace
from fqtl.model.engines.options import SgvbOptions
from fqtl.model.families import Family, Response
from fqtl.model.predictors.bilinear import Bilinear
from fqtl.model.predictors.dense import Dense
from fqtl.model.predictors.predictor import Predictor
from fqtl.model.priors import Coordinates

NARROWEST = 1e-8  # variance of eta below which draws of it are too alike for differences
DECAYS = (0.9, 0.999)  # of Adam's first and second moments
TINY = 1e-8
MIDDLE = 0.1  # variance of the dispersion at the start


class Block(Protocol):
    """Loadings that can be moved in coordinates without bounds."""

    def coordinates(self) -> Coordinates: ...

    def move_to(self, coordinates: Coordinates) -> None: ...


class Smooth(Predictor, Protocol):
    """An entry of a linear predictor that knows its slopes."""

    def blocks(self) -> list[Block]:
        """Its loadings."""

    def slopes(self, mean: Floats, variance: Floats) -> list[Coordinates]:
        """Of the ELBO in the coordinates of its blocks, from those in its part of eta."""

    def refresh(self) -> None:
        """Make the moments anew, after blocks were moved."""


def maximise(model: Model, options: SgvbOptions) -> Trace:
    """Raise the ELBO of `model`, in place; its trace has the ELBO of every check."""
    rng = np.random.default_rng(options.seed)
    start(model, options, rng)
    trace = Trace()
    for learn in (False, True) if options.learn_prior else (False,):
        _climb(model, options, rng, trace, learn)
    return trace


def start(model: Model, options: SgvbOptions, rng: np.random.Generator) -> None:
    """Factors at the leading directions of the response, or at noise; dispersion in the middle.

    The middle of the sigmoid is nowhere flat; on the plain near its upper end, where `cavi` starts,
    noise would hide the way down.
    """
    observed = model.response.observed
    location = model.location_moments()
    slope = model.likelihood(location).location_slope(model.dispersion.moments())
    # of the tissue: that of an entry may be next to nothing where log p is not concave
    weight = model.response.average(slope.information)
    step = observed * slope.mean / np.where(weight > 0, weight, 1.0)
    centred = observed * (step - model.response.average(step))
    for entry in model.location:
        if isinstance(entry, Bilinear):
            seen = centred if options.svd_start else np.zeros_like(centred)
            entry.start_at_directions(seen, observed, rng, options.jitter)
        if isinstance(entry, Dense):
            entry.start_at_noise(rng, options.jitter)
    noise = model.dispersion.effects
    noise.move_to((np.zeros_like(noise.mean), np.full_like(noise.mean, np.log(MIDDLE))))


def _climb(
    model: Model, options: SgvbOptions, rng: np.random.Generator, trace: Trace, learn: bool
) -> None:
    """One phase: with priors as they are, or with priors that follow their posteriors."""
    entries = Entries.of(model.response, model.family)
    adam = Adam.at(flatten(coordinates(model)))
    best = Best.of(model)
    since = 0
    for t in range(options.max_iter):
        step = options.rate * (t + 1) ** options.decay
        slope = flatten(slopes(model, entries, options.samples, rng))
        move(model, adam.step(slope, step))
        if learn:
            learn_priors(model)
        if (t + 1) % options.check_every:
            continue
        now = Best.of(model)
        trace.elbo.append(now.elbo)
        since = 0 if now.elbo > best.elbo + options.tolerance else since + 1
        best = max(best, now, key=lambda one: one.elbo)
        if since == options.patience or not np.isfinite(now.elbo):
            break
    trace.converged = since == options.patience
    best.restore(model)
    trace.elbo.append(best.elbo)


class Best(NamedTuple):
    """A posterior with its priors, and what it is worth."""

    elbo: float
    coordinates: list[Coordinates]
    priors: list[dict[str, float]]

    @classmethod
    def of(cls, model: Model) -> "Best":
        return cls(model.elbo(), coordinates(model), [_prior(block) for block in _blocks(model)])

    def restore(self, model: Model) -> None:
        for block, prior in zip(_blocks(model), self.priors, strict=True):
            for name, value in prior.items():
                setattr(block, name, value)
        move(model, flatten(self.coordinates))


def _prior(block: Block) -> dict[str, float]:
    return {k: v for k, v in vars(block).items() if k in ("inclusion", "precision")}


def _blocks(model: Model) -> Iterator[Block]:
    for entry in entries_of(model):
        yield from entry.blocks()


def entries_of(model: Model) -> list[Smooth]:
    """Entries of the location, and the dispersion."""
    parts: list[Smooth] = []
    for entry in [*model.location, model.dispersion]:
        if not hasattr(entry, "slopes"):
            raise FqtlError(
                f"Engine sgvb cannot move {type(entry).__name__}; see option variant_prior."
            )
        parts.append(entry)  # type: ignore[arg-type]
    return parts


def coordinates(model: Model) -> list[Coordinates]:
    return [block.coordinates() for block in _blocks(model)]


def flatten(parts: list[Coordinates]) -> Floats:
    return np.concatenate([array.ravel() for part in parts for array in part])


def move(model: Model, flat: Floats) -> None:
    """Every block to its part of the coordinates."""
    first = 0
    for block in _blocks(model):
        part = []
        for array in block.coordinates():
            part.append(flat[first : first + array.size].reshape(array.shape))
            first += array.size
        block.move_to(tuple(part))
    for entry in entries_of(model):
        entry.refresh()


def learn_priors(model: Model) -> None:
    for entry in model.location:
        for block in entry.blocks():  # type: ignore[attr-defined]
            if hasattr(block, "learn"):
                block.learn()


def slopes(
    model: Model, entries: "Entries", samples: int, rng: np.random.Generator
) -> list[Coordinates]:
    """Unbiased slopes of the ELBO in all coordinates."""
    dispersion = model.dispersion.moments()
    location, spread = entries.slopes(model.location_moments(), dispersion, samples, rng)
    found: list[Coordinates] = []
    for entry in entries_of(model)[:-1]:
        found += entry.slopes(*location)
    return found + model.dispersion.slopes(*spread)


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

    def slopes(
        self, location: Moments, dispersion: Moments, samples: int, rng: np.random.Generator
    ) -> tuple[Moments, Moments]:
        """Slopes of E[log p] in the moments of both linear predictors, each in their shape."""
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

    def _spread(self, slope: Moments, moments: Moments) -> Moments:
        """Back to the table; summed over donors where these share the moments."""
        if len(moments.mean) == 1 and self.shape[0] > 1:
            m = self.shape[1]
            sums = np.stack([np.bincount(self.tissues, part, minlength=m) for part in slope])
            return Moments(*sums[:, None].astype(np.float64))
        table = np.zeros((2, self.shape[0] * self.shape[1]))
        table[:, self.index] = slope
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

    def step(self, slope: Floats, rate: float) -> Floats:
        """Uphill; the new place."""
        self.steps += 1
        for moment, value, decay in (
            (self.first, slope, DECAYS[0]),
            (self.second, slope * slope, DECAYS[1]),
        ):
            moment *= decay
            moment += (1 - decay) * value
        grown = np.sqrt(1 - DECAYS[1] ** self.steps) / (1 - DECAYS[0] ** self.steps)
        self.place = self.place + rate * grown * self.first / (np.sqrt(self.second) + TINY)
        return self.place
