"""One tissue from its file to the model's scale.

Order of the steps: donors with genotypes and covariates are kept; of counts, genes that are
measured are kept and put on a scale; covariates and components of expression are regressed out;
then what a gene shares with its controls; what is left is standardised. What a family wants in its
own units (counts, shares) is not adjusted; counts have the sizes of their libraries beside them.
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
from fqtl.prepare.counts import SCALES, SIZE_FACTORS, fractions, measured, tpm
from fqtl.prepare.normalise import inverse_normal, standardise
from fqtl.prepare.settings import COUNTS, INVERSE_NORMAL, PrepareSettings


class WindowsOf(Protocol):
    """Genotypes around genes."""

    def __call__(self, rows: list[int], donors: list[str]) -> Iterator[tuple[int, np.ndarray]]:
        """Each gene, by row, with the dosages (p, n) of its cis window, in any order."""


@dataclass(frozen=True)
class PreparedTissue:
    """Expression in standard deviations, adjusted for confounders, or counts as they are.

    genes : gene_id, chrom, tss and reason, which is empty for genes that are kept
    values : (g, n), NaN throughout where there is a reason
    donors : names of the donors
    dropped : lines of the file that are not among `genes`, and why, as in `Expression`
    donors_without : how many donors were left out, by what they lack
    offset : (n,) logarithm of each library's size around the mean, for counts; 0 otherwise
    covariates, components, controls, quality : as in `Adjusted`
    reason : why the whole tissue is left out; empty if it is not
    """

    genes: pd.DataFrame
    values: np.ndarray
    donors: list[str]
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
    settings: PrepareSettings,
    windows: WindowsOf | None = None,
) -> PreparedTissue:
    """Expression of the donors that have everything, adjusted and standardised.

    genotyped : donors with genotypes, in whose order the result comes
    windows : their genotypes, if genes are regressed on controls
    """
    there = set(expression.donors)
    described = set(covariates.donors) if covariates else there
    kept = [name for name in genotyped if name in there and name in described]
    known = _confounders(covariates, kept, settings)
    reason = _why_not(len(kept), design_of(known.values).shape[1], settings.min_samples)
    if reason:
        scaled = _Scaled(
            np.empty((0, len(kept))), _all_left_out(expression, reason), np.zeros(len(kept))
        )
    else:
        scaled = _on_scale(expression, kept, settings)
    adjusted = _adjusted(scaled, expression.genes["chrom"], known, settings, windows)
    reasons = scaled.reasons.copy()
    reasons[scaled.rows] = adjusted.reasons
    values = np.full((len(reasons), len(kept)), np.nan)
    values[scaled.rows] = adjusted.values
    return PreparedTissue(
        genes=expression.genes[["gene_id", "chrom", "tss"]].assign(reason=reasons),
        values=values,
        donors=kept,
        dropped=expression.dropped,
        donors_without={
            "genotypes": len(there - set(genotyped)),
            "covariates": len((there & set(genotyped)) - described),
        },
        offset=scaled.offset,
        covariates=adjusted.covariates,
        components=adjusted.components,
        controls=adjusted.controls,
        quality=adjusted.quality,
        reason=reason,
    )


def _confounders(
    covariates: Covariates | None, kept: list[str], settings: PrepareSettings
) -> Confounders:
    if covariates is None:
        return Confounders([], np.empty((len(kept), 0)), kept)
    if settings.untouched and covariates.names:
        raise FqtlError(
            f"prepare.scale: {settings.scale} keeps values as they are, so that "
            f"{len(covariates.names)} covariates cannot be regressed out. Leave those of the "
            "tissue out (covariates of the sheet, release.covariates: null) and give those of "
            "donors to the model (prepare.donor_covariates_in)."
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


@dataclass(frozen=True)
class _Scaled:
    """Genes that are kept, on the scale that is asked for, before anything is regressed out.

    values : (genes without a reason, n)
    reasons : (g,) why a gene of the file is left out; empty where it is not
    offset : (n,) as in `PreparedTissue`
    """

    values: np.ndarray
    reasons: np.ndarray
    offset: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        return np.flatnonzero(self.reasons == "")


def _all_left_out(expression: Expression, reason: str) -> np.ndarray:
    """Reasons of all genes of a tissue that is left out."""
    return np.full(len(expression.genes), f"tissue left out: {reason}", dtype=object)


def _on_scale(expression: Expression, kept: list[str], settings: PrepareSettings) -> _Scaled:
    column = {name: i for i, name in enumerate(expression.donors)}
    values = expression.values[:, [column[name] for name in kept]]
    reasons = np.full(len(values), "", dtype=object)
    nothing = np.zeros(len(kept))
    if not settings.counted:
        scaled = inverse_normal(values) if settings.scale == INVERSE_NORMAL else values
        return _Scaled(scaled, reasons, nothing)
    reads = values.sum(axis=0)
    if not reads.all():
        empty = [name for name, some in zip(kept, reads, strict=True) if not some]
        raise FqtlError(
            f"{_file(expression)}{len(empty)} donors have no reads at all, the first {empty[0]}."
        )
    size = size_factors(expression, values, settings)
    enough = _is_measured(values, expression.genes, settings)
    reasons[~enough] = settings.why_unmeasured()
    reasons[_without_length(expression.genes, settings)] = settings.why_without_length()
    if settings.scale == COUNTS:
        _refuse_fractions(expression, values[enough], np.flatnonzero(enough), kept)
    scaled = SCALES[settings.scale](values[enough], size * np.exp(np.log(reads).mean()))
    return _Scaled(scaled, reasons, np.log(size) if settings.scale == COUNTS else nothing)


def size_factors(
    expression: Expression, counts: np.ndarray, settings: PrepareSettings
) -> np.ndarray:
    """(n,) size factors of counts (g, n) of some donors of the file."""
    try:
        return SIZE_FACTORS[settings.size_factors](counts)
    except FqtlError as fault:
        raise FqtlError(f"{_file(expression)}{fault}") from fault


def _file(expression: Expression) -> str:
    """The file that an error is about, if there is one."""
    return f"{expression.path}: " if expression.path else ""


def _refuse_fractions(
    expression: Expression, counts: np.ndarray, rows: np.ndarray, donors: list[str]
) -> None:
    """Refuse counts (genes, n) of some rows of the file that are no whole numbers."""
    broken = fractions(counts)
    if broken.any():
        row, column = np.argwhere(broken)[0]
        raise FqtlError(
            f"{_file(expression)}prepare.scale: counts takes counts as they are, whole numbers, "
            f"found {counts[row, column]:g} for {expression.genes['gene_id'].iloc[rows[row]]} in "
            f"{donors[column]} ({int(broken.sum())} such entries of {broken.size}). Are these "
            "expected counts, of RSEM or salmon? Round them in the file, or set prepare.scale: "
            "inverse_normal or log_cpm."
        )


def _adjusted(
    scaled: _Scaled,
    chrom: "pd.Series[str]",
    known: Confounders,
    settings: PrepareSettings,
    windows: WindowsOf | None,
) -> Adjusted:
    """The genes that are kept, without their confounders, or as they are."""
    if settings.untouched:
        constant = standardise(scaled.values)[1]
        reasons = np.where(constant, "constant expression", "").astype(object)
        return Adjusted(np.where(constant[:, None], np.nan, scaled.values), reasons)
    of_kept = (
        None if windows is None else partial(_windows_of_kept, scaled.rows, known.donors, windows)
    )
    return adjust(scaled.values, chrom.iloc[scaled.rows].to_list(), known, settings, of_kept)


def _windows_of_kept(
    rows: np.ndarray, donors: list[str], windows: WindowsOf, wanted: list[int]
) -> Iterator[tuple[int, np.ndarray]]:
    """Windows of genes that are known by their place among those that are kept."""
    place = {int(rows[i]): i for i in wanted}
    for row, dosages in windows(list(place), donors):
        yield place[row], dosages


def _without_length(genes: pd.DataFrame, settings: PrepareSettings) -> np.ndarray:
    """(g,) whether transcripts per million are asked for and a gene's length is not known."""
    if settings.min_tpm <= 0:
        return np.zeros(len(genes), dtype=bool)
    return genes["length"].isna().to_numpy()


def _is_measured(counts: np.ndarray, genes: pd.DataFrame, settings: PrepareSettings) -> np.ndarray:
    """(g,) whether enough donors have enough reads and enough transcripts of a gene."""
    enough = measured(counts, settings.min_reads, settings.min_share)
    if settings.min_tpm > 0:
        if "length" not in genes:
            raise FqtlError(
                "Transcripts per million need the lengths of genes: give release.annotation, or "
                "leave this filter out with prepare.min_tpm: 0."
            )
        level = tpm(counts, genes["length"].to_numpy(np.float64))
        enough &= measured(level, settings.min_tpm, settings.min_share)
    return enough
