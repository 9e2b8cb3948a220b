"""Tables of a release for people, read out of the store of fits."""

import pandas as pd
import pyarrow as pa

from fqtl.release.discoveries import discoveries
from fqtl.tables.columns import COLUMNS
from fqtl.tables.fits import CALL, explode


def result_tables(fits: pa.Table, exceedances: int) -> dict[str, pd.DataFrame]:
    """Tables by kind, in the order of the genes.

    exceedances : permuted statistics that reach that of a gene, after which no more were drawn
    """
    variants = explode(fits, "variant_loadings")
    variants = variants.assign(chrom=fits["chrom"].to_pandas().to_numpy()[variants["row"]])
    tissues = explode(fits, "tissue_loadings")
    specific = explode(fits, "tissue_specific")
    specific = specific.assign(chrom=fits["chrom"].to_pandas().to_numpy()[specific["row"]])
    factors, prediction = explode(fits, "factors"), explode(fits, "prediction")
    found = discoveries(fits, factors, prediction, exceedances)
    factors = list_factors(factors, variants, tissues)
    stored = [name for name in COLUMNS["fits"] if name in fits.column_names]
    frames = {
        "fits": pd.concat([fits.select(stored).to_pandas(), found.genes], axis="columns"),
        "factors": pd.concat([factors, found.factors], axis="columns"),
        "variants": variants,
        "tissues": tissues,
        "specific": specific,
        "credible_sets": list_credible_sets(explode(fits, "credible_sets")),
        "prediction": pd.concat(
            [prediction, found.pairs.rename(columns={"p": "pip_p"})], axis="columns"
        ),
        "nulls": found.nulls,
        "calibration": found.summary,
        "dropped_variants": explode(fits, "dropped_variants"),
    }
    return {kind: frame[list(COLUMNS[kind])] for kind, frame in frames.items()}


def list_factors(
    factors: pd.DataFrame, variants: pd.DataFrame, tissues: pd.DataFrame
) -> pd.DataFrame:
    """One row per gene and factor, with what it surely holds in words.

    factors : gene_id, factor, pip; variants and tissues : its loadings
    """
    by = ["gene_id", "factor"]
    listed = factors[[*by, "pip"]].set_index(by)
    for name, side, label in (("variants", variants, "variant_id"), ("tissues", tissues, "tissue")):
        called = side[side["pip"] > CALL].groupby(by)
        listed[f"n_{name}"] = called.size().reindex(listed.index, fill_value=0)
        listed[name] = called[label].agg(",".join).reindex(listed.index, fill_value="")
    lead = variants.sort_values("pip", ascending=False, kind="stable").groupby(by).first()
    listed[["lead_variant", "lead_pip"]] = lead[["variant_id", "pip"]].reindex(listed.index)
    return listed.reset_index()


def list_credible_sets(members: pd.DataFrame) -> pd.DataFrame:
    """One row per credible set; members : a row for each of its variants, the likeliest first."""
    sets = members.groupby(["gene_id", "set"], sort=False)
    columns = ["factor", "tissue", "pip", "coverage", "purity"]
    listed = sets[columns].first()
    listed["size"] = sets.size()
    listed["lead_variant"] = sets["variant_id"].first()
    listed["variants"] = sets["variant_id"].agg(",".join)
    return listed.reset_index().astype({"factor": "Int64"})
