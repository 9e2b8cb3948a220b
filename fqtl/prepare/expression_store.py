"""Prepared expression of one tissue on disk.

Values are one list column of float32, NaN where missing, whose entries stand for the donors named
in the file's metadata: a column for each donor would make the file's footer larger than its data.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from fqtl.prepare.tissue import PreparedTissue
from fqtl.tables.files import read_parquet, write_parquet


@dataclass(frozen=True)
class StoredTissue:
    """A tissue as `prepare` left it.

    genes : gene_id, chrom, tss, reason
    about : the other fields of `PreparedTissue`, and the tissue's name
    """

    path: Path
    genes: pd.DataFrame
    about: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.about["tissue"])

    @property
    def donors(self) -> list[str]:
        return list(self.about["donors"])


def write_prepared(
    path: Path, tissue: str, prepared: PreparedTissue, repeated: int = 0, concern: str = ""
) -> None:
    """Prepared expression of one tissue.

    repeated : samples left out beside another of a donor
    concern : what to mind of its values
    """
    table = pa.Table.from_pandas(prepared.genes, preserve_index=False)
    table = table.append_column("values", as_lists(prepared.values))
    write_parquet(
        path,
        table,
        "prepared",
        tissue=tissue,
        donors=prepared.donors,
        donors_without={**prepared.donors_without, "own sample": repeated},
        offset=prepared.offset.tolist(),
        covariates=prepared.covariates,
        components=prepared.components,
        controls=prepared.controls,
        quality=asdict(prepared.quality),
        reason=prepared.reason,
        concern=concern,
        dropped=prepared.dropped,
    )


def read_prepared(path: Path) -> StoredTissue:
    """Genes of a prepared tissue; its values are read when they are asked for."""
    table, about = read_parquet(path, "prepared", columns=["gene_id", "chrom", "tss", "reason"])
    return StoredTissue(path, table.to_pandas(), about)


def read_values(path: Path) -> np.ndarray:
    """(genes, donors) prepared values of a tissue."""
    table, about = read_parquet(path, "prepared")
    return from_lists(table["values"], len(about["donors"]))


def as_lists(values: np.ndarray) -> pa.ListArray:
    """Rows of a matrix as a column of lists."""
    rows, columns = values.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * columns
    return pa.ListArray.from_arrays(offsets, pa.array(values.astype(np.float32).ravel()))


def from_lists(column: pa.ChunkedArray, length: int) -> np.ndarray:
    """The matrix whose rows a column of lists holds, each of `length` values."""
    flat = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return flat.reshape(len(column), length)
