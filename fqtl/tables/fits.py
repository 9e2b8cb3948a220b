"""The store of fits: one row per gene, with everything that later stages need in lists.

A shard writes its rows, the store is all of them in the order of the genes. Tables for people
(`results/*.tsv.gz`) and weights are read out of it.
"""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

CALL = 0.5  # PIP above which a variant, a tissue or a gene-tissue pair counts as found
BASELINE = ("r2", "p", "spearman")  # of `Prediction`, of the elastic net
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
        # of a gene on X (or Z), where one copy counts as two: `covariate`, or `alike` where all
        # donors are of one sex; empty of other genes
        "sex": pa.string(),
        "n_factors": pa.int64(),
        "n_tissue_specific": pa.int64(),
        "elbo": pa.float64(),
        "n_iter": pa.int64(),
        "converged": pa.bool_(),
        "dropped_variants": pa.list_(pa.struct({"reason": pa.string(), "count": pa.int64()})),
        "factors": pa.list_(pa.struct({"factor": pa.int64(), "pip": pa.float64()})),
        # variants that carry weight; the lists below point into it by index
        "variants": pa.list_(
            pa.struct(
                {
                    "variant_id": pa.string(),
                    "rsid": pa.string(),
                    "pos": pa.int64(),
                    "other_allele": pa.string(),
                    "effect_allele": pa.string(),
                    "frequency": pa.float64(),  # of the effect allele
                    "hwe_p": pa.float64(),  # of an exact test of Hardy-Weinberg equilibrium
                }
            )
        ),
        "variant_loadings": pa.list_(
            pa.struct({"factor": pa.int64(), "variant": pa.int64(), **LOADING})
        ),
        "tissue_loadings": pa.list_(
            pa.struct({"factor": pa.int64(), "tissue": pa.string(), **LOADING})
        ),
        "tissue_specific": pa.list_(
            pa.struct({"tissue": pa.string(), "variant": pa.int64(), **LOADING})
        ),
        # factor or tissue is null: an effect is of one of them
        "credible_sets": pa.list_(
            pa.struct(
                {
                    "set": pa.int64(),
                    "factor": pa.int64(),
                    "tissue": pa.string(),
                    "variant": pa.int64(),
                    "pip": pa.float64(),
                    "coverage": pa.float64(),
                    "purity": pa.float64(),
                }
            )
        ),
        # expression, in standard deviations, per copy of the effect allele
        "weights": pa.list_(
            pa.struct({"tissue": pa.string(), "variant": pa.int64(), "weight": pa.float64()})
        ),
        # score of a factor, in its own unit, per copy of the effect allele
        "factor_weights": pa.list_(
            pa.struct({"factor": pa.int64(), "variant": pa.int64(), "weight": pa.float64()})
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
                    "spearman": pa.float64(),
                    **{f"enet_{name}": pa.float64() for name in BASELINE},
                    # with weights.background: what it explains, and the part of its score that
                    # the variants that stand in for it hold
                    "background_share": pa.float64(),
                    "background_kept": pa.float64(),
                }
            )
        ),
        # -ln of the posterior probability that nothing acts, of the fit and of permuted ones
        "neg_log_null_prob": pa.float64(),
        "permuted_fits": pa.list_(
            pa.struct({"draw": pa.int64(), "neg_log_null_prob": pa.float64()})
        ),
        "permuted_factors": pa.list_(pa.struct({"draw": pa.int64(), "pip": pa.float64()})),
        "permuted_tissues": pa.list_(
            pa.struct({"draw": pa.int64(), "tissue": pa.string(), "pip": pa.float64()})
        ),
        # of the dosages of `variants`: upper triangle with the diagonal, row by row
        "covariance": pa.list_(pa.float64()),
    }
)

# Of genes with a pure credible set. It stays in the shards: a release of it takes as much room as
# twenty of `FITS`
EFFECTS = pa.schema(
    {
        # every variant of the cis window, chr22_20003000_T_C_b38; the lists below point into it
        "window": pa.list_(pa.string()),
        "window_rsids": pa.list_(pa.string()),
        # `set` is that of `credible_sets`; factor or tissue is null
        "effects": pa.list_(
            pa.struct(
                {
                    "set": pa.int64(),
                    "factor": pa.int64(),
                    "tissue": pa.string(),
                    "tissues": pa.list_(pa.string()),  # that it acts in
                    "pip": pa.float64(),
                    "purity": pa.float64(),
                    "log_bayes_factor": pa.list_(pa.float32()),  # at each variant of the window
                }
            )
        ),
        # variants of the credible sets in each of these tissues; in a factor, if tissue is null.
        # beta, se and ln of p are marginal, per copy of the effect allele
        "members": pa.list_(
            pa.struct(
                {
                    "set": pa.int64(),
                    "tissue": pa.string(),
                    "variant": pa.int64(),
                    "pip": pa.float64(),
                    "beta": pa.float64(),
                    "se": pa.float64(),
                    "log_p": pa.float64(),
                }
            )
        ),
    }
)
# Of single donors, where `cross_validation.keep_predictions` asks for it. In the shards alone: who
# shares the store of all fits shares no individual's data
HELD_OUT = pa.schema(
    {
        # of each tissue with a prediction, the donors that were observed, in the order of their
        # prediction: of whom a point is, and which points of two tissues are one donor, is not said
        "held_out": pa.list_(
            pa.struct(
                {
                    "tissue": pa.string(),
                    "predicted": pa.list_(pa.float32()),
                    "observed": pa.list_(pa.float32()),
                }
            )
        ),
    }
)
SHARD = pa.schema([*FITS, *EFFECTS, *HELD_OUT])  # of one shard's fits
ONLY_IN_SHARDS = (*EFFECTS.names, *HELD_OUT.names)


def explode(fits: pa.Table, column: str, tissue: str | None = None) -> pd.DataFrame:
    """Entries of a list column, one per row, with the gene_id of each and its row in the store.

    An entry that points into `variants` gets the columns of that variant, too. With a `tissue`,
    only its entries are taken apart.
    """
    entries, row = _flatten(fits, column)
    if tissue is not None:
        mine = pc.equal(pc.struct_field(entries, "tissue"), tissue)
        entries, row = entries.filter(mine), row[np.asarray(mine)]
    frame = _as_frame(entries)
    frame.insert(0, "gene_id", np.asarray(fits["gene_id"].take(row)))
    frame.insert(1, "row", row)
    if "variant" not in frame:
        return frame
    length = np.asarray(pc.list_value_length(fits["variants"]).fill_null(0))
    first = np.cumsum(length) - length
    which = first[row] + frame["variant"].to_numpy()
    variants = _flatten(fits, "variants")[0].take(pa.array(which, pa.int64()))
    return pd.concat([frame, _as_frame(variants)], axis="columns")


def _flatten(fits: pa.Table, column: str) -> tuple[pa.StructArray, np.ndarray]:
    """Entries of a list column, end to end, and the row that each is from."""
    entry = FITS.field(column).type.value_type
    entries = pa.concat_arrays(
        [
            pa.array([], entry),
            *(_completed(chunk.flatten(), entry) for chunk in fits[column].chunks),
        ]
    )
    length = np.asarray(pc.list_value_length(fits[column]).fill_null(0))
    return entries, np.repeat(np.arange(len(length)), length)


def _completed(entries: pa.StructArray, wanted: pa.StructType) -> pa.StructArray:
    """With null for what a store of an earlier version does not say."""
    if entries.type == wanted:
        return entries
    has = {field.name for field in entries.type}
    columns = [
        pc.struct_field(entries, field.name).cast(field.type)
        if field.name in has
        else pa.nulls(len(entries), field.type)
        for field in wanted
    ]
    return pa.StructArray.from_arrays(columns, fields=list(wanted))


def _as_frame(entries: pa.StructArray) -> pd.DataFrame:
    return pa.Table.from_batches([pa.RecordBatch.from_struct_array(entries)]).to_pandas()


def covariance_of(triangle: list[float] | np.ndarray, size: int) -> np.ndarray:
    """(size, size) matrix from its upper triangle, row by row with the diagonal."""
    matrix = np.zeros((size, size))
    rows, columns = np.triu_indices(size)
    matrix[rows, columns] = triangle
    matrix[columns, rows] = triangle
    return matrix
