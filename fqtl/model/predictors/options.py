"""Options of the priors, one class for each kind of prior that variants may have."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from fqtl.errors import FqtlError
from fqtl.model.arrays.checked_options import (
    CheckedOptions,
    Range,
    refuse_no_range,
    refuse_others,
)
from fqtl.model.priors.release_priors import Priors

ELEMENTWISE_PRIORS = ("spike_slab", "row_spike_slab", "column_spike_slab", "slab")
TISSUE_PRIORS = ("spike_slab", "slab", "non_negative")


@dataclass(frozen=True)
class FactorOptions(CheckedOptions):
    """Of factors, whatever prior their variants have.

    specific : whether tissues have effects of their own beside the factors
        True with engine "cavi", False with "sgvb".
    max_alternations : turns between the two sides of a factor in one update
        15. Of engine "cavi".
    factor_tolerance : nats below which one factor counts as settled
        0.1. Of engine "cavi".
    min_gain : nats by which a factor must raise the ELBO to be kept
        0. Of engine "cavi".
    max_tissue_inclusion : upper bound of the learned share of tissues in a factor
        0.25, at which a tissue is called (PIP > 0.5) only on a Bayes factor of 3 of its own, even
        in a factor that seems to be everywhere. Without a bound the share is overestimated where
        effects are of like size: the slab is unimodal at 0 and infers small effects that are not
        there. Where loadings are alike, and tissues few, the bound is higher. Of tissues with a
        spike and slab whose share is left to the data.
    """

    specific: bool = True
    max_alternations: int = 15
    factor_tolerance: float = 0.1
    min_gain: float = 0.0
    max_tissue_inclusion: float = 0.25

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.max_tissue_inclusion < 1:
            raise FqtlError(
                f"Option max_tissue_inclusion must be below 1, found {self.max_tissue_inclusion!r}."
            )


@dataclass(frozen=True)
class SingleEffectsOptions(FactorOptions):
    """Of `variant_prior="single_effects"`: sums of effects that are each of one variant.

    max_effects : the largest number of effects of a factor, and of a tissue
        10.
    min_sharing : nats by which the tissues beside its strongest must speak for a factor
        1; what has fewer is left to effects of single tissues. Where there are such (`specific`).
    background : whether tissues may have a polygenic background beside these effects
        True. One that the data do not speak for is not there.
    background_probability : prior probability that there is one
        None: 0.5, or what `priors` say. Which tissues it is of is averaged over: all, or each its
        own.
    median_background : median of the prior of the share of variance that it explains
        None: 0.01, or what `priors` say.
    priors : what a release says beforehand (`fqtl.learn_priors`, `fqtl.read_priors`)
        None: the defaults, which know of no release.
    """

    max_effects: int = 10
    min_sharing: float = 1.0
    background: bool = True
    background_probability: float | None = None
    median_background: float | None = None
    priors: Priors | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("background_probability", "median_background"):
            value = getattr(self, name)
            if value is not None and not 0 < value < 1:
                raise FqtlError(f"Option {name} must be between 0 and 1, found {value!r}.")
        if not isinstance(self.priors, Priors | None):
            raise FqtlError(
                f"Option priors must be Priors, as of fqtl.read_priors, found {self.priors!r}."
            )

    def of_labels(self, labels: Sequence[str], m: int) -> Self:
        """With what priors say of m columns with these labels, in their order."""
        if self.priors is None:
            return self
        return replace(self, priors=self.priors.of_labels(labels, m))

    def of_tissues(self, index: Sequence[int]) -> Self:
        """With what priors say of these columns alone."""
        if self.priors is None:
            return self
        return replace(self, priors=self.priors.of_index(index))


@dataclass(frozen=True)
class SpikeSlabOptions(FactorOptions):
    """Of the other priors of variants: every loading has a normal slab, most have a spike at 0.

    variant_prior : "spike_slab", or "slab" (no spike); with effects of single tissues alone also
        "row_spike_slab" (a variant acts in all tissues or in none); "column_spike_slab" (all
        variants act in a tissue, or are of a factor, or none)
    inclusion, precision : of the loadings of variants, on the standardised scale
        A number fixes it, two are bounds between which it is learned; None, the default, leaves it
        to the data. A "slab" has no inclusion.
    tissue_prior : of a factor's tissues: "spike_slab", "slab", or "non_negative"
    tissue_inclusion, tissue_precision : of a factor's tissues, as `inclusion` and `precision`
        None. Only a "spike_slab" has an inclusion.
    """

    variant_prior: str = "spike_slab"
    inclusion: Range = None
    precision: Range = None
    tissue_prior: str = "spike_slab"
    tissue_inclusion: Range = None
    tissue_precision: Range = None

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_others("variant_prior", self.variant_prior, ELEMENTWISE_PRIORS)
        refuse_others("tissue_prior", self.tissue_prior, TISSUE_PRIORS)
        for prefix in ("", "tissue_"):
            refuse_no_range(f"{prefix}inclusion", getattr(self, f"{prefix}inclusion"), 1.0)
            refuse_no_range(f"{prefix}precision", getattr(self, f"{prefix}precision"))
