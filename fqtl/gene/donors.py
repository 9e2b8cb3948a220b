"""Genotypes of some donors."""

import numpy as np

from fqtl.model.arrays.moments import Indices


def genotypes_of(x: np.ndarray, donors: Indices | np.ndarray) -> np.ndarray:
    """Rows of x (n, p): of donors by number, or under a mask (n,).

    Dosages are kept a variant per row, and x is a view of them: of long rows parts are taken in a
    seventh of the time of picking columns one by one.
    """
    chosen = np.flatnonzero(donors) if donors.dtype == np.bool_ else donors
    return np.take(x.T, chosen, axis=1).T
