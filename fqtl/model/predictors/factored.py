"""Factored effects: few factors, each a sparse set of variants times a sparse set of tissues.

A factor adds M = f r' with f = x l, where l is a sum of single effects (`effects.py`) and the
tissue loadings r (m) have a spike-and-slab prior. As f and r are independent under q,

    S = V[f] E[r]^2 + E[f]^2 V[r] + V[f] V[r],

and the ELBO is quadratic in either side given the other. With the precision P_i of the noise of
donor i and the pull P_i z_i of what the other entries leave,

    given r, f sees  target_i = E[r] . P_i z_i  and weights  E[r' P_i r]
    given f, r sees  score sum_i E[f_i] P_i z_i  and information  sum_i E[f_i^2] P_i.

Where tissues share noise the information is not diagonal, and tissues are updated one by one.

Multiplying l by c and r by 1/c, with their prior precisions, changes nothing in the ELBO. The free
scale keeps the slab of r at unit variance; the prior precision of l is then the inverse variance
that one variant explains in a typical tissue of the factor.

A factor is what tissues share. Where another entry has a place for effects of single tissues, one
is found only if it brings more than its variants would bring each of its tissues alone, and the
tissues beside its strongest speak for it by `min_sharing` nats.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from fqtl.model.arrays.moments import Floats, Moments
from fqtl.model.arrays.variants import Variants
from fqtl.model.predictors.initial_values import Start, Starts
from fqtl.model.predictors.options import SingleEffectsOptions
from fqtl.model.predictors.predictor import Visit
from fqtl.model.predictors.shared_noise import Precision
from fqtl.model.priors import SpikeSlab
from fqtl.model.priors.single_effects import FIRST, LIKELY, NOTICEABLE, FactorPrior, SingleEffects

SLACK = 1.0  # nats that a factor may be behind: its posterior is factorised, and its gain too small
NEGLIGIBLE = 1e-4  # probability below which a variant is not of a factor
GROWTH_LIMIT = 3  # times the rank


@dataclass
class Factor:
    """One factor: effects of variants, whose sum is its score f, times tissue loadings."""

    effects: SingleEffects
    tissues: SpikeSlab

    @classmethod
    def start(cls, n: int, p: int, start: Start, options: SingleEffectsOptions) -> "Factor":
        """No effects yet, and tissue loadings taken as known."""
        tissues = SpikeSlab.empty(
            len(start),
            inclusion=0.5,
            precision=1.0,
            inclusion_bounds=(1e-4, options.max_tissue_inclusion),
        )
        tissues.pip[:] = 1
        tissues.slab_mean[:] = start
        tissues.slab_precision[:] = 1e4
        # of a tenth of the variance each, until the data teach better
        prior = FactorPrior(FIRST, 10.0)
        return cls(SingleEffects.empty(n, p, options.max_effects, prior), tissues)

    def mean(self) -> Floats:
        return np.outer(self.effects.score, self.tissues.mean)

    def moments(self) -> Moments:
        r, v = self.tissues.mean, self.tissues.variance
        variance = np.outer(self.effects.score_variance, r**2 + v)
        variance += np.outer(self.effects.score**2, v)
        return Moments(self.mean(), variance)

    def covariance_along(self, direction: Floats) -> Floats:
        """(n, m) Cov(f r_t, f a.r) for a direction a (n, m)."""
        r = self.tissues.mean
        along = (direction @ r)[:, None]
        both = along * r + direction * self.tissues.variance
        return self._score_square()[:, None] * both - (self.effects.score**2)[:, None] * along * r

    def divergence(self) -> float:
        return self.effects.divergence() + self.tissues.divergence()

    def is_empty(self) -> bool:
        """Less than half an effect, or a tenth of a tissue, is expected in it."""
        return self.effects.count < LIKELY or self.tissues.pip.sum() < 0.1

    def is_worth(self, gain: float, options: SingleEffectsOptions) -> bool:
        """Whether the ELBO wants it, and wants it as a factor."""
        if gain < options.min_gain or self.is_empty():
            return False
        evidence = self.tissues.evidence()
        return not options.specific or evidence.sum() - evidence.max() > options.min_sharing

    def settle(
        self, x: Variants, pull: Floats, precision: Precision, options: SingleEffectsOptions
    ) -> float:
        """Update until looking for more effects brings nothing; the gain."""
        gain, previous = self.update(x, pull, precision, options, Visit.EVERY), -np.inf
        while gain - previous > options.factor_tolerance:
            previous = gain
            gain = self.update(x, pull, precision, options, Visit.EVERY)
        return gain

    def update(
        self,
        x: Variants,
        pull: Floats,
        precision: Precision,
        options: SingleEffectsOptions,
        visit: Visit,
        most: int | None = None,
    ) -> float:
        """Effects (at most `most`), tissues and their priors in turn, until the gain settles.

        The gain is the ELBO with this factor minus that without, all else as it is.
        """
        every = visit is Visit.EVERY
        gain = previous = -np.inf
        for step in range(options.max_alternations):
            r, v = self.tissues.mean, self.tissues.variance
            self.effects.update(
                x,
                pull @ r,
                precision.of_score(r, v),
                least=0.0 if every else NOTICEABLE,
                worth=LIKELY if every and step == 0 else None,
                most=most,
                anew=every and step == 0,
            )
            score, information = self._seen_by_tissues(pull, precision)
            self.tissues.update(score, *information)
            self.effects.learn()
            self.tissues.learn()
            gain = self._gain(score, *information)
            self._fix_scale()
            if gain - previous < options.factor_tolerance:
                break
            previous = gain
        return gain

    @property
    def sign(self) -> float:
        """That makes the largest tissue loading positive."""
        tissues = self.tissues.mean
        return -1.0 if tissues[np.abs(tissues).argmax()] < 0 else 1.0

    def gain(self, pull: Floats, precision: Precision) -> float:
        """ELBO with this factor minus that without, all else as it is."""
        score, information = self._seen_by_tissues(pull, precision)
        return self._gain(score, *information)

    def _score_square(self) -> Floats:
        return self.effects.score**2 + self.effects.score_variance

    def _seen_by_tissues(
        self, pull: Floats, precision: Precision
    ) -> tuple[Floats, tuple[Floats, Floats | None]]:
        return self.effects.score @ pull, precision.of_tissues(self._score_square())

    def _gain(self, score: Floats, information: Floats, beside: Floats | None) -> float:
        r, v = self.tissues.mean, self.tissues.variance
        fitted = score @ r - 0.5 * information @ (r**2 + v)
        if beside is not None:
            fitted -= 0.5 * r @ beside @ r
        return float(fitted) - self.divergence()

    def _fix_scale(self) -> None:
        factor = self.tissues.precision**-0.5
        self.effects.rescale(factor)
        self.tissues.rescale(1 / factor)


@dataclass
class Factored:
    """Sum of at most `rank` factors.

    grown : factors ever added; growing ends should some be dropped and found again for ever
    """

    x: Variants
    m: int
    rank: int
    options: SingleEffectsOptions
    factors: list[Factor] = field(default_factory=list)
    grown: int = 0
    starts: Starts = field(init=False)

    def __post_init__(self) -> None:
        self.starts = Starts(self.x, self.m)

    def mean(self) -> Floats:
        total = np.zeros((self.x.n, self.m))
        for factor in self.factors:
            total += factor.mean()
        return total

    def moments(self) -> Moments:
        total = Moments(*np.zeros((2, self.x.n, self.m)))
        for factor in self.factors:
            mean, variance = factor.moments()
            np.add(total.mean, mean, out=total.mean)
            np.add(total.variance, variance, out=total.variance)
        return total

    def covariance_along(self, direction: Floats) -> Floats:
        total = np.zeros_like(direction)
        for factor in self.factors:
            total += factor.covariance_along(direction)
        return total

    def divergence(self) -> float:
        return sum(factor.divergence() for factor in self.factors)

    def update(self, pull: Floats, precision: Precision, visit: Visit) -> None:
        """Refine every factor in turn, then drop those that the ELBO does not want."""
        for factor, left in self._left_to_each(pull, precision):
            factor.update(self.x, left, precision, self.options, visit)
        self._prune(pull, precision)

    def grow(self, pull: Floats, precision: Precision) -> bool:
        """Add the best factor that several starts find, if the ELBO rises by it.

        The starts are told apart by one update each and the best is settled; the others have
        their turn only where it does not pay.
        """
        if len(self.factors) == self.rank or self.grown == GROWTH_LIMIT * self.rank:
            return False
        left = pull - precision.times(self.mean())
        trials = []
        for start in self.starts.propose(left, precision.diagonal):
            factor = Factor.start(self.x.n, self.x.p, start, self.options)
            gain = factor.update(self.x, left, precision, self.options, Visit.EVERY)
            trials.append((gain, start, factor))
        for _, start, factor in sorted(trials, key=lambda trial: -trial[0]):
            gain = factor.settle(self.x, left, precision, self.options)
            if not self._is_shared(factor, gain, precision):
                # two factors taken for one, perhaps: each effect is shared, not both by the same
                factor = Factor.start(self.x.n, self.x.p, start, self.options)
                gain = factor.update(self.x, left, precision, self.options, Visit.EVERY, most=1)
            if self._is_shared(factor, gain, precision):
                self.factors.append(factor)
                self.grown += 1
                return True
        return False

    def clear(self) -> bool:
        found = bool(self.factors)
        self.factors, self.grown = [], 0
        return found

    def _is_shared(self, factor: Factor, gain: float, precision: Precision) -> bool:
        """Whether it brings more than its variants would bring each of its tissues alone."""
        if not factor.is_worth(gain, self.options):
            return False
        return gain + SLACK > self._alone(factor, precision)

    def _alone(self, factor: Factor, precision: Precision) -> float:
        """Nats that its tissues would gain from its variants without it, each on its own."""
        if not self.options.specific:
            return 0.0
        among = np.flatnonzero(factor.effects.pip > NEGLIGIBLE)
        gain = self.starts.gain_alone(among, precision.diagonal)
        return float(gain @ factor.tissues.pip)

    def ordered(self) -> list[Factor]:
        """Factors by the variance they explain."""
        explained = [
            factor.effects.score.var() * (factor.tissues.mean**2).sum() for factor in self.factors
        ]
        return [self.factors[k] for k in np.argsort(-np.array(explained), kind="stable")]

    def _left_to_each(self, pull: Floats, precision: Precision) -> Iterator[tuple[Factor, Floats]]:
        """Each factor with the pull of what it alone has to explain."""
        left = pull - precision.times(self.mean())
        for factor in self.factors:
            left += precision.times(factor.mean())
            yield factor, left
            left -= precision.times(factor.mean())

    def _prune(self, pull: Floats, precision: Precision) -> None:
        unwanted = [
            factor
            for factor, left in self._left_to_each(pull, precision)
            if factor.is_empty() or factor.gain(left, precision) < self.options.min_gain
        ]
        # one at a time: two factors may each be dispensable only while the other stays
        if unwanted:
            self.factors = [factor for factor in self.factors if factor is not unwanted[0]]
            self._prune(pull, precision)
