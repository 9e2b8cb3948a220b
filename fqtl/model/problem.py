"""From arrays to a solved model and back: the path that all functions of the model take.

Problem.of    checks, standardises
Problem.solve adds covariates and the noise to the effects; the engine raises the ELBO
Solved.results  what was standardised, undone
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fqtl.errors import FqtlError
from fqtl.model.arguments import Given
from fqtl.model.arrays.groups import Apart, around_groups
from fqtl.model.arrays.inputs import Design, as_matrix, choose, labels_of, same_rows, warn_of_codes
from fqtl.model.arrays.moments import Indices
from fqtl.model.arrays.standardise import StandardGenotypes, standardise_genotypes
from fqtl.model.arrays.threads import one_thread
from fqtl.model.arrays.variants import Variants
from fqtl.model.engines import ENGINES
from fqtl.model.engines.model import Model
from fqtl.model.engines.solution import Solution
from fqtl.model.families import Family, Response
from fqtl.model.options import ModelKind, Options, options_of
from fqtl.model.predictors.covariates import Covariates
from fqtl.model.predictors.options import SpikeSlabOptions
from fqtl.model.predictors.predictor import Predictor
from fqtl.model.response_scale import ResponseScale
from fqtl.model.results.fit import Fit
from fqtl.model.results.model_fit import Scale


def standard_genotypes(x: ArrayLike) -> StandardGenotypes:
    """x (n, p) checked and standardised, for several fits of the same donors.

    Raises FqtlError where x is not a matrix of finite numbers, or NaN.
    """
    with one_thread():
        return standardise_genotypes(as_matrix("x", x, missing=True))


def _standardised_by(measured: np.ndarray, x: np.ndarray) -> StandardGenotypes:
    """x (n, p) in standard deviations of the donors under a mask (n,), others being at the mean.

    Genotypes of whom nothing was measured would move the scale, and with it the priors of effects.
    """
    if measured.all():
        return standardise_genotypes(x)
    others = int((~measured).sum())
    known = x.astype(x.dtype if np.issubdtype(x.dtype, np.floating) else np.float64)
    known[~measured] = np.nan
    found = standardise_genotypes(known)
    return replace(found, n_missing=found.n_missing - others * x.shape[1])


@dataclass(frozen=True)
class Problem:
    """Checked and standardised input, before a model is chosen.

    genotypes : standardised, of no variants where there is no x
    scale : of the response; y as the model sees it
    mean_design, noise_design : covariates of location and dispersion
    labels : of the columns of x and of y, where they have any
    apart : means of groups of donors that share no tissue; None where there is one group
    """

    genotypes: StandardGenotypes
    scale: ResponseScale
    mean_design: Design
    noise_design: Design
    engine: str
    settings: Options
    labels: tuple[tuple[str, ...], tuple[str, ...]]
    apart: Apart | None = None

    @classmethod
    def of(
        cls,
        y: ArrayLike,
        x: ArrayLike | StandardGenotypes | None,
        given: Given,
        *,
        function: str,
        factored: bool = True,
        donor_prior: str | None = None,
        **defaults: Any,
    ) -> "Problem":
        """Everything checked; `defaults` are options that the caller may have chosen otherwise.

        x : genotypes, or what `standard_genotypes` made of them
        function, factored, donor_prior : as in `ModelKind`
        """
        known = x if isinstance(x, StandardGenotypes) else None
        response, table = same_rows(
            y,
            None if known is not None else x,
            covariates=given.covariates,
            dispersion_covariates=given.dispersion_covariates,
            offset=given.offset,
            trials=given.trials,
        )
        n, m = response.shape
        warn_of_codes(table)
        if known is not None and known.n != n:
            raise FqtlError(f"x must have the {n} rows of y, found {known.n} donors.")
        choose("engine", given.engine, ENGINES)
        kind = ModelKind(
            function, given.engine, given.family, m, factored, x is not None, donor_prior
        )
        settings = options_of(given.options, kind, given.seed, **defaults)
        settings = settings.of_labels(labels_of(y), m)
        with one_thread():
            scale = ResponseScale.of(response, given.family, given.offset, given.trials)
            measured = np.asarray((scale.response.observed > 0).any(axis=1))
            mean_design = Design.of("covariates", given.covariates, measured)
            noise_design = Design.of("dispersion_covariates", given.dispersion_covariates, measured)
            scale.refuse_covariates(noise_design)
            genotypes = _standardised_by(measured, table) if known is None else known
        return cls(
            genotypes,
            scale,
            mean_design,
            noise_design,
            given.engine,
            settings,
            (labels_of(x), labels_of(y)),
        )

    @property
    def response(self) -> Response:
        """What the model sees of y."""
        return self.scale.response

    @property
    def family(self) -> Family:
        return self.scale.family

    @cached_property
    def variants(self) -> Variants:
        """The genotypes as predictors see them."""
        return Variants(self.genotypes.x)

    @cached_property
    def distinct(self) -> Variants:
        """The same without copies: of single effects alone, which are the same for all copies."""
        return self.genotypes.variants

    @property
    def n(self) -> int:
        return len(self.response.values)

    @property
    def m(self) -> int:
        return self.response.values.shape[1]

    @property
    def notes(self) -> tuple[str, ...]:
        """What was set aside, in words."""
        sd, y_sd = self.genotypes.sd, self.scale.y_sd
        counted = (
            (self.genotypes.n_missing, "missing genotypes stand at the mean of their variant"),
            (int((sd == 0).sum()), f"of {len(sd)} variants do not vary: effect 0"),
            (int((y_sd == 0).sum()), f"of {len(y_sd)} tissues are constant or empty: effect 0"),
            (
                int((self.response.observed == 0).all(axis=1).sum()),
                f"of {self.n} donors were not measured in any tissue: they change nothing",
            ),
        )
        return tuple(f"{count} {what}" for count, what in counted if count)

    def around_groups(self) -> "Problem":
        """With genotypes around the mean of those donors whom tissues tie together."""
        with one_thread():
            genotypes, apart = around_groups(self.genotypes, self.response.observed)
        return replace(self, genotypes=genotypes, apart=apart)

    def around_all(self, found: Fit) -> Fit:
        """A fit with intercepts at the mean genotype of all donors, as it tells effects of x."""
        if self.apart is None:
            return found
        return replace(found, intercept=found.intercept - self.apart.along(found.effects))

    def with_variant_prior(self, name: str) -> SpikeSlabOptions:
        """Options of the priors, but for that of variants."""
        return replace(self.settings.spike_slab, variant_prior=name)

    def of_tissues(self, index: Indices) -> "Problem":
        """Of these tissues, in this order."""
        apart = None if self.apart is None else self.apart.of_tissues(index)
        settings = self.settings.of_tissues(index.tolist())
        return replace(self, scale=self.scale.of_tissues(index), apart=apart, settings=settings)

    @property
    def units(self) -> Scale:
        """What standardisation took away."""
        genotypes, scale = self.genotypes, self.scale
        return Scale(genotypes.mean, genotypes.sd, scale.y_mean, scale.y_sd, *self.labels)

    def solve(self, effects: list[Predictor]) -> "Solved":
        """The model of these effects, covariates and noise, its ELBO raised by the engine."""
        confounders = Covariates.empty(self.mean_design.columns, self.m)
        dispersion = Covariates.of_dispersion(
            self.noise_design.columns, self.m, self.family.dispersion_start
        )
        model = Model(self.family, self.response, (confounders, *effects), dispersion)
        with one_thread():
            return Solved(self, ENGINES[self.engine](model, self.settings.engine))


@dataclass(frozen=True)
class Solved:
    """A problem, and what the engine made of its model."""

    problem: Problem
    solution: Solution

    @property
    def model(self) -> Model:
        """Of highest ELBO."""
        return self.solution.model

    @property
    def effects(self) -> tuple[Predictor, ...]:
        """The parts of the location beside covariates."""
        return self.model.location[1:]

    def results(self) -> dict[str, Any]:
        """What results of every kind hold, in units of y."""
        problem, model = self.problem, self.model
        scale = problem.scale
        coefficients = model.confounders.effects.mean * scale.y_sd
        variance = scale.distribution.noise_variance(model.dispersion.moments())
        shared = np.zeros(problem.m) if model.noise is None else model.noise.loadings
        count = problem.response.observed.sum(axis=0)
        return {
            "shared_noise": shared * scale.y_sd,
            "intercept": scale.y_mean + coefficients[0],
            "covariate_effects": coefficients[1:] * problem.mean_design.per_unit[:, None],
            "covariate_mean": problem.mean_design.mean,
            "noise_variance": variance[0] if len(variance) == 1 else variance,
            "distribution": scale.distribution,
            "dispersion": model.dispersion.moments(),
            "scale": problem.units,
            "elbo_trace": self.solution.elbo_trace - count @ np.log(scale.unit),
            "converged": self.solution.converged,
            "family": scale.name,
            "engine": problem.engine,
            "notes": (*problem.notes, *filter(None, [self.solution.note])),
        }
