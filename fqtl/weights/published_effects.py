"""Weights out of effects that were published as factors, with a reference panel for the rest.

A factor k of a gene gives variant j in tissue t an effect l_jk r_tk on standardised scales, so

    weight_jt = sum_k l_jk r_tk s_j / sd_j

is expression (in standard deviations) per copy of the effect allele, where sd_j is the standard
deviation of the dosage in the panel and s_j is 1 if the released dosage counted that allele, -1 if
it counted the other. The released files do not say which was counted: where it was the rarer one,
the panel decides, and a variant whose alleles are about as frequent as each other cannot be signed.
What is left out is listed with its reason.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from fqtl.data.panel import Panel
from fqtl.data.released import Released
from fqtl.weights.from_fits import FACTORS, JOINT, model_names
from fqtl.weights.weight_set import WeightSet, known_rsids

Counted = Literal["minor", "second", "first"]
TOLD = ["variant_id", "chrom", "pos", "other_allele", "effect_allele", "frequency", "row"]
ENTRY = ["gene_id", "tissue", "asked_for"]  # what a weight belongs to


@dataclass(frozen=True)
class Rules:
    """How released effects are read.

    counted : the allele whose copies a released dosage counts: the minor one in the panel, or the
        second or first in the name of the variant
    per_sd : whether an effect is per standard deviation of genotype, or else per copy
    max_maf : largest minor allele frequency at which the minor allele counts as known
    a1 : released variant → allele that was counted, where that is known better; None otherwise
    """

    counted: Counted = "minor"
    per_sd: bool = True
    max_maf: float = 0.4
    a1: "pd.Series[str] | None" = None


@dataclass(frozen=True)
class Published:
    """Weights of all genes and tissues of a release, and what became of it.

    released, panel : what they were made of
    variants : one row per released variant: the columns of `Panel.variants`, dosage_sd, sign (of a
        released effect, for the effect allele of the panel) and the reason if it is left out
    weights : gene_id, tissue, asked_for (the released variant), rsid (the same in every tissue) and
        weight per copy of the panel's effect allele
    factor_weights : gene_id, factor, asked_for, rsid and weight in the tissue where the factor does
        most
    """

    released: Released
    panel: Panel
    variants: pd.DataFrame
    weights: pd.DataFrame
    factor_weights: pd.DataFrame


def published_weights(released: Released, panel: Panel, rules: Rules) -> Published:
    """Weights per allele of every gene, tissue and variant that can be had."""
    variants = _signed(panel, rules)
    left = _entries(released.factors, "variants", "variant_loadings", "asked_for")
    known = variants[variants["reason"] == ""]
    scale = known["sign"] / (known["dosage_sd"] if rules.per_sd else 1.0)
    left = left.join(scale.rename("scale"), on="asked_for", how="inner")
    left["weight"] = left["loading"] * left["scale"]
    left = _once(left, known)
    right = _entries(released.factors, "tissues", "tissue_loadings", "tissue")
    pairs = left.merge(right, on=["gene_id", "factor"], sort=False)
    pairs["weight"] *= pairs["loading"]
    weights = pairs.groupby([*ENTRY, "rsid"], sort=False)["weight"].sum().reset_index()
    # the scale of a factor is free: it is that of the tissue where the factor does most
    most = right.assign(size=right["loading"].abs()).sort_values("size", kind="stable")
    most = most.drop_duplicates(["gene_id", "factor"], keep="last")
    of_factors = left.merge(most, on=["gene_id", "factor"], sort=False)
    of_factors["weight"] *= of_factors["loading"]
    return Published(released, panel, variants, weights, of_factors)


def _once(left: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Weights of factors with one name for each variant of the panel, and its rsid.

    A release may name a variant in two ways, its alleles swapped or read from the other strand. An
    rsid that two variants of a gene have is emptied, even where one of them alone has weight.

    left : gene_id, factor, asked_for and weight; known : rows of `Published.variants`
    """
    first = known.reset_index().drop_duplicates("row").set_index("row")["asked_for"]
    name = known["row"].map(first)
    left = left.assign(asked_for=left["asked_for"].map(name))
    left = left.groupby(["gene_id", "factor", "asked_for"], sort=False)["weight"].sum()
    left = left.reset_index()
    named = left[["gene_id", "asked_for"]].drop_duplicates()
    named = named.join(known["rsid"], on="asked_for")
    return left.merge(
        named.assign(rsid=known_rsids(named)), on=["gene_id", "asked_for"], how="left"
    )


def variants_of(released: Released) -> pd.DataFrame:
    """Every variant of a release: variant_id, chrom, pos, other_allele, effect_allele."""
    ids = released.factors["variants"].explode().drop_duplicates().to_list()
    parts = [name.split("_") for name in ids]
    return pd.DataFrame(
        {
            "variant_id": ids,
            "chrom": [part[0] for part in parts],
            "pos": [int(part[1]) for part in parts],
            "other_allele": [part[2] for part in parts],
            "effect_allele": [part[3] for part in parts],
        }
    )


def weight_set(published: Published, tissue: str) -> WeightSet:
    """Weights of one tissue, with the covariance of their variants in the panel."""
    released = published.released
    mine = published.weights[published.weights["tissue"] == tissue]
    genes = released.factors.drop_duplicates("gene_id")
    genes = genes[genes["gene_id"].isin(mine["gene_id"])]
    return _set(published, tissue, genes.assign(n_samples=released.tissues[tissue]), mine)


def factor_set(published: Published) -> WeightSet:
    """Weights of every factor, as if factors were genes; named as those of fits are.

    Its number of samples is that of the largest tissue in which a factor acts.
    """
    released = published.released
    mine = published.factor_weights
    mine = mine.assign(gene_id=model_names(mine))
    factors = released.factors
    names = model_names(factors.assign(gene_id=factors["gene_name"]))
    genes = factors.assign(gene_id=model_names(factors), gene_name=names)
    genes = genes[genes["gene_id"].isin(mine["gene_id"])]
    donors = [max(map(released.tissues.__getitem__, names)) for names in genes["tissues"]]
    return _set(published, FACTORS, genes.assign(n_samples=donors), mine)


def joint_set(published: Published) -> WeightSet:
    """Variants of each gene that have a weight in any tissue, with their covariance.

    No tissue has these weights, so they are NaN.
    """
    mine = published.weights.drop_duplicates(["gene_id", "asked_for"]).assign(weight=np.nan)
    genes = published.released.factors.drop_duplicates("gene_id")
    genes = genes[genes["gene_id"].isin(mine["gene_id"])]
    return _set(published, JOINT, genes.assign(n_samples=0), mine)


def _set(published: Published, name: str, genes: pd.DataFrame, weights: pd.DataFrame) -> WeightSet:
    """A set of some genes with tss and n_samples; weights: gene_id, asked_for, rsid and weight."""
    weights = weights.join(published.variants[TOLD], on="asked_for")
    dosages = published.panel.dosages
    rows = dict(list(weights.groupby("gene_id", sort=False)["row"]))
    return WeightSet.of(
        name,
        published.released.build,
        int(genes["n_samples"].max()) if len(genes) else 0,
        genes.assign(start=genes["tss"], end=genes["tss"]),
        weights,
        [_covariance(dosages[rows[gene]]) for gene in genes["gene_id"]],
    )


def _covariance(dosages: np.ndarray) -> np.ndarray:
    """(v, v) covariance of dosages (v, n)."""
    return np.atleast_2d(np.cov(dosages))


def _entries(factors: pd.DataFrame, names: str, loadings: str, name: str) -> pd.DataFrame:
    """One row per entry of a side of the factors: gene_id, factor, its name and its loading."""
    long = factors[["gene_id", "factor", names, loadings]].explode([names, loadings])
    long = long.rename(columns={names: name, loadings: "loading"})
    return long.astype({"loading": float})


def _signed(panel: Panel, rules: Rules) -> pd.DataFrame:
    """The panel's variants with the sign of their effects, or why they have none."""
    variants = panel.variants.copy()
    found = (variants["row"] >= 0).to_numpy()
    sd = np.full(len(variants), np.nan)
    sd[found] = panel.dosages[variants["row"][found]].std(axis=1, ddof=1)
    sign = np.where(variants["swapped"], -1.0, 1.0)
    maf = np.minimum(variants["frequency"], 1 - variants["frequency"])
    reason = variants["reason"].copy()
    if rules.a1 is not None:
        a1 = rules.a1.reindex(variants.index)
        second = a1.index.str.split("_").str[3]
        sign = np.where(a1 == second, sign, -sign)
        reason[(reason == "") & a1.isna()] = "allele that was counted is not known"
    elif rules.counted == "minor":
        sign = np.where(variants["frequency"] <= 0.5, 1.0, -1.0)
        unsure = (reason == "") & (maf > rules.max_maf)
        reason[unsure] = f"minor allele uncertain: frequency in the panel above {rules.max_maf:g}"
    elif rules.counted == "first":
        sign = -sign
    return variants.assign(sign=sign, dosage_sd=sd, reason=reason)


def outcome(published: Published) -> pd.DataFrame:
    """How much survived, and why the rest did not: what, outcome, reason, count."""
    released, variants, weights = published.released, published.variants, published.weights
    rows: list[tuple[str, str, str, int]] = []

    def add(what: str, kept: int, reasons: "pd.Series[str]") -> None:
        rows.append((what, "kept", "", kept))
        for reason, count in reasons.value_counts().sort_index().items():
            rows.append((what, "left out", str(reason), int(count)))

    factors = factor_outcome(published)
    add("genes", weights["gene_id"].nunique(), _gene_reasons(published, factors))
    tissues = pd.Series("no weight of any gene", index=list(released.tissues))
    used = set(weights["tissue"])
    add("tissues", len(used), tissues[[name not in used for name in tissues.index]])
    add("factors", int((factors["reason"] == "").sum()), factors["reason"][factors["reason"] != ""])
    dropped = variants["reason"] != ""
    add("variants", int((~dropped).sum()), variants["reason"][dropped])
    rows.append(
        ("variants", "kept", "with swapped alleles", int(variants["swapped"][~dropped].sum()))
    )
    add("models of a gene in a tissue", len(weights[ENTRY[:2]].drop_duplicates()), _no_reasons())
    add("weights", len(weights), _no_reasons())
    return pd.DataFrame(rows, columns=["what", "outcome", "reason", "count"])


def factor_outcome(published: Published) -> pd.DataFrame:
    """gene_id, factor, variants (released), kept (of them) and reason of every factor."""
    factors = published.released.factors
    known = published.variants["reason"].to_dict()
    kept = [sum(known[name] == "" for name in names) for names in factors["variants"]]
    listed = pd.DataFrame(
        {
            "gene_id": factors["gene_id"],
            "factor": factors["factor"],
            "variants": factors["variants"].str.len(),
            "kept": kept,
            "reason": np.where(np.array(kept) > 0, "", "none of its variants can be used"),
        }
    )
    left_out = published.released.left_out.assign(variants=0, kept=0)
    return pd.concat([listed, left_out[list(listed.columns)]], ignore_index=True)


def _gene_reasons(published: Published, factors: pd.DataFrame) -> "pd.Series[str]":
    """Why each gene without weights has none: what is said of its factors."""
    dropped = factors[~factors["gene_id"].isin(published.weights["gene_id"])]
    return dropped.groupby("gene_id", sort=False)["reason"].agg(
        lambda reasons: "; ".join(sorted(set(reasons)))
    )


def _no_reasons() -> "pd.Series[str]":
    return pd.Series(dtype=str)
