"""Factored effects: few factors, each a sparse set of variants times a sparse set of tissues.

A factor (`factor.py`) has a score f = x l, where l is a sum of single effects, and tissue loadings
r (m) with a spike-and-slab prior.

A factor is what tissues share. Where another entry has a place for effects of single tissues, one
is found only if it brings more than its variants would bring each of its tissues alone, and the
tissues beside its strongest speak for it by `min_sharing` nats.

A factor is there or is not, z ~ Bernoulli(p0): with its gain G, the nats that it brings to the ELBO
where it is there,

    logit q(z = 1) = logit p0 + G,   E M = q E[f] E[r]',   KL = q KL(f, r) + KL(q || p0),

and with it the ELBO is ln (1 - p0 + p0 exp G) above that without. Noise, too, makes factors that
gain a little, in tissues that all have a PIP near 1 then: their PIPs are those of a factor that may
not be there. What no factor was found for costs nothing, so factors are added, and dropped where
they lose. Unlike in `bilinear.py`, their number is not part of the model.

Scores of all variants are kept from one new factor to the next, and of several starts the best
alone is settled: a factor costs a few looks at x.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Self

import numpy as np
from scipy.special import entr, expit, log_expit

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
from fqtl.model.predictors.options import SingleEffectsOptions
from fqtl.model.predictors.predictor import Grown, Visit
from fqtl.model.priors import FactorPrior, NoisePrecision, SpikeSlabPosterior
from fqtl.model.priors.default_model import factor_effects, factor_tissues
from fqtl.model.priors.single_effects import (
    LIKELY,
    Regression,
    SingleEffectsPosterior,
)

ACTIVE = 0.1  # probability from which an effect is updated in every turn; taste
LEAST_MEMBER = 1e-4  # probability below which a variant is not of a factor; taste
# nats that settling a trial may add: on a simulated gene of 49 tissues 1.0 at most; measured
SETTLING = 2.0
# cosines of scores and of tissue loadings from which a trial goes where another has gone; measured:
# of 600 pairs of trials those that ended 1 nat apart were less alike after their first turn
ALIKE, ALIKE_TISSUES = 0.98, 0.9
# times what spoke for starts that led nowhere: what has no more is not tried; taste: half a nat of
# what is weak enough to lead nowhere
NO_BETTER = 1.05
# that a factor is there; measured on people in 2 and 4 groups, whose weak factors are true as a
# rule: with 0 some of what these predict is lost, and fewer of their tissues are found
PRIOR_LOG_ODDS = 1.0
LEAST_TISSUES = 0.1  # expected number of tissues below which a factor is empty; taste


class Data(NamedTuple):
    """What a factor is updated against.

    residual : (n, m) precision-weighted, of all else
    """

    x: Variants
    residual: Floats
    precision: NoisePrecision


@dataclass(frozen=True)
class SingleEffectsFactor(Factor):
    """One factor: effects of variants, whose sum is its score f, times tissue loadings.

    Both sides are those that it has where it is there; what others see of it, and its part of the
    ELBO, are means over whether it is.

    prior : of the effects
    log_odds : ln of the odds that it is there
    """

    effects: SingleEffectsPosterior
    prior: FactorPrior
    tissues: SpikeSlabPosterior
    log_odds: float = field(default=np.inf, kw_only=True)

    @classmethod
    def start(cls, x: Variants, pattern: Pattern, options: SingleEffectsOptions) -> Self:
        """No effects yet, and tissue loadings taken as known."""
        prior = factor_tissues(len(pattern), options.max_tissue_inclusion, options.priors)
        tissues = SpikeSlabPosterior.empty(prior, len(pattern)).known(pattern)
        effects = SingleEffectsPosterior.empty(x.n, x.p, options.max_effects)
        return cls(effects, factor_effects(options.priors), tissues)

    @property
    def score(self) -> Moments:
        return Moments(self.effects.score, self.effects.score_variance)

    @property
    def there(self) -> float:
        """Probability that it is there."""
        return float(expit(self.log_odds))

    def weighed(self, gain: float) -> Self:
        """As likely there as its gain makes it."""
        return replace(self, log_odds=float(gain) + PRIOR_LOG_ODDS)

    def mean(self) -> Floats:
        return self.there * super().mean()

    def moments(self) -> Moments:
        mean, variance = super().moments()
        return Moments(self.there * mean, self.there * (variance + self._doubt * mean**2))

    def covariance_along(self, direction: Floats) -> Floats:
        mean = super().mean()
        along = (direction * mean).sum(axis=1, keepdims=True)
        return self.there * (super().covariance_along(direction) + self._doubt * mean * along)

    @property
    def _doubt(self) -> float:
        return float(expit(-self.log_odds))

    def kl_whether_there(self) -> float:
        """KL of both sides and of whether it is there."""
        p, doubt = self.there, self._doubt
        entropy = float(entr(p) + entr(doubt))
        before = p * float(log_expit(PRIOR_LOG_ODDS)) + doubt * float(log_expit(-PRIOR_LOG_ODDS))
        return p * self.kl() - entropy - before

    def kl(self) -> float:
        """Where it is there; with -ln of the prior densities of what is learned."""
        size = self.prior.neg_log_density(self.tissues.prior.size)
        return self.effects.kl(self.prior) + self.tissues.kl() + size

    def is_like(self, other: "SingleEffectsFactor") -> bool:
        """Whether it leads to where another has led: scores and tissues are alike."""
        return (
            len(self.effects.effects) == len(other.effects.effects)
            and _cosine(self.score.mean, other.score.mean) > ALIKE
            and _cosine(self.tissues.mean, other.tissues.mean) > ALIKE_TISSUES
        )

    def is_empty(self) -> bool:
        """Whether less than half an effect, or a tenth of a tissue, is expected in it."""
        return self.effects.count < LIKELY or self.tissues.pip.sum() < LEAST_TISSUES

    @property
    def is_in_all_tissues(self) -> bool:
        """Whether each tissue is likelier to have it than not."""
        return bool((self.tissues.pip > LIKELY).all())

    def is_worth(self, gain: float, options: SingleEffectsOptions) -> bool:
        """Whether the ELBO wants it, and wants it as a factor."""
        if gain < options.min_gain or self.is_empty():
            return False
        nats = self.tissues.log_bayes_factor()
        return not options.specific or nats.sum() - nats.max() > options.min_sharing

    def settled(
        self, data: Data, options: SingleEffectsOptions
    ) -> tuple["SingleEffectsFactor", float]:
        """Updated until looking for more effects brings nothing; the factor and its gain."""
        factor, gain = self.updated(data, options, Visit.FULL_SWEEP)
        previous = -np.inf
        while gain - previous > options.factor_tolerance:
            previous = gain
            factor, gain = factor.updated(data, options, Visit.FULL_SWEEP)
        return factor, gain

    def updated(
        self,
        data: Data,
        options: SingleEffectsOptions,
        visit: Visit,
        most: int | None = None,
        gain: float = -np.inf,
        is_left: Callable[[Self, float, float], bool] | None = None,
    ) -> tuple[Self, float]:
        """Effects (at most `most`), tissues and their priors in turn; the factor and its gain.

        All variants are looked at in the first turn of a full sweep.

        gain, is_left : as in `alternate`
        """

        def turn(factor: Self, is_first: bool) -> tuple[Self, float]:
            least = 0.0 if visit is Visit.FULL_SWEEP else ACTIVE
            return factor._turn(data, least, visit is Visit.FULL_SWEEP and is_first, most)

        return alternate(self, turn, options, gain, is_left)

    def _turn(self, data: Data, least: float, anew: bool, most: int | None) -> tuple[Self, float]:
        """Effects, tissues and priors once; the factor and its gain."""
        factor = replace(self, effects=self._effects(data, least, anew, most))
        seen = factor.seen_by_tissues(data.residual, data.precision)
        sums, tissues = factor.effects, factor.tissues.updated(*seen).learned()
        prior = factor.prior.of_factor(sums.included, sums.second_moment, tissues.prior.size)
        factor = replace(factor, tissues=tissues, prior=prior)
        gain = factor.gain_of(*seen)
        return factor.with_unit_tissues(), gain

    def with_unit_tissues(self) -> Self:
        scale = self.tissues.prior.size
        return replace(
            self,
            effects=self.effects.rescaled(scale),
            prior=self.prior.rescaled(scale),
            tissues=self.tissues.rescaled(1 / scale),
        )

    def _effects(
        self, data: Data, least: float, anew: bool, most: int | None
    ) -> SingleEffectsPosterior:
        """Its effects refined, and new ones where all variants are looked at."""
        regression = self._regression(data)
        residual = regression.residual(self._target(data), self.effects)
        effects, residual = self.effects.refined(residual, regression, least=least, anew=anew)
        if not anew:
            return effects
        return effects.extended(residual, regression, worth=LIKELY, most=most)

    def _regression(self, data: Data) -> Regression:
        weight = data.precision.of_score(self.tissues.mean, self.tissues.variance)
        return Regression(data.x, weight, self.prior)

    def _target(self, data: Data) -> Floats:
        """(n,) precision-weighted response of the score."""
        return data.residual @ self.tissues.mean

    def log_bayes_factors(self, data: Data) -> list[Floats]:
        """(p,) of each effect that was found, the others and the tissues as they are."""
        return self.effects.log_bayes_factors(self._target(data), self._regression(data))


@dataclass(frozen=True)
class InVain:
    """Which starts of a factor led nowhere when they were last tried.

    strengths : what spoke for each then, 0 of others
    shared_noise : whether tissues shared noise
    """

    strengths: tuple[float, ...] = (0.0, 0.0, 0.0)
    shared_noise: bool = False

    def under(self, shared_noise: bool) -> "InVain":
        """The same, if tissues share noise now as they did."""
        return self if shared_noise == self.shared_noise else InVain(shared_noise=shared_noise)


class Trial(NamedTuple):
    """A start of a factor, updated; one that leads to where another does has no gain."""

    gain: float
    pattern: Pattern
    factor: SingleEffectsFactor


def _cosine(a: Floats, b: Floats) -> float:
    """Of the angle between two lines; 0 where there is none."""
    length = np.sqrt((a @ a) * (b @ b))
    return float(abs(a @ b) / length) if length > 0 else 0.0


@dataclass(frozen=True)
class Factored(FactorSum[SingleEffectsFactor]):
    """Sum of at most `rank` factors.

    scores : of what was left when a factor was last looked for
    n_grown : factors ever added
    in_vain : starts that led nowhere
    """

    x: Variants
    m: int
    rank: int
    options: SingleEffectsOptions
    scores: TissueScores
    factors: tuple[SingleEffectsFactor, ...] = ()
    n_grown: int = 0
    in_vain: InVain = InVain()

    @classmethod
    def empty(cls, x: Variants, m: int, rank: int, options: SingleEffectsOptions) -> "Factored":
        """No factors."""
        return cls(x, m, rank, options, TissueScores.none(x, m))

    @property
    def shape(self) -> tuple[int, int]:
        return self.x.n, self.m

    def kl(self) -> float:
        return sum(factor.kl_whether_there() for factor in self.factors)

    def updated(self, residual: Floats, precision: NoisePrecision, visit: Visit) -> Self:
        """Every factor refined in turn, without those that the ELBO does not want."""

        def refine(k: int, factor: SingleEffectsFactor, left: Floats) -> SingleEffectsFactor:
            data, gain = Data(self.x, left, precision), factor.gain(left, precision)
            better, gain = factor.updated(data, self.options, visit, gain=gain)
            return better.weighed(gain)

        refined = replace(self, factors=self.in_turn(residual, precision, refine))
        return refined._pruned(residual, precision)

    def grown(self, residual: Floats, precision: NoisePrecision) -> Grown:
        """The best factor that several starts find is added, if the ELBO rises by it.

        The starts are told apart by one update each and the best is settled; the others have
        their turn only where it does not pay.
        """
        if len(self.factors) == self.rank or self.n_grown == GROWTH_LIMIT * self.rank:
            return Grown(self, False)
        left, weight = self.without(residual, precision), precision.diagonal
        entry = replace(self, scores=self.scores.refreshed(left, weight))
        data, trials = Data(self.x, left, precision), list[Trial]()
        known = self.in_vain.under(precision.shared is not None)
        strengths = list[float]()
        for start, before in zip(entry.scores.starts(weight), known.strengths, strict=False):
            if start.strength <= NO_BETTER * before:
                strengths.append(before)
                continue
            trials.append(entry._tried(start.pattern, data, trials))
            led_nowhere = -np.inf < trials[-1].gain < self._least
            strengths.append(start.strength if led_nowhere else 0.0)
        if not strengths:
            return Grown(entry, False)
        entry = replace(entry, in_vain=replace(known, strengths=tuple(strengths)))
        for trial in sorted(trials, key=lambda trial: -trial.gain):
            if trial.gain < self._least:
                break
            found = entry._shared(trial, data)
            if found is not None:
                factors = (*self.factors, found)
                return Grown(replace(entry, factors=factors, n_grown=self.n_grown + 1), True)
        return Grown(entry, False)

    @property
    def _least(self) -> float:
        """Nats that a trial must gain to be of use."""
        return self.options.min_gain - SETTLING

    def cleared(self) -> Self | None:
        return replace(self, factors=(), n_grown=0) if self.factors else None

    def ordered(self) -> list[SingleEffectsFactor]:
        """Factors by the variance they explain."""
        return by_variance(self.factors)

    def log_bayes_factors(self, residual: Floats, precision: NoisePrecision) -> list[list[Floats]]:
        """(p,) of each effect found in each factor, in their order by variance."""
        found: dict[int, list[Floats]] = {}

        def seen(k: int, factor: SingleEffectsFactor, left: Floats) -> SingleEffectsFactor:
            found[id(factor)] = factor.log_bayes_factors(Data(self.x, left, precision))
            return factor

        self.in_turn(residual, precision, seen)
        return [found[id(factor)] for factor in self.ordered()]

    def _started(self, pattern: Pattern) -> SingleEffectsFactor:
        return SingleEffectsFactor.start(self.x, pattern, self.options)

    def _tried(self, pattern: Pattern, data: Data, before: "Sequence[Trial]") -> "Trial":
        """A factor from this start, updated, but left where it leads to where another led, or
        nowhere."""
        least = self._least

        def led_there(factor: SingleEffectsFactor) -> bool:
            return any(factor.is_like(trial.factor) for trial in before)

        def is_left(factor: SingleEffectsFactor, gain: float, rise: float) -> bool:
            if gain < least:
                return gain + rise < least
            return led_there(factor)

        factor, gain = self._started(pattern).updated(
            data, self.options, Visit.FULL_SWEEP, is_left=is_left
        )
        return Trial(-np.inf if gain >= least and led_there(factor) else gain, pattern, factor)

    def _shared(self, trial: "Trial", data: Data) -> SingleEffectsFactor | None:
        """The trial settled, or with one effect alone, if it is a factor that tissues share."""
        factor, settled = trial.factor.settled(data, self.options)
        if self._is_shared(factor, settled, data.precision):
            return factor.weighed(settled)
        # two factors taken for one, perhaps: each effect is shared, not both by the same
        factor, gain = trial.factor, trial.gain
        if len(factor.effects.effects) > 1:
            factor = self._started(trial.pattern)
            factor, gain = factor.updated(data, self.options, Visit.FULL_SWEEP, most=1)
        return factor.weighed(gain) if self._is_shared(factor, gain, data.precision) else None

    def _is_shared(
        self, factor: SingleEffectsFactor, gain: float, precision: NoisePrecision
    ) -> bool:
        """Whether it brings more than its variants would bring each of its tissues alone."""
        if not factor.is_worth(gain, self.options):
            return False
        return gain + SLACK > self._gain_alone(factor, precision)

    def _gain_alone(self, factor: SingleEffectsFactor, precision: NoisePrecision) -> float:
        """Nats that its tissues would gain from its variants without it, each on its own."""
        if not self.options.specific:
            return 0.0
        copies = self.x.copies
        pip = factor.effects.spread(copies).pip[copies.first]
        among = np.flatnonzero(pip > LEAST_MEMBER)
        gain = self.scores.gain_alone(among, precision.diagonal)
        return float(gain @ factor.tissues.pip)

    def _pruned(self, residual: Floats, precision: NoisePrecision) -> Self:
        """Without factors that the ELBO does not want.

        One goes at a time: two may each be dispensable only while the other stays.
        """
        unwanted = []

        def judge(k: int, factor: SingleEffectsFactor, left: Floats) -> SingleEffectsFactor:
            if factor.is_empty() or factor.gain(left, precision) < self.options.min_gain:
                unwanted.append(k)
            return factor

        self.in_turn(residual, precision, judge)
        if not unwanted:
            return self
        kept = tuple(factor for k, factor in enumerate(self.factors) if k != unwanted[0])
        return replace(self, factors=kept)._pruned(residual, precision)
