"""What may be chosen about a fit; each field can be given to `fqtl.fit` by name."""

from dataclasses import dataclass, fields

from fqtl.errors import FqtlError


@dataclass(frozen=True)
class Options:
    """Settings of the engine and of the predictors.

    max_iter : rounds of joint refinement
    tolerance : nats by which a round must raise the ELBO to be followed by another
    screen : variants whose PIP would be below this are visited in the last rounds only
    move : standard errors by which a score must move to be worth a pass over the samples
    max_alternations : sweeps of one factor in one update
    max_screens : screens of a new factor
    factor_tolerance : nats below which one factor counts as settled
    min_gain : nats by which a factor must raise the ELBO to be kept
    max_variant_inclusion : upper bound of the learned share of variants
    max_tissue_inclusion : upper bound of the learned share of tissues in a factor. At the default
        a tissue is called (PIP > 0.5) only on a Bayes factor of 3 of its own, even in a factor that
        seems to be everywhere. Without a bound the share is overestimated where effects are of
        like size: the slab is unimodal at 0 and infers small effects that are not there.
    """

    max_iter: int = 100
    tolerance: float = 0.02
    screen: float = 1e-3
    move: float = 1e-3
    max_alternations: int = 15
    max_screens: int = 8
    factor_tolerance: float = 0.1
    min_gain: float = 0.0
    max_variant_inclusion: float = 0.5
    max_tissue_inclusion: float = 0.25

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise FqtlError(f"Option {field.name} must be a number, found {value!r}.")
            if field.name.startswith("max_") and not value > 0:
                raise FqtlError(f"Option {field.name} must be positive, found {value!r}.")
            if field.name.endswith("_inclusion") and not value < 1:
                raise FqtlError(f"Option {field.name} must be below 1, found {value!r}.")
