"""One tissue from its file to the model's scale.

Order of the steps: donors with genotypes and covariates are kept; of counts, genes that are
measured are kept and put on a scale; covariates and components of expression are regressed out;
then what a gene shares with its controls; what is left is standardised. Counts for a family of
counts are not adjusted: they go to the model as they are, with the sizes of their libraries.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import pandas as pd

from fqtl.data.covariates import Covariates, values_of
from fqtl.data.expression import Expression
from fqtl.errors import FqtlError
from fqtl.prepare.adjust import MIN_FREEDOM, Adjusted, Confounders, Quality, adjust
from fqtl.prepare.confounders import design_of
from fqtl.prepare.counts import SCALES, SIZE_FACTORS, measured, tpm
from fqtl.prepare.normalise import inverse_normal
from fqtl.prepare.recipe import COUNTS, INVERSE_NORMAL, Recipe


class WindowsOf(Protocol):
    """Genotypes around genes."""

    def __call__(self, rows: list[int], samples: list[str]) -> Iterator[tuple[int, np.ndarray]]:
        """Each gene, by row, with the dosages (p, n) of its cis window, in any order."""


@dataclass(frozen=True)
class PreparedTissue:
    """Expression in standard deviations, adjusted for confounders, or counts as they are.

    genes : gene_id, chrom, tss and reason, which is empty for genes that are kept
    values : (g, n), NaN throughout where there is a reason
    samples : names of the donors
    dropped : genes of the file that are not among `genes`, and why
    donors_without : how many donors were left out, by what they lack
    offset : (n,) logarithm of each library's size around the mean, for counts; 0 otherwise
    covariates, components, controls, quality : as in `Adjusted`
    reason : why the whole tissue is left out; empty if it is not
    """

    genes: pd.DataFrame
    values: np.ndarray
    samples: list[str]
    dropped: dict[str, str]
    donors_without: dict[str, int]
    offset: np.ndarray
    covariates: int
    components: int
    controls: float
    quality: Quality
    reason: str


def prepare_tissue(
    expression: Expression,
    covariates: Covariates | None,
    genotyped: list[str],
    recipe: Recipe,
    windows: WindowsOf | None = None,
) -> PreparedTissue:
    """Expression of the donors that have everything, adjusted and standardised.

    genotyped : donors with genotypes, in whose order the result comes
    windows : their genotypes, if genes are regressed on controls
    """
    there = set(expression.samples)
    described = set(covariates.samples) if covariates else there
    kept = [name for name in genotyped if name in there and name in described]
    known = _confounders(covariates, kept, recipe)
    reason = _why_not(len(kept), design_of(known.values).shape[1], recipe.min_samples)
    offset = np.zeros(len(kept))
    if reason:
        adjusted = _left_out(expression, kept, reason)
    else:
        values, reasons, offset = _scaled(expression, kept, recipe)
        if recipe.scale == COUNTS:
            adjusted = Adjusted(np.where(reasons == "", values.T, np.nan).T, reasons)
        else:
            of_kept = None if windows is None else partial(windows, samples=kept)
            chrom = expression.genes["chrom"]
            adjusted = adjust(values, reasons, chrom, known, recipe, of_kept)
    return PreparedTissue(
        genes=expression.genes[["gene_id", "chrom", "tss"]].assign(reason=adjusted.reasons),
        values=adjusted.values,
        samples=kept,
        dropped=expression.dropped,
        donors_without={
            "genotypes": len(there - set(genotyped)),
            "covariates": len((there & set(genotyped)) - described),
        },
        offset=offset,
        covariates=adjusted.covariates,
        components=adjusted.components,
        controls=adjusted.controls,
        quality=adjusted.quality,
        reason=reason,
    )


def _confounders(covariates: Covariates | None, kept: list[str], recipe: Recipe) -> Confounders:
    if covariates is None:
        return Confounders([], np.empty((len(kept), 0)), kept)
    if recipe.scale == COUNTS and covariates.names:
        raise FqtlError(
            f"prepare.scale: counts keeps counts as they are, so that {len(covariates.names)} "
            "covariates cannot be regressed out. Leave those of the tissue out (covariates of the "
            "sheet, release.covariates: null) and give those of donors to the model "
            "(prepare.donor_covariates_in)."
        )
    return Confounders(covariates.names, values_of(covariates, kept), kept)


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


def _left_out(expression: Expression, kept: list[str], reason: str) -> Adjusted:
    reasons = pd.Series(f"tissue left out: {reason}", index=expression.genes.index)
    return Adjusted(np.full((len(reasons), len(kept)), np.nan), reasons)


def _scaled(
    expression: Expression, kept: list[str], recipe: Recipe
) -> tuple[np.ndarray, "pd.Series[str]", np.ndarray]:
    """Values (g, n) on the scale asked for, reasons of genes left out, and offsets (n,)."""
    column = {name: i for i, name in enumerate(expression.samples)}
    values = expression.values[:, [column[name] for name in kept]]
    reasons = pd.Series("", index=expression.genes.index)
    if not recipe.counted:
        scaled = inverse_normal(values) if recipe.scale == INVERSE_NORMAL else values
        return scaled, reasons, np.zeros(len(kept))
    empty = [name for name, reads in zip(kept, values.sum(axis=0), strict=True) if reads == 0]
    if empty:
        raise FqtlError(f"{len(empty)} donors have no reads at all, the first {empty[0]}.")
    size = SIZE_FACTORS[recipe.size_factors](values)
    reasons[~_is_measured(values, expression.genes, recipe)] = recipe.why_unmeasured()
    offset = np.log(size) if recipe.scale == COUNTS else np.zeros(len(kept))
    return SCALES[recipe.scale](values, size), reasons, offset


def _is_measured(counts: np.ndarray, genes: pd.DataFrame, recipe: Recipe) -> np.ndarray:
    """(g,) whether enough donors have enough reads and enough transcripts of a gene."""
    enough = measured(counts, recipe.min_reads, recipe.min_share)
    if recipe.min_tpm > 0:
        if "length" not in genes:
            raise FqtlError(
                "Transcripts per million need the lengths of genes: give release.annotation, or "
                "leave this filter out with prepare.min_tpm: 0."
            )
        level = tpm(counts, genes["length"].to_numpy())
        enough &= measured(np.nan_to_num(level), recipe.min_tpm, recipe.min_share)
    return enough
