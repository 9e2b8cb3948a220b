"""Prepared expression on disk, by tissue and by shard.

Values are one list column of float32, NaN where missing, whose entries stand for the donors named
in the file's metadata: a column for each donor would make the file's footer larger than its data.
A tissue's file holds its own donors, a shard's file those of all tissues, in the order of the
genotypes.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from fqtl.data.expression import gene_key
from fqtl.data.gene import GeneData
from fqtl.prepare.tissue import PreparedTissue
from fqtl.shards import in_genome_order, shard_name
from fqtl.tables import parquet_writer, read_parquet, write_parquet

OPEN_AT_ONCE = 200  # files; systems commonly allow a process 1024
SHARD = pa.schema(
    {
        "gene_id": pa.string(),
        "chrom": pa.string(),
        "tss": pa.int64(),
        "tissue": pa.string(),
        "values": pa.list_(pa.float32()),
    }
)


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
    def samples(self) -> list[str]:
        return list(self.about["samples"])


def write_prepared(path: Path, tissue: str, prepared: PreparedTissue, repeated: int = 0) -> None:
    """Prepared expression of one tissue; repeated : samples left out beside another of a donor."""
    table = pa.Table.from_pandas(prepared.genes, preserve_index=False)
    table = table.append_column("values", as_lists(prepared.values))
    write_parquet(
        path,
        table,
        "prepared",
        tissue=tissue,
        samples=prepared.samples,
        donors_without={**prepared.donors_without, "own sample": repeated},
        offset=prepared.offset.tolist(),
        covariates=prepared.covariates,
        components=prepared.components,
        controls=prepared.controls,
        quality=asdict(prepared.quality),
        reason=prepared.reason,
        dropped=prepared.dropped,
    )


def read_prepared(path: Path) -> StoredTissue:
    """Genes of a prepared tissue; its values are read when they are asked for."""
    table, about = read_parquet(path, "prepared", columns=["gene_id", "chrom", "tss", "reason"])
    return StoredTissue(path, table.to_pandas(), about)


def write_shards(
    paths: Sequence[Path],
    tissues: Sequence[StoredTissue],
    genes: pd.DataFrame,
    shard: np.ndarray,
    donors: list[str],
) -> None:
    """One file per shard with all its genes in all tissues.

    One tissue is in memory at a time and at most OPEN_AT_ONCE files are written to, whatever the
    number of shards.
    genes : gene_id, chrom, tss and key; shard : (genes,) shard of each
    """
    kept = [tissue for tissue in tissues if not tissue.about["reason"]]
    about = {
        "samples": donors,
        "tissues": [tissue.name for tissue in kept],
        "offsets": {
            tissue.name: _spread(tissue.about["offset"], tissue.samples, donors)
            for tissue in kept
            if any(tissue.about["offset"])
        },
    }
    listed = genes.assign(shard=shard).set_index("key")
    for first in range(0, len(paths), OPEN_AT_ONCE):
        batch = range(first, min(first + OPEN_AT_ONCE, len(paths)))
        mine = listed[listed["shard"].isin(batch)]
        with ExitStack() as stack:
            writers = {
                number: stack.enter_context(parquet_writer(paths[number], SHARD, "shard", **about))
                for number in batch
            }
            for tissue in kept:
                for number, part in _parts(tissue, mine, donors):
                    writers[number].write_table(part)


def _parts(
    tissue: StoredTissue, listed: pd.DataFrame, donors: list[str]
) -> Iterator[tuple[int, pa.Table]]:
    """The tissue's rows for each shard that has some; listed : genes with shard, by key."""
    rows = tissue.genes[tissue.genes["reason"] == ""]
    keys = rows["gene_id"].map(gene_key)
    rows = rows[keys.isin(listed.index)]
    if rows.empty:
        return
    place = listed.loc[keys[rows.index]]
    column = {name: i for i, name in enumerate(donors)}
    values = np.full((len(rows), len(donors)), np.nan, dtype=np.float32)
    values[:, [column[name] for name in tissue.samples]] = _values(tissue.path)[rows.index]
    for number in np.unique(place["shard"]):
        mine = (place["shard"] == number).to_numpy()
        columns = {
            **{name: place[name][mine] for name in ("gene_id", "chrom", "tss")},
            "tissue": np.repeat(tissue.name, mine.sum()),
            "values": as_lists(values[mine]),
        }
        yield int(number), pa.table(columns, schema=SHARD)


def _spread(values: list[float], samples: list[str], donors: list[str]) -> list[float]:
    """Values of a tissue's donors for all donors, 0 where the tissue was not measured."""
    known = dict(zip(samples, values, strict=True))
    return [known.get(donor, 0.0) for donor in donors]


def shard_paths(folder: Path, count: int) -> list[Path]:
    """Files of all shards."""
    return [folder / f"{shard_name(number)}.parquet" for number in range(count)]


def read_shard(path: Path) -> tuple[list[GeneData], list[str]]:
    """Genes of a shard in the order of position, and the donors their expression stands for."""
    table, about = read_parquet(path, "shard")
    tissue_order = {name: i for i, name in enumerate(about["tissues"])}
    values = from_lists(table["values"], len(about["samples"]))
    frame = table.drop_columns(["values"]).to_pandas()
    frame["row"] = np.arange(len(frame))
    frame["order"] = frame["tissue"].map(tissue_order)
    genes = _genes(in_genome_order(frame, "order"), values, about["offsets"])
    return list(genes), about["samples"]


def _genes(
    frame: pd.DataFrame, values: np.ndarray, offsets: dict[str, list[float]]
) -> Iterator[GeneData]:
    for (chrom, tss, gene_id), group in groupby(
        frame.itertuples(), key=lambda row: (row.chrom, row.tss, row.gene_id)
    ):
        rows = list(group)
        y = values[[row.row for row in rows]].T.astype(np.float64)
        tissues = [row.tissue for row in rows]
        offset = None
        if offsets:
            offset = np.column_stack([offsets.get(name, [0.0] * len(y)) for name in tissues])
        yield GeneData(gene_id, chrom, tss, tissues, y, offset)


def _values(path: Path) -> np.ndarray:
    table, about = read_parquet(path, "prepared")
    return from_lists(table["values"], len(about["samples"]))


def as_lists(values: np.ndarray) -> pa.ListArray:
    rows, columns = values.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * columns
    return pa.ListArray.from_arrays(offsets, pa.array(values.astype(np.float32).ravel()))


def from_lists(column: pa.ChunkedArray, length: int) -> np.ndarray:
    flat = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return flat.reshape(len(column), length)
