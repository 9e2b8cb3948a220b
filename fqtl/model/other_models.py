"""Models beside `fit`: many genes at once, factors with known weights, factors of donors.

Each is a list of entries of the location that the engines of `fit` raise the ELBO of:

| function | location |
|---|---|
| `fit_cis` | x A, A only where a variant lies in cis of a gene, and covariates |
| `fit_weighted` | sum_k w_ik (x L)_ik r_tk, known weights w, and covariates |
| `factorise` | sum_k u_ik r_tk, x A if there is an x, and covariates |
| `deconvolve` | sum_k w_ik u_ik r_tk, known fractions w, x A if there is an x, and covariates |
"""

from __future__ import annotations  # so that `help` shows ArrayLike by its name

import warnings
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fqtl.errors import FqtlError
from fqtl.model.arguments import Given, takes_given
from fqtl.model.arrays.inputs import as_matrix, refuse_no_count
from fqtl.model.arrays.moments import Floats
from fqtl.model.predictors.bilinear import Bilinear
from fqtl.model.predictors.dense import Dense, in_cis
from fqtl.model.predictors.linear import Linear
from fqtl.model.predictors.predictor import Predictor
from fqtl.model.problem import Problem, Solved
from fqtl.model.results.factorisation import FactorisationFit
from fqtl.model.results.fit import Fit
from fqtl.model.results.posterior import Posterior
from fqtl.model.spike_slab_model import dense_effects, factors, posterior_of, posteriors

DONOR_PRIORS = ("column_spike_slab", "spike_slab", "slab")


@takes_given
def fit_cis(
    y: ArrayLike,
    x: ArrayLike,
    *,
    y_loc: ArrayLike,
    x_loc: ArrayLike,
    window: float = 1e6,
    y_end: ArrayLike | None = None,
    **arguments: Any,
) -> Fit:
    """Posterior of the cis effects on many genes at once, whose priors are learned together.

    Parameters
    ----------
    y : (n, m)
        Expression of m genes of one chromosome; NaN where not measured.
    x : (n, p)
        Dosages or standardised genotypes; NaN becomes the variant's mean.
    y_loc, y_end : (m,)
        Where a gene begins and ends, in base pairs. Default of `y_end`: where it begins.
    x_loc : (p,)
        Positions of the variants, in base pairs.
    window : float
        Base pairs on either side of a gene within which a variant is in cis.
    family, covariates, dispersion_covariates, offset, trials, engine, seed
        As in `fqtl.fit`.
    **options
        As in `fqtl.fit`; `variant_prior` is "spike_slab" by default, and may be "row_spike_slab" (a
        variant acts on all genes that it is in cis of, or on none), "column_spike_slab" or "slab".

    Returns
    -------
    Fit
        Column t of `specific` holds the effects on gene t; they are 0, with PIP 0, outside of its
        window.

    Raises
    ------
    FqtlError
        As `fqtl.fit`; positions that are not of the genes and variants; nothing in cis.
    """
    problem = Problem.of(
        y,
        x,
        Given.of(arguments),
        function="fit_cis",
        factored=False,
        variant_prior="spike_slab",
    ).around_groups()
    allowed = _cis_mask(problem, y_loc, y_end, x_loc, window)
    p, m = allowed.shape
    effects = dense_effects(p, m, problem.settings.spike_slab, allowed)
    solved = problem.solve([Dense(Linear.of(problem.variants, effects))])
    alone = int((allowed.sum(axis=0) == 0).sum())
    notes = (f"{alone} of {m} genes have no variant in cis: effect 0",) if alone else ()
    results = solved.results()
    results["notes"] += notes
    return problem.around_all(Fit(**posteriors(solved.effects, problem.variants, m), **results))


@takes_given
def fit_weighted(
    y: ArrayLike,
    x: ArrayLike,
    weights: ArrayLike,
    **arguments: Any,
) -> FactorisationFit:
    """Posterior of genetic effects that known weights of each donor scale.

    Factor k of donor i enters with the weight w_ik: effects in a cell type are seen in bulk
    tissue in proportion to the fraction of that cell type.

    Parameters
    ----------
    y : (n, m) or (n,)
        Expression; NaN where a tissue was not measured.
    x : (n, p)
        Dosages or standardised genotypes; NaN becomes the variant's mean.
    weights : (n, k)
        Known, at least 0; one factor for each column. What the weights themselves do to the mean is
        for `covariates`.
    family, covariates, dispersion_covariates, offset, trials, engine, seed
        As in `fqtl.fit`.
    **options
        As in `fqtl.fit`; `variant_prior` is "spike_slab" by default. With `tissue_prior`
        "non_negative" the effects of a factor have one sign in all tissues.

    Returns
    -------
    FactorisationFit
        Its `left` side holds variants (p, k), per standard deviation of x.
    """
    problem = Problem.of(
        y,
        x,
        Given.of(arguments),
        function="fit_weighted",
        variant_prior="spike_slab",
        # one tissue needs no indicator of its own
        tissue_prior="slab" if as_matrix("y", y, missing=True).shape[1] == 1 else "spike_slab",
    )
    known = _weights("weights", weights, problem.n)
    entry = factors(problem.variants, problem.m, known.shape[1], problem.settings.spike_slab, known)
    return _factorisation(problem.solve([entry]), known)


@takes_given
def factorise(
    y: ArrayLike,
    rank: int,
    *,
    x: ArrayLike | None = None,
    donor_prior: str = "column_spike_slab",
    **arguments: Any,
) -> FactorisationFit:
    """Posterior of factors of donors, such as hidden confounders, beside known causes.

    Parameters
    ----------
    y : (n, m)
        Expression; NaN where a tissue was not measured.
    rank : int
        The largest number of factors.
    x : (n, p), optional
        Genotypes, or covariates too many for a ridge, with sparse effects on every tissue.
    donor_prior : {"column_spike_slab", "spike_slab", "slab"}
        One inclusion indicator for each factor, so that those that are not needed vanish; one
        for each donor in each factor; none.
    family, covariates, dispersion_covariates, offset, trials, engine, seed
        As in `fqtl.fit`.
    **options
        As in `fqtl.fit`, of the effects of x; `tissue_prior` is "slab" by default.

    Returns
    -------
    FactorisationFit
        Its `left` side holds donors (n, k).
    """
    refuse_no_count("rank", rank, least=1)
    donor_prior, given = _donor_prior(donor_prior, Given.of(arguments))
    problem = Problem.of(
        y,
        x,
        given,
        function="factorise",
        donor_prior=donor_prior,
        variant_prior="spike_slab",
        tissue_prior="slab",
    )
    return _decompose(problem, donor_prior, rank, None)


@takes_given
def deconvolve(
    y: ArrayLike,
    fractions: ArrayLike,
    *,
    x: ArrayLike | None = None,
    donor_prior: str = "column_spike_slab",
    **arguments: Any,
) -> FactorisationFit:
    """Posterior of what each cell type of each donor expresses, given its fractions.

    Parameters
    ----------
    y : (n, m) or (n,)
        Expression of bulk tissue; NaN where not measured.
    fractions : (n, k)
        Known, at least 0. What they themselves do to the mean, alike in all donors, is for
        `covariates`.
    x : (n, p), optional
        Genotypes with sparse effects on every tissue.
    donor_prior : {"column_spike_slab", "spike_slab", "slab"}
        One inclusion indicator for each cell type, so that types that do not vary vanish; one
        for each donor in each type; none.
    family, covariates, dispersion_covariates, offset, trials, engine, seed
        As in `fqtl.fit`.
    **options
        As in `fqtl.fit`, of the effects of x; `tissue_prior` is "non_negative" by default.

    Returns
    -------
    FactorisationFit
        Its `left` side holds donors (n, k), from which a type's part in y is
        `fractions * left * tissues`.
    """
    donor_prior, given = _donor_prior(donor_prior, Given.of(arguments))
    problem = Problem.of(
        y,
        x,
        given,
        function="deconvolve",
        donor_prior=donor_prior,
        variant_prior="spike_slab",
        tissue_prior="non_negative",
    )
    known = _weights("fractions", fractions, problem.n)
    return _decompose(problem, donor_prior, known.shape[1], known)


def _cis_mask(
    problem: Problem, y_loc: ArrayLike, y_end: ArrayLike | None, x_loc: ArrayLike, window: float
) -> np.ndarray:
    """(p, m) which variants lie in cis of which genes."""
    m, p = problem.m, problem.variants.p
    start = _positions("y_loc", y_loc, m, "genes in the columns of y")
    end = start if y_end is None else _positions("y_end", y_end, m, "genes in the columns of y")
    pos = _positions("x_loc", x_loc, p, "variants in the columns of x")
    if isinstance(window, bool) or not isinstance(window, Real) or not float(window) >= 0:
        raise FqtlError(f"window must be a number of base pairs of at least 0, found {window!r}.")
    allowed = in_cis(start, end, pos, float(window))
    if not allowed.any():
        raise FqtlError(
            f"No variant lies within {window:g} bp of a gene: genes at {start.min():g} to "
            f"{end.max():g}, variants at {pos.min():g} to {pos.max():g}. See window."
        )
    return allowed


def _donor_prior(name: str, given: Given) -> tuple[str, Given]:
    """The prior of donors' loadings, also by the name of its argument in the version before."""
    options = dict(given.options)
    if "individual_prior" in options:
        warnings.warn(
            "individual_prior is now donor_prior; the old name is read for the last time.",
            FutureWarning,
            stacklevel=3,
        )
        name = options.pop("individual_prior")
    if name not in DONOR_PRIORS:
        raise FqtlError(f"donor_prior must be one of {', '.join(DONOR_PRIORS)}; found {name!r}.")
    return name, replace(given, options=options)


def _decompose(
    problem: Problem, donor_prior: str, rank: int, weights: Floats | None
) -> FactorisationFit:
    """Factors of donors, after what is known to act."""
    entries: list[Predictor] = []
    x = problem.variants
    if x.p:
        entries.append(
            Dense(Linear.of(x, dense_effects(x.p, problem.m, problem.settings.spike_slab)))
        )
    hidden = problem.with_variant_prior(donor_prior)
    entries.append(factors(None, problem.m, rank, hidden, weights, problem.n))
    return _factorisation(problem.solve(entries), weights)


def _factorisation(solved: Solved, weights: Floats | None) -> FactorisationFit:
    """Result, its factors in the order of the weights if there are any."""
    problem, m = solved.problem, solved.problem.m
    (entry,) = (part for part in solved.effects if isinstance(part, Bilinear))
    found = entry.found() if weights is None else entry.scaled()
    size = problem.n if entry.x is None else problem.variants.p
    sign = np.array([factor.sign for factor in found])
    fitted = solved.model.location_moments().mean
    dense = [posterior_of(part.loadings) for part in solved.effects if isinstance(part, Dense)]
    scores = [factor.left.moments().mean for factor in found]
    return FactorisationFit(
        left=Posterior.of([factor.left.loadings for factor in found], size).times(sign),
        tissues=Posterior.of([factor.tissues for factor in found], m).times(sign),
        weights=np.ones((problem.n, len(found))) if weights is None else weights,
        specific=dense[0] if dense else Posterior.zero(problem.variants.p, m),
        scores=np.hstack([np.empty((problem.n, 0)), *(score[:, None] for score in scores)]) * sign,
        fitted=problem.scale.y_mean + fitted * problem.scale.y_sd,
        **solved.results(),
    )


def _positions(name: str, value: ArrayLike, size: int, of_what: str) -> Floats:
    given = as_matrix(name, value, missing=False)
    if given.shape != (size, 1):
        raise FqtlError(
            f"{name} must have one position for each of the {size} {of_what}, found shape "
            f"{np.shape(value)}."
        )
    return given[:, 0].astype(np.float64)


def _weights(name: str, value: ArrayLike, n: int) -> Floats:
    given = as_matrix(name, value, missing=False).astype(np.float64)
    if len(given) != n:
        raise FqtlError(f"{name} must have the {n} rows of y, found shape {given.shape}.")
    if (given < 0).any():
        row, column = np.argwhere(given < 0)[0]
        raise FqtlError(
            f"{name} must be at least 0, found {given[row, column]:g} at row {row}, column "
            f"{column} ({int((given < 0).sum())} such entries)."
        )
    if not given.any(axis=0).all():
        raise FqtlError(
            f"{name} must be above 0 somewhere in every column; column "
            f"{int(np.flatnonzero(~given.any(axis=0))[0])} is 0."
        )
    return given
