"""`fit_summary`: one gene in many tissues from z-scores and LD, without anybody's genotypes.

z-scores become rows (`rows.py`), and engine, priors and parts are those of `fqtl.fit`. What differs
is noise: LD of a finite panel, or of other people, is not the LD under the z-scores (`ld.py`,
`noise.py`), and single z-scores may contradict their neighbours (`contradictions.py`).
"""

from __future__ import annotations  # so that `help` shows ArrayLike by its name

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fqtl.errors import FqtlError
from fqtl.model.arrays.inputs import as_matrix, labels_of, refuse_no_count, refuse_no_flag
from fqtl.model.arrays.moments import Floats
from fqtl.model.arrays.threads import one_thread
from fqtl.model.fit import DEFAULT_RANK
from fqtl.model.options import ModelKind, options_of
from fqtl.model.predictors.options import SingleEffectsOptions
from fqtl.model.summary.ld import LD
from fqtl.model.summary.problem import SummaryProblem
from fqtl.model.summary.rows import Scores
from fqtl.model.summary.summary_fit import SummaryFit


def fit_summary(
    z: ArrayLike,
    n: ArrayLike,
    *,
    ld: ArrayLike | None = None,
    panel: ArrayLike | None = None,
    ld_size: int | None = None,
    frequency: ArrayLike | None = None,
    rank: int | None = None,
    factored: bool = True,
    noise_correlation: ArrayLike | None = None,
    check: bool = True,
    seed: int = 0,
    **options: Any,
) -> SummaryFit:
    """Posterior of the effects of p variants on one gene in m tissues, from summary statistics.

    Parameters
    ----------
    z : (p, m) or (p,)
        z-scores of each variant alone, for one and the same allele in all tissues; NaN where a
        tissue has none.
    n : (m,) or (p, m)
        People behind them; numbers may differ between tissues.
    ld : (p, p), or panel : (n_ref, p)
        Correlations of the variants, or dosages of a reference panel of the same allele, NaN where
        missing. One of the two.
    ld_size : int, optional
        Of `ld`: of how many people it is. Left out, it is taken as that of the people behind z.
        A panel tells its own, and z tells whether it is of the same people.
    frequency : (p,), optional
        Of `ld`: of the allele, for effects per copy of it. Left out, effects are per standard
        deviation of genotype.
    rank, factored, **options
        As in `fqtl.fit`, for family "gaussian" and engine "cavi".
    noise_correlation : (m, m), optional
        Of z-scores of two tissues where nothing acts, as shared donors make it; see
        `fqtl.noise_correlation`. Left out, it is looked for in the gene.
    check : bool
        Whether z-scores that contradict their neighbours are turned round or left out, and a gene
        whose LD does not fit at all is refused.
    seed : int
        Nothing is drawn; as in `fqtl.fit`.

    Returns
    -------
    SummaryFit
        A `Fit`, in standard deviations of expression per allele or standard deviation of genotype,
        with what was found about z and LD.

    Raises
    ------
    FqtlError
        Shapes that do not match, LD that is none, no z-score, LD that does not fit z.

    Notes
    -----
    Zhu & Stephens (2017), Annals of Applied Statistics 11:1561, for the likelihood of z-scores
    under LD; Zou, Carbonetto, Wang, Stephens (2022), PLoS Genetics 18:e1010299, for checks.
    """
    return problem_of(
        z,
        n,
        ld=ld,
        panel=panel,
        ld_size=ld_size,
        frequency=frequency,
        rank=rank,
        factored=factored,
        noise_correlation=noise_correlation,
        check=check,
        seed=seed,
        **options,
    ).fit()


def problem_of(
    z: ArrayLike,
    n: ArrayLike,
    *,
    ld: ArrayLike | None = None,
    panel: ArrayLike | None = None,
    ld_size: int | None = None,
    frequency: ArrayLike | None = None,
    rank: int | None = None,
    factored: bool = True,
    noise_correlation: ArrayLike | None = None,
    check: bool = True,
    seed: int = 0,
    **options: Any,
) -> SummaryProblem:
    """The arguments of `fit_summary`, checked, and z-scores as rows."""
    refuse_no_flag("factored", factored)
    refuse_no_flag("check", check)
    if rank is not None:
        refuse_no_count("rank", rank, least=1)
    scores = Scores.of(np.asarray(z), np.asarray(n))
    m = scores.r.shape[1]
    with one_thread():
        reference = _reference(ld, panel, ld_size, frequency)
    _refuse_other_size(scores, reference)
    given = None if noise_correlation is None else _correlation(noise_correlation, m)
    kind = ModelKind("fit", "cavi", "gaussian", m, factored)
    settings = options_of(options, kind, seed)
    if not isinstance(settings.prior, SingleEffectsOptions):
        raise FqtlError(
            f"fit_summary has the prior variant_prior='single_effects' alone, found "
            f"{settings.variant_prior!r}."
        )
    with one_thread():
        return SummaryProblem.of(
            scores,
            reference,
            check,
            given=given,
            prior=settings.prior.of_labels(labels_of(z), m),
            engine=settings.engine,
            rank=rank or min(m, DEFAULT_RANK),
            factored=factored,
            labels=(labels_of(panel), labels_of(z)),
        )


def _reference(
    ld: ArrayLike | None,
    panel: ArrayLike | None,
    ld_size: int | None,
    frequency: ArrayLike | None,
) -> LD:
    if (ld is None) == (panel is None):
        found = "neither" if ld is None else "both"
        raise FqtlError(f"fit_summary needs ld (p, p) or panel (n_ref, p), found {found}.")
    if panel is not None:
        if ld_size is not None or frequency is not None:
            raise FqtlError("ld_size and frequency are for ld; a panel tells its own.")
        dosages = np.asarray(panel)
        _refuse_no_dosages(dosages)
        return LD.of_panel(dosages)
    if ld_size is not None:
        refuse_no_count("ld_size", ld_size, least=3)
    matrix = np.asarray(ld)
    return LD.of_matrix(matrix, ld_size, _sd(frequency, len(matrix)))


def _refuse_no_dosages(panel: np.ndarray) -> None:
    """Codes for missing ones; what covariates leave of dosages is as good as they are."""
    if panel.dtype.kind not in "iuf":
        return
    for beyond in (panel[panel < 0], panel[panel > 2]):
        # dosages that are centred have more than one number there
        if beyond.size and (beyond == beyond.flat[0]).all() and beyond.flat[0] % 1 == 0:
            raise FqtlError(
                f"panel must hold dosages of 0 to 2, NaN where missing; found {beyond.flat[0]:g} "
                f"for {beyond.size} of {panel.size}."
            )


def _sd(frequency: ArrayLike | None, p: int) -> Floats | None:
    """(p,) of dosages in Hardy-Weinberg equilibrium."""
    if frequency is None:
        return None
    given = np.asarray(frequency, dtype=np.float64)
    if given.shape != (p,) or not ((given > 0) & (given < 1)).all():
        raise FqtlError(
            f"frequency must have a number between 0 and 1 for each of {p} variants, found shape "
            f"{given.shape} with {np.nanmin(given):.4g} to {np.nanmax(given):.4g}."
        )
    return np.asarray(np.sqrt(2 * given * (1 - given)))


def _refuse_other_size(scores: Scores, ld: LD) -> None:
    if len(scores.r) != ld.p:
        raise FqtlError(
            f"z has {len(scores.r)} variants, in rows, and the LD reference {ld.p}; both must be "
            "of the same variants in the same order."
        )
    if not np.isfinite(scores.r[ld.sd > 0]).any():
        raise FqtlError("No variant with a z-score varies in the LD reference.")


def _correlation(given: ArrayLike, m: int) -> Floats:
    matrix = as_matrix("noise_correlation", given, missing=False).astype(np.float64)
    if matrix.shape != (m, m) or np.abs(matrix - matrix.T).max() > 1e-6:
        raise FqtlError(
            f"noise_correlation must be symmetric with a row for each of {m} tissues, found shape "
            f"{matrix.shape}."
        )
    if np.abs(matrix).max() > 1 + 1e-6:
        raise FqtlError(
            f"noise_correlation must hold correlations, found {np.abs(matrix).max():.4g}."
        )
    return matrix
