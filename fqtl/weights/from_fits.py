"""Weights out of the store of fits: of one tissue, and of the factors that tissues share."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from fqtl.fits import covariance_of, explode
from fqtl.weights.weight_set import WeightSet, known_rsids

# columns of the store that tissue_weights reads
TISSUE_NEEDS = ["gene_id", "chrom", "tss", "variants", "weights", "prediction", "covariance"]


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
