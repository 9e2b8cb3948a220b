"""Expression adjusted for confounders: covariates, components, control genes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from fqtl.prepare.components import count_components, principal_components
from fqtl.prepare.confounders import design_of, regress_out
from fqtl.prepare.normalise import standardise
from fqtl.prepare.quality import FAR, connectivity, explained_by_each, far_below
from fqtl.prepare.settings import PrepareSettings
from fqtl.prepare.siblings import regress_on_siblings

MIN_FREEDOM = 10  # degrees of freedom that covariates must leave

# For some genes, by row, the dosages (p, n) of the cis window of each, in any order
Windows = Callable[[list[int]], Iterator[tuple[int, np.ndarray]]]


@dataclass(frozen=True)
class Confounders:
    """Covariates that are known before expression is looked at.

    values : (n, q)
    donors : names of the donors, by which outliers are called
    """

    names: list[str]
    values: np.ndarray
    donors: list[str]


@dataclass(frozen=True)
class Quality:
    """What a tissue looks like.

    explained : share of the variance of expression that each covariate explains by itself
    explained_together : and all of them
    outliers : donors unlike the others, and by how many deviations
    """

    explained: dict[str, float] = field(default_factory=dict)
    explained_together: float = 0.0
    outliers: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Adjusted:
    """Expression in standard deviations, and what was taken out.

    values : (g, n), NaN throughout where there is a reason
    reasons : (g,) why a gene has none; empty where it has
    covariates : how many independent ones were regressed out, components among them
    components : how many components
    controls : how many controls a gene has, in the mean
    """

    values: np.ndarray
    reasons: np.ndarray
    covariates: int = 0
    components: int = 0
    controls: float = 0.0
    quality: Quality = field(default_factory=Quality)


def adjust(
    values: np.ndarray,
    chrom: Sequence[str],
    known: Confounders,
    settings: PrepareSettings,
    windows: Windows | None,
) -> Adjusted:
    """Residuals of values (g, n) on all confounders, with variance 1.

    chrom : (g,) chromosome of each gene
    windows : genotypes, if genes are regressed on controls
    """
    design = design_of(known.values)
    enough = np.isfinite(values).sum(axis=1) >= design.shape[1] + MIN_FREEDOM
    scaled, constant = standardise(values)
    reasons = np.full(len(values), "", dtype=object)
    reasons[constant] = "constant expression"
    reasons[~enough] = "too few values for the covariates"
    usable = np.flatnonzero(enough & ~constant)
    before = scaled[usable]
    components = _components(regress_out(before, design), design, settings)
    design = design_of(np.hstack([known.values, components]))
    after = regress_out(before, design)
    spread = np.nanstd(after, axis=1)
    emptied = ~(spread > 1e-6)
    reasons[usable[emptied]] = "nothing left after covariates"
    quality = _quality(
        before, known, components, float(1 - (spread**2).mean()) if len(spread) else 0
    )
    before, after, usable = before[~emptied], standardise(after[~emptied])[0], usable[~emptied]
    used = np.zeros(len(usable))
    if settings.controls and windows is not None:
        after, used = _without_siblings(after, usable, chrom, design, settings, windows)
    adjusted = np.full(values.shape, np.nan)
    adjusted[usable] = after
    return Adjusted(
        values=adjusted,
        reasons=reasons,
        covariates=max(design.shape[1] - 1, 0),
        components=components.shape[1],
        controls=float(used.mean()) if len(used) else 0.0,
        quality=quality,
    )


def _complete(values: np.ndarray) -> np.ndarray:
    """Rows in which nothing is missing."""
    return np.isfinite(values).all(axis=1)


def _components(residual: np.ndarray, design: np.ndarray, settings: PrepareSettings) -> np.ndarray:
    """(n, k) components of what covariates leave (g, n), of genes that miss no donor."""
    n = residual.shape[1]
    scaled, constant = standardise(residual[_complete(residual)])
    scaled = scaled[~constant]
    most = max(n - design.shape[1] - MIN_FREEDOM, 0)
    if settings.components == 0 or not len(scaled):
        return np.empty((n, 0))
    count = settings.components
    if count is None:
        count = count_components(scaled, design, np.random.default_rng(settings.seed))
    return principal_components(scaled, min(count, most))


def _without_siblings(
    values: np.ndarray,
    rows: np.ndarray,
    chrom: Sequence[str],
    design: np.ndarray,
    settings: PrepareSettings,
    windows: Windows,
) -> tuple[np.ndarray, np.ndarray]:
    """Residuals (g, n) of genes that miss no donor on their controls, and how many each had."""
    complete = np.flatnonzero(_complete(values))
    place = {int(rows[i]): number for number, i in enumerate(complete)}
    residual, used = regress_on_siblings(
        values[complete],
        [chrom[i] for i in rows[complete]],
        ((place[row], dosages) for row, dosages in windows(list(place))),
        count=settings.controls,
        max_p=settings.control_max_p,
        freedom=values.shape[1] - design.shape[1] - 1,
    )
    adjusted, controls = values.copy(), np.zeros(len(values))
    adjusted[complete], controls[complete] = standardise(residual)[0], used
    return adjusted, controls


def _quality(
    scaled: np.ndarray, known: Confounders, components: np.ndarray, together: float
) -> Quality:
    """Figures of values (g, n) with variance 1, before anything was regressed out."""
    scaled = scaled[_complete(scaled)]
    if not len(scaled):
        return Quality()
    names = [*known.names, *(f"component {k + 1}" for k in range(components.shape[1]))]
    shares = explained_by_each(scaled, np.hstack([known.values, components]))
    far = far_below(connectivity(scaled))
    outliers = {known.donors[i]: float(far[i]) for i in np.flatnonzero(far > FAR)}
    return Quality(dict(zip(names, shares.tolist(), strict=True)), together, outliers)
