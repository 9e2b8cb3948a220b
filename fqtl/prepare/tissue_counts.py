"""Counts of one tissue, split off those of a whole release.

One row per gene, with its place and length; counts are one list column, whose entries stand for the
samples named in the file's metadata. A release of tens of thousands of samples is read once, some
genes at a time.
"""

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from fqtl.data.counts import placed, read_counts
from fqtl.data.donors import by_donor
from fqtl.data.expression import Expression, read_expression
from fqtl.prepare.expression_store import as_lists, from_lists
from fqtl.tables.files import parquet_writer, read_parquet

COUNTS = pa.schema({"gene_id": pa.string(), "counts": pa.list_(pa.float32())})


def split_counts(
    blocks: Iterable[tuple["pd.Series[str]", np.ndarray]],
    columns: dict[Path, dict[str, int]],
) -> int:
    """Write the counts of each tissue, and return the number of genes.

    blocks : ids of some genes, and their counts (genes, samples)
    columns : for each tissue's file, the column of each of its samples
    """
    genes = 0
    with ExitStack() as stack:
        writers = {
            path: stack.enter_context(parquet_writer(path, COUNTS, "counts", samples=list(chosen)))
            for path, chosen in columns.items()
        }
        for gene_id, values in blocks:
            genes += len(gene_id)
            for path, chosen in columns.items():
                counts = as_lists(values[:, list(chosen.values())])
                writers[path].write_table(pa.table([gene_id.to_list(), counts], schema=COUNTS))
    return genes


def read_by_donor(
    path: Path, counted: bool, places: pd.DataFrame | None, tss: str = "auto"
) -> tuple[Expression, int]:
    """Expression by donor, whatever the file, and how many more samples the same donors had.

    counted : it holds counts
    places : chrom, tss and length by gene_id, for files of counts that do not say where genes are
    tss : how start sites of a BED are found: auto, end or annotation
    """
    if not counted:
        return by_donor(read_expression(path, places, tss))
    if path.suffix == ".parquet" and places is not None:
        return by_donor(read_split(path, places))
    return by_donor(read_counts(path, places, tss))


def read_split(path: Path, places: pd.DataFrame) -> Expression:
    """Counts of one tissue; places : chrom, tss and length by gene_id."""
    table, about = read_parquet(path, "counts")
    values = from_lists(table["counts"], len(about["samples"])).astype(np.float64)
    return placed(path, table["gene_id"].to_pandas(), values, about["samples"], places)
