"""Dense effects, M = x A: every variant in every tissue, under one prior of all effects.

    M = x E[A],   S = x^2 V[A]    (effects are independent under q, but for gates that they share)

With a mask, an effect exists only where a variant lies in cis of a gene: many genes at once, whose
effects learn one prior. Gates may be one for each effect, one for each variant, or one for each
tissue; without a spike this is ridge regression.
"""

from dataclasses import dataclass

import numpy as np

from fqtl.model.arrays.moments import Floats, Moments
from fqtl.model.predictors.linear import Linear
from fqtl.model.predictors.predictor import Visit
from fqtl.model.predictors.shared_noise import Precision
from fqtl.model.priors import Coordinates, Prior, SpikeSlab

NOTICED = 0.5  # expected effects more, by which an entry counts as grown


def in_cis(start: Floats, end: Floats, pos: Floats, window: float) -> Floats:
    """(p, m) 1 where a variant lies between start - window and end + window of a gene, else 0.

    start, end : (m,) positions of genes
    pos : (p,) positions of variants
    """
    inside = (pos[:, None] >= start - window) & (pos[:, None] <= end + window)
    return inside.astype(np.float64)


@dataclass
class Dense:
    """Effects (p, m) of variants, or of covariates, on every tissue."""

    effects: Linear

    @property
    def loadings(self) -> SpikeSlab:
        assert isinstance(self.effects.loadings, SpikeSlab)
        return self.effects.loadings

    def mean(self) -> Floats:
        return self.moments().mean

    def moments(self) -> Moments:
        return self.effects.moments()

    def covariance_along(self, direction: Floats) -> Floats:
        return direction * self.moments().variance

    def divergence(self) -> float:
        return self.loadings.divergence()

    def update(self, pull: Floats, precision: Precision, visit: Visit) -> None:
        """Variant after variant; tissue after tissue, where these share noise."""
        weight, mean = precision.diagonal, self.mean()
        if precision.shared is None:
            self.effects.update(pull, weight, visit)
        else:
            left = pull - precision.times(mean)
            for t in range(pull.shape[1]):
                change = self._update_tissue(t, left + weight * mean, weight, visit)
                left += precision.shared * (precision.shared[:, [t]] * change)
        if visit is Visit.EVERY:
            self.loadings.learn()

    def grow(self, pull: Floats, precision: Precision) -> bool:
        """Visit every variant; whether that found effects."""
        before = float(self.loadings.pip.sum())
        self.update(pull, precision, Visit.EVERY)
        return float(self.loadings.pip.sum()) > before + NOTICED

    def clear(self) -> bool:
        return False

    def blocks(self) -> list[Prior]:
        return [self.loadings]

    def slopes(self, mean: Floats, variance: Floats) -> list[Coordinates]:
        return [self.effects.slopes(mean, variance)]

    def refresh(self) -> None:
        self.effects.refresh()

    def start_at_noise(self, rng: np.random.Generator, jitter: float) -> None:
        """Gates half open, and small effects in all directions."""
        loadings = self.loadings
        if loadings.inclusion < 1:
            loadings.pip[:] = 0.5
        loadings.slab_mean[:] = 0.1 * jitter * rng.standard_normal(loadings.slab_mean.shape)
        loadings.slab_precision[:] = 10.0 * max(len(loadings.slab_mean), 100)
        loadings.move_to(loadings.coordinates())  # what is not allowed goes back to 0
        self.refresh()

    def _update_tissue(self, t: int, target: Floats, weight: Floats, visit: Visit) -> Floats:
        """Effects of one tissue; (n, 1) by how much its mean changed."""
        one = slice(t, t + 1)
        mean, variance = self.effects.linear
        before = mean[:, one].copy()
        alone = Linear(self.effects.x, self.loadings.of_columns(one))
        alone.linear = Moments(before, variance[:, one])
        alone.update(target[:, one], weight[:, one], visit)
        mean[:, one], variance[:, one] = alone.linear
        return alone.linear.mean - before
