"""Rows of a GWAS file in batches, so that memory does not grow with the file.

A batch holds the columns that have a meaning, numbers as doubles and all else as text. p is text:
1e-400 is a number, and 0 as a double. Where a column that should hold numbers does not, the file
is read again line by line to say where.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv

from fqtl.data.lines import is_gzipped, readable, unquoted
from fqtl.errors import FqtlError
from fqtl.gwas.header import Header, fields
from fqtl.gwas.layouts import Layout

BLOCK = 2 << 20  # bytes of text that are looked at together; some sixteen are read ahead
NUMBERS = frozenset({"pos", "beta", "se", "z", "odds_ratio", "neg_log10_p", "n"}) | {
    "frequency",
    "other_frequency",
    "alleles_seen",  # of QTLs
}
MISSING = ["", "NA", "#NA", "N/A", "NaN", "nan", "-nan", ".", "NULL", "null", "None", "#N/A"]
BLANKS = re.compile(rb"[ \t]+")
EDGES = re.compile(rb"(?m)^[ \t]+|[ \t\r]+$")


@dataclass(frozen=True)
class Batch:
    """Some rows of a file.

    first : number of the first, from 1
    columns : by meaning; `ref` and `alt` where one of the two is the effect allele
    """

    first: int
    columns: dict[str, pa.Array]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def rows(self) -> np.ndarray:
        """(rows,) numbers of the rows in the file, from 1."""
        if "row" in self.columns:
            return self.columns["row"].to_numpy()
        return np.arange(self.first, self.first + len(self))

    def text(self, meaning: str) -> pa.Array:
        """A column of text; missing values where it is not there."""
        return self.columns.get(meaning, pa.nulls(len(self), pa.string()))

    def number(self, meaning: str) -> np.ndarray:
        """A column as doubles, NaN where it is missing or not there."""
        if meaning not in self.columns:
            return np.full(len(self), np.nan)
        return self.columns[meaning].to_numpy(zero_copy_only=False)


def read_batches(path: Path, header: Header, layout: Layout) -> Iterator[Batch]:
    """Every row of a text file, plain, gzip or bgzip."""
    wanted = {name: meaning for meaning, name in layout.columns.items()}
    if len(wanted) < len(layout.columns):
        raise FqtlError(
            f"{path}: one column cannot mean two things: "
            f"{', '.join(f'{k}={v}' for k, v in layout.columns.items())}."
        )
    wanted |= dict(zip(layout.pair, ("ref", "alt"), strict=bool(layout.pair)))
    types = {
        name: pa.float64() if meaning in NUMBERS else pa.string()
        for name, meaning in wanted.items()
    }
    row = 1
    for part in _parts(path, header, types):
        columns = {wanted[name]: part.column(name) for name in types}
        yield Batch(row, columns)
        row += len(part)


def _parts(path: Path, header: Header, types: dict[str, pa.DataType]) -> Iterator[pa.RecordBatch]:
    try:
        with readable(path, lambda: _binary(path)) as raw:
            stream = _Tabbed(raw) if header.separator == " " else raw
            reader = pcsv.open_csv(
                stream,
                read_options=pcsv.ReadOptions(
                    block_size=BLOCK,
                    use_threads=False,
                    skip_rows=header.skipped,
                    column_names=header.names,
                ),
                parse_options=pcsv.ParseOptions(
                    delimiter="\t" if header.separator == " " else header.separator
                ),
                convert_options=pcsv.ConvertOptions(
                    include_columns=list(types),
                    column_types=types,
                    null_values=MISSING,
                    strings_can_be_null=True,
                ),
            )
            yield from reader
    except pa.ArrowInvalid as fault:
        _refuse_rows(path, header, types)
        raise FqtlError(f"{path} cannot be read as a table ({fault}).") from fault
    except OSError as fault:
        raise cut_short(path, fault) from fault


def cut_short(path: Path, fault: OSError) -> Exception:
    """What Arrow says of a gzip file that ends early, in words; other faults as they are."""
    if fault.errno is not None:
        return fault
    return FqtlError(
        f"{path} is not a whole gzip file ({fault}). Was a copy or a download cut short?"
    )


def _binary(path: Path) -> Any:
    compression = "gzip" if is_gzipped(path) else None
    return pa.input_stream(str(path), compression=compression)


class _Tabbed(io.RawIOBase):
    """A stream of text whose runs of blanks are tabs."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._left = b""  # the begin of a line whose end is not read yet
        self._ready = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        wanted = BLOCK if size < 0 else size
        while not self._ready:
            block = self._raw.read(BLOCK)
            if not block:
                self._ready, self._left = self._left, b""
                if not self._ready:
                    return b""
            else:
                whole, mark, rest = (self._left + block).rpartition(b"\n")
                self._ready, self._left = whole + mark, rest
            self._ready = BLANKS.sub(b"\t", EDGES.sub(b"", self._ready))
        found, self._ready = self._ready[:wanted], self._ready[wanted:]
        return found


def _refuse_rows(path: Path, header: Header, types: dict[str, pa.DataType]) -> None:
    """Refuse the first row that has other fields than the header, or text in a column of numbers.

    Only a file that could not be read comes here, so that lines may be looked at one by one.
    """
    numbers = [(i, name) for i, name in enumerate(header.names) if types.get(name) == pa.float64()]
    faults: dict[str, list[tuple[int, str]]] = {}
    with readable(path, lambda: _binary(path)) as raw, io.TextIOWrapper(raw, "utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if number <= header.skipped or not line.strip():
                continue
            found = fields(line, header.separator)
            if len(found) != len(header.names):
                other = "Are separators mixed, or was a copy cut short?"
                raise FqtlError(
                    f"{path}, line {number}: expected {len(header.names)} fields as in the header, "
                    f"found {len(found)}. {other}"
                )
            for i, name in numbers:
                if not _is_number(unquoted(found[i].strip())):
                    faults.setdefault(name, []).append((number, found[i]))
    for name, places in faults.items():
        number, text = places[0]
        raise FqtlError(
            f"{path}, line {number}, column {name!r}: expected a number, found {text!r} "
            f"({len(places)} such rows)."
        )


def _is_number(text: str) -> bool:
    if text in MISSING:
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True
