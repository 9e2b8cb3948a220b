"""The store of fits: one row per gene, with everything that later stages need in lists.

A shard writes its rows, the store is all of them in the order of the genes. Tables for people
(`results/*.tsv.gz`) and weights are read out of it.
"""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

LOADING = {"mean": pa.float64(), "sd": pa.float64(), "pip": pa.float64()}
FITS = pa.schema(
    {
        "gene_id": pa.string(),
        "chrom": pa.string(),
        "tss": pa.int64(),
        "status": pa.string(),
        "reason": pa.string(),
        "n_donors": pa.int64(),
        "n_variants": pa.int64(),
        "n_tissues": pa.int64(),
        "n_factors": pa.int64(),
        "elbo": pa.float64(),
        "n_iter": pa.int64(),
        "converged": pa.bool_(),
        "seconds": pa.float64(),
        # variants that carry weight; the lists below point into it by index
        "variants": pa.list_(
            pa.struct(
                {
                    "variant_id": pa.string(),
                    "rsid": pa.string(),
                    "pos": pa.int64(),
                    "other_allele": pa.string(),
                    "effect_allele": pa.string(),
                }
            )
        ),
        "variant_loadings": pa.list_(
            pa.struct({"factor": pa.int64(), "variant": pa.int64(), **LOADING})
        ),
        "tissue_loadings": pa.list_(
            pa.struct({"factor": pa.int64(), "tissue": pa.string(), **LOADING})
        ),
        # expression, in standard deviations, per copy of the effect allele
        "weights": pa.list_(
            pa.struct({"tissue": pa.string(), "variant": pa.int64(), "weight": pa.float64()})
        ),
        "prediction": pa.list_(
            pa.struct(
                {
                    "tissue": pa.string(),
                    "n_donors": pa.int64(),
                    "pip": pa.float64(),
                    "r": pa.float64(),
                    "r2": pa.float64(),
                    "p": pa.float64(),
                    "fold_r2": pa.float64(),
                    "fold_p": pa.float64(),
                }
            )
        ),
        # of the dosages of `variants`: upper triangle with the diagonal, row by row
        "covariance": pa.list_(pa.float64()),
    }
)


def explode(fits: pa.Table, column: str) -> pd.DataFrame:
    """Entries of a list column, one per row, with the gene_id of each and its row in the store.

    An entry that points into `variants` gets the columns of that variant, too.
    """
    entries = pc.list_flatten(fits[column]).combine_chunks()
    gene = pc.list_parent_indices(fits[column]).to_numpy()
    frame = pa.Table.from_struct_array(entries).to_pandas() if len(gene) else _empty(column)
    frame.insert(0, "gene_id", fits["gene_id"].to_pandas().to_numpy()[gene])
    frame.insert(1, "row", gene)
    if "variant" not in frame:
        return frame
    length = np.array(pc.list_value_length(fits["variants"]).fill_null(0))
    first = np.cumsum(length) - length
    which = first[gene] + frame.pop("variant").to_numpy(dtype=np.int64)
    variants = explode(fits, "variants").drop(columns=["gene_id", "row"])
    variants = variants.iloc[which].reset_index(drop=True)
    return pd.concat([frame, variants], axis="columns")


def _empty(column: str) -> pd.DataFrame:
    """No entries, with the columns and types there would be."""
    entry = FITS.field(column).type.value_type
    return pa.Table.from_batches([], schema=pa.schema(list(entry))).to_pandas()


def covariance_of(triangle: list[float] | np.ndarray, size: int) -> np.ndarray:
    """(size, size) matrix from its upper triangle, row by row with the diagonal."""
    matrix = np.zeros((size, size))
    rows, columns = np.triu_indices(size)
    matrix[rows, columns] = triangle
    matrix[columns, rows] = triangle
    return matrix
