"""Posteriors of loadings as a fit gives them back: a column for each factor or tissue."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from scipy.special import expit, log_expit

from fqtl.model.arrays.moments import Floats
from fqtl.model.priors import Loadings


class Columns(Protocol):
    """Loadings, which may be made one after another."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Loadings]: ...


@dataclass(frozen=True)
class Posterior:
    """Posterior of loadings, on the standardised scale; one column per factor or tissue.

    mean, sd : posterior mean and standard deviation
    pip : posterior inclusion probability
    any : probability that any loading of a column is included
    log_none : ln(1 - any), known where `any` rounds to 1; None in fits saved before it was kept
    """

    mean: Floats
    sd: Floats
    pip: Floats
    any: Floats
    log_none: Floats | None = None

    @classmethod
    def of(cls, columns: Columns, length: int) -> "Posterior":
        """Loadings side by side; `length` is that of each, should there be none."""
        mean, sd, pip = np.empty((3, length, len(columns)))
        of_all = np.empty((2, len(columns)))
        for k, column in enumerate(columns):
            mean[:, k], sd[:, k] = column.mean, np.sqrt(column.variance)
            pip[:, k] = column.pip  # one indicator for a column counts for each of its loadings
            of_all[:, k] = column.any, column.log_none
        return cls(mean, sd, pip, *of_all)

    @classmethod
    def zero(cls, rows: int, columns: int) -> "Posterior":
        """Nothing."""
        nothing = np.zeros((rows, columns))
        return cls(nothing, nothing, nothing, np.zeros(columns), np.zeros(columns))

    @property
    def log_no_loading(self) -> Floats:
        """ln of the probability that no loading of a column is included."""
        if self.log_none is not None:
            return self.log_none
        with np.errstate(divide="ignore"):
            return np.log1p(-self.any)

    def where_there(self, log_odds: Floats) -> "Posterior":
        """Columns that are 0 where what they are of is not there; log_odds : (k,) that it is."""
        there = expit(log_odds)
        mean = there * self.mean
        square = there * (self.sd**2 + self.mean**2)
        none = np.logaddexp(log_expit(-log_odds), log_expit(log_odds) + self.log_no_loading)
        sd = np.sqrt(np.maximum(square - mean**2, 0.0))
        return Posterior(mean, sd, there * self.pip, there * self.any, none)

    def times(self, sign: Floats) -> "Posterior":
        """Columns times 1 or -1."""
        return replace(self, mean=self.mean * sign)
