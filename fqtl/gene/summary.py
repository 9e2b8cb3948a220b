"""One gene from z-scores and LD, of a panel or of a matrix: a record of the store of fits.

Cross-validation is pseudo-validation of held-out z-scores, permuted fits are fits to z-scores that
are drawn where nothing acts (`summary_nulls.py`), and what only individual data can give,
correlations within folds, is null.
"""

from typing import Any, NamedTuple

import numpy as np

from fqtl.data.gene import GeneData
from fqtl.data.reference import Reference
from fqtl.errors import FqtlError
from fqtl.gene.effects import effects_of, of_scores
from fqtl.gene.permutations import PermutationPlan, permuted_columns
from fqtl.gene.record import record_of, sparse_effects
from fqtl.gene.settings import of_named_tissues
from fqtl.gene.summary_nulls import SimulatedFits, draw_nulls
from fqtl.model.arrays.moments import Floats
from fqtl.model.summary.fit import problem_of
from fqtl.model.summary.noise import correlation_in_low_rows
from fqtl.model.summary.problem import SummaryProblem
from fqtl.model.summary.summary_fit import SummaryFit
from fqtl.model.summary.validation import PseudoPrediction, pseudo_validate
from fqtl.tables.fits import FITS

NO_SCORE = "no z-score in any tissue"
CONTRADICTS = "z-scores contradict their neighbours in LD"


class SummaryAnalysis(NamedTuple):
    """What became of a gene.

    record : for the store of fits
    fit : None where there is none
    refused : simulated nulls that the check of LD refuses, in whose place others were drawn
    """

    record: dict[str, Any]
    fit: SummaryFit | None = None
    refused: int = 0


def analyse_summary(
    gene: GeneData,
    reference: Reference,
    z: Floats,
    n: Floats,
    options: dict[str, Any],
    min_pip: float,
    folds: int = 0,
    seed: int = 0,
    plan: PermutationPlan | None = None,
) -> SummaryAnalysis:
    """Record of one gene, and its fit; a gene that cannot be fitted gets a record that says why.

    gene : y is not looked at
    reference : LD of the variants, of a panel or of a matrix
    z, n : (p, m) of its variants, NaN where there is none
    options : of `fqtl.fit_summary`
    folds : parts of pseudo-validation; 0 leaves it out
    plan : how many fits to simulated nulls there are; None for none
    """
    seen = np.asarray(np.isfinite(z).any(axis=1))
    dropped = reference.dropped_by_reason()
    dropped[NO_SCORE] = int((~seen).sum())
    record = {
        **dict.fromkeys(FITS.names),
        "gene_id": gene.gene_id,
        "chrom": gene.chrom,
        "tss": gene.tss,
        "n_donors": int(np.nanmax(n)) if np.isfinite(n).any() else 0,
        "n_variants": int(seen.sum()),
        "n_tissues": len(gene.tissues),
        "sex": "",
        "status": "fitted",
        "reason": "",
    }
    if not seen.any():
        return SummaryAnalysis(
            {**record, **_dropped(dropped), "status": "skipped", "reason": reference.nothing}
        )
    kept = reference.among(seen)
    try:
        options = of_named_tissues(options, gene.tissues)
        problem = problem_of(z[seen], n[seen], **kept.for_fit(), **options)
        result = problem.fit()
        validated = None
        if folds:
            validated = pseudo_validate(
                problem, folds, seed, lambda fit: sparse_effects(fit, min_pip)
            )
        nulls = None if plan is None else _nulls(gene, problem, result, plan)
    except FqtlError as fault:
        return SummaryAnalysis(
            {**record, **_dropped(dropped), "status": "failed", "reason": str(fault)}
        )
    assert result.left_out is not None
    dropped[CONTRADICTS] = int(result.left_out.sum())
    fitted = {
        **record,
        **record_of(result, gene, kept, sparse_effects(result, min_pip), min_pip),
        **effects_of(result, gene.tissues, kept, of_scores(z[seen], n[seen], result.scale.x_sd)),
        **_dropped(dropped),
        "prediction": _prediction(gene, result, validated),
    }
    if nulls is None:
        return SummaryAnalysis(fitted, result)
    fitted["neg_log_null_prob"] = result.neg_log_null_prob
    fitted.update(permuted_columns(nulls, gene.tissues))
    return SummaryAnalysis(fitted, result, nulls.refused)


def _nulls(
    gene: GeneData, problem: SummaryProblem, result: SummaryFit, plan: PermutationPlan
) -> SimulatedFits:
    # where none is given the gene's own, whether the fit found a direction of it or not
    own = correlation_in_low_rows(problem.rows)
    correlation = own if problem.given is None else problem.given
    return draw_nulls(gene.gene_id, problem, result, correlation, plan)


def _prediction(
    gene: GeneData, result: SummaryFit, validated: PseudoPrediction | None
) -> list[dict[str, Any]]:
    """A row for each tissue; what only donors can tell stays null."""
    assert result.n_people is not None
    rows: list[dict[str, Any]] = [
        {"tissue": tissue, "n_donors": int(result.n_people[t]), "pip": float(result.tissue_pip[t])}
        for t, tissue in enumerate(gene.tissues)
    ]
    if validated is not None:
        for t, row in enumerate(rows):
            row.update({name: float(values[t]) for name, values in vars(validated).items()})
    return rows


def _dropped(reasons: Any) -> dict[str, Any]:
    counted = [{"reason": why, "count": many} for why, many in sorted(reasons.items()) if many]
    return {"dropped_variants": counted}
