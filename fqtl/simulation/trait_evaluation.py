"""How much of what a simulated trait follows its association finds."""

from typing import Any

import numpy as np
import pandas as pd

NEAR_BP = 500_000  # genes on either side that a gene is compared with
LEVEL = 0.05
LIKELY = 0.5  # probability of a gene by fine-mapping
COLOCALISED = 0.8  # probability of one variant for both


def trait_recovery(
    truth: pd.DataFrame,
    genes: pd.DataFrame,
    mapped: pd.DataFrame | None = None,
    shared: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """Counts, and one record for each gene that the trait follows.

    truth : as `simulate_trait` gives it; genes, mapped, shared : genes.tsv.gz, fine_mapping.tsv.gz
        and colocalisation.tsv.gz of the association
    """
    followed = truth[truth["mechanism"] != "variant"]
    by_gene = genes.set_index("gene_id")
    records = [_record(row, genes, by_gene) for row in followed.to_dict("records")]
    hits = genes["bonferroni"].astype(float) < LEVEL
    fine = _fine_mapping(records, mapped) if mapped is not None else {}
    if shared is not None:
        fine |= _colocalised(records, shared)
    tested = [record for record in records if record["tested"]]
    return {
        "genes_followed": len(records),
        "genes_followed_tested": len(tested),
        "genes_followed_significant": sum(record["significant"] for record in tested),
        "genes_followed_leading": sum(record["rank"] == 1 for record in tested),
        "genes_tested": len(genes),
        "genes_significant": int(hits.sum()),
        **fine,
        "variants_followed": int((truth["mechanism"] == "variant").sum()),
        "followed": records,
    }


def _record(row: dict[str, Any], genes: pd.DataFrame, by_gene: pd.DataFrame) -> dict[str, Any]:
    about = {name: row[name] for name in ("gene_id", "mechanism", "factor", "tissue", "effect")}
    if row["gene_id"] not in by_gene.index:
        return {**about, "tested": False}
    mine = by_gene.loc[row["gene_id"]]
    near = genes[
        (genes["chrom"] == mine["chrom"]) & (np.abs(genes["tss"] - mine["tss"]) <= NEAR_BP)
    ]
    strength = mine["neg_log10_p"]
    return {
        **about,
        "tested": True,
        "neg_log10_p": float(strength),
        "significant": bool(float(mine["bonferroni"]) < LEVEL),
        "rank": int((near["neg_log10_p"] > strength).sum()) + 1,
        "genes_near": len(near),
        "best_tissue": mine["best_tissue"],
        "best_z": _number(mine["best_z"]),
        "best_factor_z": _number(mine["best_factor_z"]),
    }


def _fine_mapping(records: list[dict[str, Any]], mapped: pd.DataFrame) -> dict[str, Any]:
    """Counts of genes with a probability above one half; records get the model that leads."""
    models = mapped[mapped["kind"] != "variant"].sort_values("pip", ascending=False, kind="stable")
    lead = models.drop_duplicates("gene_id").set_index("gene_id")
    for record in records:
        if record["gene_id"] in lead.index:
            mine = lead.loc[record["gene_id"]]
            record |= {"gene_pip": float(mine["gene_pip"]), "lead_kind": mine["kind"]}
            record["lead_tissue"] = mine["tissue"] if mine["kind"] == "tissue" else ""
    likely = lead.index[lead["gene_pip"] > LIKELY]
    return {
        "genes_likely": len(likely),
        "genes_followed_likely": len(set(likely) & {record["gene_id"] for record in records}),
    }


def _colocalised(records: list[dict[str, Any]], shared: pd.DataFrame) -> dict[str, Any]:
    """Counts of genes with an effect that shares its variant with one on the trait."""
    best = shared.dropna(subset=["pp_h4"]).groupby("gene_id")["pp_h4"].max()
    for record in records:
        if record["gene_id"] in best.index:
            record["pp_h4"] = float(best[record["gene_id"]])
    found = set(best.index[best > COLOCALISED])
    return {
        "genes_colocalised": len(found),
        "genes_followed_colocalised": len(found & {record["gene_id"] for record in records}),
    }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
