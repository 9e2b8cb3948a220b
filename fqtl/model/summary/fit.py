"""`fit_summary`: one gene in many tissues from z-scores and LD, without anybody's genotypes.

z-scores become rows (`rows.py`), and engine, priors and parts are those of `fqtl.fit`. What differs
is noise: LD of a finite panel, or of other people, is not the LD under the z-scores (`ld.py`,
`noise.py`), and single z-scores may contradict their neighbours (`contradictions.py`).

Where the LD is of other people, noise hangs on the effects, so they are found first without it,
then under the noise that they would make, in turns.
"""

from __future__ import annotations  # so that `help` shows ArrayLike by its name

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fqtl.errors import FqtlError
from fqtl.model import single_effects_model
from fqtl.model.arrays.inputs import as_matrix, labels_of, refuse_no_count, refuse_no_flag
from fqtl.model.arrays.moments import Floats
from fqtl.model.arrays.threads import one_thread
from fqtl.model.arrays.variants import Variants
from fqtl.model.engines.cavi import maximise
from fqtl.model.engines.model import Model, Solution
from fqtl.model.engines.options import CaviOptions
from fqtl.model.families import Gaussian, Response
from fqtl.model.fit import DEFAULT_RANK
from fqtl.model.options import ModelKind, options_of
from fqtl.model.predictors.covariates import Covariates
from fqtl.model.predictors.options import SingleEffectsOptions
from fqtl.model.results.model_fit import Scale
from fqtl.model.summary.contradictions import Checked, check_scores
from fqtl.model.summary.ld import LD
from fqtl.model.summary.noise import (
    KnownNoise,
    bounded,
    direction_of,
    found_in_low_rows,
    largest_by_chance,
    mismatch_of,
    of_donors,
    of_mismatch,
    total,
)
from fqtl.model.summary.rows import Rows, Scores
from fqtl.model.summary.summary_fit import SummaryFit

TURNS = 2  # between effects and the noise of LD that follows from them; measured: as good as more
LEAST_VARIANCE = 1e-4  # of noise, as a part of what it is without effects; taste, as in `fit`
# the same where LD is of other people: what effects explain comes back as noise of their LD; taste
LEAST_OF_OTHERS = 0.8


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
    assert isinstance(settings.engine, CaviOptions)
    with one_thread():
        problem = _Problem.of(scores, reference, given, check, settings.prior, settings.engine)
        solution = problem.solve(rank or min(m, DEFAULT_RANK), factored)
        return problem.result(solution, (labels_of(panel), labels_of(z)))


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
        return LD.of_panel(np.asarray(panel))
    if ld_size is not None:
        refuse_no_count("ld_size", ld_size, least=3)
    matrix = np.asarray(ld)
    return LD.of_matrix(matrix, ld_size, _sd(frequency, len(matrix)))


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


@dataclass(frozen=True)
class _Problem:
    """z-scores as rows, and what is known of their noise.

    checked : z-scores, and which were turned round or left out
    mismatch : see `mismatch_of`
    given : (m, m) noise correlation of z-scores, or None
    """

    checked: Checked
    ld: LD
    rows: Rows
    mismatch: float
    given: Floats | None
    prior: SingleEffectsOptions
    engine: CaviOptions

    @classmethod
    def of(
        cls,
        scores: Scores,
        ld: LD,
        given: Floats | None,
        check: bool,
        prior: SingleEffectsOptions,
        engine: CaviOptions,
    ) -> _Problem:
        checked = check_scores(scores, ld, change=check)
        mismatch = mismatch_of(checked.scores, ld)
        fitting = ld.between(mismatch)
        rows = Rows.of(checked.scores, fitting)
        return cls(checked, fitting, rows, mismatch, given, prior, engine)

    def solve(self, rank: int, factored: bool) -> Solution:
        """Effects, then the noise that follows from them, in turns."""
        start = self._model(rank, factored)
        if not self.mismatch and self.given is None:
            return maximise(start, self.engine)
        options = replace(self.engine, shared_noise=False)
        once = replace(options, reconsider=False)
        if self.given is not None:
            start = replace(start, noise=direction_of(of_donors(self.given, self.rows)))
            if not self.mismatch:
                return maximise(start, options)
        first = solution = maximise(start, once)
        donors = self._shared_by_donors(first.model)
        if donors is not None:
            # with this noise from the start, or after effects were found
            ways = (replace(first.model, noise=donors), replace(start, noise=donors))
            ended = (maximise(way, options) for way in ways)
            return max(ended, key=lambda one: float(one.elbo_trace[-1]))
        for turn in range(TURNS):
            solution = maximise(
                self._with_noise_of(solution.model), options if turn == TURNS - 1 else once
            )
        return solution

    def _shared_by_donors(self, model: Model) -> KnownNoise | None:
        """Noise that rows of hardly any effect show beyond that of LD, where none is given."""
        if self.given is not None or not self.engine.shared_noise:
            return None
        found = found_in_low_rows(self.rows)
        explained = total(direction_of(self._of_ld(model)), self.rows)
        beyond = total(found, self.rows) > explained + largest_by_chance(self.rows)
        return found if beyond else None

    def _of_ld(self, model: Model) -> Floats:
        """(m, m) covariance of the noise of rows that errors of LD make of the model's effects."""
        scores = np.sum([entry.mean() for entry in model.location[1:]], axis=0)
        genetic = scores.T @ scores / self.rows.k
        return of_mismatch(genetic, self.rows, self.ld, self.mismatch)

    def _model(self, rank: int, factored: bool) -> Model:
        rows, least = self.rows, LEAST_OF_OTHERS * min(self.mismatch, 1.0)
        response = Response.of(np.ascontiguousarray(rows.y))
        noise, m = rows.noise(), rows.y.shape[1]
        family = Gaussian(max(least, LEAST_VARIANCE) * noise, noise)
        parts = single_effects_model.location_parts(
            Variants(rows.x), response.observed, rank, factored, self.prior
        )
        # rows are of no mean: the intercept has a column of zeros
        none = Covariates.empty(np.zeros((rows.k, 1)), m)
        dispersion = Covariates.empty(np.ones((rows.k, 1)), m, start=family.dispersion_start)
        return Model(family, response, (none, *parts), dispersion)

    def _with_noise_of(self, model: Model) -> Model:
        """The model with the noise that follows from its effects, beside that which is given."""
        covariance = self._of_ld(model)
        own = covariance.diagonal()
        covariance = bounded(covariance, self.rows)
        if self.given is not None:
            covariance = covariance + of_donors(self.given, self.rows)
        noise = direction_of(covariance)
        family = model.family
        assert isinstance(family, Gaussian)
        part, most = family.variance_min / family.variance_max, self.rows.noise() + own
        return replace(model, noise=noise, family=Gaussian(part * most, most))

    def result(
        self, solution: Solution, labels: tuple[tuple[str, ...], tuple[str, ...]]
    ) -> SummaryFit:
        model, rows = solution.model, self.rows
        m, noise = rows.y.shape[1], rows.noise()
        family = model.family
        assert isinstance(family, Gaussian)
        shared = np.zeros(m) if model.noise is None else model.noise.loadings / np.sqrt(noise)
        parts = model.location[1:]
        there = (rows.n > 0).astype(np.float64)
        return SummaryFit(
            **single_effects_model.posteriors(parts, Variants(rows.x), m),
            shared_noise=shared,
            intercept=np.zeros(m),
            covariate_effects=np.zeros((0, m)),
            covariate_mean=np.zeros(0),
            noise_variance=family.noise_variance(model.dispersion.moments())[0] / noise,
            distribution=Gaussian(family.variance_min / noise, family.variance_max / noise),
            dispersion=model.dispersion.moments(),
            scale=Scale(self.ld.mean, self.ld.sd, np.zeros(m), there, *labels),
            elbo_trace=solution.elbo_trace,
            converged=solution.converged,
            family="gaussian",
            engine="cavi",
            notes=(*self._notes(), *filter(None, [solution.note])),
            mismatch=self.mismatch,
            noise_correlation=np.outer(shared, shared) + np.diag(1 - shared**2),
            flipped=self.checked.flipped,
            left_out=self.checked.left_out,
            contradiction=self.checked.contradiction,
            n_people=rows.n,
        )

    def _notes(self) -> tuple[str, ...]:
        checked, r = self.checked, self.checked.scores.r
        counted = (
            (int((self.ld.sd == 0).sum()), f"of {len(r)} variants do not vary in the LD: effect 0"),
            (checked.scores.few, "z-scores of far fewer people than the others are left out"),
            (int(np.isnan(r).sum()), f"of {r.size} z-scores are missing"),
            (int((self.rows.n == 0).sum()), f"of {r.shape[1]} tissues have no z-score: effect 0"),
            (int(checked.flipped.sum()), "variants contradict their LD and are turned round"),
            (int(checked.left_out.sum()), "variants contradict their LD and are left out"),
        )
        return tuple(f"{count} {what}" for count, what in counted if count)
