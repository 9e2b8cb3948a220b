"""Factored effects: few factors, each a sparse set of variants times a sparse set of tissues.

A factor adds M = f r' with f = x l, variant loadings l (p) and tissue loadings r (m), both under
spike and slab. As f and r are independent under q,

    S = V[f] E[r]^2 + E[f]^2 V[r] + V[f] V[r],      V[f]_i = sum_j x_ij^2 V[l_j],

and the ELBO is quadratic in either side given the other (n m to form):

    given r, l sees  g0 = (W ∘ Z) E[r]  and weights  W E[r^2]     (then n per variant visited)
    given f, r sees  score (W ∘ Z)' E[f]  and information  W' E[f^2]     (each tissue on its own)

Multiplying l by c and r by 1/c, with their prior precisions, changes nothing in the ELBO. The free
scale keeps the slab of r at unit variance; the prior precision of l is then the inverse variance
that one variant explains in a typical tissue of the factor.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from fqtl.model.moments import Floats, Genotypes, Indices, Moments
from fqtl.model.options import Options
from fqtl.model.predictors import FINE, Visit
from fqtl.model.priors import SpikeSlab
from fqtl.model.starts import Start, Starts

GROWTH_LIMIT = 3  # times the rank


@dataclass
class Factor:
    """One factor and its score f = x l.

    score, score_variance : (n,) mean and variance of f, kept up to date with the variants
    order : variants that are worth a visit, strongest first
    """

    variants: SpikeSlab
    tissues: SpikeSlab
    score: Floats
    score_variance: Floats
    order: Indices

    @classmethod
    def start(cls, n: int, p: int, start: Start, options: Options) -> "Factor":
        """No variants yet, and tissue loadings taken as known."""
        tissues = SpikeSlab.empty(
            len(start.tissues),
            inclusion=0.5,
            precision=1.0,
            inclusion_bounds=(1e-4, options.max_tissue_inclusion),
        )
        tissues.pip[:] = 1
        tissues.slab_mean[:] = start.tissues
        tissues.slab_precision[:] = 1e4
        # three variants of a tenth of the variance each, until the data teach better
        variants = SpikeSlab.empty(
            p,
            inclusion=3 / p,
            precision=10.0,
            inclusion_bounds=(1e-8, options.max_variant_inclusion),
        )
        order = variants.screen(start.score, start.information, options.screen)
        return cls(variants, tissues, np.zeros(n), np.zeros(n), order)

    def mean(self) -> Floats:
        return np.outer(self.score, self.tissues.mean)

    def moments(self) -> Moments:
        r, v = self.tissues.mean, self.tissues.variance
        variance = np.outer(self.score_variance, r**2 + v)
        variance += np.outer(self.score**2, v)
        return Moments(self.mean(), variance)

    def divergence(self) -> float:
        return self.variants.divergence() + self.tissues.divergence()

    def is_empty(self) -> bool:
        """Less than a tenth of a variant, or of a tissue, is expected in the factor."""
        return min(self.variants.pip.sum(), self.tissues.pip.sum()) < 0.1

    def settle(self, x: Genotypes, response: Floats, weight: Floats, options: Options) -> float:
        """Update until looking at all variants brings nothing new; the gain."""
        gain = previous = -np.inf
        for _ in range(options.max_screens):
            gain = self.update(x, response, weight, options, Visit.PROMISING)
            if gain - previous < options.factor_tolerance or self.is_empty():
                break
            previous = gain
        return gain

    def update(
        self, x: Genotypes, response: Floats, weight: Floats, options: Options, visit: Visit
    ) -> float:
        """Variants, tissues and their priors in turn against a response, until the gain settles.

        The gain is the ELBO with this factor minus that without, all else as it is.
        """
        weighted = weight * response
        move = options.move
        if visit is Visit.PROMISING:
            self.order = self._screen(x, weighted, weight, options.screen)
        elif visit is Visit.EVERY:
            self.order, move = self._screen(x, weighted, weight, 0.0), FINE * options.move
        gain = previous = -np.inf
        for _ in range(options.max_alternations):
            self._sweep(x, weighted, weight, self.order, move)
            self.order = self.order[self.variants.pip[self.order] > options.screen]
            move = options.move
            seen = self._seen_by_tissues(weighted, weight)
            self.tissues.update(*seen)
            self.variants.learn()
            self.tissues.learn()
            gain = self._gain(*seen)
            self._fix_scale()
            if gain - previous < options.factor_tolerance:
                break
            previous = gain
        return gain

    def signed(self) -> tuple[SpikeSlab, SpikeSlab]:
        """Both sides, with signs such that the largest tissue loading is positive."""
        tissues = self.tissues.mean
        sign = -1.0 if tissues[np.abs(tissues).argmax()] < 0 else 1.0
        return self.variants.times(sign), self.tissues.times(sign)

    def gain(self, response: Floats, weight: Floats) -> float:
        """ELBO with this factor minus that without, all else as it is."""
        return self._gain(*self._seen_by_tissues(weight * response, weight))

    def _seen_by_variants(self, weighted: Floats, weight: Floats) -> tuple[Floats, Floats]:
        r = self.tissues.mean
        return weighted @ r, weight @ (r**2 + self.tissues.variance)

    def _seen_by_tissues(self, weighted: Floats, weight: Floats) -> tuple[Floats, Floats]:
        return self.score @ weighted, (self.score**2 + self.score_variance) @ weight

    def _screen(self, x: Genotypes, weighted: Floats, weight: Floats, negligible: float) -> Indices:
        """Variants worth a visit, by one product with x, whose rows have sum w x^2 ≈ sum w."""
        target, d = self._seen_by_variants(weighted, weight)
        information = d.sum()
        gradient = (target - d * self.score).astype(x.dtype)
        score = x @ gradient + self.variants.mean * information
        return self.variants.screen(score, information, negligible)

    def _sweep(
        self,
        x: Genotypes,
        weighted: Floats,
        weight: Floats,
        order: Indices,
        tolerance: float,
    ) -> None:
        target, d = self._seen_by_variants(weighted, weight)
        self.variants.sweep(
            x,
            order,
            weight=d,
            score=self.score,
            score_variance=self.score_variance,
            gradient=target - d * self.score,
            tolerance=tolerance,
        )

    def _gain(self, score: Floats, information: Floats) -> float:
        second = self.tissues.mean**2 + self.tissues.variance
        fitted = score @ self.tissues.mean - 0.5 * information @ second
        return float(fitted) - self.divergence()

    def _fix_scale(self) -> None:
        factor = self.tissues.precision**-0.5
        self.variants.rescale(factor)
        self.tissues.rescale(1 / factor)
        self.score *= factor
        self.score_variance *= factor**2


@dataclass
class Factored:
    """Sum of at most `rank` factors.

    x : (p, n) standardised genotypes, a variant per row
    grown : factors ever added; growing ends should some be dropped and found again for ever
    """

    x: Genotypes
    m: int
    rank: int
    options: Options
    factors: list[Factor] = field(default_factory=list)
    grown: int = 0
    starts: Starts = field(init=False)

    def __post_init__(self) -> None:
        self.starts = Starts(self.x, self.m)

    def mean(self) -> Floats:
        total = np.zeros((self.x.shape[1], self.m))
        for factor in self.factors:
            total += factor.mean()
        return total

    def moments(self) -> Moments:
        total = Moments(*np.zeros((2, self.x.shape[1], self.m)))
        for factor in self.factors:
            mean, variance = factor.moments()
            np.add(total.mean, mean, out=total.mean)
            np.add(total.variance, variance, out=total.variance)
        return total

    def divergence(self) -> float:
        return sum(factor.divergence() for factor in self.factors)

    def update(self, response: Floats, weight: Floats, visit: Visit) -> None:
        """Refine every factor in turn, then drop those that the ELBO does not want."""
        for factor, residual in self._residuals(response):
            factor.update(self.x, residual, weight, self.options, visit)
        self._prune(response, weight)

    def grow(self, response: Floats, weight: Floats) -> bool:
        """Add the best factor that several starts find, if the ELBO rises by it.

        The starts are told apart by one update each and the best is settled; the others have
        their turn only where it does not pay.
        """
        if len(self.factors) == self.rank or self.grown == GROWTH_LIMIT * self.rank:
            return False
        residual = response - self.mean()
        p, n = self.x.shape
        trials = []
        for start in self.starts.propose(residual * weight, weight):
            factor = Factor.start(n, p, start, self.options)
            gain = factor.update(self.x, residual, weight, self.options, Visit.KNOWN)
            trials.append((gain, factor))
        for _, factor in sorted(trials, key=lambda trial: -trial[0]):
            if factor.is_empty():
                continue
            gain = factor.settle(self.x, residual, weight, self.options)
            if gain > self.options.min_gain and not factor.is_empty():
                self.factors.append(factor)
                self.grown += 1
                return True
        return False

    def sides(self) -> tuple[list[SpikeSlab], list[SpikeSlab]]:
        """Factors by the variance they explain, with signs as `signed` gives them."""
        explained = [factor.score.var() * (factor.tissues.mean**2).sum() for factor in self.factors]
        order = np.argsort(-np.array(explained), kind="stable")
        pairs = [self.factors[k].signed() for k in order]
        return [variants for variants, _ in pairs], [tissues for _, tissues in pairs]

    def _residuals(self, response: Floats) -> Iterator[tuple[Factor, Floats]]:
        """Each factor with the response that it alone has to explain."""
        residual = response - self.mean()
        for factor in self.factors:
            residual += factor.mean()
            yield factor, residual
            residual -= factor.mean()

    def _prune(self, response: Floats, weight: Floats) -> None:
        unwanted = [
            factor
            for factor, residual in self._residuals(response)
            if factor.is_empty() or factor.gain(residual, weight) < self.options.min_gain
        ]
        # one at a time: two factors may each be dispensable only while the other stays
        if unwanted:
            self.factors = [factor for factor in self.factors if factor is not unwanted[0]]
            self._prune(response, weight)
