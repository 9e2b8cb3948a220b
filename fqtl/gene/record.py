"""What the record of a gene holds of its fit: loadings, credible sets, weights per allele.

Whatever has next to no probability is left out, so that a release of 20,000 genes is a few files.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from fqtl.data.gene import GeneData
from fqtl.data.reference import Reference
from fqtl.gene.sparse_background import sparse_background
from fqtl.model.arrays.moments import Floats
from fqtl.model.results.credible_sets import MIN_PURITY, CredibleSet
from fqtl.model.results.fit import Fit
from fqtl.tables.fits import CALL, LOADING


def record_of(
    result: Fit, gene: GeneData, reference: Reference, weights: Floats, min_pip: float
) -> dict[str, Any]:
    """Columns of the store of fits, without those of prediction and of permuted fits.

    weights : (p, m) what weight files say
    min_pip : a loading or a weight is kept where its PIP reaches this
    """
    scores = sparse_scores(result, min_pip)
    # without factors every tissue is one, in most of which there is nothing
    factors = [k for k, some in enumerate(result.factor_pip) if some >= min_pip]
    sets = pure_sets(result)
    carrying = _carrying(result, [weights, scores[:, factors]], sets, min_pip)
    place = {int(j): i for i, j in enumerate(carrying)}
    return {
        "n_factors": len(factors),
        "n_tissue_specific": sum(found.factor is None for found in result.credible_sets),
        "elbo": result.elbo,
        "n_iter": result.n_iter,
        "converged": result.converged,
        "factors": [{"factor": k, "pip": float(result.factor_pip[k])} for k in factors],
        "variants": _describe(reference, carrying),
        "variant_loadings": [
            {"factor": k, "variant": i, **_loading(result.variants, int(j), k)}
            for k in factors
            for i, j in enumerate(carrying)
            if result.variants.pip[j, k] >= min_pip
        ],
        "tissue_loadings": [
            {"factor": k, "tissue": tissue, **_loading(result.tissues, t, k)}
            for k in factors
            for t, tissue in enumerate(gene.tissues)
            if result.tissues.pip[t, k] > 0
        ],
        "tissue_specific": [
            {"tissue": tissue, "variant": i, **_loading(result.specific, int(j), t)}
            for t, tissue in enumerate(gene.tissues)
            for i, j in enumerate(carrying)
            if result.specific.pip[j, t] >= min_pip
        ],
        "credible_sets": [
            {
                "set": number,
                "factor": found.factor,
                "tissue": None if found.tissue is None else gene.tissues[found.tissue],
                "variant": place[int(j)],
                "pip": found.pip,
                "coverage": found.coverage,
                "purity": found.purity,
            }
            for number, found in enumerate(sets)
            for j in found.variants
        ],
        "weights": [
            {"tissue": tissue, "variant": i, "weight": float(weights[j, t])}
            for t, tissue in enumerate(gene.tissues)
            for i, j in enumerate(carrying)
            if weights[j, t]
        ],
        "factor_weights": [
            {"factor": k, "variant": place[int(j)], "weight": float(scores[j, k])}
            for k in factors
            for j in np.flatnonzero(scores[:, k])
        ],
        "covariance": reference.covariance(carrying),
    }


def _carrying(
    result: Fit, weights: list[Floats], sets: list[CredibleSet], min_pip: float
) -> np.ndarray:
    """Variants that any of the lists of a record names, in the order of position."""
    both = np.hstack([result.variants.pip, result.specific.pip])
    named = np.asarray(np.hstack([both >= min_pip, *(w != 0 for w in weights)]).any(axis=1))
    for found in sets:
        named[found.variants] = True
    return np.flatnonzero(named)


def pure_sets(result: Fit) -> list[CredibleSet]:
    """Credible sets whose variants are in LD with each other."""
    return [found for found in result.credible_sets if found.purity >= MIN_PURITY]


def written_effects(result: Fit, x: Callable[[], np.ndarray], min_pip: float) -> Floats:
    """(p, m) what weight files say: sparse effects, and what stands in for a background.

    x : gives (n, p) dosages of the donors of the fit, where there is a background
    """
    effects = sparse_effects(result, min_pip)
    if result.standardised_background is None:
        return effects
    return effects + sparse_background(result, x()).effects


def sparse_effects(result: Fit, min_pip: float) -> Floats:
    """(p, m) effects per unit of x, 0 where they are not worth carrying along.

    Kept is what has a PIP of `min_pip` in the tissue and, whatever its PIP, what is in a pure
    credible set of an effect in the tissue: of an effect shared by many variants in LD each has
    little. A set that is not pure does not know where the effect is, and may hold thousands.
    """
    kept = result.pip >= min_pip
    for found in pure_sets(result):
        if found.factor is None:
            kept[found.variants, found.tissue] = True
        else:
            tissues = np.flatnonzero(result.tissues.pip[:, found.factor] >= CALL)
            kept[np.ix_(found.variants, tissues)] = True
    return np.where(kept, result.sparse_effects, 0.0)


def sparse_scores(result: Fit, min_pip: float) -> Floats:
    """(p, k) score of each factor per unit of x, 0 where it is not worth carrying along.

    Kept is what has a PIP of `min_pip` in the factor and what is in a pure credible set of it.
    """
    kept = result.variants.pip >= min_pip
    for found in pure_sets(result):
        if found.factor is not None:
            kept[found.variants, found.factor] = True
    sd = result.scale.x_sd[:, None]
    scores = np.divide(
        result.variants.mean, sd, out=np.zeros_like(result.variants.mean), where=sd > 0
    )
    return np.where(kept, scores, 0.0)


def _loading(posterior: Any, index: int, factor: int) -> dict[str, float]:
    return {name: float(getattr(posterior, name)[index, factor]) for name in LOADING}


def _describe(reference: Reference, rows: np.ndarray) -> list[dict[str, Any]]:
    """What weight files say of variants."""
    columns = ["variant_id", "rsid", "pos", "other_allele", "effect_allele"]
    described = reference.variants.iloc[rows][columns].to_dict(orient="records")
    numbers = zip(reference.frequency(rows), reference.hwe_p(rows), strict=True)
    for record, (frequency, hwe_p) in zip(described, numbers, strict=True):
        record["frequency"] = frequency
        record["hwe_p"] = hwe_p
    return described
