"""Options by name: each goes to the part of the model that reads it, or is refused.

| class | of |
|---|---|
| `SingleEffectsOptions` | `variant_prior="single_effects"`, the default of `fqtl.fit` |
| `SpikeSlabOptions` | the other priors of variants |
| `CaviOptions`, `SgvbOptions` | the engines |

Their docstrings say what each option means and what its default is. `READ_WITH` says which models
read it. An option that is given, differs from what the model uses, and is not read by the model is
an error that says which models read it. `shared_noise`, `reconsider` and `background` are False
where there is nothing to share or to reconsider, and beside other priors.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple, TypeVar

from fqtl.errors import FqtlError
from fqtl.model.arrays.checked_options import CheckedOptions, refuse_others
from fqtl.model.arrays.inputs import refuse_no_count
from fqtl.model.engines.options import CaviOptions, SgvbOptions
from fqtl.model.predictors.options import (
    ELEMENTWISE_PRIORS,
    SingleEffectsOptions,
    SpikeSlabOptions,
)

PriorOptions = SingleEffectsOptions | SpikeSlabOptions
EngineOptions = CaviOptions | SgvbOptions
Kind = TypeVar("Kind", bound=CheckedOptions)

VARIANT_PRIORS = ("single_effects", *ELEMENTWISE_PRIORS)
CLASSES: tuple[type[CheckedOptions], ...] = (
    SingleEffectsOptions,
    SpikeSlabOptions,
    CaviOptions,
    SgvbOptions,
)
# what these are where not read
NOTHING_TO_DO = {"shared_noise": False, "reconsider": False, "background": False}


@dataclass(frozen=True)
class ModelKind:
    """What decides which options a model reads.

    function : the name of the function of `fqtl` that makes it
    m : number of tissues
    factored : whether it may have factors; `fqtl.fit` of one tissue has none all the same
    has_x : whether there are variants
    donor_prior : of the loadings of factors of donors, where the factors are of these
    """

    function: str
    engine: str
    family: str
    m: int
    factored: bool
    has_x: bool = True
    donor_prior: str | None = None
    variant_prior: str = "single_effects"
    tissue_prior: str = "spike_slab"
    tissue_inclusion: Any = None
    specific: bool = True
    background: bool = True

    @property
    def no_factors(self) -> str:
        """Why it has no factors; nothing if it has."""
        if not self.factored:
            return "factored=False" if self.function == "fit" else f"fqtl.{self.function}"
        return "one tissue" if self.function == "fit" and self.m == 1 else ""

    @property
    def spikes(self) -> bool:
        """Whether any loadings of variants, or of donors, have a spike that is learned."""
        priors = [self.variant_prior] if self.has_x else []
        return any(name != "slab" for name in [*priors, *filter(None, [self.donor_prior])])


class Condition(NamedTuple):
    """Of the models that read an option: what they need, whether it holds, what there is."""

    needs: str
    holds: Callable[[ModelKind], bool]
    found: Callable[[ModelKind], str]


CAVI = Condition(
    "engine='cavi'", lambda of: of.engine == "cavi", lambda of: f"engine={of.engine!r}"
)
SGVB = Condition(
    "engine='sgvb'", lambda of: of.engine == "sgvb", lambda of: f"engine={of.engine!r}"
)
GAUSSIAN = Condition(
    "family='gaussian'", lambda of: of.family == "gaussian", lambda of: f"family={of.family!r}"
)
FACTORS = Condition(
    "factors of two tissues or more", lambda of: not of.no_factors, lambda of: of.no_factors
)
IN_FIT = Condition("fqtl.fit", lambda of: of.function == "fit", lambda of: f"fqtl.{of.function}")
SPECIFIC = Condition("specific=True", lambda of: of.specific, lambda of: "specific=False")
BACKGROUND = Condition("background=True", lambda of: of.background, lambda of: "background=False")
SINGLE_EFFECTS = Condition(
    "variant_prior='single_effects'",
    lambda of: of.variant_prior == "single_effects",
    lambda of: f"variant_prior={of.variant_prior!r}",
)
ELEMENTWISE = Condition(
    "variant_prior='spike_slab' or another prior of every variant",
    lambda of: of.variant_prior != "single_effects",
    lambda of: f"variant_prior={of.variant_prior!r}",
)
SPIKES = Condition("loadings with a spike", lambda of: of.spikes, lambda of: "variant_prior='slab'")
VARIANTS = Condition("genotypes x", lambda of: of.has_x, lambda of: "no x")
SPIKED_TISSUES = Condition(
    "tissue_prior='spike_slab'",
    lambda of: of.tissue_prior == "spike_slab",
    lambda of: f"tissue_prior={of.tissue_prior!r}",
)
LEARNED_TISSUES = Condition(
    "tissue_inclusion=None",
    lambda of: of.tissue_inclusion is None,
    lambda of: f"tissue_inclusion={of.tissue_inclusion!r}",
)
TWO_TISSUES = Condition("two tissues or more", lambda of: of.m >= 2, lambda of: f"{of.m} of them")
ONE_BY_ONE = Condition(
    "a variant_prior other than 'row_spike_slab'",
    lambda of: of.variant_prior != "row_spike_slab",
    lambda of: f"variant_prior={of.variant_prior!r}",
)

READ_WITH: dict[str, tuple[Condition, ...]] = {
    "variant_prior": (VARIANTS,),
    "specific": (IN_FIT, FACTORS),
    "max_effects": (SINGLE_EFFECTS,),
    "min_sharing": (SINGLE_EFFECTS, FACTORS, SPECIFIC),
    "background": (SINGLE_EFFECTS,),
    "background_probability": (SINGLE_EFFECTS, BACKGROUND),
    "median_background": (SINGLE_EFFECTS, BACKGROUND),
    "priors": (SINGLE_EFFECTS,),
    "max_tissue_inclusion": (FACTORS, SPIKED_TISSUES, LEARNED_TISSUES),
    "max_alternations": (CAVI, FACTORS),
    "factor_tolerance": (CAVI, FACTORS),
    "min_gain": (CAVI, FACTORS),
    "inclusion": (ELEMENTWISE, SPIKES),
    "precision": (ELEMENTWISE,),
    "tissue_prior": (ELEMENTWISE, FACTORS),
    "tissue_inclusion": (ELEMENTWISE, FACTORS, SPIKED_TISSUES),
    "tissue_precision": (ELEMENTWISE, FACTORS),
    "max_iter": (),
    "tolerance": (),
    "shared_noise": (CAVI, ONE_BY_ONE, TWO_TISSUES),
    "reconsider": (CAVI, GAUSSIAN, SINGLE_EFFECTS, FACTORS, SPECIFIC),
    "samples": (SGVB,),
    "rate": (SGVB,),
    "decay": (SGVB,),
    "learn_prior": (SGVB,),
    "svd_start": (SGVB, FACTORS),
    "jitter": (SGVB,),
    "check_every": (SGVB,),
    "patience": (SGVB,),
}


@dataclass(frozen=True)
class Options:
    """What was chosen about a model: of its priors, and of the engine."""

    prior: PriorOptions
    engine: EngineOptions

    def of_labels(self, labels: Sequence[str], m: int) -> "Options":
        """With what priors of a release say of m tissues with these names."""
        if isinstance(self.prior, SpikeSlabOptions):
            return self
        return replace(self, prior=self.prior.of_labels(labels, m))

    def of_tissues(self, index: Sequence[int]) -> "Options":
        """With what priors of a release say of these tissues alone."""
        if isinstance(self.prior, SpikeSlabOptions):
            return self
        return replace(self, prior=self.prior.of_tissues(index))

    @property
    def variant_prior(self) -> str:
        """The name of the prior of variants."""
        return getattr(self.prior, "variant_prior", "single_effects")

    @property
    def spike_slab(self) -> SpikeSlabOptions:
        """Of priors of every variant by itself, which this model has."""
        assert isinstance(self.prior, SpikeSlabOptions)
        return self.prior


def options_of(given: Mapping[str, Any], kind: ModelKind, seed: int, **defaults: Any) -> Options:
    """Options by name, as the classes of those who read them.

    given : as a caller named them
    kind : the model, but for what options say of it
    defaults : of the function, where they are not those of the classes

    Raises FqtlError for unknown names, values that cannot be, and options that are not read.
    """
    refuse_no_count("seed", seed, least=0)
    _refuse_unknown(given)
    defaults = {**_defaults_of(kind), **defaults}
    chosen = {**defaults, **given}
    variant_prior = chosen.pop("variant_prior", "single_effects")
    refuse_others("variant_prior", variant_prior, VARIANT_PRIORS)
    for one in CLASSES:  # values that cannot be, also of options that are not read
        _made(one, chosen)
    kind = _as_chosen(kind, variant_prior, chosen)
    _refuse_impossible(kind)
    for name, value in given.items():
        _refuse_unread(name, value, defaults, kind)
    prior, engine = _classes(kind)
    return Options(
        _made(prior, chosen, variant_prior=variant_prior),
        _made(engine, {**chosen, **_switched_off(kind)}, seed=seed),
    )


def _defaults_of(kind: ModelKind) -> dict[str, Any]:
    """Where they are not those of the classes."""
    if kind.function != "fit":
        return {"shared_noise": False}
    if kind.engine == "sgvb":  # the model of the paper that the engine is of
        return {"variant_prior": "spike_slab", "specific": False}
    return {}


def _classes(kind: ModelKind) -> tuple[type[PriorOptions], type[EngineOptions]]:
    single = kind.variant_prior == "single_effects"
    return (
        SingleEffectsOptions if single else SpikeSlabOptions,
        SgvbOptions if kind.engine == "sgvb" else CaviOptions,
    )


def _made(kind: type[Kind], chosen: Mapping[str, Any], **more: Any) -> Kind:
    """A class of options from what concerns it."""
    known = {field.name for field in fields(kind)}
    both = {**chosen, **more}
    return kind(**{name: value for name, value in both.items() if name in known})


def _as_chosen(kind: ModelKind, variant_prior: str, chosen: Mapping[str, Any]) -> ModelKind:
    said = {
        name: chosen[name]
        for name in ("tissue_prior", "tissue_inclusion", "specific", "background")
        if name in chosen
    }
    return replace(kind, variant_prior=variant_prior, **said)


def _switched_off(kind: ModelKind) -> dict[str, bool]:
    return {name: value for name, value in NOTHING_TO_DO.items() if _unmet(name, kind)}


def _unmet(name: str, kind: ModelKind) -> Condition | None:
    """The first condition under which an option is read that does not hold."""
    return next((one for one in READ_WITH[name] if not one.holds(kind)), None)


def _refuse_unknown(given: Mapping[str, Any]) -> None:
    unknown = sorted(set(given) - set(READ_WITH))
    if unknown:
        raise FqtlError(f"Unknown option {unknown[0]!r}; there are {', '.join(READ_WITH)}.")


def _refuse_unread(name: str, value: Any, defaults: Mapping[str, Any], kind: ModelKind) -> None:
    unmet = _unmet(name, kind)
    if unmet is None or value == _default(name, defaults, kind):
        return
    raise FqtlError(
        f"Option {name}={value!r} would not be read by this model: it needs {unmet.needs}, found "
        f"{unmet.found(kind)}."
    )


def _default(name: str, defaults: Mapping[str, Any], kind: ModelKind) -> Any:
    """What a model that does not read an option goes by."""
    if name in NOTHING_TO_DO or name in defaults:
        return NOTHING_TO_DO.get(name, defaults.get(name))
    prior, engine = _classes(kind)
    for one in (prior, engine, *CLASSES):
        for field in fields(one):
            if field.name == name:
                return field.default
    return None


def _refuse_impossible(kind: ModelKind) -> None:
    """Priors that a model cannot have."""
    if kind.variant_prior == "single_effects" and kind.engine == "sgvb":
        raise FqtlError(
            "Option variant_prior='single_effects' needs engine='cavi': the gradients of engine "
            "'sgvb' are those of a prior of every variant."
        )
    if kind.variant_prior == "single_effects" and kind.function != "fit":
        raise FqtlError(
            "Option variant_prior='single_effects' is for fqtl.fit; here every variant has a "
            "prior of its own."
        )
    of_variants = not kind.no_factors and kind.donor_prior is None
    if kind.variant_prior == "row_spike_slab" and of_variants:
        raise FqtlError(
            "Option variant_prior='row_spike_slab' needs factored=False: a factor has one "
            "loading for each variant, and so an indicator for each."
        )
