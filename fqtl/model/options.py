"""What may be chosen about a fit; each field can be given to `fqtl.fit` by name."""

from dataclasses import dataclass, fields
from math import isnan
from numbers import Integral, Real

from fqtl.errors import FqtlError

Range = float | tuple[float, float] | None
VARIANT_PRIORS = ("single_effects", "spike_slab", "row_spike_slab", "column_spike_slab", "slab")
TISSUE_PRIORS = ("spike_slab", "slab", "non_negative")


@dataclass(frozen=True)
class Options:
    """Settings of the engine and of the predictors.

    specific : whether tissues have effects of their own beside the factors
    shared_noise : whether noise that the tissues of a donor share is modelled, where there is any;
        not with "row_spike_slab"
    variant_prior : "single_effects", sums of effects that are each of one variant; or a prior of
        every variant by itself: "spike_slab", or "slab" (no spike); without factors also
        "row_spike_slab" (a variant acts in all tissues or in none) and "column_spike_slab" (all
        variants act in a tissue or none)
    tissue_prior : of a factor's tissues where variants have a prior each: "spike_slab", "slab", or
        "non_negative"
    inclusion, precision : of these priors of variants, on the standardised scale: a number fixes
        them, two are bounds between which they are learned; None leaves both to the data
    tissue_inclusion, tissue_precision : the same for tissues
    reconsider : whether a Gaussian fit that has settled is tried again without its factors, and
        without its effects of single tissues, until the others have found what they can instead
    max_effects : the largest number of effects of a factor, and of a tissue
    max_iter : rounds of joint refinement
    tolerance : nats by which a round must raise the ELBO to be followed by another
    max_alternations : turns between the two sides of a factor in one update
    factor_tolerance : nats below which one factor counts as settled
    min_gain : nats by which a factor must raise the ELBO to be kept
    min_sharing : nats by which the tissues beside its strongest must speak for a factor; what has
        fewer is left to specific effects
    max_tissue_inclusion : upper bound of the learned share of tissues in a factor. At the default
        a tissue is called (PIP > 0.5) only on a Bayes factor of 3 of its own, even in a factor that
        seems to be everywhere. Without a bound the share is overestimated where effects are of
        like size: the slab is unimodal at 0 and infers small effects that are not there.
    """

    specific: bool = True
    shared_noise: bool = True
    variant_prior: str = "single_effects"
    tissue_prior: str = "spike_slab"
    inclusion: Range = None
    precision: Range = None
    tissue_inclusion: Range = None
    tissue_precision: Range = None
    reconsider: bool = True
    max_effects: int = 10
    max_iter: int = 100
    tolerance: float = 0.02
    max_alternations: int = 15
    factor_tolerance: float = 0.1
    min_gain: float = 0.0
    min_sharing: float = 1.0
    max_tissue_inclusion: float = 0.25

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(field.default, bool):
                if not isinstance(value, bool):
                    raise FqtlError(f"Option {field.name} must be True or False, found {value!r}.")
                continue
            if isinstance(field.default, str) or field.default is None:
                continue
            if isinstance(value, bool) or not isinstance(value, Real) or isnan(value):
                raise FqtlError(f"Option {field.name} must be a number, found {value!r}.")
            if isinstance(field.default, int) and not isinstance(value, Integral):
                raise FqtlError(f"Option {field.name} must be a whole number, found {value!r}.")
            if field.name.startswith("max_") and not float(value) > 0:
                raise FqtlError(f"Option {field.name} must be positive, found {value!r}.")
            if field.name.endswith("_inclusion") and not float(value) < 1:
                raise FqtlError(f"Option {field.name} must be below 1, found {value!r}.")
        _refuse_others("variant_prior", self.variant_prior, VARIANT_PRIORS)
        _refuse_others("tissue_prior", self.tissue_prior, TISSUE_PRIORS)
        for name, most in (("inclusion", 1.0), ("precision", float("inf"))):
            _refuse_bad_range(name, getattr(self, name), most)
            _refuse_bad_range(f"tissue_{name}", getattr(self, f"tissue_{name}"), most)


def _refuse_others(name: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise FqtlError(f"Option {name} must be one of {', '.join(known)}; found {value!r}.")


def _refuse_bad_range(name: str, value: object, most: float) -> None:
    """A number above 0, or two in order, up to `most`."""
    if value is None:
        return
    ends = value if isinstance(value, tuple | list) else (value, value)
    numbers = all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends)
    if not numbers or len(ends) != 2 or not 0 < ends[0] <= ends[1] <= most:
        raise FqtlError(
            f"Option {name} must be a number above 0 and up to {most:g}, two such numbers in "
            f"order, or None; found {value!r}."
        )
