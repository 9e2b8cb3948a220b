"""Arguments that all functions of the model take beside y, each described in `fqtl.fit`."""

from __future__ import annotations  # so that `help` shows ArrayLike by its name

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from inspect import Parameter, signature
from typing import Any, ParamSpec, TypeVar

from numpy.typing import ArrayLike

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Given:
    """What is known beside y and x, and how the model is fitted, with the defaults.

    options : of the priors and of the engine, by name; see `fqtl.model.options`
    """

    family: str = "gaussian"
    covariates: ArrayLike | None = None
    dispersion_covariates: ArrayLike | None = None
    offset: ArrayLike | None = None
    trials: ArrayLike | None = None
    engine: str = "cavi"
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> Given:
        """Arguments by name; those that are no field are options."""
        names = {entry.name for entry in fields(cls)} - {"options"}
        known = {name: value for name, value in arguments.items() if name in names}
        options = {name: value for name, value in arguments.items() if name not in names}
        return cls(**known, options=options)


def takes_given(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """The function, whose signature names what it takes as `**arguments`, as `help` shows it."""
    of_function = signature(function)
    own = [one for one in of_function.parameters.values() if one.kind is not Parameter.VAR_KEYWORD]
    shared = [
        one.replace(kind=Parameter.KEYWORD_ONLY)
        for one in signature(Given).parameters.values()
        if one.name != "options"
    ]
    options = Parameter("options", Parameter.VAR_KEYWORD, annotation="Any")
    shown = of_function.replace(parameters=[*own, *shared, options])
    function.__signature__ = shown  # type: ignore[attr-defined]
    return function
