"""The table of variants that PLINK keeps beside its genotypes: .bim, .pvar or .pvar.zst.

A release has tens of millions of lines: they are read in blocks, of which only the chromosome asked
for last is kept. Rows are counted from 0, as the genotypes are.
(Formats: https://www.cog-genomics.org/plink/2.0/formats#pvar)
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from fqtl.data import contigs
from fqtl.data.text import guarded
from fqtl.errors import FqtlError

PSEUDO_AUTOSOMAL = ("25", "XY", "PAR1", "PAR2")  # PLINK's chromosomes for the two ends of X
CODES = {"23": "X", "24": "Y", "26": "MT", **dict.fromkeys(PSEUDO_AUTOSOMAL, "X")}
BIM = ["chrom", "id", "cm", "pos", "alt", "ref"]  # A1 is taken for ALT, A2 for REF
COLUMNS = ["chrom", "pos", "id", "ref", "alt"]
BLOCK_BYTES = 1 << 24


def chromosome_of(code: str) -> str:
    """Chromosome that PLINK means by a code: 23 is X."""
    return CODES.get(contigs.bare(code).upper(), code)


@dataclass(frozen=True)
class Overview:
    """What one pass over the table tells.

    last : largest position of each chromosome, by its code, in the order of the file
    alleles : (variants,) number of alleles, REF included, of which PLINK 2 allows 255
    """

    last: dict[str, int]
    alleles: np.ndarray


class VariantTable:
    """Variants by chromosome and position."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._head = guarded(path, lambda: _read_head(path))
        self._held: tuple[str, pd.DataFrame] | None = None

    @cached_property
    def overview(self) -> Overview:
        last: dict[str, int] = {}
        alleles = []
        for _, block in self._blocks(["chrom", "pos", "alt"]):
            found = block.group_by("chrom", use_threads=False).aggregate([("pos", "max")])
            for row in found.to_pylist():
                last[row["chrom"]] = max(row["pos_max"], last.get(row["chrom"], 0))
            commas = pc.count_substring(block["alt"], ",").to_numpy()
            alleles.append((commas + 2).astype(np.uint8))
        return Overview(last, np.concatenate(alleles))

    def read(self, chrom: str, start: int, end: int) -> pd.DataFrame:
        """chrom, pos, id, ref, alt of variants at start <= pos <= end, by row of the file."""
        if self._held is None or self._held[0] != chrom:
            self._held = None  # not two at a time
            self._held = (chrom, self._read_chromosome(chrom))
        table = self._held[1]
        first, last = np.searchsorted(table["pos"], [start, end + 1])
        return table.iloc[first:last]

    def _read_chromosome(self, chrom: str) -> pd.DataFrame:
        """All variants of a chromosome, in the order of position."""
        bare = contigs.bare(chromosome_of(chrom))
        codes = [code for code in self.overview.last if contigs.bare(chromosome_of(code)) == bare]
        parts = []
        for first, block in self._blocks(COLUMNS):
            inside = pc.is_in(block["chrom"], pa.array(codes, pa.string()))
            rows = first + np.flatnonzero(inside.to_numpy())
            parts.append(block.filter(inside).to_pandas().set_index(rows))
        return pd.concat(parts).sort_values("pos", kind="stable")[COLUMNS]

    def _blocks(self, columns: list[str]) -> Iterator[tuple[int, pa.Table]]:
        """Some rows at a time, and the number of the first of them."""
        first = 0
        try:
            with pa.input_stream(str(self.path), compression="detect") as stream:
                for batch in self._head.reader(stream, columns):
                    yield first, pa.Table.from_batches([batch])
                    first += len(batch)
        except (pa.ArrowInvalid, OSError) as fault:
            raise FqtlError(f"{self.path} is not a table of variants ({fault}).") from fault


@dataclass(frozen=True)
class _Head:
    """How a table is laid out.

    lines : lines before the first variant
    names : of the columns
    delimiter : a tab or a blank
    """

    lines: int
    names: list[str]
    delimiter: str

    def reader(self, stream: pa.NativeFile, columns: list[str]) -> pyarrow.csv.CSVStreamingReader:
        types = {name: pa.string() for name in columns}
        return pyarrow.csv.open_csv(
            stream,
            pyarrow.csv.ReadOptions(
                use_threads=False,
                block_size=BLOCK_BYTES,
                skip_rows=self.lines,
                column_names=self.names,
            ),
            pyarrow.csv.ParseOptions(delimiter=self.delimiter, quote_char=False),
            pyarrow.csv.ConvertOptions(
                include_columns=columns, column_types={**types, "pos": pa.int64()}
            ),
        )


def _read_head(path: Path) -> _Head:
    """Layout of the table at `path`, by its header (.pvar) or its number of fields (.bim)."""
    comments, line, names = 0, "", BIM
    with io.TextIOWrapper(pa.input_stream(str(path), compression="detect")) as lines:
        for line in lines:
            if not line.startswith("#"):
                break
            comments += 1
            names = line.lstrip("#").split() if line.startswith("#CHROM") else names
        else:
            raise FqtlError(f"{path} lists no variant.")
    names = [name.lower() for name in names]
    delimiter = "\t" if "\t" in line else " "
    found = line.rstrip("\r\n").split(delimiter)
    if len(found) != len(names) or not set(COLUMNS) <= set(names):
        raise FqtlError(
            f"{path}: expected the columns of a .bim (chromosome, name, cM, position, A1, A2) or, "
            f"with a header, of a .pvar (#CHROM POS ID REF ALT), found {len(found)} fields in "
            f"{line.strip()[:60]!r}."
        )
    return _Head(comments, names, delimiter)
