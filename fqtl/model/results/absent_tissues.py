"""Tissues that say nothing, as constant and empty columns of y, beside those that were fitted.

How many tissues there are decides what is likely beforehand, and a tissue that nobody gave makes
none of the others less likely to have effects. So the model is of the others alone, and what it
finds is given back for all: no effect, PIP 0, the mean at what was seen.
"""

from dataclasses import replace
from typing import TypeVar

import numpy as np

from fqtl.model.arrays.moments import Floats, Moments
from fqtl.model.families import Family
from fqtl.model.results.fit import Fit
from fqtl.model.results.model_fit import Scale
from fqtl.model.results.posterior import Posterior

AnyFit = TypeVar("AnyFit", bound=Fit)


def of_all_tissues(found: AnyFit, there: np.ndarray, scale: Scale, distribution: Family) -> AnyFit:
    """The fit of the tissues `there`, a mask (m,), as one of all.

    scale, distribution : of all tissues
    """
    index = np.flatnonzero(there)
    start = distribution.dispersion_start
    dispersion = Moments(
        *(_wider(part, there, value) for part, value in zip(found.dispersion, start, strict=True))
    )
    variance = np.array(distribution.noise_variance(dispersion))
    variance = variance[0] if len(variance) == 1 else variance
    variance[..., there] = found.noise_variance
    intercept = scale.y_mean.copy()
    intercept[there] = found.intercept
    prior, own, number = found.tissue_prior, found.specific_prior, found.specific_number
    background, of_tissues = found.standardised_background, found.background_variance
    return replace(
        found,
        tissues=_more_rows(found.tissues, there),
        specific=_more_columns(found.specific, there),
        credible_sets=tuple(
            one if one.tissue is None else replace(one, tissue=int(index[one.tissue]))
            for one in found.credible_sets
        ),
        standardised_background=None if background is None else _wider(background, there),
        background_variance=None if of_tissues is None else _wider(of_tissues, there),
        tissue_prior=None if prior is None else _wider(prior.T, there).T,
        specific_prior=None if own is None else _wider(own, there),
        specific_number=None if number is None else _none_beside(number, there),
        shared_noise=_wider(found.shared_noise, there),
        intercept=intercept,
        covariate_effects=_wider(found.covariate_effects, there),
        noise_variance=variance,
        distribution=distribution,
        dispersion=dispersion,
        scale=scale,
    )


def _wider(values: Floats, there: np.ndarray, fill: float = 0.0) -> Floats:
    """(..., m) with `fill` where a tissue is not there."""
    wide = np.full((*values.shape[:-1], len(there)), fill)
    wide[..., there] = values
    return wide


def _none_beside(number: Floats, there: np.ndarray) -> Floats:
    """(m, 1 + slots) probabilities of numbers of effects: none where a tissue is not there."""
    wide = _wider(number.T, there).T
    wide[~there, 0] = 1.0
    return wide


def _more_rows(found: Posterior, there: np.ndarray) -> Posterior:
    mean, sd, pip = (_wider(part.T, there).T for part in (found.mean, found.sd, found.pip))
    return replace(found, mean=mean, sd=sd, pip=pip)


def _more_columns(found: Posterior, there: np.ndarray) -> Posterior:
    parts = {"mean": found.mean, "sd": found.sd, "pip": found.pip, "any": found.any}
    wide = {name: _wider(part, there) for name, part in parts.items()}
    log_none = None if found.log_none is None else _wider(found.log_none, there)
    return Posterior(**wide, log_none=log_none)
