"""`fit`: one gene in many tissues, from arrays to posterior.

    y ≈ x (L R' + S) + c gamma + u v',   noise variance per tissue from the dispersion

with factors L R' that tissues share, effects S of single tissues, and noise u v' of a donor's
tissues.

x is standardised per column, and so is y if it is Gaussian; other families see y as it is, and
their location is on the scale of their link. A model is put together from its entries, an engine
raises its ELBO, and the posterior comes back as a `Fit` on the scale of the input.
"""

from __future__ import annotations  # so that `help` shows ArrayLike by its name

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fqtl.model import single_effects_model, spike_slab_model
from fqtl.model.arguments import Given
from fqtl.model.arrays.inputs import refuse_no_count, refuse_no_flag
from fqtl.model.arrays.standardise import StandardGenotypes
from fqtl.model.arrays.threads import one_thread
from fqtl.model.predictors.options import SpikeSlabOptions
from fqtl.model.predictors.predictor import Predictor
from fqtl.model.priors.release_priors import Priors
from fqtl.model.problem import Problem, Solved
from fqtl.model.results.absent_tissues import of_all_tissues
from fqtl.model.results.fit import Fit

DEFAULT_RANK = 10  # taste; factors that the ELBO does not want are not kept


def fit(
    y: ArrayLike,
    x: ArrayLike | StandardGenotypes,
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
    priors: Priors | None = None,
    **options: Any,
) -> Fit:
    """Posterior of the effects of p variants on one gene in m tissues.

    Parameters
    ----------
    y : (n, m) or (n,)
        Expression of n donors, in the domain of the family; NaN where a tissue was not
        measured. A tissue without any, or the same in all, has no effects and changes nothing, and
        so does a donor without any.
    x : (n, p)
        Dosages or standardised genotypes; NaN becomes the variant's mean. Or what
        `fqtl.model.problem.standard_genotypes` made of them once for several fits.
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
    priors : Priors, optional
        What a release says of its genes beforehand, as of `fqtl.read_priors` or
        `fqtl.learn_priors`, of the same family. Of the default model of effects alone. What they
        say of single tissues is read by the names of the columns of y, a table; of an array, by
        their places, if they were learned from arrays with as many columns.
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
    refuse_no_flag("factored", factored)
    if rank is not None:
        refuse_no_count("rank", rank, least=1)
    if priors is not None:
        options = {**options, "priors": priors}
    given = Given(family, covariates, dispersion_covariates, offset, trials, engine, seed, options)
    problem = Problem.of(y, x, given, function="fit", factored=factored)
    problem = problem.around_groups()
    there = problem.scale.y_sd > 0
    if there.all():
        return _fitted(problem, rank, factored)
    found = _fitted(problem.of_tissues(np.flatnonzero(there)), rank, factored)
    notes = tuple(dict.fromkeys((*problem.notes, *found.notes)))
    return of_all_tissues(
        replace(found, notes=notes), there, problem.units, problem.scale.distribution
    )


def _fitted(problem: Problem, rank: int | None, factored: bool) -> Fit:
    """Of tissues that all vary."""
    effects = _effects(problem, rank or min(problem.m, DEFAULT_RANK), factored)
    solved = problem.solve(effects)
    return problem.around_all(Fit(**_posteriors(solved), **solved.results()))


def _effects(problem: Problem, rank: int, factored: bool) -> list[Predictor]:
    """x (L R' + S), under the prior that was chosen."""
    observed, prior = problem.response.observed, problem.settings.prior
    if isinstance(prior, SpikeSlabOptions):
        return spike_slab_model.location_parts(problem.variants, observed, rank, factored, prior)
    return single_effects_model.location_parts(problem.distinct, observed, rank, factored, prior)


def _posteriors(solved: Solved) -> dict[str, Any]:
    problem = solved.problem
    if isinstance(problem.settings.prior, SpikeSlabOptions):
        return spike_slab_model.posteriors(solved.effects, problem.variants, problem.m)
    with one_thread():
        return single_effects_model.posteriors(solved.solution, problem.distinct, problem.m)
