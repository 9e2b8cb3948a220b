"""What other programs need of each single effect: its Bayes factor at every variant of the window.

A set of variants that are alike (a pure credible set) has one; it is of a factor or of a tissue.
Members of the sets come with their marginal association in each tissue in which the effect acts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import betaln, hyp2f1, log_ndtr

from fqtl.data.reference import Reference
from fqtl.gene.record import pure_sets
from fqtl.model.arrays.moments import Floats, Indices
from fqtl.model.results.credible_sets import CredibleSet
from fqtl.model.results.fit import Fit
from fqtl.tables.fits import CALL

STEP = 1 / 1024  # nats, that log Bayes factors are rounded to: they take half of the room; taste


@dataclass(frozen=True)
class Marginal:
    """Association of single variants with expression of one tissue, nothing beside them.

    beta, se : per copy of the effect allele; log_p : ln of the two-sided p-value
    """

    beta: Floats
    se: Floats
    log_p: Floats


Marginals = Callable[[Indices, int], Marginal]


def effects_of(
    result: Fit, tissues: list[str], reference: Reference, marginal: Marginals
) -> dict[str, Any]:
    """Columns `EFFECTS` of the store of fits.

    marginal : of variants by their number, in a tissue by its number
    """
    sets = pure_sets(result)
    window = reference.variants if sets else reference.variants.iloc[:0]
    effects, members = [], []
    for number, found in enumerate(sets):
        acts_in = _acts_in(result, found)
        factor, own = found.factor, found.tissue
        assert found.log_bayes_factor is not None
        effects.append(
            {
                "set": number,
                "factor": factor,
                "tissue": None if own is None else tissues[own],
                "tissues": [tissues[t] for t in acts_in],
                "pip": found.pip,
                "purity": found.purity,
                "log_bayes_factor": _rounded(found.log_bayes_factor),
            }
        )
        if factor is not None:
            pip = result.variants.pip[found.variants, factor]
            nothing = np.full(len(pip), np.nan)
            members += _rows(number, None, found, pip, Marginal(nothing, nothing, nothing))
        for t in acts_in:
            pip = result.pip[found.variants, t]
            members += _rows(number, tissues[t], found, pip, marginal(found.variants, t))
    return {
        "window": window["variant_id"].to_numpy(dtype=object),
        "window_rsids": window["rsid"].to_numpy(dtype=object),
        "effects": effects,
        "members": members,
    }


def _acts_in(result: Fit, found: CredibleSet) -> Indices:
    """Tissues that an effect is likely to act in."""
    if found.factor is None:
        return np.array([found.tissue])
    return np.flatnonzero(result.tissues.pip[:, found.factor] >= CALL)


def _rounded(values: Floats) -> np.ndarray:
    return np.asarray(np.round(values / STEP) * STEP, dtype=np.float32)


def _rows(
    number: int, tissue: str | None, found: CredibleSet, pip: Floats, marginal: Marginal
) -> list[dict[str, Any]]:
    columns = (found.variants, pip, marginal.beta, marginal.se, marginal.log_p)
    return [
        {
            "set": number,
            "tissue": tissue,
            "variant": int(variant),
            "pip": float(probability),
            "beta": float(beta),
            "se": float(se),
            "log_p": float(log_p),
        }
        for variant, probability, beta, se, log_p in zip(*columns, strict=True)
    ]


def of_donors(y: Floats, x: Floats) -> Marginals:
    """Marginal associations of individual data: y (n, m) on x (n, p), each with an intercept.

    A missing dosage stands at the variant's mean, as it does in the fit.
    """

    def marginal(variants: Indices, tissue: int) -> Marginal:
        seen = np.isfinite(y[:, tissue])
        response = y[seen, tissue] - y[seen, tissue].mean()
        dosages = x[:, variants].astype(np.float64)
        dosages = np.where(np.isnan(dosages), np.nanmean(dosages, axis=0), dosages)[seen]
        dosages = dosages - dosages.mean(axis=0)
        freedom = len(response) - 2
        with np.errstate(divide="ignore", invalid="ignore"):  # constant, or two donors: NaN
            square = (dosages**2).sum(axis=0)
            beta = response @ dosages / square
            rest = (response @ response - beta**2 * square) / freedom
            se = np.sqrt(np.maximum(rest, 0.0) / square)
            return Marginal(beta, se, log_p_of_t(beta / se, freedom))

    return marginal


def of_scores(z: Floats, n: Floats, sd: Floats) -> Marginals:
    """The same of z-scores (p, m) of n (p, m) people; sd (p,) of dosages in the panel.

    Expression is taken to have variance 1: z = beta / se and se² = (1 - r²) / (n - 2) sd².
    """

    def marginal(variants: Indices, tissue: int) -> Marginal:
        score, people = z[variants, tissue], n[variants, tissue]
        with np.errstate(divide="ignore", invalid="ignore"):
            se = 1 / (sd[variants] * np.sqrt(people - 2 + score**2))
        log_p = np.log(2) + log_ndtr(-np.abs(score))
        return Marginal(score * se, se, log_p)

    return marginal


def log_p_of_t(t: Floats, freedom: int) -> Floats:
    """ln of the two-sided p-value of Student's t, however small.

    P = I_x(a, 1/2), a = freedom/2, x = freedom / (freedom + t²): x^a √(1-x) / (a B(a, 1/2)) times
    2F1(a + 1/2, 1; a + 1; x). (DLMF 8.17.8)
    """
    a = freedom / 2
    x = freedom / (freedom + np.asarray(t) ** 2)
    with np.errstate(divide="ignore", invalid="ignore"):  # t = 0, where the series diverges
        lead = a * np.log(x) + 0.5 * np.log1p(-x) - np.log(a) - betaln(a, 0.5)
        log_p = lead + np.log(hyp2f1(a + 0.5, 1.0, a + 1.0, x))
    return np.where(x == 1, 0.0, np.minimum(log_p, 0.0))
