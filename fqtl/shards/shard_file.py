"""The file of a shard: its genes in all tissues, for the donors that have genotypes.

Values are stored as in `prepare/expression_store.py`, here of the donors of all tissues in the
order of the genotypes.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from fqtl.data.expression import gene_key
from fqtl.data.gene import GeneData
from fqtl.errors import FqtlError
from fqtl.prepare.expression_store import StoredTissue, as_lists, from_lists, read_values
from fqtl.shards.assignment import in_genome_order, shard_name
from fqtl.tables.files import parquet_writer, read_parquet

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
        "donors": donors,
        "genes_of_release": len(genes),
        "tissues": [tissue.name for tissue in kept],
        "offsets": {
            tissue.name: _spread(tissue.about["offset"], tissue.donors, donors)
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
    values[:, [column[name] for name in tissue.donors]] = read_values(tissue.path)[rows.index]
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


def genes_of_release(path: Path) -> int:
    """Number of genes in all shards of the release that a shard is of."""
    _, about = read_parquet(path, "shard", columns=[])
    if "genes_of_release" not in about:
        raise FqtlError(
            f"{path} is of an earlier version and does not tell how many genes the release has. "
            "Make it anew, or set calibration.permutations to a number (--permutations)."
        )
    return int(about["genes_of_release"])


def gene_ids(path: Path) -> list[str]:
    """Genes of a shard."""
    table, _ = read_parquet(path, "shard", columns=["gene_id"])
    return sorted(set(table["gene_id"].to_pylist()))


def read_shard(path: Path, only: Collection[str] | None = None) -> tuple[list[GeneData], list[str]]:
    """Genes of a shard in the order of position, and the donors their expression stands for.

    only : the genes that are asked for; None for all
    """
    table, about = read_parquet(path, "shard")
    if only is not None:
        table = table.filter(pc.is_in(table["gene_id"], pa.array(sorted(only), pa.string())))
    tissue_order = {name: i for i, name in enumerate(about["tissues"])}
    values = from_lists(table["values"], len(about["donors"]))
    frame = table.drop_columns(["values"]).to_pandas()
    frame["row"] = np.arange(len(frame))
    frame["order"] = frame["tissue"].map(tissue_order)
    genes = _genes(in_genome_order(frame, "order"), values, about["offsets"])
    return list(genes), about["donors"]


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
