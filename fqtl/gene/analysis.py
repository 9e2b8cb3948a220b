"""One gene: its expression and its cis variants in, one record of the fits table out.

The record holds everything that later stages need (loadings, weights per allele, the covariance of
the dosages, cross-validated prediction), so that no stage reads genotypes again.
"""

import logging
import zlib
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from fqtl.data.dosages import Genotypes
from fqtl.data.gene import GeneData
from fqtl.data.hardy_weinberg import hardy_weinberg_p
from fqtl.data.sex import SexChromosomes, sex_chromosomes
from fqtl.errors import FqtlError
from fqtl.gene.baseline import elastic_net
from fqtl.gene.cross_validation import centred, cross_validate
from fqtl.gene.permutations import PermutationPlan, draw_permutations
from fqtl.model.arrays.moments import Floats, Indices
from fqtl.model.families import FAMILIES, Response
from fqtl.model.fit import fit
from fqtl.model.results.credible_sets import CredibleSet
from fqtl.model.results.fit import Fit
from fqtl.tables.fits import BASELINE, CALL, FITS, LOADING

log = logging.getLogger(__name__)
MIN_PURITY = 0.5  # of a credible set that is worth naming: variants that are not alike tell little


@dataclass(frozen=True)
class Settings:
    """What to fit and what to keep.

    fit : arguments of `fqtl.fit` by name
    fold : (n,) fold of each donor; None leaves cross-validation out
    min_pip : a weight is kept where the PIP of its variant in its tissue reaches this
    covariates : (n, q) of the donors, with effects of their own in each tissue; None for none
    permutations : permuted fits; None for none
    baseline : share of genes, drawn by their names, that an elastic net is cross-validated in, too
    is_male : (n,) of the donors, for genes on a sex chromosome; None where none is fitted
    sexes : chromosomes of which one sex has one copy
    """

    fit: dict[str, Any]
    fold: Indices | None
    min_pip: float
    covariates: Floats | None = None
    permutations: PermutationPlan | None = None
    baseline: float = 0.0
    is_male: np.ndarray | None = None
    sexes: SexChromosomes = field(default_factory=lambda: sex_chromosomes(""))

    def of_chromosome(self, chrom: str) -> "Settings":
        """Settings of genes of a chromosome: of X, sex is a covariate of all donors' fits."""
        if self.is_male is None or not self.sexes.with_one_copy(chrom):
            return replace(self, is_male=None)
        known = np.empty((len(self.is_male), 0)) if self.covariates is None else self.covariates
        if not _both_sexes(self.is_male):
            return self
        return replace(self, covariates=np.column_stack([known, self.is_male.astype(float)]))


def analyse_gene(gene: GeneData, genotypes: Genotypes, settings: Settings) -> dict[str, Any]:
    """Record of one gene; a gene that cannot be fitted gets a record that says why."""
    settings = settings.of_chromosome(gene.chrom)
    record = {
        **dict.fromkeys(FITS.names),
        "gene_id": gene.gene_id,
        "chrom": gene.chrom,
        "tss": gene.tss,
        "n_donors": int(np.isfinite(gene.y).any(axis=1).sum()),
        "n_variants": len(genotypes.variants),
        "n_tissues": len(gene.tissues),
        "sex": _role_of_sex(settings),
        "dropped_variants": [
            {"reason": reason, "count": count}
            for reason, count in sorted(genotypes.dropped_by_reason().items())
        ],
        "status": "fitted",
        "reason": "",
    }
    if not len(genotypes.variants):
        return {**record, "status": "skipped", "reason": "no variant in the cis window"}
    try:
        record.update(_fitted(gene, genotypes, settings))
    except FqtlError as fault:
        record.update(status="failed", reason=str(fault))
    except MemoryError:
        raise  # the machine's fault, not the gene's: the job may be tried again with more
    except Exception as fault:  # one gene must not take its shard along; the log has the traceback
        log.exception("gene %s failed", gene.gene_id)
        record.update(status="failed", reason=f"{type(fault).__name__}: {fault}")
    return record


def _both_sexes(is_male: np.ndarray) -> bool:
    return bool(is_male.any() and not is_male.all())


def _role_of_sex(settings: Settings) -> str:
    """What sex is in the fit of a gene; empty where it is nothing."""
    if settings.is_male is None:
        return ""
    return "covariate" if _both_sexes(settings.is_male) else "alike"


def _fitted(gene: GeneData, genotypes: Genotypes, settings: Settings) -> dict[str, Any]:
    x = genotypes.dosages.T
    result = _fit(gene, x, settings)
    weights = sparse_effects(result, settings.min_pip)
    scores = sparse_scores(result, settings.min_pip)
    # without factors every tissue is one, in most of which there is nothing
    factors = [k for k, some in enumerate(result.factor_pip) if some >= settings.min_pip]
    sets = pure_sets(result)
    carrying = _carrying(result, [weights, scores[:, factors]], sets, settings.min_pip)
    place = {int(j): i for i, j in enumerate(carrying)}
    return {
        "n_factors": len(factors),
        "n_tissue_specific": sum(found.factor is None for found in result.credible_sets),
        "elbo": result.elbo,
        "n_iter": result.n_iter,
        "converged": result.converged,
        "factors": [{"factor": k, "pip": float(result.factor_pip[k])} for k in factors],
        "variants": _describe(genotypes, carrying),
        "variant_loadings": [
            {"factor": k, "variant": i, **_loading(result.variants, int(j), k)}
            for k in factors
            for i, j in enumerate(carrying)
            if result.variants.pip[j, k] >= settings.min_pip
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
            if result.specific.pip[j, t] >= settings.min_pip
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
        "prediction": _prediction(gene, x, result, settings),
        **_permutations(gene, x, result, settings),
        "covariance": dosage_covariance(genotypes.dosages[carrying]),
    }


def _fit(
    gene: GeneData, x: np.ndarray, settings: Settings, rows: np.ndarray | slice = slice(None)
) -> Fit:
    """The fit to some donors, or to all.

    Without a polygenic background, which weights leave out: effects beside it are smaller.
    """
    offset = None if gene.offset is None else gene.offset[rows]
    covariates = None if settings.covariates is None else settings.covariates[rows]
    options = {"background": False, **settings.fit}
    return fit(gene.y[rows], x[rows], offset=offset, covariates=covariates, **options)


def _on_the_scale_of_effects(gene: GeneData, settings: Settings) -> Floats:
    """(n, m) expression as predictions are compared with it: of counts, the logarithm."""
    known = {} if gene.offset is None else {"offset": np.nan_to_num(gene.offset)}
    family = FAMILIES[settings.fit.get("family", "gaussian")]
    linked = np.where(np.isfinite(gene.y), family.linked(Response.of(gene.y, **known)), np.nan)
    return linked if settings.is_male is None else _within_sexes(linked, settings.is_male)


def _within_sexes(y: Floats, is_male: np.ndarray) -> Floats:
    """(n, m) what each sex has beside its mean in each tissue: what genotypes can predict."""
    found = y.copy()
    for one in (is_male, ~is_male):
        found[one] = np.where(np.isfinite(y[one]), centred(y[one]), np.nan)
    return found


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
    return np.where(kept, result.effects, 0.0)


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


def dosage_covariance(dosages: np.ndarray) -> list[float]:
    """Covariance of dosages (v, n): upper triangle with the diagonal, row by row.

    A missing call stands at the mean of its variant, as it does in the fit.
    """
    if not len(dosages):
        return []
    values = dosages.astype(np.float64)
    mean = np.nanmean(values, axis=1, keepdims=True)
    covariance = np.atleast_2d(np.cov(np.where(np.isnan(values), mean, values)))
    return covariance[np.triu_indices(len(values))].tolist()


def _prediction(
    gene: GeneData, x: np.ndarray, result: Fit, settings: Settings
) -> list[dict[str, Any]]:
    donors = np.isfinite(gene.y).sum(axis=0)
    rows: list[dict[str, Any]] = [
        {"tissue": tissue, "n_donors": int(donors[t]), "pip": float(result.tissue_pip[t])}
        for t, tissue in enumerate(gene.tissues)
    ]
    if settings.fold is not None:
        found = cross_validate(
            _on_the_scale_of_effects(gene, settings),
            x,
            settings.fold,
            lambda train: sparse_effects(_fit(gene, x, settings, train), settings.min_pip),
        )
        for t, row in enumerate(rows):
            row.update({name: float(values[t]) for name, values in asdict(found).items()})
        if has_baseline(gene.gene_id, settings.baseline):
            y = _on_the_scale_of_effects(gene, settings)
            peer = cross_validate(
                y, x, settings.fold, lambda train: elastic_net(y[train], x[train])
            )
            for t, row in enumerate(rows):
                row.update({f"enet_{name}": float(getattr(peer, name)[t]) for name in BASELINE})
    return rows


def has_baseline(gene_id: str, share: float) -> bool:
    """Whether a gene is among the share that is compared; the same in every run."""
    return zlib.crc32(gene_id.encode()) < share * 2**32


def _permutations(gene: GeneData, x: np.ndarray, result: Fit, settings: Settings) -> dict[str, Any]:
    if settings.permutations is None:
        return {}
    observed = result.neg_log_null_prob
    found = draw_permutations(
        gene,
        x,
        observed,
        lambda gene, x: _fit(gene, x, settings),
        settings.permutations,
        settings.is_male,
    )
    return {
        "neg_log_null_prob": observed,
        "permuted_fits": [
            {"draw": draw, "neg_log_null_prob": value}
            for draw, value in enumerate(found.statistics)
        ],
        "permuted_factors": [{"draw": draw, "pip": pip} for draw, pip in found.factors],
        "permuted_tissues": [
            {"draw": draw, "tissue": gene.tissues[t], "pip": pip} for draw, t, pip in found.tissues
        ],
    }


def _loading(posterior: Any, index: int, factor: int) -> dict[str, float]:
    return {name: float(getattr(posterior, name)[index, factor]) for name in LOADING}


def _describe(genotypes: Genotypes, rows: np.ndarray) -> list[dict[str, Any]]:
    """What weight files say of variants."""
    columns = ["variant_id", "rsid", "pos", "other_allele", "effect_allele"]
    described = genotypes.variants.iloc[rows][columns].to_dict(orient="records")
    for record, row in zip(described, rows, strict=True):
        dosage = genotypes.dosages[row]
        record["frequency"] = float(np.nanmean(dosage)) / 2
        record["hwe_p"] = hardy_weinberg_p(dosage)
    return described
