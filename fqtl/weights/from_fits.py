"""Weights out of the store of fits: of one tissue, and of the factors that tissues share.

A factor is no tissue, and must not be taken for one: its models are in a set of their own, named
`factors`, and factor 0 of the gene ENSG00000100321.10 is the model `factor0_ENSG00000100321.10`, a
name that stays one of its own where a program cuts off the version. Its weights are the score of
the factor per copy of the effect allele. It was not cross-validated by itself, since it is not
observed; it carries the performance of the tissue that is predicted best of those that it acts in.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from fqtl.data.expression import gene_key
from fqtl.tables.fits import CALL, covariance_of, explode
from fqtl.weights.weight_set import WeightSet, known_rsids

# columns of the store that tissue_weights reads
TISSUE_NEEDS = ["gene_id", "chrom", "tss", "variants", "weights", "prediction", "covariance"]
FACTOR_NEEDS = [
    *["gene_id", "chrom", "tss", "variants", "factors", "factor_weights", "tissue_loadings"],
    *["prediction", "covariance"],
]
# names of the sets
FACTORS = "factors"
JOINT = "joint_covariance"
ALL_TISSUES = "all_tissues"


def tissue_weights(fits: pa.Table, tissue: str, genome_build: str) -> WeightSet:
    """Weights, performance and covariance of every gene that has a weight in the tissue.

    fits : the columns TISSUE_NEEDS of the store
    """
    entries = explode(fits, "weights", tissue)
    rows = entries["row"].unique()
    prediction = explode(fits, "prediction", tissue).set_index("gene_id")
    genes = _places(fits, rows).join(prediction.drop(columns="row"), on="gene_id")
    return WeightSet.of(
        tissue,
        genome_build,
        int(prediction["n_donors"].max()) if len(prediction) else 0,
        genes.rename(columns={"n_donors": "n_samples"}),
        _named_alike(fits, entries),
        [_covariance(fits, group) for _, group in entries.groupby("row", sort=False)],
    )


def factor_weights(fits: pa.Table, genome_build: str) -> WeightSet:
    """Weights of every factor of every gene, as if factors were genes.

    fits : the columns FACTOR_NEEDS of the store
    """
    entries = explode(fits, "factor_weights")
    model = model_names(entries)
    performance = _best_tissue(explode(fits, "tissue_loadings"), explode(fits, "prediction"))
    listed = entries.assign(model=model).drop_duplicates("model").reset_index(drop=True)
    pip = explode(fits, "factors")
    genes = (
        _places(fits, listed["row"].to_numpy())
        .assign(factor=listed["factor"])
        .merge(pip.drop(columns="row"), how="left", on=["gene_id", "factor"])
        .merge(performance, how="left", on=["gene_id", "factor"])
        .assign(gene_id=listed["model"])
    )
    n_samples = genes["n_donors"].fillna(0).astype(int)
    return WeightSet.of(
        FACTORS,
        genome_build,
        int(n_samples.max()) if len(genes) else 0,
        genes.assign(n_samples=n_samples),
        _named_alike(fits, entries).assign(gene_id=model),
        [_covariance(fits, group) for _, group in entries.groupby(model, sort=False)],
    )


def model_names(entries: pd.DataFrame) -> "pd.Series[str]":
    """Name of each factor where factors stand for genes; entries : gene_id and factor."""
    return "factor" + entries["factor"].astype(str) + "_" + entries["gene_id"]


def _best_tissue(loadings: pd.DataFrame, prediction: pd.DataFrame) -> pd.DataFrame:
    """Performance in the tissue that is predicted best of those in which each factor acts."""
    acts = loadings.loc[loadings["pip"] > CALL, ["gene_id", "factor", "tissue"]]
    found = acts.merge(prediction.drop(columns=["row", "pip"]), on=["gene_id", "tissue"])
    return found.sort_values("p", kind="stable").drop_duplicates(["gene_id", "factor"])


def joint_variants(fits: pa.Table, genome_build: str) -> WeightSet:
    """Variants of each gene that have a weight in any tissue, with their covariance.

    No tissue has these weights, so they are NaN. fits : the columns TISSUE_NEEDS of the store
    """
    entries = explode(fits, "weights").drop_duplicates(["row", "variant"])
    entries = entries.sort_values(["row", "variant"], ignore_index=True)
    return WeightSet.of(
        JOINT,
        genome_build,
        0,
        _places(fits, entries["row"].unique()),
        _named_alike(fits, entries).drop(columns=["tissue", "weight"]),
        [_covariance(fits, group) for _, group in entries.groupby("row", sort=False)],
    )


def _places(fits: pa.Table, rows: np.ndarray) -> pd.DataFrame:
    """Where the genes of some rows of the store are."""
    frame = fits.select(["gene_id", "chrom", "tss"]).take(pa.array(rows, pa.int64())).to_pandas()
    return frame.assign(start=frame["tss"], end=frame["tss"])


def _named_alike(fits: pa.Table, entries: pd.DataFrame) -> pd.DataFrame:
    """Entries whose variants have the same rsid in every tissue, one that names no other.

    An rsid that two variants of a gene have is emptied even where only one of them has weight:
    what is the name of which variant must not depend on the tissue.
    """
    everything = explode(fits, "variants")
    known = known_rsids(everything).to_numpy()
    length = np.asarray(pc.list_value_length(fits["variants"]).fill_null(0))
    first = np.cumsum(length) - length
    chrom = np.asarray(fits["chrom"].take(pa.array(entries["row"], pa.int64())))
    return entries.assign(
        rsid=known[first[entries["row"]] + entries["variant"].to_numpy()], chrom=chrom
    )


def _covariance(fits: pa.Table, entries: pd.DataFrame) -> np.ndarray:
    """Covariance of the variants that carry weight, of one gene."""
    row, which = entries["row"].iloc[0], entries["variant"].to_numpy()
    size = len(fits["variants"][row].values)
    matrix = covariance_of(fits["covariance"][row].values.to_numpy(), size)
    return matrix[np.ix_(which, which)]


def with_gene_names(weights: WeightSet, names: pd.DataFrame) -> WeightSet:
    """A set with what `read_gene_names` says of its genes; a factor is called after its gene."""
    genes = weights.genes
    parts = genes["gene_id"].str.extract(r"^(factor\d+_)?(.*)$")
    reported = names.reindex(parts[1].map(gene_key)).reset_index(drop=True)
    known = reported["start"].notna()
    name = reported["gene_name"].fillna("")
    return replace(
        weights,
        genes=genes.assign(
            gene_name=(parts[0].fillna("") + name).where(name != "", genes["gene_name"]),
            gene_type=reported["gene_type"].where(known, genes["gene_type"]),
            start=reported["start"].where(known, genes["start"]).astype(int),
            end=reported["end"].where(known, genes["end"]).astype(int),
        ),
    )
