"""The donors of a gene: those that were measured in any tissue."""

import numpy as np

from fqtl.data.gene import GeneData
from fqtl.gene.donors import CisGenotypes, genotypes_of
from fqtl.gene.settings import Settings


def of_measured(
    gene: GeneData, x: np.ndarray, settings: Settings
) -> tuple[GeneData, CisGenotypes, Settings]:
    """All of a gene, of the donors that were measured in any tissue alone.

    Others have no part in its fits, nor in their null: where a gene is expressed in one of two
    populations, genotypes of the other are not on its scale.

    x : (n, p) dosages of all donors
    """
    measured = np.isfinite(gene.y).any(axis=1)
    if measured.all() or not measured.any():
        return gene, CisGenotypes(x), settings
    cis = CisGenotypes(genotypes_of(x, measured))
    return gene.of_donors(measured), cis, settings.of_donors(measured)
