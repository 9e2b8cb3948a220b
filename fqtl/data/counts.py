"""Counts of reads: a GCT, one file of all tissues or one for each, or a BED of counts.

A GCT has two lines before its header (`#1.2`, numbers of genes and samples) and two columns before
its samples (`Name`, `Description`), in any case of letters; GTEx's files of single tissues have a
column `id` with numbers of rows before these. It knows no positions; they come from a GTF.
(Format: https://www.genepattern.org/file-formats-guide#GCT)
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from fqtl.data.expression import (
    REPEATED,
    UNPLACED,
    Expression,
    gene_key,
    read_expression,
    repeated_lines,
)
from fqtl.data.gtex_samples import gct_head, said_numbers
from fqtl.data.text import guarded, is_gzipped, read_lines, read_table, unquoted
from fqtl.errors import FqtlError

FIRST_LINE = 4  # of the genes of a GCT
BLOCK_BYTES = 1 << 24


def read_counts(path: Path, places: pd.DataFrame | None, tss: str = "auto") -> Expression:
    """Counts in a GCT, or in a BED; `genes` has a column length where there is an annotation.

    places : chrom, tss and length by gene_id, from the annotation
    tss : how start sites of a BED are found, as `read_expression` has it
    """
    if not is_gct(path):
        found = read_expression(path, places, tss)
        _refuse_negative(path, found.values)
        if places is None:
            return found
        length = _annotated(found.genes["gene_id"], places).map(places["length"])
        return replace(found, genes=found.genes.assign(length=length))
    if places is None:
        raise FqtlError(
            f"{path} does not say where genes are. See release.annotation in the config."
        )
    head = gct_head(path)
    table = read_table(path, text_columns=list(range(head.leading)), before=2)
    _refuse_cut(path, len(table))
    values = table.iloc[:, head.leading :].to_numpy(dtype=np.float64)
    _refuse_negative(path, values)
    return placed(path, table.iloc[:, head.gene], values, head.samples, places)


def placed(
    path: Path,
    gene_id: "pd.Series[str]",
    values: np.ndarray,
    samples: list[str],
    places: pd.DataFrame,
) -> Expression:
    """Counts of genes in the annotation; the others, and lines that repeat one, are dropped.

    A gene keeps the name that the counts have for it; its version need not be the annotation's.
    path : the file that the counts were read from
    """
    annotated, repeated = _annotated(gene_id, places), repeated_lines(gene_id, FIRST_LINE)
    known = annotated.notna().to_numpy()
    if not known.any():
        raise FqtlError(
            f"{path}: none of {len(gene_id)} genes, the first {gene_id.iloc[0]}, is in the "
            f"annotation, whose first of {len(places)} is {places.index[0]}. See "
            "release.annotation in the config."
        )
    dropped = {
        repeated.get(row, gene): REPEATED if known[row] else UNPLACED
        for row, gene in enumerate(gene_id)
        if row in repeated or not known[row]
    }
    kept = known & ~np.isin(np.arange(len(known)), list(repeated))
    genes = places.loc[annotated[kept]].set_axis(gene_id[kept]).rename_axis("gene_id")
    return Expression(genes.reset_index(), values[kept], samples, dropped, path)


def _annotated(gene_id: "pd.Series[str]", places: pd.DataFrame) -> "pd.Series[str]":
    """What the annotation calls each gene: its own name or, but for the version, the same."""
    names = places.index.to_series()
    by_key = names[~names.map(gene_key).duplicated()]
    by_key.index = by_key.map(gene_key)
    return gene_id.where(gene_id.isin(names), gene_id.map(gene_key).map(by_key))


def is_gct(path: Path) -> bool:
    """By its first line."""
    head = guarded(path, lambda: read_lines(path, 1))
    return bool(head) and head[0].startswith("#1.")


def _refuse_cut(path: Path, genes: int) -> None:
    said = said_numbers(path)[0]
    if said != str(genes):
        raise FqtlError(
            f"{path}: its second line says {said} genes, it has {genes}. Was a copy cut short?"
        )


def gct_blocks(path: Path) -> Iterator[tuple["pd.Series[str]", np.ndarray]]:
    """Some genes of a GCT at a time: their ids and their counts (genes, samples)."""
    head = gct_head(path)
    width = head.leading + len(head.samples)
    genes = 0
    try:
        with pa.input_stream(str(path), compression="gzip" if is_gzipped(path) else None) as stream:
            reader = pyarrow.csv.open_csv(
                stream,
                pyarrow.csv.ReadOptions(
                    use_threads=False,
                    block_size=BLOCK_BYTES,
                    skip_rows=3,
                    column_names=[str(i) for i in range(width)],
                ),
                pyarrow.csv.ParseOptions(delimiter="\t", quote_char=False),
                pyarrow.csv.ConvertOptions(
                    column_types={
                        str(i): pa.string() if i < head.leading else pa.float32()
                        for i in range(width)
                    }
                ),
            )
            for batch in reader:
                values = np.column_stack(
                    [column.to_numpy() for column in batch.columns[head.leading :]]
                )
                _refuse_negative(path, values)
                genes += len(values)
                yield batch.column(head.gene).to_pandas().map(unquoted), values
    except (pa.ArrowInvalid, OSError) as fault:
        raise FqtlError(
            f"{path} cannot be read as a table of {len(head.samples)} samples ({fault}). Was a "
            "copy cut short?"
        ) from fault
    _refuse_cut(path, genes)


def _refuse_negative(path: Path, values: np.ndarray) -> None:
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        raise FqtlError(
            f"{path}: counts must be numbers from 0, found {values[bad][0]:g} "
            f"({int(bad.sum())} such entries). See prepare.values in the config."
        )
