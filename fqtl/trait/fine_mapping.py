"""Which gene, which tissue or mechanism, or which variant explains each associated locus."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from fqtl.association.single_effects import (
    LEAST_PRESENT,
    GroupPrior,
    SingleEffects,
    conditional_z,
    learn_prior,
    single_effects,
    start_prior,
)
from fqtl.gwas.effects import LN10, log_p_of
from fqtl.tables.columns import COLUMNS
from fqtl.trait.loci import GROUPS, Block, Candidates

TOLD_PIP = 0.01  # of variants by themselves; models are all told
WEAK_LD = 0.1  # r² with the lead variant below which there is a remark
NEAR_BP = 1_000_000  # between blocks whose effects are taken from each other's z-scores
PASSES = 2
PURE = 0.5  # smallest |r| within a credible set that is told


def prior_of(
    z: Sequence[np.ndarray], group: Sequence[np.ndarray], idle_models: np.ndarray
) -> GroupPrior:
    """The prior of the groups, learned over all blocks.

    z, group : of the candidates of each block that is fine-mapped
    idle_models : (2,) models in tissues and of factors in all other blocks; these are taken to
        have as many variants for each model as those that were looked at
    """
    start = start_prior(GROUPS)
    idle = np.array([0.0, *idle_models])
    seen = sum((np.bincount(at, minlength=len(GROUPS)) for at in group), np.zeros(len(GROUPS)))
    if seen[1:].sum():
        idle[0] = seen[0] * idle_models.sum() / seen[1:].sum()
    return learn_prior(z, group, start, idle)


def fitted(found: Sequence[Candidates], prior: GroupPrior) -> list[SingleEffects]:
    """Effects of the blocks of one chromosome.

    No cut parts all LD: what is found in blocks nearby is taken from the z-scores of a block, and
    each is fitted again.
    """
    effects = [single_effects(one.z, one.values, one.group, prior) for one in found]
    if len(found) < 2:
        return effects
    for _ in range(PASSES):
        for i, one in enumerate(found):
            effects[i] = single_effects(beside(found, effects, i), one.values, one.group, prior)
    return effects


def beside(found: Sequence[Candidates], effects: Sequence[SingleEffects], i: int) -> np.ndarray:
    """(e,) z of a block, the effects of blocks nearby taken from it."""
    one = found[i]
    near = [k for k, other in enumerate(found) if k != i and _near(one, other)]
    scores = sum((found[k].values.T @ effects[k].total for k in near), np.zeros(1))
    return one.z - one.values @ scores if near else one.z


def _near(one: Candidates, other: Candidates) -> bool:
    gap = max(one.block.start, other.block.start) - min(one.block.end, other.block.end)
    return gap < NEAR_BP


def rows_of(number: int, found: Candidates, effects: SingleEffects) -> pd.DataFrame:
    """Rows of fine_mapping.tsv.gz of one block."""
    about, pip = found.about, effects.pip
    gene_pip = np.full(len(about), np.nan)
    for gene, rows in about.groupby("gene_id", sort=False).indices.items():
        if gene:
            gene_pip[rows] = effects.pip_of(rows)
    in_set = np.full(len(about), "", dtype=object)
    told = 0
    for _, candidates in effects.sets():
        if _purity(found, candidates) >= PURE:
            free = candidates[in_set[candidates] == ""]
            in_set[free] = str(told)
            told += 1
    table = about.assign(
        block=number, chrom=found.block.chrom, z=found.z, pip=pip, gene_pip=gene_pip
    )
    table["credible_set"] = in_set
    shown = (found.group > 0) | (pip >= TOLD_PIP) | (in_set != "")
    table = table[shown].sort_values("pip", ascending=False, kind="stable")
    return table[list(COLUMNS["fine_mapping"])]


def variants_of(number: int, found: Candidates, effects: SingleEffects) -> pd.DataFrame:
    """Rows of locus_variants.tsv.gz of one block, in the order of position; r² is with the variant
    of the largest |z|, by the panel."""
    alone = np.flatnonzero(found.group == 0)
    order = alone[np.argsort(found.about["pos"].to_numpy()[alone], kind="stable")]
    about, z = found.about.iloc[order], found.z[order]
    r2 = np.empty(0)
    if len(order):
        r2 = (found.values[order] @ found.values[order[int(np.argmax(np.abs(z)))]]) ** 2
    table = pd.DataFrame(
        {
            "block": number,
            "chrom": found.block.chrom,
            "pos": about["pos"].astype(int),
            "variant_id": about["variant_id"],
            "z": z,
            "neg_log10_p": np.abs(log_p_of(z)) / LN10,
            "pip": effects.pip[order],
            "r2": r2,
        }
    )
    return table[list(COLUMNS["locus_variants"])]


def _purity(found: Candidates, candidates: np.ndarray) -> float:
    values = found.values[candidates[:100]]
    return float(np.abs(values @ values.T).min())


def loci_of(number: int, found: Candidates, effects: SingleEffects) -> list[dict[str, Any]]:
    """Rows of loci.tsv.gz of one block: one for each effect that is likelier there than not, the
    surest first; one with a remark where none is."""
    told = [effect for effect, _ in effects.sets()] or [int(np.argmin(effects.absent))]
    return [_locus(number, found, effects, effect) for effect in told]


def _locus(number: int, found: Candidates, effects: SingleEffects, effect: int) -> dict[str, Any]:
    about, block = found.about, found.block
    variants = found.group == 0
    alpha, present = effects.alpha[effect], 1 - effects.absent[effect]
    lead = _lead(about, alpha, variants)
    correlation = found.values @ found.values[lead]
    gene = about["gene_id"].iloc[lead]
    others = np.flatnonzero(~variants & (about["gene_id"] != gene))
    row: dict[str, Any] = {
        "block": number,
        "chrom": block.chrom,
        "start": block.start,
        "end": block.end,
        "n_variants": int(variants.sum()),
        "n_models": int((~variants).sum()),
        "n_genes": int(about["gene_id"][~variants].nunique()),
        "effect_probability": present,
        **{name: about[name].iloc[lead] for name in LEAD},
        "z": found.z[lead],
        "pip": effects.pip[lead],
        "gene_pip": np.nan,
        "variants_alone": alpha[variants].sum() / present,
        "other_gene": "",
        "other_z": np.nan,
        "other_conditional_z": np.nan,
        **_of_gwas(found, effects, effect, lead),
    }
    if gene:
        row["gene_pip"] = effects.pip_of(np.flatnonzero(about["gene_id"] == gene))
    if len(others):
        other = int(others[np.argmax(np.abs(found.z[others]))])
        row["other_gene"] = about["gene_id"].iloc[other]
        row["other_z"] = found.z[other]
        row["other_conditional_z"] = conditional_z(found.z, lead, correlation)[other]
    row["remark"] = _remark(row)
    return row


LEAD = ("kind", "gene_id", "gene_name", "tissue", "factor", "variant_id")


def _lead(about: pd.DataFrame, alpha: np.ndarray, variants: np.ndarray) -> int:
    """The likeliest candidate of the likelier of variants by themselves and each gene."""
    by_gene = pd.Series(alpha[~variants]).groupby(about["gene_id"].to_numpy()[~variants]).sum()
    if variants.any() and (by_gene.empty or alpha[variants].sum() > by_gene.max()):
        mine = np.flatnonzero(variants)
    else:
        mine = np.flatnonzero((about["gene_id"] == by_gene.idxmax()).to_numpy())
    return int(mine[np.argmax(alpha[mine])])


def _of_gwas(found: Candidates, effects: SingleEffects, effect: int, lead: int) -> dict[str, Any]:
    """The variant that is strongest once the other effects are accounted for, and the lead's r²
    with it."""
    at = np.flatnonzero(found.group == 0)
    if not len(at):
        return {"gwas_lead": "", "gwas_lead_z": np.nan, "r2_with_gwas_lead": np.nan}
    others = effects.total - effects.alpha[effect] * effects.mean[effect]
    residual = found.z - found.values @ (others @ found.values)
    strongest = int(at[np.argmax(np.abs(residual[at]))])
    r = float(found.values[strongest] @ found.values[lead])
    return {
        "gwas_lead": found.about["variant_id"].iloc[strongest],
        "gwas_lead_z": found.z[strongest],
        "r2_with_gwas_lead": r**2,
    }


def _remark(row: dict[str, Any]) -> str:
    if row["effect_probability"] < LEAST_PRESENT:
        return "no effect is likelier there than not"
    if row["kind"] != "variant" and row["r2_with_gwas_lead"] < WEAK_LD:
        return "its variants are in weak LD with the lead variant of the GWAS"
    return ""


def counts_of(blocks: Sequence[Block], tests: Sequence[Any]) -> np.ndarray:
    """(2,) models in tissues and of factors in these blocks."""
    of_factors = [tests[i].models.of_factors for block in blocks for i, _ in block.members]
    return np.array([len(of_factors) - sum(of_factors), sum(of_factors)], dtype=float)
