"""Polygenic background, M_it = phi_i . (w_0 + w_t): small effects of all variants at once.

Beside few effects that can be told apart, expression hangs on many that cannot. Under
theta_j ~ N(0, v/p) for every variant the part of eta has the covariance v K, K = x'x/p over donors.
Its eigenvectors Phi = U sqrt(Lambda) that hold most of the trace are the features: x' theta becomes
Phi w with w ~ N(0, v I). As the mean of the diagonal of K is 1, v is a share of the variance of a
standardised response. One w_0 is of all tissues, the others of one tissue each, and each has a
variance of its own (`priors/polygenic.py`). q(w_0) and q(w_t) are independent; each is maximised
jointly with q of its variance, given the others. Writing g for the precision-weighted residual of
all else,

    w_0: target sum_t g_it, weight 1'P_i 1      w_t: target g_it, weight P_i,tt.

A gene has a w_0 with probability rho, and w_t with odds 1/m of that: of m tissues about one has a
background of its own. A part is there if the ELBO is the higher by it; a fit in which none is found
is, to the last bit, the fit without this entry. Before Phi is made the slope of the gain at v = 0,

    U = 1/2 (|Phi' target|^2 - tr Phi' D Phi) = 1/2 (|x target|^2 / p - sum_i D_i K_ii),

for which one product with x is enough, says whether to look at all: it must be positive, and the
score test's approximation of the gain, U^2 / tr (K D)^2, not far below what the prior odds ask for.

What donors share over their tissues for other reasons (`priors/shared_noise.py`) looks like w_0 to
a model without it. So engines look for w_0 after they have looked for shared noise; and where an
effect of each donor, independent between donors, would explain what donors of several tissues show,
w_0 must explain it better by `BETTER` nats.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from scipy.special import logit

from fqtl.model.arrays.moments import Floats, Moments
from fqtl.model.arrays.variants import Variants
from fqtl.model.predictors.predictor import Grown, Visit
from fqtl.model.priors import NoisePrecision, PolygenicPosterior, Rotated, VariancePrior

TRACE = 0.95  # of K that features hold; taste: the rest are directions of next to no variance
BETTER = 3.0  # nats; taste: noise that tissues share is twenty times as likely beforehand
PROBES = 16  # random directions that the pairs of donors are seen along; taste: to about a tenth
ASKED = 0.5  # part of what the prior odds ask for that the score test must show; taste
MOST_FEATURES = 200  # taste: of 358 donors they hold 0.95 of K


@dataclass(frozen=True)
class Relatedness:
    """Features of the donors, made when they are first asked for.

    observed : (n, m) 1 where a donor has a tissue, else 0
    """

    x: Variants
    observed: Floats
    _of_tissues: dict[int, Rotated] = field(default_factory=dict, repr=False)

    def __deepcopy__(self, memo: object) -> "Relatedness":
        """Itself: what it says never changes."""
        return self

    @cached_property
    def diagonal(self) -> Floats:
        """(n,) of K."""
        everything = self.x.copies.count / self.x.n_variants
        return self.x.combine(np.zeros(self.x.p), everything).variance

    @cached_property
    def _square_of_pairs(self) -> float:
        """Mean of K_ij^2 over pairs of donors, from |K z|^2 of random signs z."""
        n = self.x.n
        if n < 2:
            return 0.0
        signs = np.random.default_rng(0).choice([-1.0, 1.0], (n, PROBES))
        per_variant = self.x.copies.count[:, None] * self.x.scores(signs) / self.x.n_variants
        seen = self.x.combine(per_variant, np.zeros_like(per_variant)).mean
        pairs = (seen**2).sum() / PROBES - (self.diagonal**2).sum()
        return max(float(pairs), 0.0) / (n * (n - 1))

    def square_trace(self, weight: Floats) -> Floats:
        """(k,) about tr (K D)^2 for D of each column of weights (n, k), as if donors were alike."""
        pairs = weight.sum(axis=0) ** 2 - (weight**2).sum(axis=0)
        return self.diagonal**2 @ weight**2 + self._square_of_pairs * pairs

    @cached_property
    def _decomposed(self) -> tuple[Floats, Floats]:
        """(n, k) Phi, and (k,) the eigenvalues of K that are kept."""
        x, p = self.x, self.x.n_variants
        # a class of copies counts as often as it has variants
        root_count = np.sqrt(x.copies.count).astype(x.dtype)[:, None]
        along_variants = x.p < x.n
        if along_variants:
            rows = x.x * root_count
            gram = (rows @ rows.T).astype(np.float64)
        else:
            gram = self._of_donors(root_count)
        gram /= p
        values, vectors = np.linalg.eigh(gram)
        values, vectors = values[::-1], vectors[:, ::-1]
        enough = int(np.searchsorted(np.cumsum(values), TRACE * values.sum())) + 1
        enough = min(enough, MOST_FEATURES)
        values, vectors = values[:enough], vectors[:, :enough]
        if along_variants:  # x = V sqrt(p Lambda) U'
            return rows.T.astype(np.float64) @ (vectors / np.sqrt(p)), values.copy()
        return vectors * np.sqrt(values), values.copy()

    def _of_donors(self, root_count: np.ndarray) -> Floats:
        """(n, n) p K, a block of rows at a time."""
        total = np.zeros((self.x.n, self.x.n), dtype=self.x.dtype)
        for rows, part in self.x.rows.blocks():
            weighted = rows * root_count[part]
            total += weighted.T @ weighted
        return total.astype(np.float64)

    @property
    def features(self) -> Floats:
        """(n, k) Phi."""
        return self._decomposed[0]

    def variant_effects(self, effects: Floats) -> Floats:
        """(p,) effects of variants, of least norm, that make the same score as these (k,)."""
        (features, values), copies = self._decomposed, self.x.copies
        of_donors = features @ (effects / (values * self.x.n_variants))
        return self.x.scores(of_donors)[copies.of] * copies.sign

    def of_tissue(self, tissue: int, weight: Floats) -> Rotated:
        """Features under the weights (n,) of a tissue; kept where all its donors weigh the same."""
        most = weight.max()
        if (weight != most * self.observed[:, tissue]).any():
            return Rotated.of(self.features, weight)
        if tissue not in self._of_tissues:
            self._of_tissues[tissue] = Rotated.of(self.features, self.observed[:, tissue])
        return self._of_tissues[tissue].times(float(most))


@dataclass(frozen=True)
class Background:
    """What all tissues share of it, and what each has beside that; None where there is none.

    prior : of each variance
    log_odds : of the prior, that there is a shared part
    """

    relatedness: Relatedness
    prior: VariancePrior
    log_odds: float
    shared: PolygenicPosterior | None
    tissues: tuple[PolygenicPosterior | None, ...]

    @classmethod
    def empty(
        cls, x: Variants, observed: Floats, median: float, probability: float
    ) -> "Background":
        """None yet; median : of the prior of variances, probability : that there is any."""
        nothing = (None,) * observed.shape[1]
        prior, log_odds = VariancePrior(median), float(logit(probability))
        return cls(Relatedness(x, observed), prior, log_odds, None, nothing)

    @property
    def found(self) -> int:
        """Number of variances above 0."""
        return sum(part is not None for part in (self.shared, *self.tissues))

    @property
    def m(self) -> int:
        return len(self.tissues)

    @property
    def log_odds_of_tissue(self) -> float:
        """Of the prior, that a tissue has a part of its own."""
        return self.log_odds - float(np.log(self.m))

    def mean(self) -> Floats:
        mean = np.zeros(self.relatedness.observed.shape)
        for t, part in enumerate(self.tissues):
            if part is not None:
                mean[:, t] = part.mean
        return mean if self.shared is None else mean + self.shared.mean[:, None]

    def moments(self) -> Moments:
        variance = self._variance_of_tissues()
        if self.shared is not None:
            variance = variance + self.shared.variance[:, None]
        return Moments(self.mean(), variance)

    def covariance_along(self, direction: Floats) -> Floats:
        covariance = direction * self._variance_of_tissues()
        if self.shared is not None:
            covariance += (self.shared.variance * direction.sum(axis=1))[:, None]
        return covariance

    def kl(self) -> float:
        """With -ln of the prior odds of the parts that are there."""
        own = [part.kl - self.log_odds_of_tissue for part in self.tissues if part is not None]
        return sum(own) + (0.0 if self.shared is None else self.shared.kl - self.log_odds)

    def updated(self, residual: Floats, precision: NoisePrecision, visit: Visit) -> "Background":
        """Every part that is there; what the ELBO is better without is dropped."""
        if not self.found:
            return self
        entry = self
        if self.shared is not None:
            entry = entry._with_shared(entry._left(residual, precision), precision)[0]
        there = [t for t, part in enumerate(self.tissues) if part is not None]
        return entry._with_tissues(there, residual, precision)[0]

    def grown(self, residual: Floats, precision: NoisePrecision) -> Grown:
        """With the parts that raise the ELBO, in the better of two orders."""
        promising = self._promising(self._left(residual, precision), precision)
        if not promising.any():
            return Grown(self, False)
        shared, where = bool(promising[0]), np.flatnonzero(promising[1:])
        entry, gain = self._with_tissues(where, residual, precision)
        if shared:
            first, of_shared = self._with_new_shared(residual, precision)
            other, of_tissues = first._with_tissues(where, residual, precision)
            entry, more = entry._with_new_shared(residual, precision)
            if of_shared + of_tissues > gain + more:
                entry = other
        return Grown(entry, entry.found > self.found)

    def cleared(self) -> None:
        return None

    def effects(self) -> Floats | None:
        """(p, m) posterior mean per standard deviation of the variants; None if there are none."""
        if not self.found:
            return None
        total = np.zeros((self.relatedness.x.n_variants, self.m))
        for t, part in enumerate(self.tissues):
            if part is not None:
                total[:, t] = self.relatedness.variant_effects(part.effects)
        if self.shared is not None:
            total += self.relatedness.variant_effects(self.shared.effects)[:, None]
        return total

    def variance(self) -> Floats:
        """(m,) expected variance over donors of the part of eta."""
        own = np.array([0.0 if part is None else part.prior_variance for part in self.tissues])
        if not self.found:
            return own
        shared = 0.0 if self.shared is None else self.shared.prior_variance
        return (own + shared) * float((self.relatedness.features**2).sum(axis=1).mean())

    def _variance_of_tissues(self) -> Floats:
        variance = np.zeros(self.relatedness.observed.shape)
        for t, part in enumerate(self.tissues):
            if part is not None:
                variance[:, t] = part.variance
        return variance

    def _left(self, residual: Floats, precision: NoisePrecision) -> Floats:
        """(n, m) precision-weighted residual of this entry, too."""
        return residual - precision.times(self.mean()) if self.found else residual

    def _promising(self, left: Floats, precision: NoisePrecision) -> np.ndarray:
        """(1 + m,) whether a part that is not there may gain what its prior odds ask for.

        The shared part is the first.
        """
        x, relatedness = self.relatedness.x, self.relatedness
        targets = np.column_stack([left.sum(axis=1), left])
        weights = np.column_stack([of_all_tissues(precision), precision.diagonal])
        squares = x.square_of_scores(targets) / x.n_variants
        slope = 0.5 * (squares - relatedness.diagonal @ weights)
        asked = -ASKED * np.array([self.log_odds, *[self.log_odds_of_tissue] * self.m])
        enough = slope**2 >= np.maximum(asked, 0.0) * relatedness.square_trace(weights)
        promising = (slope > 0) & enough
        promising |= asked < 0  # what is expected need not be seen
        vacant = [part is None for part in (self.shared, *self.tissues)]
        vacant[0] &= self.m > 1
        return promising & vacant

    def _with_new_shared(
        self, residual: Floats, precision: NoisePrecision
    ) -> tuple["Background", float]:
        """With a shared part, if it explains more than an effect of each donor would; its gain."""
        left = self._left(residual, precision)
        entry, gain = self._with_shared(left, precision)
        if entry.shared is None:
            return self, 0.0
        rival = self._evidence_of_donors(left, precision)
        return (entry, gain) if entry.shared.evidence > rival else (self, 0.0)

    def _evidence_of_donors(self, left: Floats, precision: NoisePrecision) -> float:
        """Nats for an effect of each donor with several tissues, and some more if there are any."""
        several = (precision.weight > 0).sum(axis=1) > 1
        if not several.any():
            return 0.0
        target, weight = left.sum(axis=1)[several], of_all_tissues(precision)[several]
        evidence = self.prior.evidence(target, weight)
        return evidence + BETTER if evidence > 0 else 0.0

    def _with_shared(self, left: Floats, precision: NoisePrecision) -> tuple["Background", float]:
        """The shared part made anew, if the ELBO is the higher by it, and its gain."""
        weight, target = of_all_tissues(precision), left.sum(axis=1)
        if self.shared is not None:
            target = target + weight * self.shared.mean
        rotated = Rotated.of(self.relatedness.features, weight)
        part, gain = self._best(rotated, target, self.log_odds)
        return replace(self, shared=part), gain

    def _with_tissues(
        self, where: Iterable[int], residual: Floats, precision: NoisePrecision
    ) -> tuple["Background", float]:
        """Parts of these tissues in turn, each against what the others leave, and their gain."""
        diagonal, tissues, total = precision.diagonal, list(self.tissues), 0.0
        left = self._left(residual, precision)
        for t in where:
            before = tissues[t]
            fitted = 0.0 if before is None else before.mean
            weight = np.ascontiguousarray(diagonal[:, t])
            rotated = self.relatedness.of_tissue(t, weight)
            target = left[:, t] + weight * fitted
            part, gain = self._best(rotated, target, self.log_odds_of_tissue)
            tissues[t], total = part, total + gain
            if precision.shared is not None:
                change = (0.0 if part is None else part.mean) - fitted
                left = left + precision.shared * (precision.shared[:, t] * change)[:, None]
        return replace(self, tissues=tuple(tissues)), total

    def _best(
        self, rotated: Rotated, target: Floats, log_odds: float
    ) -> tuple[PolygenicPosterior | None, float]:
        """The best part, and its gain over having none, if that is above 0."""
        part = PolygenicPosterior.of(rotated, target, self.prior)
        gain = part.evidence + log_odds
        return (part, gain) if gain > 0 else (None, 0.0)


def of_all_tissues(precision: NoisePrecision) -> Floats:
    """(n,) 1'P_i 1."""
    total = precision.weight.sum(axis=1)
    if precision.shared is not None:
        total = total - precision.shared.sum(axis=1) ** 2
    return total
