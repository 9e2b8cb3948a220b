"""The local weighted Gaussian problem of the location, of any family."""

from dataclasses import dataclass, replace

import numpy as np

from fqtl.model.arrays.moments import Floats, Gradient, Moments, working_weight
from fqtl.model.engines.model import Model
from fqtl.model.priors import NoisePrecision, SharedNoise

# of Fisher's information: what is flat here may be steep a little further; taste
LEAST_WEIGHT = 1e-6
# what is as flat as this is of no use, and its response beyond all bounds; taste
NO_WEIGHT = 1e-10


@dataclass(frozen=True)
class Working:
    """A Gaussian response and the precision of its noise.

    response : (n, m)
    before : the problem that the location has been fitted to, if any
    """

    response: Floats
    precision: NoisePrecision
    before: "Working | None" = None

    @classmethod
    def at(cls, model: Model, location: Moments, gradient: Gradient, far: bool) -> "Working":
        """Quadratic with the family's gradient at these moments; weight 0 where nothing was seen.

        far : whether the location may still be far from its optimum. Weights are then Fisher's
            information, which does not hang on the response: the curvature at one place, in a
            family that is not quadratic, says little about another, and where it follows y it
            makes variants that y follows look more informative than others.
        """
        weight = gradient.information
        if not model.family.quadratic:  # of which it is the curvature everywhere
            curvature = weight if far else working_weight(gradient)
            weight = np.maximum(curvature, LEAST_WEIGHT * weight)
        weight = np.where(weight > NO_WEIGHT, weight, 0.0)
        step = np.divide(gradient.mean, weight, out=np.zeros_like(weight), where=weight > 0)
        return cls(location.mean + step, NoisePrecision(weight)).under(model.noise)

    def weighing(self, weight: Floats, noise: SharedNoise | None) -> "Working":
        """The problem of the same response under other weights (n, m)."""
        return replace(self, precision=NoisePrecision(weight)).under(noise)

    def under(self, noise: SharedNoise | None) -> "Working":
        """The same problem with noise that tissues share."""
        weight = self.precision.weight
        return Working(
            self.response, NoisePrecision(weight) if noise is None else noise.precision(weight)
        )

    def after(self, before: "Working") -> "Working":
        """The same problem, to be come to from another."""
        return replace(self, before=replace(before, before=None))

    def nearer(self, step: float, noise: SharedNoise | None) -> "Working":
        """The problem this part of the way from the one before, in natural parameters."""
        if step == 1 or self.before is None:
            return self.under(noise)
        old, new = self.before.precision.weight, self.precision.weight
        weight = (1 - step) * old + step * new
        weighted = (1 - step) * old * self.before.response + step * new * self.response
        response = np.divide(weighted, weight, out=np.zeros_like(weight), where=weight > 0)
        return Working(response, NoisePrecision(weight)).under(noise)

    def residual(self, model: Model, but: int | None = None) -> Floats:
        """(n, m) response minus every entry of the location, or every one but one."""
        residual = self.response.copy()
        for index, predictor in enumerate(model.location):
            if index != but:
                residual -= predictor.mean()
        return residual

    def weighted_residual(self, model: Model, index: int) -> Floats:
        """(n, m) precision-weighted residual that an entry sees."""
        return self.precision.times(self.residual(model, index))
