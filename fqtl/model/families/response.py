"""What was measured, and what is known about how."""

from dataclasses import dataclass, field

import numpy as np

from fqtl.model.arrays.moments import Floats, Indices


@dataclass(frozen=True)
class Response:
    """What was measured, and what is known about how.

    values : (n, m) with 0 where a tissue was not measured
    observed : (n, m) 1.0 where it was, 0.0 where not
    offset : (n, m) or (1, 1) known part of eta1, as the logarithm of a library's size
    trials : (n, m) or (1, 1) of a binomial
    """

    values: Floats
    observed: Floats
    offset: Floats = field(default_factory=lambda: np.zeros((1, 1)))
    trials: Floats = field(default_factory=lambda: np.ones((1, 1)))

    @classmethod
    def of(cls, y: Floats, **known: Floats) -> "Response":
        """Response of y (n, m), whose NaN mark what was not measured; `known` of it by name."""
        observed = ~np.isnan(y)
        return cls(np.where(observed, y, 0.0), observed.astype(np.float64), **known)

    def of_entries(self, index: Indices) -> "Response":
        """Some entries of the flat table, side by side in one row."""
        given = (self.values, self.observed, self.offset, self.trials)
        whole = (np.broadcast_to(part, self.values.shape) for part in given)
        return Response(*(part.ravel()[None, index] for part in whole))

    def of_tissues(self, index: Indices) -> "Response":
        """Of these tissues, in this order."""
        given = (self.values, self.observed, self.offset, self.trials)
        return Response(
            *(
                part if len(part) == 1 else np.ascontiguousarray(part[:, index])  # as kernels want
                for part in given
            )
        )

    def average(self, values: Floats) -> Floats:
        """(m,) mean of `values` (n, m) over what was measured in a tissue; 0 where nothing was."""
        count = np.maximum(self.observed.sum(axis=0), 1.0)
        return np.asarray((self.observed * values).sum(axis=0) / count)
