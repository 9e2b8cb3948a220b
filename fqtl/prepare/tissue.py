"""One tissue from its file to the model's scale.

Order of the steps: donors with genotypes and covariates are kept; each gene is made normal by its
ranks if asked; covariates are regressed out; the residuals are standardised.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fqtl.data.covariates import Covariates
from fqtl.data.expression import Expression
from fqtl.prepare.confounders import design_of, regress_out
from fqtl.prepare.normalise import inverse_normal, standardise

MIN_FREEDOM = 10  # degrees of freedom that covariates must leave


@dataclass(frozen=True)
class PreparedTissue:
    """Expression in standard deviations, adjusted for covariates.

    genes : gene_id, chrom, tss and reason, which is empty for genes that are kept
    values : (g, n), NaN throughout where there is a reason
    samples : names of the donors
    dropped : genes of the file that are not among `genes`, and why
    donors_without : how many donors were left out, by what they lack
    covariates : how many independent covariates were regressed out
    reason : why the whole tissue is left out; empty if it is not
    """

    genes: pd.DataFrame
    values: np.ndarray
    samples: list[str]
    dropped: dict[str, str]
    donors_without: dict[str, int]
    covariates: int
    reason: str


def prepare_tissue(
    expression: Expression,
    covariates: Covariates | None,
    genotyped: list[str],
    *,
    normalise_ranks: bool,
    min_samples: int,
) -> PreparedTissue:
    """Expression of the donors that have everything, adjusted and standardised.

    genotyped : donors with genotypes, in whose order the result comes
    normalise_ranks : replace each gene's values by normal quantiles of their ranks first
    min_samples : donors below which the tissue is left out
    """
    measured = set(expression.samples)
    described = set(covariates.samples) if covariates else measured
    kept = [name for name in genotyped if name in measured and name in described]
    without = {
        "genotypes": len(measured - set(genotyped)),
        "covariates": len((measured & set(genotyped)) - described),
    }
    genes = expression.genes
    design = _design(covariates, kept)
    reason = _why_not(len(kept), design.shape[1], min_samples)
    if reason:
        values = np.full((len(genes), len(kept)), np.nan)
        reasons = pd.Series(f"tissue left out: {reason}", index=genes.index)
    else:
        column = {name: i for i, name in enumerate(expression.samples)}
        values = expression.values[:, [column[name] for name in kept]]
        values, reasons = _adjust(values, design, normalise_ranks)
    return PreparedTissue(
        genes=genes.assign(reason=reasons),
        values=values,
        samples=kept,
        dropped=expression.dropped,
        donors_without=without,
        covariates=max(design.shape[1] - 1, 0),
        reason=reason,
    )


def _why_not(donors: int, columns: int, min_samples: int) -> str:
    """Why a tissue is too small; empty if it is not."""
    if donors < min_samples:
        return f"{donors} donors with genotypes and covariates, fewer than {min_samples}"
    if donors - columns < MIN_FREEDOM:
        return (
            f"{donors} donors and {columns - 1} covariates leave {donors - columns} degrees of "
            f"freedom, fewer than {MIN_FREEDOM}"
        )
    return ""


def _design(covariates: Covariates | None, kept: list[str]) -> np.ndarray:
    if covariates is None or not kept:
        return design_of(np.empty((len(kept), 0)))
    row = {name: i for i, name in enumerate(covariates.samples)}
    return design_of(covariates.values[[row[name] for name in kept]])


def _adjust(
    values: np.ndarray, design: np.ndarray, normalise_ranks: bool
) -> tuple[np.ndarray, "pd.Series[str]"]:
    """Adjusted values and, for each gene, why it has none."""
    enough = np.isfinite(values).sum(axis=1) >= design.shape[1] + MIN_FREEDOM
    constant = standardise(values)[1]
    usable = np.flatnonzero(enough & ~constant)
    before = inverse_normal(values[usable]) if normalise_ranks else values[usable]
    after = regress_out(before, design)
    explained = ~(np.nanstd(after, axis=1) > 1e-6 * np.nanstd(before, axis=1))
    adjusted = np.full(values.shape, np.nan)
    adjusted[usable[~explained]] = standardise(after[~explained])[0]
    reasons = pd.Series("", index=range(len(values)))
    reasons[~enough] = "too few values for the covariates"
    reasons[enough & constant] = "constant expression"
    reasons[usable[explained]] = "nothing left after covariates"
    return adjusted, reasons
