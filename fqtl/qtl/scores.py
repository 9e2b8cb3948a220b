"""The store of one tissue's z-scores, in which the rows of a gene are found at once.

A file of a whole genome goes by once. Every CHUNK rows are put in the order of the genes and
written as groups of neighbouring genes, so that memory does not grow with the file, whatever its
order; what a gene is made of are the groups whose range holds it. Files are sorted by gene or by
place, so these are one or two.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fqtl.errors import FqtlError
from fqtl.tables.files import parquet_writer, read_parquet

KIND = "scores"
CHUNK = 1_000_000  # rows in memory at a time, about 100 bytes each
GROUP = 50_000  # rows that are read together
HELD = 3  # groups in memory
STORE = pa.schema(
    {
        "gene": pa.int32(),  # its place in the list of genes
        "chrom": pa.string(),
        "pos": pa.int32(),
        "rsid": pa.string(),
        "other_allele": pa.string(),
        "effect_allele": pa.string(),
        "z": pa.float32(),
        "n": pa.float32(),
        "reason": pa.string(),
        "maf": pa.float32(),
    }
)
FEW = ["gene", "pos", "rsid", "other_allele", "effect_allele", "z"]


def write_scores(path: Path, parts: Iterable[pd.DataFrame], **about: Any) -> None:
    """The store of these rows, as `open_pairs` gives them.

    about : tissue, file, genes (digest of their list), …
    """
    with parquet_writer(path, STORE, KIND, **about) as writer:
        held: list[pa.Table] = []
        rows = 0
        for part in parts:
            if not len(part):
                continue
            held.append(pa.Table.from_pandas(part[STORE.names], STORE, preserve_index=False))
            rows += len(part)
            if rows >= CHUNK:
                _write(writer, held)
                held, rows = [], 0
        _write(writer, held)


def _write(writer: Any, held: list[pa.Table]) -> None:
    if not held:
        return
    whole = pa.concat_tables(held)
    # with the row: those of a gene stay in the order of the file
    numbered = whole.append_column("row", pa.array(np.arange(len(whole))))
    ordered = numbered.sort_by([("gene", "ascending"), ("row", "ascending")])
    writer.write_table(ordered.drop_columns(["row"]), row_group_size=GROUP)


@dataclass
class ScoreStore:
    """Rows of one tissue by gene.

    about : what `write_scores` was told
    ranges : first and last gene of each group
    """

    path: Path
    about: dict[str, Any]
    ranges: list[tuple[int, int]]
    _file: Any
    _held: "OrderedDict[int, pa.Table]" = field(default_factory=OrderedDict)

    @classmethod
    def open(cls, path: Path, genes: str | None = None) -> "ScoreStore":
        """genes : digest of the list that places are in; another is refused."""
        _, about = read_parquet(path, KIND, columns=[])  # refuses other kinds and cut files
        if genes is not None and about["genes"] != genes:
            raise FqtlError(
                f"{path} was made with another list of genes. Delete it, and start the workflow "
                "again as before."
            )
        file = pq.ParquetFile(path, page_checksum_verification=True)
        groups = (file.metadata.row_group(i) for i in range(file.num_row_groups))
        ranges = [
            (group.column(0).statistics.min, group.column(0).statistics.max) for group in groups
        ]
        return cls(path, about, ranges, file)

    def of_gene(self, gene: int) -> pd.DataFrame:
        """Rows of a gene, as `Pairs.of_gene` has them."""
        mine = [i for i, (first, last) in enumerate(self.ranges) if first <= gene <= last]
        parts = [table.filter(pc.equal(table["gene"], gene)) for table in map(self._group, mine)]
        table = pa.concat_tables([STORE.empty_table(), *parts]).drop_columns(["gene"])
        return table.to_pandas().astype({"pos": "int64", "z": float, "n": float, "maf": float})

    @property
    def rows(self) -> int:
        return int(self._file.metadata.num_rows)

    def counted(self) -> pd.DataFrame:
        """Of every gene that has rows, by gene: rows, and n, the most people behind one of them."""
        parts = []
        for i in range(len(self.ranges)):
            table = self._file.read_row_group(i, columns=["gene", "n"]).to_pandas()
            parts.append(table.groupby("gene")["n"].agg(rows="size", n="max"))
        if not parts:
            return pd.DataFrame({"rows": [], "n": []}).rename_axis("gene")
        return pd.concat(parts).groupby(level=0).agg({"rows": "sum", "n": "max"})

    def batches(self) -> Iterator[pd.DataFrame]:
        """Columns FEW of all rows, group by group."""
        for i in range(len(self.ranges)):
            yield self._file.read_row_group(i, columns=FEW).to_pandas()

    def _group(self, i: int) -> pa.Table:
        if i not in self._held:
            while len(self._held) >= HELD:
                self._held.popitem(last=False)
            table = self._file.read_row_group(i)
            if "maf" not in table.column_names:  # of a store that was made before there was one
                table = table.append_column("maf", pa.nulls(len(table), pa.float32()))
            self._held[i] = table
        return self._held[i]
