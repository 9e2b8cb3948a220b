"""Dense effects, M = x A: every variant in every tissue, under one prior of all effects.

    M = x E[A],   S = x^2 V[A]    (effects are independent under q, but for shared indicators)

With a mask, an effect exists only where a variant lies in cis of a gene: many genes at once, whose
effects learn one prior. An inclusion indicator may be of each effect, of each variant, or of each
tissue; without a spike this is ridge regression.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fqtl.model.arrays.moments import Floats, Moments
from fqtl.model.predictors.linear import Linear
from fqtl.model.predictors.predictor import Grown, Visit
from fqtl.model.priors import NoisePrecision, SpikeSlabPosterior, Unconstrained

NOTICED = 0.5  # expected effects more, by which an entry counts as grown; taste
START_SIZE = 0.1  # of effects at a random start, as a part of its jitter; taste
START_PRECISION = 10.0  # of them, for each variant: together they vary less than the noise; taste
LEAST_VARIANTS = 100  # for which that is reckoned; taste


def in_cis(start: Floats, end: Floats, pos: Floats, window: float) -> Floats:
    """(p, m) 1 where a variant lies between start - window and end + window of a gene, else 0.

    start, end : (m,) positions of genes
    pos : (p,) positions of variants
    """
    inside = (pos[:, None] >= start - window) & (pos[:, None] <= end + window)
    return inside.astype(np.float64)


@dataclass(frozen=True)
class Dense:
    """Effects (p, m) of variants, or of covariates, on every tissue."""

    effects: Linear

    @property
    def loadings(self) -> SpikeSlabPosterior:
        assert isinstance(self.effects.loadings, SpikeSlabPosterior)
        return self.effects.loadings

    def mean(self) -> Floats:
        return self.moments().mean

    def moments(self) -> Moments:
        return self.effects.moments()

    def covariance_along(self, direction: Floats) -> Floats:
        return direction * self.moments().variance

    def kl(self) -> float:
        return self.loadings.kl()

    def updated(self, residual: Floats, precision: NoisePrecision, visit: Visit) -> "Dense":
        """Variant after variant; tissue after tissue, where these share noise."""
        if precision.shared is None:
            effects = self.effects.updated(residual, precision.diagonal, visit)
        else:
            effects = self._tissue_by_tissue(residual, precision, visit)
        return Dense(effects.learned() if visit is Visit.FULL_SWEEP else effects)

    def grown(self, residual: Floats, precision: NoisePrecision) -> Grown:
        """After a full sweep; whether that found effects."""
        swept = self.updated(residual, precision, Visit.FULL_SWEEP)
        found = float(swept.loadings.pip.sum()) > float(self.loadings.pip.sum()) + NOTICED
        return Grown(swept, found)

    def cleared(self) -> None:
        return None

    def blocks(self) -> list[SpikeSlabPosterior]:
        return [self.loadings]

    def with_blocks(self, blocks: Sequence[SpikeSlabPosterior]) -> "Dense":
        (loadings,) = blocks
        return Dense(Linear.of(self.effects.x, loadings))

    def learned(self) -> "Dense":
        return Dense(self.effects.learned())

    def gradient(self, mean: Floats, variance: Floats) -> list[Unconstrained]:
        return [self.effects.gradient(mean, variance)]

    def started_at_noise(self, rng: np.random.Generator, jitter: float) -> "Dense":
        """Inclusion as likely as not, and small effects in all directions."""
        loadings = self.loadings
        shape = loadings.slab_mean.shape
        pip = np.full_like(loadings.pip, 0.5) if loadings.prior.has_spike else loadings.pip
        start = replace(
            loadings,
            pip=pip,
            slab_mean=START_SIZE * jitter * rng.standard_normal(shape),
            slab_precision=np.full(shape, START_PRECISION * max(shape[0], LEAST_VARIANTS)),
        )
        # through these parameters, what is not allowed goes back to 0
        return self.with_blocks([start.at(start.unconstrained())])

    def _tissue_by_tissue(
        self, residual: Floats, precision: NoisePrecision, visit: Visit
    ) -> Linear:
        """Effects of each tissue against what the others leave."""
        weight, shared, mean = precision.diagonal, precision.shared, self.mean()
        assert shared is not None
        left, columns = residual - precision.times(mean), []
        for t in range(residual.shape[1]):
            one = slice(t, t + 1)
            column = Linear(
                self.effects.x,
                self.loadings.of_columns(one),
                Moments(*(moment[:, one] for moment in self.effects.linear)),
            )
            target = left[:, one] + weight[:, one] * mean[:, one]
            found = column.updated(target, weight[:, one], visit)
            columns.append(found)
            change = found.linear.mean - column.linear.mean
            left += shared * (shared[:, one] * change)
        return self._side_by_side(columns)

    def _side_by_side(self, columns: list[Linear]) -> Linear:
        """Effects of all tissues from those of each."""
        parts = [Dense(column).loadings for column in columns]
        loadings = replace(
            self.loadings,
            pip=np.hstack([part.pip for part in parts]),
            slab_mean=np.hstack([part.slab_mean for part in parts]),
            slab_precision=np.hstack([part.slab_precision for part in parts]),
        )
        linear = (np.hstack(side) for side in zip(*(one.linear for one in columns), strict=True))
        return Linear(self.effects.x, loadings, Moments(*linear))
