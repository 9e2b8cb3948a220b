"""Groups of donors that share no tissue, and genotypes around the mean of each.

Where tissues are of different people, as of two populations, an allele may be frequent in one and
rare in the other. Around a mean of all people genotypes are then far from 0 in every tissue, and an
effect and the intercept of its tissue look alike: its evidence is that of x^2 where only the
deviation within the tissue tells. Around the mean of its own people they do not.
"""

from dataclasses import dataclass, replace

import numpy as np

from fqtl.model.arrays._kernels import standardise_rows
from fqtl.model.arrays.copies import Copies
from fqtl.model.arrays.moments import Floats, Genotypes, Indices
from fqtl.model.arrays.standardise import StandardGenotypes, without_rows
from fqtl.model.arrays.variants import Variants

ROUNDED = 1e-4  # of a standard deviation of 1, in single precision: none within groups; derived
NOBODY = -1  # group of a donor of whom nothing was measured


def groups_of(observed: np.ndarray) -> tuple[Indices, Indices]:
    """Group of each donor (n,) and of each tissue (m,): those that tissues tie together.

    observed : (n, m) whether a donor has a tissue; a tissue without donors is of the first group
    """
    there = (observed > 0).astype(np.float64)
    tied = there.T @ there > 0
    of_tissue = np.full(len(tied), NOBODY, dtype=np.intp)
    count = 0
    for tissue in range(len(tied)):
        if of_tissue[tissue] != NOBODY or not tied[tissue, tissue]:
            continue
        found = np.zeros(len(tied), dtype=bool)
        more = tied[tissue]
        while (more & ~found).any():
            found = found | more
            more = tied[found].any(axis=0)
        of_tissue[found] = count
        count += 1
    first = np.argmax(there > 0, axis=1)
    of_donor = np.where(there.any(axis=1), of_tissue[first], NOBODY)
    return of_donor, np.maximum(of_tissue, 0)


@dataclass(frozen=True)
class Apart:
    """How far the means of groups are from those of all.

    mean : (groups, p) in units of x
    group : (m,) of each tissue
    """

    mean: Floats
    group: Indices

    def of_tissues(self, index: Indices) -> "Apart":
        """Of these tissues, in this order."""
        return replace(self, group=self.group[index])

    def along(self, effects: Floats) -> Floats:
        """(m,) what effects (p, m), per unit of x, make of that in each tissue."""
        return np.asarray(np.einsum("tp,pt->t", self.mean[self.group], effects))


def around_groups(
    genotypes: StandardGenotypes, observed: np.ndarray
) -> tuple[StandardGenotypes, Apart | None]:
    """Genotypes around the mean of each group of donors, in standard deviations around these.

    As they are, and None, where tissues tie all donors together.

    observed : (n, m) whether a donor has a tissue
    """
    of_donor, of_tissue = groups_of(observed)
    count = int(of_donor.max(initial=NOBODY)) + 1
    if count < 2:
        return genotypes, None
    rows: Genotypes = np.array(genotypes.x, dtype=np.float32, order="C")
    mean = np.empty((count, len(rows)))
    for group in range(count):
        mine = of_donor == group
        part = rows[:, mine]
        mean[group] = part.mean(axis=1, dtype=np.float64)
        rows[:, mine] = part - mean[group].astype(np.float32)[:, None]
    rows[:, of_donor == NOBODY] = np.nan  # who become the mean, as what is missing does
    left, sd = np.empty((2, len(rows)))
    standardise_rows(rows, left, sd)
    sd[sd < ROUNDED] = 0.0
    rows[sd == 0] = 0.0
    copies = Copies.among(rows)
    found = replace(
        genotypes,
        variants=Variants(without_rows(rows, copies.first), copies),
        sd=genotypes.sd * sd,
        called=None,
    )
    return found, Apart(mean * genotypes.sd, of_tissue)
