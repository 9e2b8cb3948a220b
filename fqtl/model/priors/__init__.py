"""Priors and the posteriors they allow. A prior knows its parameters, never x or y."""

from fqtl.model.priors.non_negative import NonNegative
from fqtl.model.priors.prior import Coordinates, Loadings, Prior
from fqtl.model.priors.slab import Slab
from fqtl.model.priors.spike_slab import SpikeSlab

__all__ = ["Coordinates", "Loadings", "NonNegative", "Prior", "Slab", "SpikeSlab"]
