"""One gene: its expression and its cis variants in, one record of the fits table out.

The record holds everything that later stages need (loadings, weights per allele, the covariance of
the dosages, cross-validated prediction), so that no stage reads genotypes again.
"""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np

from fqtl.data.dosages import Genotypes
from fqtl.data.gene import GeneData
from fqtl.errors import FqtlError
from fqtl.gene.baseline import elastic_net
from fqtl.gene.cross_validation import CONSTANT, centred, compare, cross_validate, predict_held_out
from fqtl.gene.donors import CisGenotypes, genotypes_of
from fqtl.gene.effects import effects_of, of_donors
from fqtl.gene.measured import of_measured
from fqtl.gene.permutations import draw_permutations, permuted_columns
from fqtl.gene.record import record_of, written_effects
from fqtl.gene.sample import has_baseline
from fqtl.gene.settings import Settings, both_sexes, of_named_tissues
from fqtl.gene.sparse_background import sparse_background
from fqtl.model.arrays.moments import Floats
from fqtl.model.arrays.standardise import StandardGenotypes
from fqtl.model.families import FAMILIES, Response
from fqtl.model.fit import fit
from fqtl.model.results.fit import Fit
from fqtl.tables.fits import BASELINE, FITS

log = logging.getLogger(__name__)


def analyse_gene(gene: GeneData, genotypes: Genotypes, settings: Settings) -> dict[str, Any]:
    """Record of one gene; a gene that cannot be fitted gets a record that says why."""
    measured, cis, settings = of_measured(gene, genotypes.dosages.T, settings)
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
        record.update(_fitted(measured, cis, genotypes, settings))
    except FqtlError as fault:
        record.update(status="failed", reason=str(fault))
    except MemoryError:
        raise  # the machine's fault, not the gene's: the job may be tried again with more
    except Exception as fault:  # one gene must not take its shard along; the log has the traceback
        log.exception("gene %s failed", gene.gene_id)
        record.update(status="failed", reason=f"{type(fault).__name__}: {fault}")
    return record


def _role_of_sex(settings: Settings) -> str:
    """What sex is in the fit of a gene; empty where it is nothing."""
    if settings.is_male is None:
        return ""
    return "covariate" if both_sexes(settings.is_male) else "alike"


def _fitted(
    gene: GeneData, cis: CisGenotypes, genotypes: Genotypes, settings: Settings
) -> dict[str, Any]:
    """Columns of a fit; `genotypes` of all donors tell of LD, `cis` of those that were measured."""
    x, result = cis.x, fit_gene(gene, cis, settings)
    weights = written_effects(result, lambda: x, settings.min_pip)
    return {
        **record_of(result, gene, genotypes, weights, settings.min_pip),
        **effects_of(
            result,
            gene.tissues,
            genotypes,
            of_donors(_on_the_scale_of_effects(gene, settings), x),
        ),
        **_prediction(gene, cis, result, settings),
        **_permutations(gene, cis, result, settings),
    }


def fit_gene(
    gene: GeneData,
    x: np.ndarray | CisGenotypes,
    settings: Settings,
    train: np.ndarray | None = None,
) -> Fit:
    """The fit to the donors under a mask, or to all.

    Without a polygenic background if none is asked for, as weights then leave it out: effects
    beside it are smaller.
    """
    genotypes = x if isinstance(x, CisGenotypes) else CisGenotypes(x)
    if train is None:
        return _fit(gene, genotypes.standard, settings, slice(None))
    return _fit(gene, genotypes.of(train), settings, train)


def _fit(gene: GeneData, x: StandardGenotypes, settings: Settings, rows: np.ndarray | slice) -> Fit:
    """The fit to genotypes x of expression, and of what goes with it, in these rows."""
    offset = None if gene.offset is None else gene.offset[rows]
    covariates = None if settings.covariates is None else settings.covariates[rows]
    options = of_named_tissues({"background": False, **settings.fit}, gene.tissues)
    return fit(gene.y[rows], x, offset=offset, covariates=covariates, **options)


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


def _prediction(
    gene: GeneData, cis: CisGenotypes, result: Fit, settings: Settings
) -> dict[str, Any]:
    """Columns `prediction`, a row for each tissue (its donors, its PIP, its background, how well it
    is predicted), and `held_out` if that is kept."""
    donors = np.isfinite(gene.y).sum(axis=0)
    rows: list[dict[str, Any]] = [
        {"tissue": tissue, "n_donors": int(donors[t]), "pip": float(result.tissue_pip[t])}
        for t, tissue in enumerate(gene.tissues)
    ]
    if settings.fit.get("background", False):
        kept = sparse_background(result, cis.x).kept
        for t, row in enumerate(rows):
            row["background_share"] = float(result.background_share[t])
            row["background_kept"] = float(kept[t]) if np.isfinite(kept[t]) else None
    return {"prediction": rows, **_validation(rows, gene, cis, settings)}


def _validation(
    rows: list[dict[str, Any]], gene: GeneData, cis: CisGenotypes, settings: Settings
) -> dict[str, Any]:
    """Add to the row of each tissue how well unseen donors are predicted; what is kept of them."""
    if settings.fold is None:
        return {}
    y, x = _on_the_scale_of_effects(gene, settings), cis.x
    predicted = predict_held_out(
        y,
        x,
        settings.fold,
        lambda train: written_effects(
            fit_gene(gene, cis, settings, train), partial(genotypes_of, x, train), settings.min_pip
        ),
    )
    found = compare(y, predicted, settings.fold)
    for t, row in enumerate(rows):
        row.update({name: float(values[t]) for name, values in asdict(found).items()})
    if has_baseline(gene.gene_id, settings.baseline):
        baseline = cross_validate(
            y, x, settings.fold, lambda train: elastic_net(y[train], x[train])
        )
        for t, row in enumerate(rows):
            row.update({f"enet_{name}": float(getattr(baseline, name)[t]) for name in BASELINE})
    if not settings.keep_predictions:
        return {}
    return {"held_out": held_out(gene.tissues, y, predicted)}


def held_out(tissues: Sequence[str], y: Floats, predicted: Floats) -> list[dict[str, Any]]:
    """Column `held_out`: of each tissue whose donors are told apart, in the order of prediction."""
    rows = []
    for t, tissue in enumerate(tissues):
        seen = np.isfinite(y[:, t])
        of_tissue = predicted[seen, t], y[seen, t]
        if seen.any() and np.ptp(of_tissue[0]) > CONSTANT:
            order = np.lexsort(of_tissue[::-1])
            told = (values[order].astype(np.float32) for values in of_tissue)
            rows.append(
                dict(zip(("tissue", "predicted", "observed"), (tissue, *told), strict=True))
            )
    return rows


def _permutations(
    gene: GeneData, cis: CisGenotypes, result: Fit, settings: Settings
) -> dict[str, Any]:
    if settings.permutations is None:
        return {}
    observed = result.neg_log_null_prob
    found = draw_permutations(
        gene,
        observed,
        lambda gene, order: _fit(gene, cis.standard, settings, order),
        settings.permutations,
        settings.is_male,
    )
    return {"neg_log_null_prob": observed, **permuted_columns(found, gene.tissues)}
