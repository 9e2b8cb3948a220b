"""What every fit gives back, whatever acts on its mean: noise, covariates, units, how it went."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Self

import numpy as np

from fqtl.errors import FqtlError
from fqtl.model.arrays.moments import Floats, Moments
from fqtl.model.families import Family
from fqtl.model.results.saved import read, write


@dataclass(frozen=True)
class Scale:
    """Location and scale that standardisation took away; sd 0 marks a column that did not vary.

    x_mean, x_sd : (p,)
    y_mean, y_sd : (m,)
    x_labels, y_labels : of the columns, none where x or y was an array
    """

    x_mean: Floats
    x_sd: Floats
    y_mean: Floats
    y_sd: Floats
    x_labels: tuple[str, ...] = ()
    y_labels: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class ModelFit(ABC):
    """Noise, covariates and units of a fit, and how it went; `Fit` says what each field is."""

    shared_noise: Floats
    intercept: Floats
    covariate_effects: Floats
    covariate_mean: Floats
    noise_variance: Floats
    distribution: Family
    dispersion: Moments
    scale: Scale
    elbo_trace: Floats
    converged: bool
    family: str
    engine: str
    notes: tuple[str, ...]

    @property
    def elbo(self) -> float:
        """Lower bound of the log evidence of y, in nats, at the end."""
        return float(self.elbo_trace[-1])

    @property
    def n_iter(self) -> int:
        """Rounds of the engine: entries of `elbo_trace`."""
        return len(self.elbo_trace)

    def save(self, path: str | PathLike[str]) -> None:
        """Write everything to one .npz file, whole or not at all; `load` reads it."""
        write(path, self)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """The fit that `save` wrote."""
        return read(path, cls)

    @abstractmethod
    def summary(self) -> str:
        """A few lines for a person: how the fit went, and what was found."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.summary().splitlines()[0]}>"

    def _summary(self, size: str, found: list[str]) -> str:
        """How the fit of a problem of this size went, what was found, and what was set aside."""
        state = "converged" if self.converged else "did not converge"
        head = (
            f"{self.family} fit by {self.engine}: {size}; ELBO {self.elbo:.2f} nats, {state} in "
            f"{self.n_iter} rounds"
        )
        return "\n".join([head, *found, *(f"  note: {note}" for note in self.notes)])


def names_or_numbers(what: str, given: Sequence[str] | None, count: int) -> np.ndarray:
    """Names of the rows of a table, which must be as many; 0, 1, … where none are given."""
    if given is None:
        return np.arange(count)
    if len(given) != count:
        raise FqtlError(f"{what} must name the {count} of the fit, found {len(given)}.")
    return np.asarray(given)
