"""Columns on one scale: centred and scaled over what is observed.

A constant or empty column cannot be scaled; it becomes 0 and its scale is reported as 0, so that
every effect on it is 0 as well.

Called genotypes never become float32 rows as a whole: they are coded a block of variants at a time
(`called.py`). Other dosages are rows, of which copies are taken out where they are.
"""

from dataclasses import dataclass

import numpy as np

from fqtl.model.arrays._kernels import standardise_rows
from fqtl.model.arrays.called import BLOCK, Called, working_type
from fqtl.model.arrays.copies import Copies
from fqtl.model.arrays.moments import Floats, Genotypes, Indices
from fqtl.model.arrays.variants import Variants


@dataclass(frozen=True)
class StandardGenotypes:
    """Standardised genotypes, a row for each class of copies, and the way back.

    variants : the rows, in single precision
    mean, sd : (p,) on the scale of the input; sd is 0 where the variant does not vary
    n_missing : entries that were NaN and became the mean
    called : the rows as codes, where genotypes are called
    """

    variants: Variants
    mean: Floats
    sd: Floats
    n_missing: int
    called: Called | None = None

    @property
    def n(self) -> int:
        """Donors."""
        return self.variants.n

    @property
    def x(self) -> Genotypes:
        """(p, n) a row for each variant."""
        copies, rows = self.variants.copies, self.variants.x
        if len(rows) == self.variants.n_variants:
            return rows
        return rows[copies.of] * copies.sign.astype(rows.dtype)[:, None]

    def of_donors(self, donors: Indices) -> "StandardGenotypes | None":
        """Of these donors (k,) alone, as if there were no others.

        None where that takes the dosages: where they are not called, or imputed.
        """
        if self.called is None or self.called.imputed:
            return None
        before, classes = self.called, self.variants.copies
        called = before.of_donors(donors)
        merged = called.classes()  # of few donors some classes are one
        copies = Copies(
            merged.of[classes.of],
            classes.first[merged.first],
            classes.sign * merged.sign[classes.of],
        )
        # a variant is the first of its class in another unit
        of, sd = classes.of, before.sd[classes.of]
        unit = np.divide(classes.sign * self.sd, sd, out=np.zeros_like(sd), where=sd > 0)
        mean = self.mean + unit * (called.mean - before.mean)[of]
        n_missing, scale = int(called.missing[of].sum()), np.abs(unit) * called.sd[of]
        called = called if len(merged.first) == called.p else called.rows(merged.first)
        return StandardGenotypes(Variants.of_called(called, copies), mean, scale, n_missing, called)


def standardise_genotypes(x: np.ndarray) -> StandardGenotypes:
    """Genotypes (n, p) in any unit, NaN where missing, as standardised rows."""
    found = Called.of_dosages(x)
    if found is None:
        return _standardise_dosages(x)
    called, n_missing = found
    copies, mean, sd = called.classes(), called.mean, called.sd
    called = called if len(copies.first) == called.p else called.rows(copies.first)
    return StandardGenotypes(Variants.of_called(called, copies), mean, sd, n_missing, called)


def _standardise_dosages(x: np.ndarray) -> StandardGenotypes:
    """The same of genotypes that are not called."""
    n, p = x.shape
    rows: Genotypes = np.empty((p, n), dtype=np.float32)
    mean, sd = np.empty(p), np.empty(p)
    n_missing = 0
    for start in range(0, p, BLOCK):
        part = slice(start, min(start + BLOCK, p))
        block: Genotypes = np.array(x[:, part].T, dtype=working_type(x), order="C")
        n_missing += standardise_rows(block, mean[part], sd[part])
        rows[part] = block
    copies = Copies.among(rows)
    return StandardGenotypes(
        Variants(without_rows(rows, copies.first), copies), mean, sd, n_missing
    )


def without_rows(rows: Genotypes, first: Indices) -> Genotypes:
    """These rows (ascending) of an array that is given up for them."""
    if len(first) == len(rows):
        return rows
    for start in range(0, len(first), BLOCK):  # none is overwritten before it is read
        part = slice(start, min(start + BLOCK, len(first)))
        rows[part] = rows[first[part]]
    rows.resize((len(first), rows.shape[1]), refcheck=False)
    return rows


def standardise_response(y: Floats) -> tuple[Floats, Floats, Floats]:
    """Response (n, m) centred and scaled per tissue over what is observed, its mean and sd.

    Where a tissue is constant or was never measured the column becomes NaN, the mean is what was
    seen (or 0) and the sd 0.
    """
    rows = np.array(y.T, dtype=np.float64, order="C")
    mean, sd = np.empty(len(rows)), np.empty(len(rows))
    missing = np.isnan(rows)
    standardise_rows(rows, mean, sd)
    rows[missing] = np.nan
    rows[sd == 0] = np.nan
    return np.ascontiguousarray(rows.T), mean, sd
