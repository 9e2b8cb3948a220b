"""The table of variants that PLINK keeps beside its genotypes: .bim, .pvar or .pvar.zst.

A release has tens of millions of lines: they are read in blocks, of which only the chromosome asked
for last is kept. Rows are counted from 0, as the genotypes are.

A .bim may have any number of blanks between its fields, and a .pvar may have no header: it is a
.bim then, and its five columns are those without centimorgans.
(Formats: https://www.cog-genomics.org/plink/2.0/formats#pvar)
"""

import io
import re
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
SHORT_BIM = [name for name in BIM if name != "cm"]
BLANKS = re.compile(rb"[ \t]+")
AROUND = re.compile(rb"(?m)^\t|\t(?=\r?$)")
COLUMNS = ["chrom", "pos", "id", "ref", "alt"]
BLOCK_BYTES = 1 << 24
READ_BYTES = 1 << 20  # at once, of a table that blanks separate


def chromosome_of(code: str, *, human: bool) -> str:
    """Chromosome that PLINK means by a code: 23 is X where the genome is human."""
    name = contigs.bare(code).upper()
    return CODES.get(name, code) if human or not name.isdecimal() else code


@dataclass(frozen=True)
class Overview:
    """What one pass over the table tells.

    last : largest position of each chromosome, by its code, in the order of the file
    alleles : (variants,) number of alleles, REF included, of which PLINK 2 allows 255
    """

    last: dict[str, int]
    alleles: np.ndarray


class VariantTable:
    """Variants by chromosome and position.

    human : whether numbers beyond 22 are codes, as PLINK has them for the human genome: 23 is X.
        With another genome, 23 may be a chromosome of its own
    """

    def __init__(self, path: Path, human: bool = True) -> None:
        self.path = path
        self._human = human
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

    def chromosome_of(self, code: str) -> str:
        """Chromosome that PLINK means by a code."""
        return chromosome_of(code, human=self._human)

    def is_shared(self, code: str) -> bool:
        """Whether a code is one of PLINK's for pseudo-autosomal regions."""
        name = contigs.bare(code).upper()
        return name in PSEUDO_AUTOSOMAL and (self._human or not name.isdecimal())

    def _read_chromosome(self, chrom: str) -> pd.DataFrame:
        """All variants of a chromosome, in the order of position."""
        bare = contigs.bare(self.chromosome_of(chrom))
        known = self.overview.last
        codes = [code for code in known if contigs.bare(self.chromosome_of(code)) == bare]
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
    tabs : whether single tabs are between fields; blanks of any number otherwise
    """

    lines: int
    names: list[str]
    tabs: bool

    def reader(self, stream: pa.NativeFile, columns: list[str]) -> pyarrow.csv.CSVStreamingReader:
        types = {name: pa.string() for name in columns}
        return pyarrow.csv.open_csv(
            stream if self.tabs else pa.PythonFile(_Tabbed(stream), mode="r"),
            pyarrow.csv.ReadOptions(
                use_threads=False,
                block_size=BLOCK_BYTES,
                skip_rows=self.lines,
                column_names=self.names,
            ),
            pyarrow.csv.ParseOptions(delimiter="\t", quote_char=False),
            pyarrow.csv.ConvertOptions(
                include_columns=columns, column_types={**types, "pos": pa.int64()}
            ),
        )


class _Tabbed(io.RawIOBase):
    """Text in which single tabs stand where there were blanks, and none at the ends of lines."""

    def __init__(self, stream: pa.NativeFile) -> None:
        super().__init__()
        self._stream, self._ready, self._rest = stream, b"", b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """At most as many bytes as asked for, nothing at the end; lines are changed whole."""
        while not self._ready and (block := self._stream.read(READ_BYTES)):
            lines, mark, self._rest = (self._rest + block).rpartition(b"\n")
            self._ready = _tabbed(lines + mark)
        if not self._ready:
            self._ready, self._rest = _tabbed(self._rest), b""
        size = len(self._ready) if size < 0 else size
        given, self._ready = self._ready[:size], self._ready[size:]
        return given


def _tabbed(lines: bytes) -> bytes:
    return AROUND.sub(b"", BLANKS.sub(b"\t", lines))


def _read_head(path: Path) -> _Head:
    """Layout of the table at `path`, by its header (.pvar) or its number of fields (.bim)."""
    comments, line, header = 0, "", BIM
    with io.TextIOWrapper(pa.input_stream(str(path), compression="detect")) as lines:
        for line in lines:
            if not line.startswith("#"):
                break
            comments += 1
            header = line.lstrip("#").split() if line.startswith("#CHROM") else header
        else:
            raise FqtlError(f"{path} lists no variant.")
    tabs = len(line.split("\t")) == len(header)
    found = line.rstrip("\r\n").split("\t") if tabs else line.split()
    if header is BIM and len(found) == len(SHORT_BIM) and _is_pvar(path):
        header, tabs = SHORT_BIM, len(line.split("\t")) == len(SHORT_BIM)
    names = [name.lower() for name in header]
    if len(found) != len(names) or not set(COLUMNS) <= set(names):
        raise FqtlError(
            f"{path}: expected the columns of a .bim (chromosome, name, cM, position, A1, A2) or, "
            f"with a header, of a .pvar (#CHROM POS ID REF ALT), found {len(found)} fields in "
            f"{line.strip()[:60]!r}."
        )
    return _Head(comments, names, tabs)


def _is_pvar(path: Path) -> bool:
    """A .bim of five columns is damaged; PLINK 2 takes a .pvar of five."""
    return path.name.removesuffix(".zst").endswith(".pvar")
