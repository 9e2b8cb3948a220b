"""Products of two sides of loadings: factored regression, weighted or not, and factorisation.

    eta_it = sum_k w_ik f_ik r_tk,    f = x L,  or  f = U  where there is no x,

with variant loadings L (p, K) or donor loadings U (n, K), tissue loadings R (m, K) and known
weights w >= 0 (of a cell type in a donor, say), 1 unless they are given. The score of a factor
(`factor.py`) is w f. In the variance the square of the mean of f belongs, (x E[l])^2: not the mean
of the squares, x^2 E[l]^2.

The gradient follows by the chain rule: with the gradient (D, D2) of the ELBO in (M, S),

    in E[f_ik]: sum_t w D E[r] + 2 w^2 D2 E[f] V[r]      in V[f_ik]: sum_t w^2 D2 (E[r]^2 + V[r])
    in E[r_tk]: sum_i w D E[f] + 2 w^2 D2 E[r] V[f]      in V[r_tk]: sum_i w^2 D2 (E[f]^2 + V[f]).

Unlike in `factored.py`, the number K of factors is part of the model: what the data do not want
stays 0 and pays for that, so a factor is never dropped but closed. Factors are found one after
another, each as the best of several starts, with weights that tell them apart or without x at all;
`started_at_directions` places all of them at once for engines that climb by gradients.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fqtl.model.arrays.moments import Floats, Moments
from fqtl.model.arrays.variants import Variants
from fqtl.model.predictors.factor import (
    GROWTH_LIMIT,
    SLACK,
    Factor,
    FactorSum,
    alternate,
    by_variance,
)
from fqtl.model.predictors.initial_values import Pattern, TissueScores
from fqtl.model.predictors.linear import Linear
from fqtl.model.predictors.options import FactorOptions
from fqtl.model.predictors.predictor import Grown, Visit
from fqtl.model.priors import (
    LoadingsPosterior,
    NoisePrecision,
    NonNegativePosterior,
    SpikeSlabPosterior,
    Unconstrained,
)
from fqtl.model.priors.single_effects import LIKELY

NOTHING = 1e-12  # of information, and of a singular value: as good as 0; taste
# Loadings near a direction, for gradients to start from; all taste
LEAST_SIZE = 0.1  # of a direction, where there is next to none; taste
WIDTH = 1 / 4  # of slabs, as a part of the direction's size; taste
START_PRECISION = 10.0  # of slabs, for each loading: together they vary less than the noise; taste
LIKELY_INDICATOR = 0.95  # where all loadings share it, since much hangs on it; taste
EVEN = 0.5  # of indicators of single loadings; taste


@dataclass(frozen=True)
class LinearFactor(Factor):
    """One factor: a score f, times a known weight of each donor, times tissue loadings.

    weight : (n,)
    """

    left: Linear
    tissues: LoadingsPosterior
    weight: Floats

    @property
    def score(self) -> Moments:
        mean, variance = self.left.moments()
        return Moments(self.weight * mean, self.weight**2 * variance)

    def kl(self) -> float:
        return self.left.loadings.kl() + self.tissues.kl()

    def with_unit_tissues(self) -> "LinearFactor":
        scale = self.tissues.prior_precision**-0.5
        return replace(
            self,
            left=self.left.rescaled(scale),
            tissues=self.tissues.rescaled(1 / scale),
        )

    def updated(
        self,
        residual: Floats,
        precision: NoisePrecision,
        visit: Visit,
        options: FactorOptions,
    ) -> tuple["LinearFactor", float]:
        """Both sides and their priors in turn; the factor and its gain."""

        def turn(factor: LinearFactor, is_first: bool) -> tuple[LinearFactor, float]:
            r, v = factor.tissues.mean, factor.tissues.variance
            target = factor.weight * (residual @ r)
            weight = factor.weight**2 * precision.of_score(r, v)
            factor = replace(factor, left=factor.left.updated(target, weight, visit))
            seen = factor.seen_by_tissues(residual, precision)
            tissues = factor.tissues.updated(*seen).learned()
            factor = replace(factor, tissues=tissues, left=factor.left.learned())
            return factor, factor.gain_of(*seen)

        return alternate(self, turn, options)


@dataclass(frozen=True)
class Bilinear(FactorSum[LinearFactor]):
    """Sum of K factors.

    make : an empty factor of a given k
    is_open : of the factors, whether they have been found so far
    n_grown : factors ever found
    """

    x: Variants | None
    make: Callable[[int], LinearFactor]
    options: FactorOptions
    factors: tuple[LinearFactor, ...]
    is_open: tuple[bool, ...]
    n_grown: int = 0

    @classmethod
    def empty(
        cls,
        x: Variants | None,
        make: Callable[[int], LinearFactor],
        rank: int,
        options: FactorOptions,
    ) -> "Bilinear":
        """Factors that are all closed."""
        factors = tuple(_closed(make(k)) for k in range(rank))
        return cls(x, make, options, factors, (False,) * rank)

    @property
    def rank(self) -> int:
        return len(self.factors)

    @property
    def shape(self) -> tuple[int, int]:
        first = self.factors[0]
        return len(first.weight), len(first.tissues.mean)

    def mean(self) -> Floats:
        """In one product: engines that climb by gradients ask for it in every step."""
        f, _, r, _ = self._sides()
        return f @ r.T

    def moments(self) -> Moments:
        f, spread, r, v = self._sides()
        return Moments(f @ r.T, spread @ (r**2 + v).T + f**2 @ v.T)

    def updated(self, residual: Floats, precision: NoisePrecision, visit: Visit) -> "Bilinear":
        """What was found refined, and closed where the ELBO does not want it any more."""
        is_open = list(self.is_open)

        def refine(k: int, factor: LinearFactor, left: Floats) -> LinearFactor:
            if not is_open[k]:
                return factor
            factor, _ = factor.updated(left, precision, visit, self.options)
            if not _has_spike(factor.left.loadings):
                return factor
            closed = _closed(self.make(k))
            is_open[k] = factor.gain(left, precision) >= -closed.kl()
            return factor if is_open[k] else closed

        factors = self.in_turn(residual, precision, refine)
        return replace(self, factors=factors, is_open=tuple(is_open))

    def grown(self, residual: Floats, precision: NoisePrecision) -> Grown:
        """With a factor made anew, at the best of several starts, if the ELBO rises by it."""
        if self.n_grown == GROWTH_LIMIT * self.rank:
            return Grown(self, False)
        left = self.without(residual, precision)
        for k in self._candidates():
            found = self._best_start(k, left, precision)
            if found is not None:
                return Grown(self._with_factor(k, found), True)
        return Grown(self, False)

    def cleared(self) -> None:
        return None

    def found(self) -> list[LinearFactor]:
        """Open factors by the variance they explain, each with a tissue slab of variance 1."""
        factors = zip(self.scaled(), self.is_open, strict=True)
        return by_variance([factor for factor, is_open in factors if is_open])

    def scaled(self) -> list[LinearFactor]:
        """All factors in their order, each with a tissue slab of variance 1."""
        return [factor.with_unit_tissues() for factor in self.factors]

    def blocks(self) -> list[LoadingsPosterior]:
        """Left sides, then tissues."""
        left = [factor.left.loadings for factor in self.factors]
        return left + [factor.tissues for factor in self.factors]

    def with_blocks(self, blocks: Sequence[LoadingsPosterior]) -> "Bilinear":
        """These loadings in place of its own; the scores of all are made by one product."""
        left, tissues = blocks[: self.rank], blocks[self.rank :]
        parts = [loadings.linear() for loadings in left]
        stacked = Moments(*(np.column_stack(side) for side in zip(*parts, strict=True)))
        if self.x is not None:
            stacked = self.x.combine(*stacked)
        factors = tuple(
            replace(
                factor,
                left=Linear(self.x, left[k], Moments(*(side[:, k] for side in stacked))),
                tissues=tissues[k],
            )
            for k, factor in enumerate(self.factors)
        )
        return replace(self, factors=factors)

    def learned(self) -> "Bilinear":
        """The same under the priors that suit it best."""
        factors = tuple(
            replace(factor, left=factor.left.learned(), tissues=factor.tissues.learned())
            for factor in self.factors
        )
        return replace(self, factors=factors)

    def gradient(self, mean: Floats, variance: Floats) -> list[Unconstrained]:
        """As `blocks`; mean, variance : (n, m) gradient of the ELBO in M and S."""
        f, spread, r, v = self._sides()
        w = np.column_stack([factor.weight for factor in self.factors])
        of_f = w * (mean @ r + 2 * f * (variance @ v))
        of_spread = w**2 * (variance @ (r**2 + v))
        of_r = mean.T @ f + 2 * r * (variance.T @ spread)
        of_v = variance.T @ (f**2 + spread)
        tissues = []
        for k, factor in enumerate(self.factors):
            own = factor.tissues
            linear, indicator = own.chain_rule(own.linear(), of_r[:, k], of_v[:, k])
            tissues.append(own.gradient(*linear, indicator))
        return self._left_gradient(of_f, of_spread) + tissues

    def started_at_directions(
        self, response: Floats, weight: Floats, rng: np.random.Generator, jitter: float
    ) -> "Bilinear":
        """Every factor placed at the leading direction of what those before it leave.

        For equal weights these are the singular vectors of the scores; each factor's own weights
        tell factors apart that would otherwise start alike. Noise of `jitter` times its typical
        size is added to either side, and is all where no direction is left.
        """
        left, factors = response * (weight > 0), []
        for k in range(self.rank):
            factor = self.make(k)
            score, tissues = _direction(self.x, factor.weight, left, weight)
            if isinstance(factor.tissues, NonNegativePosterior):
                side = 1.0 if tissues.sum() >= 0 else -1.0
                score, tissues = side * score, np.maximum(side * tissues, 0.0)
            loadings = _near(factor.left.loadings, score, rng, jitter)
            near = _near(factor.tissues, tissues, rng, jitter)
            factors.append(replace(factor, left=Linear.of(self.x, loadings), tissues=near))
            left = left - factors[-1].mean() * (weight > 0)
        return replace(self, factors=tuple(factors), is_open=(True,) * self.rank)

    def _candidates(self) -> list[int]:
        """Factors to make anew: the next that is closed.

        With weights of their own, closed ones are not alike: all of them, and those that are open
        once more, which may have taken what is another's because they came first.
        """
        closed = [k for k in range(self.rank) if not self.is_open[k]]
        if all((factor.weight == 1).all() for factor in self.factors):
            return closed[:1]
        return closed + [k for k in range(self.rank) if self.is_open[k]]

    def _best_start(
        self, k: int, residual: Floats, precision: NoisePrecision
    ) -> LinearFactor | None:
        """The factor at the best of its starts, if the ELBO rises by it."""
        now = self.factors[k]
        residual = residual + precision.times(now.mean())
        trials = []
        for pattern in self._patterns(now.weight, residual, precision):
            trial = self.make(k)
            trial = replace(trial, tissues=trial.tissues.known(pattern))
            trials.append(trial.updated(residual, precision, Visit.FULL_SWEEP, self.options))
        if not trials:
            return None
        best, gain = max(trials, key=lambda trial: trial[1])
        needed = now.gain(residual, precision) if self.is_open[k] else -now.kl()
        return best if gain >= needed + self._least(k, best) else None

    def _with_factor(self, k: int, factor: LinearFactor) -> "Bilinear":
        factors, is_open = list(self.factors), list(self.is_open)
        factors[k], is_open[k] = factor, True
        return replace(
            self, factors=tuple(factors), is_open=tuple(is_open), n_grown=self.n_grown + 1
        )

    def _least(self, k: int, trial: LinearFactor) -> float:
        """Nats by which a factor has to raise the ELBO.

        One that certainly has a variant may be a little behind: the noise has yet to follow it. It
        is closed again if it does not pay after that.
        """
        least = max(self.options.min_gain, self.options.factor_tolerance)
        certain = not self.is_open[k] and trial.left.loadings.pip.max() > LIKELY
        return least - SLACK if certain else least

    def _patterns(self, own: Floats, residual: Floats, precision: NoisePrecision) -> list[Pattern]:
        """Patterns of tissues to start from; own : (n,) weight of the factor."""
        residual, weight = own[:, None] * residual, own[:, None] ** 2 * precision.diagonal
        m = residual.shape[1]
        if self.x is not None:
            scores = TissueScores.none(self.x, m).refreshed(residual, weight)
            patterns = [start.pattern for start in scores.starts(weight)]
            return patterns if m > 1 else patterns[:1]
        scale = np.sqrt(np.maximum(weight.sum(axis=0), NOTHING))
        covariance = (residual / scale).T @ (residual / scale)
        _, directions = np.linalg.eigh(covariance)
        # factors of like size are told apart by what goes with the strongest tissue
        found = (directions[:, -1], covariance[np.diag(covariance).argmax()])
        return [pattern / scale / np.abs(pattern / scale).max() for pattern in found]

    def _left_gradient(self, of_f: Floats, of_spread: Floats) -> list[Unconstrained]:
        """Back through x for all factors at once."""
        linear = [
            factor.left.loadings.chain_rule(factor.left.linear, of_f[:, k], of_spread[:, k])
            for k, factor in enumerate(self.factors)
        ]
        first = np.column_stack([moments.mean for moments, _ in linear])
        second = np.column_stack([moments.variance for moments, _ in linear])
        if self.x is not None:
            first, second = self.x.combine_back(first, second)
        return [
            factor.left.loadings.gradient(first[:, k], second[:, k], linear[k][1])
            for k, factor in enumerate(self.factors)
        ]

    def _sides(self) -> tuple[Floats, Floats, Floats, Floats]:
        """E[w f], V[w f] (n, K), and E[r], V[r] (m, K)."""
        scores = [factor.score for factor in self.factors]
        return (
            np.column_stack([score.mean for score in scores]),
            np.column_stack([score.variance for score in scores]),
            np.column_stack([factor.tissues.mean for factor in self.factors]),
            np.column_stack([factor.tissues.variance for factor in self.factors]),
        )


def _closed(factor: LinearFactor) -> LinearFactor:
    """The factor, whose score is 0, under the prior that suits that; its tissues cost nothing."""
    tissues = factor.tissues
    if not _has_spike(factor.left.loadings):
        return factor
    if _has_spike(tissues):
        tissues = tissues.learned()
    elif isinstance(tissues, SpikeSlabPosterior):
        precision = np.full_like(tissues.slab_precision, tissues.prior.precision)
        tissues = replace(tissues, slab_precision=precision)
    return replace(factor, left=factor.left.learned(), tissues=tissues)


def _near(
    loadings: LoadingsPosterior, direction: Floats, rng: np.random.Generator, jitter: float
) -> LoadingsPosterior:
    """Loadings along a direction, and noise."""
    size = max(float(np.sqrt((direction**2).mean())), LEAST_SIZE)
    place = direction + jitter * size * rng.standard_normal(len(direction))
    precision = max(1 / (WIDTH * size) ** 2, START_PRECISION * len(direction))
    if isinstance(loadings, NonNegativePosterior):
        rate = np.full_like(loadings.rate, precision)
        return replace(loadings, location=np.abs(place), rate=rate)
    assert isinstance(loadings, SpikeSlabPosterior)
    pip = loadings.pip
    if loadings.prior.has_spike:
        pip = np.full_like(pip, LIKELY_INDICATOR if loadings.has_shared_indicator else EVEN)
    spread = np.full_like(loadings.slab_precision, precision)
    return replace(loadings, pip=pip, slab_mean=place / pip, slab_precision=spread)


def _has_spike(loadings: LoadingsPosterior) -> bool:
    return isinstance(loadings, SpikeSlabPosterior) and loadings.prior.has_spike


def _direction(
    x: Variants | None, own: Floats, left: Floats, weight: Floats
) -> tuple[Floats, Floats]:
    """Leading pair of the regression of `left` on w f: left side, and tissues of size 1 at most."""
    seen = own[:, None] * left
    # donors with hardly any weight say hardly anything of their loading
    table = seen / (own**2 + (own**2).mean())[:, None] if x is None else x.scores(seen)
    u, d, v = np.linalg.svd(table, full_matrices=False)
    if not d[0] > NOTHING:
        return np.zeros(len(u)), np.zeros(v.shape[1])
    tissues = v[0] / np.abs(v[0]).max()
    score = own * (u[:, 0] if x is None else x.sum(x.all, u[:, 0]))
    information = float(score**2 @ (weight > 0) @ tissues**2)
    return u[:, 0] * float(score @ left @ tissues) / information, tissues
