"""A model: its family, what moves its mean, and its noise."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fqtl.model.arrays.moments import Moments
from fqtl.model.families import Family, Likelihood, Response
from fqtl.model.predictors.covariates import Covariates
from fqtl.model.predictors.predictor import Predictor
from fqtl.model.priors import SharedNoise


@dataclass(frozen=True)
class Model:
    """One family, the entries of its location, its dispersion, and noise that tissues share.

    Nothing of it ever changes: a step of an engine makes another model, which shares with this one
    what it left alone.

    location : intercepts and covariates are the first entry
    """

    family: Family
    response: Response
    location: tuple[Predictor, ...]
    dispersion: Covariates
    noise: SharedNoise | None = None

    @property
    def confounders(self) -> Covariates:
        """Intercepts and covariates of the location."""
        first = self.location[0]
        assert isinstance(first, Covariates)
        return first

    def with_entry(self, index: int, entry: Predictor) -> "Model":
        """The model with another entry of the location."""
        location = list(self.location)
        location[index] = entry
        return replace(self, location=tuple(location))

    def at_rest(self) -> "Model":
        """The same without what entries make anew when they are asked for.

        Entries are frozen dataclasses, so that it is their fields alone that are taken over.
        """
        entries: tuple[Any, ...] = self.location
        return replace(self, location=tuple(replace(entry) for entry in entries))

    def location_moments(self) -> Moments:
        """Mean and variance of eta1; the entries are independent under q, so both add up."""
        mean, variance = np.zeros((2, *self.response.values.shape))
        for predictor in self.location:
            part = predictor.moments()
            mean += part.mean
            variance += part.variance
            del part  # before the next is made
        return Moments(mean, variance)

    def likelihood(self, location: Moments) -> Likelihood:
        shared = len(self.dispersion.design) == 1
        return self.family.given(self.response, location, shared)

    def kl(self) -> float:
        """KL(q || p) of all loadings, in nats."""
        return sum(predictor.kl() for predictor in self.location) + self.dispersion.kl()

    def elbo(self) -> float:
        """Nats; of a model without shared noise, whatever engine moved it."""
        likelihood = self.likelihood(self.location_moments())
        return float(likelihood.expect(self.dispersion.moments())[0].sum()) - self.kl()
