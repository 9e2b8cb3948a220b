"""`fit`: one gene in many tissues, from arrays to posterior.

    y ≈ x L R' + c gamma,   noise variance per tissue from the dispersion

y and x are standardised per column, a model is put together from its entries, an engine raises its
ELBO, and the posterior comes back as a `Fit` on the scale of the input.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fqtl.errors import FqtlError
from fqtl.model import cavi
from fqtl.model.covariates import Covariates
from fqtl.model.dense import Dense
from fqtl.model.factored import Factored
from fqtl.model.families import Gaussian, Response
from fqtl.model.inputs import Design, as_matrix, choose, refuse_other_rows, settings_from
from fqtl.model.moments import Floats
from fqtl.model.options import Options
from fqtl.model.predictors import Effects
from fqtl.model.result import Fit, Scale, posterior_of
from fqtl.model.standardise import (
    StandardGenotypes,
    standardise_genotypes,
    standardise_response,
)
from fqtl.model.threads import one_thread

FAMILIES = {"gaussian": Gaussian}
ENGINES = {"cavi": cavi.maximise}
DEFAULT_RANK = 10


def fit(
    y: ArrayLike,
    x: ArrayLike,
    *,
    family: str = "gaussian",
    rank: int | None = None,
    factored: bool = True,
    covariates: ArrayLike | None = None,
    dispersion_covariates: ArrayLike | None = None,
    engine: str = "cavi",
    seed: int = 0,
    **options: Any,
) -> Fit:
    """Posterior of the effects of p variants on one gene in m tissues.

    Parameters
    ----------
    y : (n, m) or (n,)
        Expression of n individuals; NaN where a tissue was not measured.
    x : (n, p)
        Dosages or standardised genotypes; NaN becomes the variant's mean.
    family : {"gaussian"}
        Distribution of y.
    rank : int, optional
        The largest number of factors; those that do not raise the ELBO are not kept. Default: 10,
        or m if that is smaller.
    factored : bool
        True: effects are a sum of factors, each a sparse set of variants times a sparse set of
        tissues. False: every variant may have its own sparse effect in every tissue (`rank` is not
        used). With a single tissue the two are the same model, and the dense one is fitted.
    covariates : (n, q), optional
        Covariates of the mean, beside the intercept, with effects of their own in each tissue.
    dispersion_covariates : (n, q), optional
        Covariates of the noise variance, beside its intercept.
    engine : {"cavi"}
        Deterministic coordinate ascent.
    seed : int
        For engines that draw random numbers; `cavi` draws none.
    **options
        Fields of `fqtl.model.options.Options`.

    Returns
    -------
    Fit
        Effects are in units of y per unit of x.

    Raises
    ------
    FqtlError
        Shapes that do not match, nothing observed, infinite values, unknown names.

    Notes
    -----
    Model: Park, Sarkar, Bhutani, Kellis (2017), bioRxiv 107623. The result depends on the input
    alone: the same numbers come back to the last bit, with any number of cores.
    """
    y_given, x_given = as_matrix("y", y, missing=True), as_matrix("x", x, missing=True)
    n, m = y_given.shape
    if len(x_given) != n:
        raise FqtlError(f"x must have the {n} rows of y, found shape {x_given.shape}.")
    if rank is not None and (not isinstance(rank, int | np.integer) or rank < 1):
        raise FqtlError(f"rank must be a whole number of at least 1, found {rank!r}.")
    refuse_other_rows(y, x)
    family_type = choose("family", family, FAMILIES)
    maximise = choose("engine", engine, ENGINES)
    settings = settings_from(options, Options)
    mean_design = Design.of("covariates", covariates, n)
    noise_design = Design.of("dispersion_covariates", dispersion_covariates, n)

    with one_thread():
        genotypes = standardise_genotypes(x_given)
        y_standard, y_mean, y_sd = standardise_response(y_given)
        if not y_sd.any():
            raise FqtlError(f"y must vary in at least one tissue; all {m} are constant or empty.")
        response = Response.of(y_standard)
        noise = family_type.of(response)
        confounders = Covariates.empty(mean_design.columns, m)
        effects: Effects = (
            Factored(genotypes.x, m, rank or min(m, DEFAULT_RANK), settings)
            if factored and m > 1
            else Dense.empty(genotypes.x, m, settings)
        )
        dispersion = Covariates.empty(noise_design.columns, m, start=noise.dispersion_start)
        model = cavi.Model(noise, response, [confounders, effects], dispersion)
        trace = maximise(model, max_iter=settings.max_iter, tolerance=settings.tolerance)

    variants, tissues = effects.sides()
    coefficients = confounders.effects.mean * y_sd
    slopes = coefficients[1:] * mean_design.per_unit[:, None]
    variance = noise.noise_variance(dispersion.moments()) * y_sd**2
    log_scale = np.log(np.where(y_sd > 0, y_sd, 1.0))
    return Fit(
        variants=posterior_of(variants, len(genotypes.x)),
        tissues=posterior_of(tissues, m),
        intercept=y_mean + coefficients[0],
        covariate_effects=slopes,
        covariate_mean=mean_design.mean,
        noise_variance=variance[0] if len(variance) == 1 else variance,
        scale=Scale(genotypes.mean, genotypes.sd, y_mean, y_sd),
        elbo_trace=np.array(trace.elbo) - response.observed.sum(axis=0) @ log_scale,
        converged=trace.converged,
        family=family,
        engine=engine,
        notes=_notes(genotypes, y_sd),
    )


def _notes(genotypes: StandardGenotypes, y_sd: Floats) -> tuple[str, ...]:
    """What was set aside, in words."""
    counted = (
        (genotypes.n_missing, "missing genotypes stand at the mean of their variant"),
        (int((genotypes.sd == 0).sum()), f"of {len(genotypes.sd)} variants do not vary: effect 0"),
        (int((y_sd == 0).sum()), f"of {len(y_sd)} tissues are constant or empty: effect 0"),
    )
    return tuple(f"{count} {what}" for count, what in counted if count)
