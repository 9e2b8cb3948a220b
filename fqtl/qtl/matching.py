"""z-scores of one gene in all tissues, for the variants and alleles of a panel or a matrix of LD.

Alleles are compared as those of a GWAS are (`fqtl/gwas/matching.py`): they may be swapped or read
from the other strand. QTLs are mapped on the alleles of a VCF, so a palindrome is taken as it is
written. Rows that repeat a variant, as one for each of its rs numbers, are one.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fqtl.data.reference import Reference
from fqtl.gwas.matching import match
from fqtl.gwas.places import NUMBERED, bare

ELSEWHERE = "on another chromosome than the gene"
NOT_IN_PANEL = "not in the panel, or outside of the window"
# of a matrix of LD in its place
NOT_IN_MATRIX = "not in the LD matrix, or outside of the window"
OUTSIDE_REGION = "outside of the region of the LD matrix"
USED, SWAPPED, OTHER_STRAND = "used", "used, alleles swapped", "used, other strand"
UNTOLD = "used, alleles taken from the panel"  # where the file tells none


@dataclass(frozen=True)
class GeneScores:
    """z-scores of one gene.

    z, n : (p, m) for the effect alleles of the panel, NaN where there is none; n NaN where the file
        does not tell
    counts : of rows of each tissue, by what became of them
    maf : (p,) frequency of the rarer allele in the people behind them, the mean of tissues; NaN
        where no file tells
    """

    z: np.ndarray
    n: np.ndarray
    counts: list["Counter[str]"]
    maf: np.ndarray


def gene_scores(reference: Reference, chrom: str, tissues: list[pd.DataFrame]) -> GeneScores:
    """z-scores of the variants of a window.

    tissues : rows of the gene, as `Pairs.of_gene` has them; empty where a tissue has none
    """
    variants = reference.variants.reset_index(drop=True)
    known = pd.DataFrame(
        {
            "place": variants["pos"].to_numpy(),
            "rsid": variants["rsid"].where(variants["rsid"] != "", variants["variant_id"]),
            "other_allele": variants["other_allele"].to_numpy(),
            "effect_allele": variants["effect_allele"].to_numpy(),
        }
    )
    z = np.full((len(known), len(tissues)), np.nan)
    n, maf, counts = z.copy(), z.copy(), []
    for t, rows in enumerate(tissues):
        z[:, t], n[:, t], maf[:, t], counted = _of_tissue(known, rows, bare(chrom))
        if reference.region is not None:
            counted = _by_region(counted, rows, reference.region)
        counts.append(counted)
    told = np.isfinite(maf)
    total, count = np.where(told, maf, 0.0).sum(axis=1), told.sum(axis=1)
    mean = np.divide(total, count, out=np.full(len(known), np.nan), where=count > 0)
    return GeneScores(z, n, counts, mean)


def _by_region(
    counted: "Counter[str]", rows: pd.DataFrame, region: tuple[int, int]
) -> "Counter[str]":
    """The same, where rows that are not there may lie outside of the region of a matrix."""
    found = Counter(counted)
    absent = found.pop(NOT_IN_PANEL, 0)
    if absent:
        told = rows["pos"] > 0
        outside = min(int((told & ~rows["pos"].between(*region)).sum()), absent)
        found.update({OUTSIDE_REGION: outside, NOT_IN_MATRIX: absent - outside})
    return +found


def _of_tissue(
    known: pd.DataFrame, rows: pd.DataFrame, chrom: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray, "Counter[str]"]:
    """z, n and maf of each variant of the panel, and what became of the rows."""
    z, n, maf = np.full((3, len(known)), np.nan)
    counts: Counter[str] = Counter()
    if not len(rows):
        return z, n, maf, counts
    names = {name: bare(name) for name in rows["chrom"].unique()}
    told = rows["chrom"].map(names)
    here = (rows["chrom"] == "") | (told == chrom) | (told.map(NUMBERED) == chrom)
    counts[ELSEWHERE] = int((~here).sum())
    rows = rows[here].reset_index(drop=True)
    by_place = bool((rows["pos"] > 0).any())
    rows = rows.assign(place=rows["pos"], minus=False, frequency=np.nan)
    untold = (rows["effect_allele"] == "").to_numpy()
    if untold.any():
        rows = _with_alleles_of_the_panel(known, rows, untold)
    found = match(known, rows, "place" if by_place else "rsid", palindromes="as-written")
    there = found.row >= 0
    row = found.row[there]
    z[there] = rows["z"].to_numpy()[row] * found.sign[there]
    n[there] = rows["n"].to_numpy()[row]
    maf[there] = rows["maf"].to_numpy()[row]
    swapped = found.sign[there] < 0
    counts[OTHER_STRAND] = int(found.flipped[there].sum())
    counts[SWAPPED] = int((swapped & ~found.flipped[there]).sum())
    counts[UNTOLD] = int(untold[row].sum())
    counts[USED] = int(there.sum()) - counts[OTHER_STRAND] - counts[SWAPPED] - counts[UNTOLD]
    counts["repeated rows"] = int(found.counts["repeated rows"])
    why = pd.Series(found.reason[~there])
    counts.update(why[why != "not in the GWAS"].str.replace("the GWAS", "the file").tolist())
    counts[NOT_IN_PANEL] = max(len(rows) - sum(counts.values()) + counts[ELSEWHERE], 0)
    return z, n, maf, +counts


def _with_alleles_of_the_panel(
    known: pd.DataFrame, rows: pd.DataFrame, untold: np.ndarray
) -> pd.DataFrame:
    """Alleles of rows that tell none, by the name of the variant: ALT is counted."""
    unique = known.drop_duplicates("rsid").set_index("rsid")
    rows = rows.copy()
    for name in ("other_allele", "effect_allele"):
        told = rows["rsid"].map(unique[name]).fillna("")
        rows[name] = rows[name].where(~untold, told)
    return rows
