"""What is odd about the input of a tissue and no reason to refuse it, in sentences for people.

Each function gives a sentence with what was found, in numbers and names, and what to do about it;
an empty one where there is nothing to say.
"""

from collections.abc import Sequence

import numpy as np

from fqtl.prepare.adjust import MIN_FREEDOM
from fqtl.prepare.normalise import standardise
from fqtl.prepare.settings import AS_GIVEN, INVERSE_NORMAL, LOG_COUNTS, LOG_CPM

# Of a normal distribution the excess kurtosis is 0, of Student's t with 6 degrees of freedom 3
HEAVY_KURTOSIS = 3.0
MANY = 0.1  # share of genes; of normal values in 30 donors 1 % have such a kurtosis
LARGE_COUNT = 20  # whole numbers up to which are scores or grades of something
AT_A_TIME = 1000  # genes whose powers are in memory
NOT_RANKED = (AS_GIVEN, LOG_CPM, LOG_COUNTS)


def about_tails(
    values: np.ndarray, gene_id: Sequence[str], donors: Sequence[str], scale: str
) -> str:
    """Of values (g, n) that are far from normal in many genes; scale : prepare.scale."""
    if scale not in NOT_RANKED:
        return ""
    kurtosis, largest = _shape(values)
    used = np.isfinite(kurtosis)
    heavy = used & (kurtosis > HEAVY_KURTOSIS)
    if heavy.sum() <= MANY * used.sum():
        return ""
    row = int(np.nanargmax(largest))
    column = int(np.nanargmax(np.abs(values[row] - np.nanmean(values[row]))))
    return (
        f"{heavy.sum()} of {used.sum()} genes have heavy tails (excess kurtosis above "
        f"{HEAVY_KURTOSIS:g}; the most extreme value is {largest[row]:.1f} standard "
        f"deviations from the mean, of {gene_id[row]} in {donors[column]}). The model takes such "
        "values for effects; set prepare.scale: inverse_normal"
    )


def about_counts(values: np.ndarray, counted: bool, scale: str) -> str:
    """Of values (g, n) that are said to be normalised and look like counts of reads."""
    if counted or scale not in (AS_GIVEN, INVERSE_NORMAL):
        return ""
    known = values[np.isfinite(values)]
    if not len(known) or known.min() < 0 or known.max() < LARGE_COUNT or (known % 1 != 0).any():
        return ""
    return (
        f"all {len(known)} values are whole numbers from {known.min():g} to {known.max():g}, as "
        "counts of reads are, and prepare.values says normalised: the sizes of libraries would not "
        "be accounted for. Set prepare.values: counts, or normalise them"
    )


def _shape(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(g,) excess kurtosis of each gene, and its largest standard score; NaN of constant ones."""
    kurtosis, largest = np.full(len(values), np.nan), np.full(len(values), np.nan)
    for start in range(0, len(values), AT_A_TIME):
        block = slice(start, start + AT_A_TIME)
        z, constant = standardise(values[block])
        rows = start + np.flatnonzero(~constant)
        z = z[~constant]
        kurtosis[rows] = np.nanmean(z**4, axis=1) - 3
        largest[rows] = np.nanmax(np.abs(z), axis=1)
    return kurtosis, largest


def about_freedom(donors: int, covariates: int, components: int | None) -> str:
    """Of more covariates than donors can tell apart; components : None where they are counted."""
    told = f"{covariates} covariates"
    if components:
        told += f" and {components} components of expression"
    left = donors - 1 - covariates - (components or 0)
    if left >= MIN_FREEDOM:
        return ""
    fate = (
        "the tissue will be left out"
        if donors - 1 - covariates < MIN_FREEDOM
        else "fewer components will be taken"
    )
    return (
        f"{donors} donors and {told} leave {max(left, 0)} degrees of freedom, fewer than "
        f"{MIN_FREEDOM}, unless some of them are collinear; {fate}. Leave some out, see covariates "
        "of the sheet, prepare.donor_covariates and prepare.components"
    )
