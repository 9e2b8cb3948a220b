"""z-scores as rows, what is known of their noise, and the fit to them.

Where the LD is of other people, noise hangs on the effects: each factor has its own
(`predictors/blurred.py`).
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fqtl.model import single_effects_model
from fqtl.model.arrays.moments import Floats, Indices
from fqtl.model.arrays.threads import one_thread
from fqtl.model.arrays.variants import Variants
from fqtl.model.engines.cavi import maximise
from fqtl.model.engines.model import Model
from fqtl.model.engines.options import CaviOptions
from fqtl.model.engines.solution import Solution
from fqtl.model.families import Gaussian, Response
from fqtl.model.predictors.blurred import BlurredFactors
from fqtl.model.predictors.blurred_tissues import BlurredTissues
from fqtl.model.predictors.covariates import Covariates
from fqtl.model.predictors.factored import Factored
from fqtl.model.predictors.options import SingleEffectsOptions
from fqtl.model.predictors.predictor import Predictor
from fqtl.model.predictors.tissue_specific import TissueSpecific
from fqtl.model.results.absent_tissues import of_all_tissues
from fqtl.model.results.model_fit import Scale
from fqtl.model.summary.contradictions import Checked, check_scores
from fqtl.model.summary.ld import LD
from fqtl.model.summary.noise import (
    KnownNoise,
    blur_of,
    blur_of_tissues,
    direction_of,
    found_in_low_rows,
    largest_by_chance,
    mismatch_of,
    of_donors,
    total,
)
from fqtl.model.summary.rows import Rows, Scores
from fqtl.model.summary.summary_fit import SummaryFit

FEW = 50  # people, of whom LD says next to nothing; taste
BY_CHANCE = 3.0  # standard deviations that noise of errors of LD is the larger by; taste
LEAST_VARIANCE = 1e-4  # of noise, as a part of what it is without effects; taste, as in `fit`


@dataclass(frozen=True)
class SummaryProblem:
    """z-scores as rows, and what is known of their noise.

    checked : z-scores, and which were turned round or left out
    mismatch : see `mismatch_of`
    given : (m, m) noise correlation of z-scores, or None
    rank, factored : as `fqtl.fit` has them
    labels : of variants and of tissues, where they have any
    reference : LD as it is; `ld` has eigenvalues nearer to those of the population
    check : whether z-scores that contradict their neighbours were changed
    """

    checked: Checked
    ld: LD
    rows: Rows
    mismatch: float
    given: Floats | None
    prior: SingleEffectsOptions
    engine: CaviOptions
    rank: int
    factored: bool
    reference: LD
    check: bool
    labels: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

    @classmethod
    def of(
        cls,
        scores: Scores,
        ld: LD,
        check: bool,
        **chosen: Any,
    ) -> "SummaryProblem":
        """`chosen` : the fields that are not found here, by name."""
        found = _looked_at(scores, ld, check)
        return cls(**found, reference=ld, check=check, **chosen)

    def fit(self) -> SummaryFit:
        """The posterior, on the scale of the input."""
        there = self.rows.n > 0
        with one_thread():
            if there.all():
                return self._result(self._solve())
            some = self._of_tissues(np.flatnonzero(there))
            return self._of_all(some._result(some._solve()), there)

    def _of_tissues(self, index: Indices) -> "SummaryProblem":
        """The rows of these tissues alone."""
        given = None if self.given is None else self.given[np.ix_(index, index)]
        prior = self.prior.of_tissues(index.tolist())
        return replace(self, rows=self.rows.of_tissues(index), given=given, prior=prior)

    def _of_all(self, found: SummaryFit, there: np.ndarray) -> SummaryFit:
        """The fit of tissues that have z-scores, as one of all."""
        m = len(there)
        scale = Scale(self.ld.mean, self.ld.sd, np.zeros(m), there.astype(np.float64), *self.labels)
        wide = of_all_tissues(found, there, scale, Gaussian(np.full(m, LEAST_VARIANCE), np.ones(m)))
        notes = tuple(dict.fromkeys((*self._notes(), *found.notes)))
        correlation = correlation_of(wide.shared_noise)
        return replace(wide, notes=notes, noise_correlation=correlation, n_people=self.rows.n)

    def with_y(self, y: Floats, n: Floats) -> "SummaryProblem":
        """The problem of other rows y (k, m), which n (m,) people are behind."""
        return replace(self, rows=replace(self.rows, y=y, n=n))

    def with_scores(self, scores: Scores) -> "SummaryProblem":
        """The problem of other z-scores, looked at from the start."""
        return replace(self, **_looked_at(scores, self.reference, self.check))

    def _solve(self) -> Solution:
        """Effects under the noise that donors share, where that is given, or rows show any."""
        start = self._model()
        if not self.mismatch and self.given is None:
            return maximise(start, self.engine)
        options = replace(self.engine, shared_noise=False)
        if self.given is not None:
            noise = direction_of(of_donors(self.given, self.rows))
            return maximise(replace(start, noise=noise), options)
        solution = maximise(start, options)
        donors = self._shared_by_donors(solution.model)
        if donors is None:
            return solution
        # with this noise from the start, or after effects were found
        ways = (replace(solution.model, noise=donors), replace(start, noise=donors))
        ended = (solution, *(maximise(way, options) for way in ways))
        return max(ended, key=lambda one: float(one.elbo_trace[-1]))

    def _shared_by_donors(self, model: Model) -> KnownNoise | None:
        """Noise that rows of hardly any effect show beyond that of LD, where none is given."""
        if self.given is not None or not self.engine.shared_noise:
            return None
        found = found_in_low_rows(self.rows)
        explained = total(direction_of(self._of_ld(model)), self.rows)
        # in so many rows, a variance
        most = 1 + BY_CHANCE * np.sqrt(2 / len(self.rows.y[self.rows.k // 2 :]))
        beyond = total(found, self.rows) > most * explained + largest_by_chance(self.rows)
        return found if beyond else None

    def _of_ld(self, model: Model) -> Floats:
        """(m, m) covariance of the noise of rows that errors of LD make of the model's effects."""
        scores = np.sum([_of_variants(entry) for entry in model.location[1:]], axis=0)
        return blur_of(self.rows, self.ld, self.mismatch) * (scores.T @ scores / self.rows.k)

    def _model(self) -> Model:
        rows, blur = self.rows, blur_of(self.rows, self.ld, self.mismatch)
        response = Response.of(np.ascontiguousarray(rows.y))
        noise, m = rows.noise(), rows.y.shape[1]
        family = Gaussian(LEAST_VARIANCE * noise, noise)
        parts = single_effects_model.location_parts(
            Variants(rows.x), response.observed, self.rank, self.factored, self.prior
        )
        if blur:
            of_tissues = blur_of_tissues(rows, self.ld, self.mismatch)
            parts = [_blurred(part, blur, of_tissues) for part in parts]
        # rows are of no mean: the intercept has a column of zeros
        none = Covariates.empty(np.zeros((rows.k, 1)), m)
        dispersion = Covariates.of_dispersion(np.ones((rows.k, 1)), m, family.dispersion_start)
        return Model(family, response, (none, *parts), dispersion)

    def _result(self, solution: Solution) -> SummaryFit:
        model, rows = solution.model, self.rows
        m, noise = rows.y.shape[1], rows.noise()
        family = model.family
        assert isinstance(family, Gaussian)
        shared = np.zeros(m) if model.noise is None else model.noise.loadings / np.sqrt(noise)
        there = (rows.n > 0).astype(np.float64)
        return SummaryFit(
            **single_effects_model.posteriors(solution, Variants(rows.x), m),
            shared_noise=shared,
            intercept=np.zeros(m),
            covariate_effects=np.zeros((0, m)),
            covariate_mean=np.zeros(0),
            noise_variance=family.noise_variance(model.dispersion.moments())[0] / noise,
            distribution=Gaussian(family.variance_min / noise, family.variance_max / noise),
            dispersion=model.dispersion.moments(),
            scale=Scale(self.ld.mean, self.ld.sd, np.zeros(m), there, *self.labels),
            elbo_trace=solution.elbo_trace,
            converged=solution.converged,
            family="gaussian",
            engine="cavi",
            notes=(*self._notes(), *filter(None, [solution.note])),
            mismatch=self.mismatch,
            noise_correlation=correlation_of(shared),
            flipped=self.checked.flipped,
            left_out=self.checked.left_out,
            contradiction=self.checked.contradiction,
            n_people=rows.n,
        )

    def _notes(self) -> tuple[str, ...]:
        checked, r = self.checked, self.checked.scores.r
        few = self.ld.people is not None and self.ld.people < FEW
        counted = (
            (few * (self.ld.people or 0), "people are behind the LD: it needs some hundreds"),
            (int((self.ld.sd == 0).sum()), f"of {len(r)} variants do not vary in the LD: effect 0"),
            (checked.scores.few, "z-scores of far fewer people than the others are left out"),
            (int(np.isnan(r).sum()), f"of {r.size} z-scores are missing"),
            (int((self.rows.n == 0).sum()), f"of {r.shape[1]} tissues have no z-score: effect 0"),
            (int(checked.flipped.sum()), "variants contradict their LD and are turned round"),
            (int(checked.left_out.sum()), "variants contradict their LD and are left out"),
        )
        return tuple(f"{count} {what}" for count, what in counted if count)


def correlation_of(shared: Floats) -> Floats:
    """(m, m) of z-scores, by what each tissue has of noise that donors share."""
    return np.asarray(np.outer(shared, shared) + np.diag(1 - shared**2))


def _blurred(entry: Predictor, blur: float, of_tissues: Floats) -> Predictor:
    if isinstance(entry, Factored):
        return BlurredFactors.of(entry, blur)
    return BlurredTissues.of(entry, of_tissues) if isinstance(entry, TissueSpecific) else entry


def _of_variants(entry: Predictor) -> Floats:
    """(k, m) what the effects of an entry make of rows, without errors of LD."""
    if isinstance(entry, BlurredTissues):
        return entry.scores()
    if not isinstance(entry, Factored):
        return entry.mean()
    found = [one.there * np.outer(one.effects.score, one.tissues.mean) for one in entry.factors]
    return np.sum([np.zeros(entry.shape), *found], axis=0)


def _looked_at(scores: Scores, ld: LD, check: bool) -> dict[str, Any]:
    """Fields of a problem that follow from z-scores and LD."""
    checked = check_scores(scores, ld, change=check)
    mismatch = mismatch_of(checked.scores, ld) if checked.changed else checked.mismatch
    fitting = ld.between(mismatch)
    return {
        "checked": checked,
        "ld": fitting,
        "rows": Rows.of(checked.scores, fitting),
        "mismatch": mismatch,
    }
