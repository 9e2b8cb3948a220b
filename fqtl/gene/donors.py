"""Genotypes of a gene's donors, standardised once for all fits of the gene."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fqtl.model.arrays.moments import Indices
from fqtl.model.arrays.standardise import StandardGenotypes
from fqtl.model.problem import standard_genotypes


@dataclass(frozen=True)
class CisGenotypes:
    """Dosages of all donors, as a gene's fits want them.

    Fits to permuted expression see the same genotypes. Of called genotypes those of a fold are made
    of their codes; where dosages are not called, of the dosages.

    x : (n, p), NaN where missing
    """

    x: np.ndarray

    @cached_property
    def standard(self) -> StandardGenotypes:
        """Of all donors."""
        return standard_genotypes(self.x)

    def of(self, donors: np.ndarray) -> StandardGenotypes:
        """Of the donors under a mask (n,) alone."""
        some = self.standard.of_donors(np.flatnonzero(donors))
        return standard_genotypes(genotypes_of(self.x, donors)) if some is None else some


def genotypes_of(x: np.ndarray, donors: Indices | np.ndarray) -> np.ndarray:
    """Rows of x (n, p): of donors by number, or under a mask (n,).

    Dosages are kept a variant per row, and x is a view of them: of long rows parts are taken in a
    seventh of the time of picking columns one by one.
    """
    chosen = np.flatnonzero(donors) if donors.dtype == np.bool_ else donors
    return np.take(x.T, chosen, axis=1).T
