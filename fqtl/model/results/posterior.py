"""Posteriors of loadings as a fit gives them back: a column for each factor or tissue."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fqtl.model.arrays.moments import Floats
from fqtl.model.priors import Loadings


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
    def of(cls, columns: Sequence[Loadings], length: int) -> "Posterior":
        """Loadings side by side; `length` is that of each, should there be none."""
        empty = [np.empty((length, 0))]
        return cls(
            mean=np.hstack(empty + [column.mean[:, None] for column in columns]),
            sd=np.hstack(empty + [np.sqrt(column.variance)[:, None] for column in columns]),
            # one indicator for a column counts for each of its loadings
            pip=np.hstack(
                empty + [np.broadcast_to(column.pip, length)[:, None] for column in columns]
            ),
            any=np.array([column.any for column in columns], dtype=np.float64),
            log_none=np.array([column.log_none for column in columns], dtype=np.float64),
        )

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

    def times(self, sign: Floats) -> "Posterior":
        """Columns times 1 or -1."""
        return replace(self, mean=self.mean * sign)
