"""Association of a trait with a weighted sum of dosages, from z-scores and LD alone.

With w the weights of v variants per copy of their effect alleles, S the covariance of the dosages,
D = diag(S)^1/2, R = D^-1 S D^-1 and z the z-scores of the GWAS,

    z_model = u'z / sqrt(u'R u),    u = D w.

(S-PrediXcan: Barbeira et al. 2018, Nat Commun 9:1825; FUSION: Gusev et al. 2016, Nat Genet 48:245.)
LD stands in the denominator: with R = 1 the variance of a sum of neighbours is wrong by any factor.

Variants without a z-score may be imputed from those that have one (Pasaniuc et al. 2014,
Bioinformatics 30:2906): z_m = B'z_o with B = (R_oo + ridge)^-1 R_om. Since u'z is linear, this
moves weights onto the variants that were seen, u_o + B u_m, and what is tested is their sum with
its own variance: under the null it is standard normal however well B imputes. What is lost is told
as `kept`, the squared correlation of what is tested with the whole model.
"""

from dataclasses import dataclass

import numpy as np

RIDGE = 0.1  # of imputation, as FUSION and ImpG have it
# A sum of variants that cancel each other varies less than its parts by LD alone, and an error of
# LD then counts for more than the GWAS. Below this share of what independent variants would give,
# the share is taken: |z| is too small rather than too large.
LEAST_VARIANCE = 1e-3
NO_VARIANTS = "none of its variants is in the GWAS"
NO_VARIANCE = "what it predicts does not vary in the LD reference"
NO_COVARIANCE = "covariances of its variants are not known"
TOO_LITTLE = "too little of it is left without the variants that the GWAS lacks"


@dataclass(frozen=True)
class Tested:
    """One model.

    z : NaN where there is a reason
    variance : u'Ru over that of the whole model's, before regularisation
    loadings : (v,) u of the variants that were used, 0 of others
    r2 : (v,) with which each was imputed; NaN where it was not
    kept : squared correlation of what was tested with the whole model
    regularised : whether LEAST_VARIANCE stood in
    reason : why there is no z
    """

    z: float
    loadings: np.ndarray
    r2: np.ndarray
    kept: float
    regularised: bool
    reason: str = ""


def twas(
    weights: np.ndarray,
    z: np.ndarray,
    covariance: np.ndarray,
    *,
    impute: bool = True,
    min_r2: float = 0.6,
    min_kept: float = 0.5,
) -> Tested:
    """z of one model.

    weights : (v,) per copy of the effect alleles
    z : (v,) of the same alleles, NaN where the GWAS has none
    covariance : (v, v) of dosages; NaN where it is not known
    impute : whether variants without z are imputed, if that is done with R² of at least min_r2
    min_kept : least squared correlation with the whole model
    """
    size = len(weights)
    nothing, unknown = np.zeros(size), np.full(size, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        sd = np.sqrt(np.diagonal(covariance))
        varies = sd > 0
        scale = np.where(varies, 1 / sd, 0.0)
    seen = varies & np.isfinite(z)
    if not seen.any():
        reason = NO_VARIANTS if not np.isfinite(z).any() else NO_VARIANCE
        return Tested(np.nan, nothing, unknown, 0.0, False, reason)
    ld = covariance * scale[:, None] * scale
    whole = np.where(varies, weights * sd, 0.0)
    if not np.isfinite(ld[varies][:, varies]).all():
        return Tested(np.nan, nothing, unknown, 0.0, False, NO_COVARIANCE)
    if seen.all():
        loadings, r2, kept = whole, unknown, 1.0
    else:
        loadings, r2 = _moved(whole, ld, seen, varies, impute, min_r2)
        kept = _squared_correlation(loadings, whole, np.where(varies[:, None] & varies, ld, 0.0))
        ld = np.where(seen[:, None] & seen, ld, 0.0)
    variance = float(loadings @ ld @ loadings)
    independent = float(loadings @ loadings)
    if independent == 0:
        return Tested(np.nan, nothing, r2, 0.0, False, NO_VARIANTS)
    if kept < min_kept:
        return Tested(np.nan, nothing, r2, kept, False, TOO_LITTLE)
    regularised = variance < LEAST_VARIANCE * independent
    variance = max(variance, LEAST_VARIANCE * independent)
    score = float(loadings[seen] @ z[seen])
    return Tested(score / float(np.sqrt(variance)), loadings, r2, kept, regularised)


def _moved(
    whole: np.ndarray,
    ld: np.ndarray,
    seen: np.ndarray,
    varies: np.ndarray,
    impute: bool,
    min_r2: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Loadings with those of unseen variants on the seen ones, and R² of each that was moved."""
    loadings = np.where(seen, whole, 0.0)
    r2 = np.full(len(whole), np.nan)
    absent = np.flatnonzero(varies & ~seen)
    if not impute or not len(absent):
        return loadings, r2
    here = np.flatnonzero(seen)
    across = ld[np.ix_(here, absent)]
    by = np.linalg.solve(ld[np.ix_(here, here)] + RIDGE * np.eye(len(here)), across)
    good = np.einsum("ij,ij->j", by, across) >= min_r2
    r2[absent[good]] = np.einsum("ij,ij->j", by, across)[good]
    loadings[here] += by[:, good] @ whole[absent[good]]
    return loadings, r2


def _squared_correlation(one: np.ndarray, other: np.ndarray, ld: np.ndarray) -> float:
    both = float(one @ ld @ other) ** 2
    apart = float(one @ ld @ one) * float(other @ ld @ other)
    return both / apart if apart > 0 else 0.0
