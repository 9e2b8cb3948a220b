"""Options that are checked when they are made: what every class of options has in common."""

from dataclasses import dataclass, fields
from math import inf, isnan
from numbers import Integral, Real

from fqtl.errors import FqtlError

Range = float | tuple[float, float] | None


@dataclass(frozen=True)
class CheckedOptions:
    """Fields whose values are of the kind of their defaults; `max_…` is positive.

    Raises FqtlError with the name of the option, what it has to be, and what was found.
    """

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(field.default, bool):
                _refuse_no_flag(field.name, value)
            elif isinstance(field.default, int | float):
                _refuse_no_number(field.name, value, whole=isinstance(field.default, int))


def _refuse_no_flag(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise FqtlError(f"Option {name} must be True or False, found {value!r}.")


def _refuse_no_number(name: str, value: object, *, whole: bool) -> None:
    if isinstance(value, bool) or not isinstance(value, Real) or isnan(value):
        raise FqtlError(f"Option {name} must be a number, found {value!r}.")
    if whole and not isinstance(value, Integral):
        raise FqtlError(f"Option {name} must be a whole number, found {value!r}.")
    if name.startswith("max_") and not float(value) > 0:
        raise FqtlError(f"Option {name} must be positive, found {value!r}.")


def refuse_others(name: str, value: object, known: tuple[str, ...]) -> None:
    """A name that is none of those there are."""
    if value not in known:
        raise FqtlError(f"Option {name} must be one of {', '.join(known)}; found {value!r}.")


def refuse_no_range(name: str, value: object, most: float = inf) -> None:
    """A number above 0, two in order, or None; each up to `most`."""
    if value is None:
        return
    ends = value if isinstance(value, tuple | list) else (value, value)
    numbers = all(isinstance(end, Real) and not isinstance(end, bool) for end in ends)
    if not numbers or len(ends) != 2 or not 0 < ends[0] <= ends[1] <= most:
        raise FqtlError(
            f"Option {name} must be a number above 0 and up to {most:g}, two such numbers in "
            f"order, or None; found {value!r}."
        )
