"""P-values and false discovery rates of genes, of their factors, and of genes in tissues.

Each level has a statistic and a null of its own (`gene/permutations.py`), and `calibration.py` does
the sums:

| level | statistic | null |
|---|---|---|
| gene | -ln of the probability that nothing acts | that of permuted fits |
| factor | PIP of the factor | PIPs of the factors of these fits; some have none |
| gene and tissue | PIP of any variant in the tissue | PIPs of tissues permuted beside others |
| gene in its only tissue | as of the gene | as of the gene: there is nothing beside it |

Null statistics are of genes with as many tissues, or with the nearest numbers (`nearest_nulls.py`).
Genes of one tissue are compared with permuted fits of such genes alone, and have no factors.
Whether the pool is right for a gene is seen where permuted fits are taken for data: `null_p` scores
the first of each gene against those of the other half of the genes.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from fqtl.release.calibration import (
    Calibrated,
    calibrate,
    q_values,
    sequential_p,
    with_rates,
)
from fqtl.release.nearest_nulls import Comparison, NearestNulls
from fqtl.tables.fits import explode

SINGLE_TISSUE_NEEDS = [
    "n_tissues",
    "neg_log_null_prob",
    "permuted_fits",
]  # columns of the store for `single_tissue_rates`
SUMMARY_RATE = 0.05  # false discovery rate that the summary counts at


@dataclass(frozen=True)
class Discoveries:
    """Columns to put beside what was found, and what they rest on.

    genes : permutations, gene_p, p, q, and what p rests on, of every row of the fits
    factors, pairs : p and q of every row of `factors` and `prediction`
    nulls : gene_id, neg_log_null_prob and p of the first permuted fit of each gene
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

    factors, prediction : their rows, with pip and the row of the fits
    exceedances : permuted statistics that reach the observed one after which no more were drawn
    """
    observed = fits["neg_log_null_prob"].to_pandas().to_numpy(dtype=np.float64)
    tissues = fits["n_tissues"].to_pandas().fillna(0).to_numpy(dtype=np.int64)
    permuted = explode(fits, "permuted_fits")
    permuted_factors = explode(fits, "permuted_factors")
    permuted_pairs = explode(fits, "permuted_tissues")
    of_permuted = tissues[permuted["row"]]
    fitted = int((~np.isnan(observed)).sum())

    null = permuted["neg_log_null_prob"].to_numpy()
    by_gene = NearestNulls.of(null, of_permuted).compare(observed, tissues)
    by_factor = NearestNulls.of(
        permuted_factors["pip"].to_numpy(), tissues[permuted_factors["row"]], fits=of_permuted
    ).compare(factors["pip"].to_numpy(), tissues[factors["row"]])
    by_pair = NearestNulls.of(
        permuted_pairs["pip"].to_numpy(), tissues[permuted_pairs["row"]]
    ).compare(prediction["pip"].to_numpy(), tissues[prediction["row"]])

    genes = with_rates(by_gene.p, len(permuted))
    # what share of genes has no factor that could be found is not known: all, at the most
    of_factors = with_rates(by_factor.p, len(permuted_factors), tests=fitted, estimate_pi0=False)
    pairs = with_rates(
        _of_pairs(by_pair, by_gene, prediction["row"].to_numpy(), tissues),
        len(permuted_pairs) + int((of_permuted == 1).sum()),
    )
    first = permuted[permuted["draw"] == 0]
    null_p = _against_other_half(first["row"].to_numpy(), permuted, of_permuted)
    return Discoveries(
        genes=_of_genes(observed, permuted, exceedances).assign(
            p=genes.p, q=genes.q, p_fits=by_gene.units, p_tissues=_numbers(by_gene)
        ),
        factors=pd.DataFrame({"p": of_factors.p, "q": of_factors.q}),
        pairs=pd.DataFrame({"p": pairs.p, "q": pairs.q}),
        nulls=first.assign(p=null_p)[["gene_id", "neg_log_null_prob", "p"]],
        summary=pd.DataFrame(
            [
                _summary("gene", fitted, genes, by_gene, _found_among_permuted(null_p)),
                _summary("factor", fitted, of_factors, by_factor, np.nan),
                _summary("gene and tissue", len(prediction), pairs, by_pair, np.nan),
            ]
        ),
    )


def _numbers(compared: Comparison) -> list[str]:
    """Numbers of tissues of genes that something was compared with, as 3 or 2-5."""
    return [
        "" if not most else str(most) if fewest == most else f"{fewest}-{most}"
        for fewest, most in zip(compared.fewest, compared.most, strict=True)
    ]


@dataclass(frozen=True)
class SingleTissueRates:
    """False discovery rates of genes that are fitted in one tissue, by gene_id.

    q : NaN throughout where there are no permuted fits
    permuted : fits of these genes
    beyond : of these genes, those whose statistic is above that of every permuted fit
    """

    q: "pd.Series[float]"
    permuted: int
    beyond: int

    @property
    def smallest(self) -> float:
        """That such genes, or at least one of them, can have; NaN without permuted fits."""
        if not self.permuted:
            return np.nan
        return min(len(self.q) / max(self.beyond, 1) / (self.permuted + 1), 1.0)

    def enough(self, rate: float) -> int:
        """Permuted fits of each gene that let as many genes have this rate."""
        return int(np.ceil(1 / (rate * max(self.beyond, 1))))


def single_tissue_rates(fits: pa.Table) -> SingleTissueRates:
    """Rates of genes of one tissue among themselves; fits : gene_id and SINGLE_TISSUE_NEEDS.

    In a release of one tissue they are the q of its genes.
    """
    observed = fits["neg_log_null_prob"].to_pandas().to_numpy(dtype=np.float64)
    single = (fits["n_tissues"].to_pandas().to_numpy() == 1) & ~np.isnan(observed)
    drawn = explode(fits, "permuted_fits")
    permuted = drawn["neg_log_null_prob"].to_numpy()[single[drawn["row"]]]
    found = calibrate(observed[single], permuted)
    beyond = int((observed[single] > permuted.max()).sum()) if len(permuted) else 0
    names = fits["gene_id"].to_pandas()[single]
    return SingleTissueRates(pd.Series(found.q, index=names.to_numpy()), len(permuted), beyond)


def _of_genes(observed: np.ndarray, permuted: pd.DataFrame, exceedances: int) -> pd.DataFrame:
    """Permuted fits of each gene, and the p-value that they give it by themselves."""
    rows = permuted["row"].to_numpy()
    draws = np.bincount(rows, minlength=len(observed))
    reached = np.bincount(
        rows, permuted["neg_log_null_prob"].to_numpy() >= observed[rows], minlength=len(observed)
    )
    by_itself = [
        sequential_p(int(count), int(drawn), exceedances) if drawn else np.nan
        for count, drawn in zip(reached, draws, strict=True)
    ]
    return pd.DataFrame({"permutations": draws, "gene_p": by_itself})


def _of_pairs(
    by_pair: Comparison, by_gene: Comparison, rows: np.ndarray, tissues: np.ndarray
) -> np.ndarray:
    """P-values of genes in tissues; in the only tissue of a gene, that of the gene.

    rows : gene of each pair, by row of the fits; tissues : of every gene
    """
    return np.where(tissues[rows] == 1, by_gene.p[rows], by_pair.p)


def _against_other_half(
    rows: np.ndarray, permuted: pd.DataFrame, of_permuted: np.ndarray
) -> np.ndarray:
    """P-values of the first permuted fit of some genes, each against those of every other gene.

    rows : of genes, in order; permuted : row, draw and statistic; of_permuted : tissues of each
    """
    observed = permuted["neg_log_null_prob"].to_numpy()
    first = (permuted["draw"] == 0).to_numpy()
    half = permuted["row"].isin(rows[::2]).to_numpy()
    p = np.full(len(permuted), np.nan)
    for mine, other in ((half, ~half), (~half, half)):
        asked = mine & first
        nulls = NearestNulls.of(observed[other], of_permuted[other])
        p[asked] = nulls.compare(observed[asked], of_permuted[asked]).p
    return p[first]


def _found_among_permuted(null_p: np.ndarray) -> float:
    """Share of permuted genes that would be found, were they the data."""
    known = null_p[~np.isnan(null_p)]
    return float((q_values(known) < SUMMARY_RATE).mean()) if len(known) else np.nan


def _summary(
    level: str, tests: int, found: Calibrated, compared: Comparison, among_permuted: float
) -> dict[str, object]:
    return {
        "level": level,
        "tests": tests,
        "n_permuted": found.n_permuted,
        "widened": int(compared.widened.sum()),
        "pi0": found.pi0,
        "found": int((found.q < SUMMARY_RATE).sum()),
        "found_among_permuted": among_permuted,
    }
