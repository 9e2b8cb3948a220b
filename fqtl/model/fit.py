"""`fit`: one gene in many tissues, from arrays to posterior.

    y ≈ x (L R' + S) + c gamma + u v',   noise variance per tissue from the dispersion

with factors L R' that tissues share, effects S of single tissues, and noise u v' of a donor's
tissues.

x is standardised per column, and so is y if it is Gaussian; other families see y as it is, and
their location is on the scale of their link. A model is put together from its entries, an engine
raises its ELBO, and the posterior comes back as a `Fit` on the scale of the input.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fqtl.model.arrays.inputs import (
    Design,
    choose,
    labels_of,
    refuse_no_count,
    refuse_no_flag,
    same_rows,
)
from fqtl.model.arrays.moments import Floats, Genotypes
from fqtl.model.arrays.standardise import StandardGenotypes, standardise_genotypes
from fqtl.model.arrays.threads import one_thread
from fqtl.model.arrays.variants import Variants
from fqtl.model.elementwise import elementwise_parts, posteriors
from fqtl.model.engines import cavi, sgvb
from fqtl.model.options import ModelKind, Options, options_of
from fqtl.model.predictors.bilinear import Bilinear
from fqtl.model.predictors.covariates import Covariates
from fqtl.model.predictors.dense import Dense
from fqtl.model.predictors.factored import Factored
from fqtl.model.predictors.options import SpikeSlabOptions
from fqtl.model.predictors.predictor import Predictor
from fqtl.model.predictors.tissue_specific import Specific
from fqtl.model.response_scale import Measured
from fqtl.model.results.credible_sets import credible_sets
from fqtl.model.results.fit import Fit, Posterior, Scale

ENGINES: dict[str, Callable[[cavi.Model, Any], cavi.Trace]] = {
    "cavi": cavi.maximise,
    "sgvb": sgvb.maximise,
}
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
    offset: ArrayLike | None = None,
    trials: ArrayLike | None = None,
    engine: str = "cavi",
    seed: int = 0,
    **options: Any,
) -> Fit:
    """Posterior of the effects of p variants on one gene in m tissues.

    Parameters
    ----------
    y : (n, m) or (n,)
        Expression of n individuals, in the domain of the family; NaN where a tissue was not
        measured.
    x : (n, p)
        Dosages or standardised genotypes; NaN becomes the variant's mean.
    family : {"gaussian", "nb", "nb_pseudo", "voom", "logit", "beta"}
        Distribution of y: numbers with a normal error; negative binomial counts, of moderate and of
        any overdispersion; log-counts whose noise falls with their mean; successes; shares between
        0 and 1. See `fqtl.model.families`.
    rank : int, optional
        The largest number of factors; those that do not raise the ELBO are not kept. Default: 10,
        or m if that is smaller.
    factored : bool
        True: effects are a sum of factors, each a sparse set of variants times a sparse set of
        tissues, and of sparse effects that single tissues have beside them. False: the latter
        alone, and so with a single tissue (`rank` is not used).
    covariates : (n, q), optional
        Covariates of the mean, beside the intercept, with effects of their own in each tissue.
    dispersion_covariates : (n, q), optional
        Covariates of the noise variance, beside its intercept.
    offset : (n, m), (n, 1) or (n,), optional
        Known part of eta1; for counts the natural logarithm of size factors (of the sequencing
        depth of a library).
    trials : (n, m), (n, 1) or (n,), optional
        Of family "logit": of how many trials y are successes. Default: 1.
    engine : {"cavi", "sgvb"}
        Deterministic coordinate ascent; or stochastic gradients, the engine of the model's paper,
        with its model: factors alone and a spike and slab on every variant.
    seed : int
        For engines that draw random numbers; `cavi` draws none.
    **options
        Of the priors and of the engine, by name; see `fqtl.model.options`. One that the model does
        not read is refused.

    Returns
    -------
    Fit
        Effects are in units of eta1 per unit of x: of y for "gaussian" and "voom", of the natural
        logarithm of the mean for counts, of the log-odds for "logit" and "beta".

    Raises
    ------
    FqtlError
        Shapes that do not match, nothing observed, values that the family cannot have, infinite
        values, unknown names. The message names the first entry at fault.

    Notes
    -----
    Model: Park, Sarkar, Bhutani, Kellis (2017), bioRxiv 107623. The result depends on the input
    alone: the same numbers come back to the last bit, with any number of cores.
    """
    y_given, x_given = same_rows(
        y,
        x,
        covariates=covariates,
        dispersion_covariates=dispersion_covariates,
        offset=offset,
        trials=trials,
    )
    n, m = y_given.shape
    if rank is not None:
        refuse_no_count("rank", rank, least=1)
    refuse_no_flag("factored", factored)
    maximise = choose("engine", engine, ENGINES)
    settings = options_of(options, ModelKind("fit", engine, family, m, factored), seed)
    mean_design = Design.of("covariates", covariates, n)
    noise_design = Design.of("dispersion_covariates", dispersion_covariates, n)
    measured = Measured.of(y_given, family, offset, trials)
    measured.refuse_covariates(noise_design)

    with one_thread():
        genotypes = standardise_genotypes(x_given)
        response, noise = measured.response, measured.family
        confounders = Covariates.empty(mean_design.columns, m)
        parts = _parts(
            Variants(genotypes.x),
            response.observed,
            rank or min(m, DEFAULT_RANK),
            factored,
            settings,
        )
        dispersion = Covariates.empty(noise_design.columns, m, start=noise.dispersion_start)
        model = cavi.Model(noise, response, [confounders, *parts], dispersion)
        trace = maximise(model, settings.engine)

    y_sd = measured.y_sd
    coefficients = model.confounders.effects.mean * y_sd
    slopes = coefficients[1:] * mean_design.per_unit[:, None]
    variance = measured.distribution.noise_variance(dispersion.moments())
    shared = np.zeros(m) if model.noise is None else model.noise.loadings
    return Fit(
        **_posteriors(model.location[1:], genotypes.x, m),
        shared_noise=shared * y_sd,
        intercept=measured.y_mean + coefficients[0],
        covariate_effects=slopes,
        covariate_mean=mean_design.mean,
        noise_variance=variance[0] if len(variance) == 1 else variance,
        distribution=measured.distribution,
        dispersion=dispersion.moments(),
        scale=Scale(
            genotypes.mean, genotypes.sd, measured.y_mean, y_sd, labels_of(x), labels_of(y)
        ),
        elbo_trace=np.array(trace.elbo) - response.observed.sum(axis=0) @ np.log(measured.unit),
        converged=trace.converged,
        family=family,
        engine=engine,
        notes=(*notes_of(genotypes, y_sd), *filter(None, [trace.note])),
    )


def _parts(
    x: Variants, observed: Floats, rank: int, factored: bool, options: Options
) -> list[Predictor]:
    """Entries of the location that hold effects: what tissues share, and what they do not."""
    m = observed.shape[1]
    prior = options.prior
    if isinstance(prior, SpikeSlabOptions):
        return elementwise_parts(x, m, rank, factored, prior)
    parts: list[Predictor] = []
    if factored and m > 1:
        parts.append(Factored(x, m, rank, prior))
    if prior.specific or not parts:
        parts.append(Specific.empty(x, observed, prior))
    return parts


def _posteriors(parts: list[Predictor], x: Genotypes, m: int) -> dict[str, Any]:
    """Posterior of every part, and the credible sets of its effects."""
    p = len(x)
    if any(isinstance(part, Bilinear | Dense) for part in parts):
        return posteriors(parts, p, m)
    factors = [factor for part in parts if isinstance(part, Factored) for factor in part.ordered()]
    alone = [sums for part in parts if isinstance(part, Specific) for sums in part.tissues]
    sign = np.array([factor.sign for factor in factors])
    found = {
        "variants": Posterior.of([factor.effects for factor in factors], p).times(sign),
        "tissues": Posterior.of([factor.tissues for factor in factors], m).times(sign),
        "specific": Posterior.of(alone, p) if alone else Posterior.zero(p, m),
    }
    unfactored = not any(isinstance(part, Factored) for part in parts)
    if unfactored:
        found["variants"], found["tissues"] = found["specific"], Posterior.certain(m)
        found["specific"] = Posterior.zero(p, m)
    sets = [entry for k, f in enumerate(factors) for entry in credible_sets(f.effects, x, factor=k)]
    for t, sums in enumerate(alone):
        sets += credible_sets(sums, x, factor=t if unfactored else None, tissue=t)
    return {**found, "credible_sets": tuple(sets)}


def notes_of(genotypes: StandardGenotypes, y_sd: Floats) -> tuple[str, ...]:
    """What was set aside, in words."""
    counted = (
        (genotypes.n_missing, "missing genotypes stand at the mean of their variant"),
        (int((genotypes.sd == 0).sum()), f"of {len(genotypes.sd)} variants do not vary: effect 0"),
        (int((y_sd == 0).sum()), f"of {len(y_sd)} tissues are constant or empty: effect 0"),
    )
    return tuple(f"{count} {what}" for count, what in counted if count)
