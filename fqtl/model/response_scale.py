"""The response as a model sees it, and the way back to the units it came in.

A Gaussian response is standardised per tissue over what is observed. Other families see theirs as
it is: what a unit means is for their link to say. Their location starts at the level of a tissue,
which becomes a part of the offset, so that intercepts are near 0 in every family.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from fqtl.errors import FqtlError
from fqtl.model.arrays.inputs import Design, beside, choose
from fqtl.model.arrays.moments import Floats, Indices
from fqtl.model.arrays.standardise import standardise_response
from fqtl.model.families import FAMILIES, Family, Gaussian, Response


@dataclass(frozen=True)
class ResponseScale:
    """The response as the model sees it, its family, and the way back.

    family, distribution : the former of the response as the model sees it, the latter in units of y
    y_mean : (m,) eta1 where the location of the model is 0
    y_sd : (m,) units of eta1 per unit of the model's location; 0 where a tissue does not vary
    unit : (m,) units of y per unit of the model's response
    """

    name: str
    response: Response
    family: Family
    distribution: Family
    y_mean: Floats
    y_sd: Floats
    unit: Floats

    @classmethod
    def of(
        cls, y: np.ndarray, family: str, offset: ArrayLike | None, trials: ArrayLike | None
    ) -> "ResponseScale":
        """y (n, m) with NaN, and what is known beside it, as `fqtl.fit` is given them."""
        kind = choose("family", family, FAMILIES)
        if trials is not None and family != "logit":
            raise FqtlError(f"trials are for family 'logit'; found family {family!r}.")
        given = Response.of(
            y.astype(np.float64, order="C"),  # as kernels want it
            offset=beside("offset", offset, y, 0.0),
            trials=beside("trials", trials, y, 1.0),
        )
        kind.check(given)
        found = cls._standardised(given) if kind is Gaussian else cls._as_it_is(family, given)
        if not found.y_sd.any():
            raise FqtlError(
                f"y must vary in at least one tissue; all {y.shape[1]} are constant or empty."
            )
        return found

    def of_tissues(self, index: Indices) -> "ResponseScale":
        """Of these tissues, in this order."""
        return ResponseScale(
            self.name,
            self.response.of_tissues(index),
            self.family.of_tissues(index),
            self.distribution.of_tissues(index),
            self.y_mean[index],
            self.y_sd[index],
            self.unit[index],
        )

    @classmethod
    def _standardised(cls, given: Response) -> "ResponseScale":
        values = np.where(given.observed > 0, given.values - given.offset, np.nan)
        standard, mean, sd = standardise_response(values)
        response = Response.of(standard)
        family = Gaussian.of(response)
        distribution = Gaussian(family.variance_min * sd**2, family.variance_max * sd**2)
        unit = np.where(sd > 0, sd, 1.0)
        return cls("gaussian", response, family, distribution, mean, sd, unit)

    @classmethod
    def _as_it_is(cls, name: str, given: Response) -> "ResponseScale":
        level = FAMILIES[name].of(given).level
        low = np.where(given.observed > 0, given.values, np.inf).min(axis=0)
        high = np.where(given.observed > 0, given.values, -np.inf).max(axis=0)
        varies = (low < high).astype(np.float64)
        observed = given.observed * varies
        response = replace(
            given, values=given.values * observed, observed=observed, offset=given.offset + level
        )
        family = FAMILIES[name].of(response)
        return cls(name, response, family, family, level, varies, np.ones_like(varies))

    def refuse_covariates(self, noise: Design) -> None:
        """Of the dispersion, in a family that has none."""
        if noise.columns.shape[1] > 1 and not self.family.dispersed:
            raise FqtlError(f"Family {self.name!r} has no dispersion that covariates could move.")
