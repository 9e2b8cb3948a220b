"""One account of a polygenic background: what tissues share of it, and what each has of its own.

    M_it = phi_i . (w_0 + w_t),   w_0 ~ N(0, v_0 I),   w_t ~ N(0, v_t I)

q(w_0) and q(w_t) are independent; each is maximised jointly with q of its variance, given the
others (`priors/polygenic.py`). Writing g for the precision-weighted residual of all else,

    w_0: target sum_t g_it, weight 1'P_i 1      w_t: target g_it, weight P_i,tt.

Before features are made the slope of the gain at v = 0,

    U = 1/2 (|Phi' target|^2 - tr Phi' D Phi) = 1/2 (|x target|^2 / p - sum_i D_i K_ii),

for which one product with x is enough, says whether to look at all: it must be positive, and the
score test's approximation of the gain, U^2 / tr (K D)^2, not far below what the prior odds ask for.
The test is kept: it is what a part that is not there says of its variance (`score_test.py`).

What donors share over their tissues for other reasons (`priors/shared_noise.py`) looks like w_0 to
a model without it. So engines look for w_0 after they have looked for shared noise; and where an
effect of each donor, independent between donors, would explain what donors of several tissues show,
w_0 must explain it better by `BETTER` nats.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from fqtl.model.arrays.moments import Floats, Moments
from fqtl.model.predictors.relatedness import Relatedness
from fqtl.model.predictors.score_test import ScoreTest
from fqtl.model.priors import NoisePrecision, PolygenicPosterior, Rotated, VariancePrior

BETTER = 3.0  # nats; taste: noise that tissues share is twenty times as likely beforehand
ASKED = 0.5  # part of what the prior odds ask for that the score test must show; taste


@dataclass(frozen=True)
class BackgroundAccount:
    """What all tissues share of a background, and what each has beside that; None without it.

    Everything is asked for with the precision-weighted residual (n, m) of all but a background.

    prior : of each variance
    log_odds : of the prior, that there is a shared part; None of an account without one
    log_odds_of_tissue : and that a tissue has a part of its own
    test : of the shared part and of each tissue's, when parts were last looked for
    """

    relatedness: Relatedness
    prior: VariancePrior
    log_odds: float | None
    log_odds_of_tissue: float
    shared: PolygenicPosterior | None
    tissues: tuple[PolygenicPosterior | None, ...]
    test: ScoreTest | None = None

    @property
    def parts(self) -> tuple[PolygenicPosterior | None, ...]:
        """The shared one first."""
        return self.shared, *self.tissues

    @property
    def found(self) -> int:
        """Number of variances above 0."""
        return sum(part is not None for part in self.parts)

    def log_bayes_factors(self) -> Floats:
        """(1 + m, G) ln Bayes factor of each variance of the grid against 0, of the shared part
        first; those of a part that is not there are what its score test says."""
        variances = self.prior.variances
        if self.test is None:
            found = np.zeros((len(self.parts), len(variances)))
        else:
            found = self.test.gains(variances)
        for k, part in enumerate(self.parts):
            if part is not None:
                found[k] = part.log_bayes_factors(self.prior)
        return found

    def mean(self) -> Floats:
        mean = np.zeros(self.relatedness.observed.shape)
        for t, part in enumerate(self.tissues):
            if part is not None:
                mean[:, t] = part.mean
        if self.shared is not None:
            mean += self.shared.mean[:, None]
        return mean

    def moments(self) -> Moments:
        variance = self._variance_of_tissues()
        if self.shared is not None:
            variance += self.shared.variance[:, None]
        return Moments(self.mean(), variance)

    def covariance_along(self, direction: Floats) -> Floats:
        covariance = direction * self._variance_of_tissues()
        if self.shared is not None:
            covariance += (self.shared.variance * direction.sum(axis=1))[:, None]
        return covariance

    def kl(self) -> float:
        """With -ln of the prior odds of the parts that are there."""
        total = sum(part.kl - self.log_odds_of_tissue for part in self.tissues if part is not None)
        if self.shared is not None and self.log_odds is not None:
            total += self.shared.kl - self.log_odds
        return total

    def gain(self, left: Floats, precision: NoisePrecision) -> float:
        """What the ELBO gains by it, in nats."""
        mean = self.mean()
        gain = ((left - 0.5 * precision.times(mean)) * mean).sum()
        gain -= 0.5 * (precision.diagonal * self._variance_of_tissues()).sum()
        if self.shared is not None:
            gain -= 0.5 * (of_all_tissues(precision) * self.shared.variance).sum()
        return float(gain) - self.kl()

    def updated(self, left: Floats, precision: NoisePrecision) -> "BackgroundAccount":
        """Every part anew; of several, those that the ELBO is better without are dropped."""
        entry = self
        if self.shared is not None:
            entry = replace(self, shared=self._shared(left, precision))
        there = [t for t, part in enumerate(self.tissues) if part is not None]
        entry = entry._with_tissues(there, left, precision)
        return entry if entry.found else self

    def grown(self, left: Floats, precision: NoisePrecision) -> "BackgroundAccount":
        """With the parts that raise the ELBO; first, what tissues share."""
        entry = replace(self, test=self._test(left, precision))
        promising = entry._promising()
        if self.log_odds is not None and self.shared is None:
            if promising[0]:
                entry = entry._with_new_shared(left, precision)
            return entry.grown(left, precision) if entry.shared is not None else entry
        return entry._with_tissues(np.flatnonzero(promising[1:]), left, precision)

    def effects(self) -> Floats:
        """(p, m) posterior mean per standard deviation of the variants."""
        total = np.zeros((self.relatedness.x.n_variants, len(self.tissues)))
        for t, part in enumerate(self.tissues):
            if part is not None:
                total[:, t] = self.relatedness.variant_effects(part.effects)
        if self.shared is not None:
            total += self.relatedness.variant_effects(self.shared.effects)[:, None]
        return total

    def prior_variance(self) -> Floats:
        """(m,) E[v] of w_0 and of w_t together."""
        own = np.array([0.0 if part is None else part.prior_variance for part in self.tissues])
        return own + (0.0 if self.shared is None else self.shared.prior_variance)

    def _variance_of_tissues(self) -> Floats:
        variance = np.zeros(self.relatedness.observed.shape)
        for t, part in enumerate(self.tissues):
            if part is not None:
                variance[:, t] = part.variance
        return variance

    def _rest(self, left: Floats, precision: NoisePrecision) -> Floats:
        """(n, m) precision-weighted residual of all that is there."""
        return left - precision.times(self.mean()) if self.found else left

    def _test(self, left: Floats, precision: NoisePrecision) -> ScoreTest:
        """Of each part, the shared one first, beside all that is there."""
        x, relatedness, rest = self.relatedness.x, self.relatedness, self._rest(left, precision)
        targets = np.column_stack([rest.sum(axis=1), rest])
        weights = np.column_stack([of_all_tissues(precision), precision.diagonal])
        return ScoreTest(
            x.square_of_scores(targets) / x.n_variants,
            relatedness.diagonal @ weights,
            relatedness.square_trace(weights),
        )

    def _promising(self) -> np.ndarray:
        """(1 + m,) whether a part that is not there may gain what its prior odds ask for."""
        assert self.test is not None
        slope = self.test.slope
        odds = [0.0, *[self.log_odds_of_tissue] * len(self.tissues)]
        asked = -ASKED * np.array(odds)
        enough = slope**2 >= np.maximum(asked, 0.0) * self.test.square_trace
        promising = (slope > 0) & enough
        promising |= asked < 0  # what is expected need not be seen
        return promising & [part is None for part in self.parts]

    def _with_new_shared(self, left: Floats, precision: NoisePrecision) -> "BackgroundAccount":
        """With a shared part, if it explains more than an effect of each donor would."""
        part = self._shared(left, precision)
        of_donors = self._evidence_of_donors(left, precision)
        if part.evidence > of_donors:
            return replace(self, shared=part)
        if of_donors > 0:  # noise of donors, which says nothing of what genotypes share
            return replace(self, test=self._without_shared())
        return self

    def _without_shared(self) -> ScoreTest | None:
        """The test, in which the shared part was not seen."""
        if self.test is None:
            return None
        seen = np.arange(len(self.parts)) > 0
        return ScoreTest(*(np.where(seen, column, 0.0) for column in self.test))

    def _evidence_of_donors(self, left: Floats, precision: NoisePrecision) -> float:
        """Nats for an effect of each donor with several tissues, and some more if there are any."""
        several = (precision.weight > 0).sum(axis=1) > 1
        if not several.any():
            return 0.0
        target = self._rest(left, precision).sum(axis=1)[several]
        evidence = self.prior.evidence(target, of_all_tissues(precision)[several])
        return evidence + BETTER if evidence > 0 else 0.0

    def _shared(self, left: Floats, precision: NoisePrecision) -> PolygenicPosterior:
        """The shared part made anew."""
        weight = of_all_tissues(precision)
        target = self._rest(left, precision).sum(axis=1)
        if self.shared is not None:
            target = target + weight * self.shared.mean
        rotated = Rotated.of(self.relatedness.features, weight)
        return PolygenicPosterior.of(rotated, target, self.prior)

    def _with_tissues(
        self, where: Iterable[int], left: Floats, precision: NoisePrecision
    ) -> "BackgroundAccount":
        """Parts of these tissues in turn, each against what the others leave."""
        diagonal, tissues = precision.diagonal, list(self.tissues)
        rest = self._rest(left, precision)
        for t in where:
            before = tissues[t]
            fitted = 0.0 if before is None else before.mean
            weight = np.ascontiguousarray(diagonal[:, t])
            rotated = self.relatedness.of_tissue(t, weight)
            part = PolygenicPosterior.of(rotated, rest[:, t] + weight * fitted, self.prior)
            tissues[t] = part if part.evidence + self.log_odds_of_tissue > 0 else None
            if precision.shared is not None:
                change = (0.0 if tissues[t] is None else part.mean) - fitted
                rest = rest + precision.shared * (precision.shared[:, t] * change)[:, None]
        return replace(self, tissues=tuple(tissues))


def of_all_tissues(precision: NoisePrecision) -> Floats:
    """(n,) 1'P_i 1."""
    total = precision.weight.sum(axis=1)
    if precision.shared is not None:
        total = total - precision.shared.sum(axis=1) ** 2
    return total
