"""Products of two sides of loadings: factored regression, weighted or not, and factorisation.

    eta_it = sum_k w_ik f_ik r_tk,    f = x L,  or  f = U  where there is no x,

with variant loadings L (p, K) or individual loadings U (n, K), tissue loadings R (m, K) and known
weights w >= 0 (of a cell type in an individual, say), 1 unless they are given. f and r are
independent under q, so

    M = sum_k w E[f] E[r],   S = sum_k w^2 (V[f] E[r]^2 + E[f]^2 V[r] + V[f] V[r]).

(The square of the mean of f belongs there, (x E[l])^2: not the mean of the squares, x^2 E[l]^2.)

The slopes follow by the chain rule: with slopes (D, D2) of the ELBO in (M, S),

    in E[f_ik]: sum_t w D E[r] + 2 w^2 D2 E[f] V[r]      in V[f_ik]: sum_t w^2 D2 (E[r]^2 + V[r])
    in E[r_tk]: sum_i w D E[f] + 2 w^2 D2 E[r] V[f]      in V[r_tk]: sum_i w^2 D2 (E[f]^2 + V[f]).

The number K of components is part of the model: what the data do not want stays 0 and pays for
that. Components are found one after another, from several patterns of tissues, and kept where the
ELBO rises; `start_at_directions` places all of them at once for engines that climb by gradients.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from fqtl.model.arrays.moments import Floats, Moments
from fqtl.model.arrays.variants import Variants
from fqtl.model.predictors.initial_values import Start, Starts
from fqtl.model.predictors.linear import Linear
from fqtl.model.predictors.options import FactorOptions
from fqtl.model.predictors.predictor import Visit
from fqtl.model.predictors.shared_noise import Precision
from fqtl.model.priors import Coordinates, NonNegative, Prior, SpikeSlab

GROWTH_LIMIT = 3  # times K
SLACK = 1.0  # nats
LIKELY = 0.5
SMALL = 1e-12


@dataclass
class Component:
    """One product: a score f, times a weight of each individual, times tissue loadings.

    weight : (n,)
    """

    left: Linear
    tissues: Prior
    weight: Floats

    @property
    def score(self) -> Moments:
        """Moments of w f, each (n,)."""
        mean, variance = self.left.moments()
        return Moments(self.weight * mean, self.weight**2 * variance)

    def mean(self) -> Floats:
        return np.outer(self.score.mean, self.tissues.mean)

    def moments(self) -> Moments:
        f, spread = self.score
        r, v = self.tissues.mean, self.tissues.variance
        variance = np.outer(spread, r**2 + v) + np.outer(f**2, v)
        return Moments(np.outer(f, r), variance)

    @property
    def sign(self) -> float:
        """That makes the largest tissue loading positive."""
        tissues = self.tissues.mean
        return -1.0 if tissues[np.abs(tissues).argmax()] < 0 else 1.0

    def fix_scale(self) -> None:
        """Give the slab of tissues unit variance; the ELBO stays, since the priors follow."""
        factor = self.tissues.precision**-0.5
        self.left.loadings.rescale(factor)
        self.tissues.rescale(1 / factor)
        self.left.refresh()

    def covariance_along(self, direction: Floats) -> Floats:
        """(n, m) Cov(f r_t, f a.r) for a direction a (n, m)."""
        f, spread = self.score
        r = self.tissues.mean
        along = (direction @ r)[:, None]
        both = along * r + direction * self.tissues.variance
        return (f**2 + spread)[:, None] * both - (f**2)[:, None] * along * r

    def divergence(self) -> float:
        return self.left.loadings.divergence() + self.tissues.divergence()

    def climb(
        self, pull: Floats, precision: Precision, visit: Visit, options: FactorOptions
    ) -> float:
        """Both sides and their priors in turn, until the gain settles; the gain."""
        gain = previous = -np.inf
        for _ in range(options.max_alternations):
            gain = self._alternate(pull, precision, visit)
            if gain - previous < options.factor_tolerance:
                break
            previous = gain
        return gain

    def gain(self, pull: Floats, precision: Precision) -> float:
        """What it adds to the ELBO, all else as it is."""
        f, spread = self.score
        return self._gain(f @ pull, *precision.of_tissues(f**2 + spread))

    def _alternate(self, pull: Floats, precision: Precision, visit: Visit) -> float:
        r, v = self.tissues.mean, self.tissues.variance
        target = self.weight * (pull @ r)
        self.left.update(target, self.weight**2 * precision.of_score(r, v), visit)
        f, spread = self.score
        seen = precision.of_tissues(f**2 + spread)
        self.tissues.update(f @ pull, *seen)
        self.left.loadings.learn()
        self.tissues.learn()
        return self._gain(f @ pull, *seen)

    def _gain(self, score: Floats, information: Floats, beside: Floats | None) -> float:
        r, v = self.tissues.mean, self.tissues.variance
        fitted = score @ r - 0.5 * information @ (r**2 + v)
        if beside is not None:
            fitted -= 0.5 * r @ beside @ r
        return float(fitted) - self.divergence()


@dataclass
class Bilinear:
    """Sum of K components.

    make : an empty component of a given k
    open : of the components, those that have been found so far
    grown : components ever found; growing ends should some be dropped and found again for ever
    """

    x: Variants | None
    make: Callable[[int], Component]
    rank: int
    options: FactorOptions
    components: list[Component] = field(init=False)
    open: list[bool] = field(init=False)
    grown: int = 0

    def __post_init__(self) -> None:
        self.components = [self._closed(k) for k in range(self.rank)]
        self.open = [False] * self.rank

    def _closed(self, k: int) -> Component:
        """Component whose score is 0, under the prior that suits that; its tissues cost nothing."""
        component = self.make(k)
        tissues = component.tissues
        if _has_spike(component.left.loadings):
            component.left.loadings.learn()
            if _has_spike(tissues):
                tissues.learn()
            elif isinstance(tissues, SpikeSlab):
                tissues.slab_precision[:] = tissues.precision
        return component

    def mean(self) -> Floats:
        f, _, r, _ = self._sides()
        return f @ r.T

    def moments(self) -> Moments:
        f, spread, r, v = self._sides()
        return Moments(f @ r.T, spread @ (r**2 + v).T + f**2 @ v.T)

    def covariance_along(self, direction: Floats) -> Floats:
        total = np.zeros_like(direction)
        for component in self.components:
            total += component.covariance_along(direction)
        return total

    def divergence(self) -> float:
        return sum(component.divergence() for component in self.components)

    def update(self, pull: Floats, precision: Precision, visit: Visit) -> None:
        """Refine what was found, and close what the ELBO does not want any more."""
        for k, left in self._left_to_each(pull, precision):
            if self.open[k]:
                self.components[k].climb(left, precision, visit, self.options)
                self._keep_if_it_pays(k, left, precision)

    def grow(self, pull: Floats, precision: Precision) -> bool:
        """Make a component anew, at the best of several starts, if the ELBO rises by it."""
        if self.grown == GROWTH_LIMIT * self.rank:
            return False
        left = pull - precision.times(self.mean())
        return any(self._grow_component(k, left, precision) for k in self._candidates())

    def _candidates(self) -> list[int]:
        """Components to make anew: the next that is closed.

        With weights of their own, closed ones are not alike: all of them, and those that are open
        once more, which may have taken what is another's because they came first.
        """
        closed = [k for k in range(self.rank) if not self.open[k]]
        if all((component.weight == 1).all() for component in self.components):
            return closed[:1]
        return closed + [k for k in range(self.rank) if self.open[k]]

    def _grow_component(self, k: int, left: Floats, precision: Precision) -> bool:
        now = self.components[k]
        left = left + precision.times(now.mean())
        trials = []
        for start in self._propose(now.weight, left, precision):
            trial = self.make(k)
            start_at(trial.tissues, start)
            gain = trial.climb(left, precision, Visit.EVERY, self.options)
            trials.append((gain, trial))
        if not trials:
            return False
        gain, best = max(trials, key=lambda pair: pair[0])
        needed = now.gain(left, precision) if self.open[k] else -now.divergence()
        if gain < needed + self._least(k, best):
            return False
        self.components[k], self.open[k] = best, True
        self.grown += 1
        return True

    def _least(self, k: int, trial: Component) -> float:
        """Nats by which a component has to raise the ELBO.

        One that surely has a variant may be a little behind: the noise has yet to follow it. It is
        closed again if it does not pay after that.
        """
        least = max(self.options.min_gain, self.options.factor_tolerance)
        surely = not self.open[k] and trial.left.loadings.pip.max() > LIKELY
        return least - SLACK if surely else least

    def found(self) -> list[Component]:
        """Open components by the variance they explain, each with a tissue slab of variance 1."""
        components = zip(self.scaled(), self.open, strict=True)
        found = [component for component, is_open in components if is_open]
        return sorted(found, key=lambda c: -(c.score.mean**2).sum() * (c.tissues.mean**2).sum())

    def scaled(self) -> list[Component]:
        """All components in their order, each with a tissue slab of variance 1."""
        for component in self.components:
            component.fix_scale()
        return self.components

    def clear(self) -> bool:
        return False

    def blocks(self) -> list[Prior]:
        """Left sides, then tissues."""
        left = [component.left.loadings for component in self.components]
        return left + [component.tissues for component in self.components]

    def refresh(self) -> None:
        """Make the moments of all scores anew, by one product."""
        parts = [component.left.loadings.linear() for component in self.components]
        stacked = Moments(*(np.column_stack(side) for side in zip(*parts, strict=True)))
        if self.x is not None:
            stacked = self.x.combine(*stacked)
        for k, component in enumerate(self.components):
            component.left.linear = Moments(stacked.mean[:, k], stacked.variance[:, k])

    def slopes(self, mean: Floats, variance: Floats) -> list[Coordinates]:
        """As `blocks`; mean, variance : (n, m) slopes of the ELBO in M and S."""
        f, spread, r, v = self._sides()
        w = np.column_stack([component.weight for component in self.components])
        of_f = w * (mean @ r + 2 * f * (variance @ v))
        of_spread = w**2 * (variance @ (r**2 + v))
        of_r = mean.T @ f + 2 * r * (variance.T @ spread)
        of_v = variance.T @ (f**2 + spread)
        tissues = []
        for k, component in enumerate(self.components):
            own = component.tissues
            through, gate = own.through(own.linear(), of_r[:, k], of_v[:, k])
            tissues.append(own.slopes(*through, gate))
        return self._left_slopes(of_f, of_spread) + tissues

    def start_at_directions(
        self, response: Floats, weight: Floats, rng: np.random.Generator, jitter: float
    ) -> None:
        """Place every component at the leading direction of what those before it leave.

        For equal weights these are the singular vectors of the scores; each factor's own weights
        tell factors apart that would otherwise start alike. Noise of `jitter` times its typical
        size is added to either side, and is all where no direction is left.
        """
        left = response * (weight > 0)
        self.components = [self.make(k) for k in range(self.rank)]
        for k, component in enumerate(self.components):
            score, tissues = _direction(self.x, component.weight, left, weight)
            if isinstance(component.tissues, NonNegative):
                side = 1.0 if tissues.sum() >= 0 else -1.0
                score, tissues = side * score, np.maximum(side * tissues, 0.0)
            start_near(component.left.loadings, score, rng, jitter)
            start_near(component.tissues, tissues, rng, jitter)
            component.left.refresh()
            self.open[k] = True
            left = left - component.mean() * (weight > 0)

    def _left_slopes(self, of_f: Floats, of_spread: Floats) -> list[Coordinates]:
        """Back through x for all components at once."""
        through = [
            component.left.loadings.through(component.left.linear, of_f[:, k], of_spread[:, k])
            for k, component in enumerate(self.components)
        ]
        first = np.column_stack([linear.mean for linear, _ in through])
        second = np.column_stack([linear.variance for linear, _ in through])
        if self.x is not None:
            first, second = self.x.combine_back(first, second)
        return [
            component.left.loadings.slopes(first[:, k], second[:, k], through[k][1])
            for k, component in enumerate(self.components)
        ]

    def _sides(self) -> tuple[Floats, Floats, Floats, Floats]:
        """E[w f], V[w f] (n, K), and E[r], V[r] (m, K)."""
        scores = [component.score for component in self.components]
        return (
            np.column_stack([score.mean for score in scores]),
            np.column_stack([score.variance for score in scores]),
            np.column_stack([component.tissues.mean for component in self.components]),
            np.column_stack([component.tissues.variance for component in self.components]),
        )

    def _left_to_each(self, pull: Floats, precision: Precision) -> Iterator[tuple[int, Floats]]:
        """Each component with the pull of what it alone has to explain."""
        left = pull - precision.times(self.mean())
        for k in range(self.rank):
            left += precision.times(self.components[k].mean())
            yield k, left
            left -= precision.times(self.components[k].mean())

    def _keep_if_it_pays(self, k: int, left: Floats, precision: Precision) -> None:
        if not _has_spike(self.components[k].left.loadings):
            return
        empty = self._closed(k)
        if self.components[k].gain(left, precision) < -empty.divergence():
            self.components[k], self.open[k] = empty, False

    def _propose(self, own: Floats, pull: Floats, precision: Precision) -> list[Start]:
        """Patterns of tissues; own : (n,) weight of the component."""
        pull, weight = own[:, None] * pull, own[:, None] ** 2 * precision.diagonal
        if self.x is not None:
            starts = Starts(self.x, pull.shape[1]).propose(pull, weight)
            return starts if pull.shape[1] > 1 else starts[:1]
        scale = np.sqrt(np.maximum(weight.sum(axis=0), SMALL))
        covariance = (pull / scale).T @ (pull / scale)
        _, directions = np.linalg.eigh(covariance)
        # factors of like size are told apart by what goes with the strongest tissue
        patterns = (directions[:, -1], covariance[np.diag(covariance).argmax()])
        return [pattern / scale / np.abs(pattern / scale).max() for pattern in patterns]


def start_at(tissues: Prior, pattern: Start) -> None:
    """Take tissue loadings as known."""
    if isinstance(tissues, NonNegative):
        up = pattern if pattern.sum() >= 0 else -pattern
        tissues.location[:] = np.maximum(up, 0.0)
        tissues.rate[:] = 1e4
        return
    assert isinstance(tissues, SpikeSlab)
    tissues.pip[:] = 1
    tissues.slab_mean[:] = pattern
    tissues.slab_precision[:] = 1e4


def start_near(loadings: Prior, direction: Floats, rng: np.random.Generator, jitter: float) -> None:
    """Loadings along a direction, and noise; slabs as wide as a quarter of it.

    Gates are half open; one that all loadings share is nearly open, since much hangs on it.
    """
    size = max(float(np.sqrt((direction**2).mean())), 0.1)
    place = direction + jitter * size * rng.standard_normal(len(direction))
    rate = max(16 / size**2, 10.0 * len(direction))  # together they vary less than the noise
    if isinstance(loadings, NonNegative):
        loadings.location[:] = np.abs(place)
        loadings.rate[:] = rate
        return
    assert isinstance(loadings, SpikeSlab)
    if loadings.inclusion < 1:
        loadings.pip[:] = 0.95 if loadings.spans else 0.5
    loadings.slab_mean[:] = place / loadings.pip
    loadings.slab_precision[:] = rate


def _has_spike(loadings: Prior) -> bool:
    return isinstance(loadings, SpikeSlab) and loadings.inclusion < 1


def _direction(
    x: Variants | None, own: Floats, left: Floats, weight: Floats
) -> tuple[Floats, Floats]:
    """Leading pair of the regression of `left` on w f: left side, and tissues of size 1 at most."""
    seen = own[:, None] * left
    # individuals with hardly any weight say hardly anything of their loading
    table = seen / (own**2 + (own**2).mean())[:, None] if x is None else x.scores(seen)
    u, d, v = np.linalg.svd(table, full_matrices=False)
    if not d[0] > SMALL:
        return np.zeros(len(u)), np.zeros(v.shape[1])
    tissues = v[0] / np.abs(v[0]).max()
    score = own * (u[:, 0] if x is None else x.sum(x.all, u[:, 0]))
    information = float(score**2 @ (weight > 0) @ tissues**2)
    return u[:, 0] * float(score @ left @ tissues) / information, tissues
