"""P-values and false discovery rates of genes, of their factors, and of genes in tissues.

Each level has a statistic and a null of its own (`nulls.py`), and `calibrate.py` does the sums:

| level | statistic | null |
|---|---|---|
| gene | evidence that anything acts | that of the first permuted fit of each gene |
| factor | PIP of the factor | PIPs of all factors of these fits; some have none |
| gene and tissue | PIP of any variant in the tissue | PIPs of tissues permuted beside others |

Whether the pool is right for a gene is seen where nulls are taken for data: `null_p` scores the
null of each gene against those of the other half of the genes.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from fqtl.release.calibration import (
    Calibrated,
    calibrate,
    expected_p,
    pooled_p,
    q_values,
    sequential_p,
)
from fqtl.tables.fits import explode

AT = 0.05  # false discovery rate that the summary counts at


@dataclass(frozen=True)
class Discoveries:
    """Columns to put beside what was found, and what they rest on.

    genes : permutations, own_p, p and q of every row of the fits
    factors, pairs : p and q of every row of `factors` and `prediction`
    nulls : gene_id, evidence and p of the first permuted fit of each gene
    summary : a row for each level
    """

    genes: pd.DataFrame
    factors: pd.DataFrame
    pairs: pd.DataFrame
    nulls: pd.DataFrame
    summary: pd.DataFrame


def discoveries(
    fits: pa.Table, factors: pd.DataFrame, prediction: pd.DataFrame, exceedances: int
) -> Discoveries:
    """Calibration of a release.

    factors, prediction : their rows, with pip
    exceedances : nulls that reach the observed evidence after which no more were drawn
    """
    evidence = fits["evidence"].to_pandas().to_numpy(dtype=np.float64)
    nulls, null_factors = explode(fits, "nulls"), explode(fits, "null_factors")
    null_pairs = explode(fits, "null_tissues")
    first = nulls[nulls["draw"] == 0]
    first_factors = null_factors.loc[null_factors["draw"] == 0, "pip"].to_numpy()

    genes = calibrate(evidence, first["evidence"].to_numpy())
    fitted = int((~np.isnan(evidence)).sum())
    found = _factors(factors["pip"].to_numpy(), first_factors, len(first), fitted)
    pairs = calibrate(prediction["pip"].to_numpy(), null_pairs["pip"].to_numpy())
    null_p = _against_other_half(first)
    return Discoveries(
        genes=_of_genes(evidence, nulls, exceedances).assign(p=genes.p, q=genes.q),
        factors=pd.DataFrame({"p": found.p, "q": found.q}),
        pairs=pd.DataFrame({"p": pairs.p, "q": pairs.q}),
        nulls=first.assign(p=null_p)[["gene_id", "evidence", "p"]],
        summary=pd.DataFrame(
            [
                _summary("gene", fitted, genes, _found_among_nulls(null_p)),
                _summary("factor", fitted, found, np.nan),
                _summary("gene and tissue", len(prediction), pairs, np.nan),
            ]
        ),
    )


def _of_genes(evidence: np.ndarray, nulls: pd.DataFrame, exceedances: int) -> pd.DataFrame:
    """Permuted fits of each gene, and the p-value that they give it by themselves."""
    rows = nulls["row"].to_numpy()
    draws = np.bincount(rows, minlength=len(evidence))
    reached = np.bincount(
        rows, nulls["evidence"].to_numpy() >= evidence[rows], minlength=len(evidence)
    )
    own = [
        sequential_p(int(count), int(drawn), exceedances) if drawn else np.nan
        for count, drawn in zip(reached, draws, strict=True)
    ]
    return pd.DataFrame({"permutations": draws, "own_p": own})


def _factors(observed: np.ndarray, null: np.ndarray, units: int, genes: int) -> Calibrated:
    """Factors against those of `units` null genes; every gene may hold one, found or not."""
    if not units or not len(observed):
        nothing = np.full(len(observed), np.nan)
        return Calibrated(nothing, nothing, np.nan, len(null))
    p = expected_p(observed, null, units)
    # what share of genes has no factor that could be found is not known: all, at the most
    return Calibrated(p, q_values(p, tests=genes), 1.0, len(null))


def _against_other_half(first: pd.DataFrame) -> np.ndarray:
    """P-values of null evidence, each against those of the other half of the genes."""
    evidence, half = first["evidence"].to_numpy(), np.arange(len(first)) % 2 == 0
    p = np.full(len(first), np.nan)
    if len(first) > 1:
        p[half], p[~half] = (
            pooled_p(evidence[half], evidence[~half]),
            pooled_p(evidence[~half], evidence[half]),
        )
    return p


def _found_among_nulls(null_p: np.ndarray) -> float:
    """Share of permuted genes that would be found, were they the data."""
    known = null_p[~np.isnan(null_p)]
    return float((q_values(known) < AT).mean()) if len(known) else np.nan


def _summary(level: str, tests: int, found: Calibrated, among_nulls: float) -> dict[str, object]:
    return {
        "level": level,
        "tests": tests,
        "nulls": found.n_null,
        "null_share": found.null_share,
        "found": int((found.q < AT).sum()),
        "found_among_nulls": among_nulls,
    }
