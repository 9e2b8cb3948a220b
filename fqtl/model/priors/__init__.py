"""Priors, and the posteriors they allow. Neither knows x or y.

A prior is a frozen class of hyper-parameters; what an update gives is a frozen posterior. The
default model's priors stand in `default_model.py`.

| prior | posterior | of |
|---|---|---|
| `EffectPrior`, `SuccessivePrior`, `FactorPrior` | `SingleEffectsPosterior` | variants, default |
| `SpikeSlabPrior` | `SpikeSlabPosterior` | tissues of a factor; variants in the model's paper |
| `NonNegativePrior` | `NonNegativePosterior` | tissues, in a deconvolution |
| `VariancePrior` | `PolygenicPosterior` | polygenic background |
| `SlabPrior` | `SlabPosterior` | covariates, dispersion |
| `SharedNoise` | `NoisePosterior` | noise that the tissues of a donor share |
"""

from fqtl.model.priors.effect_prior import EffectPrior, FactorPrior, SuccessivePrior
from fqtl.model.priors.non_negative import NonNegativePosterior, NonNegativePrior
from fqtl.model.priors.polygenic import PolygenicPosterior, Rotated, VariancePrior
from fqtl.model.priors.posterior import Loadings, LoadingsPosterior, Unconstrained
from fqtl.model.priors.shared_noise import NoisePosterior, NoisePrecision, SharedNoise
from fqtl.model.priors.single_effects import SingleEffectsPosterior
from fqtl.model.priors.slab import SlabPosterior, SlabPrior
from fqtl.model.priors.spike_slab import SpikeSlabPosterior, SpikeSlabPrior

__all__ = [
    "EffectPrior",
    "FactorPrior",
    "Loadings",
    "LoadingsPosterior",
    "NoisePosterior",
    "NoisePrecision",
    "NonNegativePosterior",
    "NonNegativePrior",
    "PolygenicPosterior",
    "Rotated",
    "SharedNoise",
    "SingleEffectsPosterior",
    "SlabPosterior",
    "SlabPrior",
    "SpikeSlabPosterior",
    "SpikeSlabPrior",
    "SuccessivePrior",
    "Unconstrained",
    "VariancePrior",
]
