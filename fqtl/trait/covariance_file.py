"""Covariances of genes out of a file of pairs, streamed: gigabytes of text, one gene at a time.

`GENE RSID1 RSID2 VALUE`, the lines of a gene together, its pairs in any order, those of one side of
the diagonal or of both.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv

from fqtl.data.lines import is_gzipped, read_lines, readable
from fqtl.errors import FqtlError
from fqtl.gwas.batches import MISSING, cut_short
from fqtl.weights.covariance import HEADER

BLOCK = 1 << 20  # bytes of text; some sixteen such are read ahead


@dataclass(frozen=True)
class Asked:
    """Genes whose covariances are wanted, g of them.

    genes : their names
    first : (g + 1,) where the variants of each begin, and the end
    ids, rsids : (v,) names of the variants, gene after gene; empty where there is none
    """

    genes: list[str]
    first: np.ndarray
    ids: pa.Array
    rsids: pa.Array

    def size(self, gene: int) -> int:
        return int(self.first[gene + 1] - self.first[gene])


def covariances(path: Path, asked: Asked) -> Iterator[tuple[int, np.ndarray]]:
    """Each gene that the file has lines of, by number, and its (v, v) covariance; NaN where a pair
    is absent."""
    genes = pa.array(asked.genes, pa.string())
    names: pa.Array | None = None
    done: set[int] = set()
    current, matrix = -1, np.empty((0, 0))
    for part in _parts(path):
        if names is None:
            names = _named(asked, part)
        gene = _numbers(part.column("GENE"), genes)
        pairs = _Pairs(asked, part, names, gene)
        edges = np.flatnonzero(np.diff(gene)) + 1
        for start, end in zip([0, *edges], [*edges, len(gene)], strict=True):
            number = int(gene[start])
            if number != current:
                if current >= 0:
                    yield current, matrix
                current = number
                if number < 0:
                    continue
                _once(path, asked.genes, done, number)
                matrix = np.full((asked.size(number), asked.size(number)), np.nan)
            if number >= 0:
                pairs.fill(matrix, number, slice(start, end))
    if current >= 0:
        yield current, matrix


class _Pairs:
    """Lines of one part of a file, whose names are numbered among those of its genes."""

    def __init__(
        self, asked: Asked, part: pa.RecordBatch, names: pa.Array, gene: np.ndarray
    ) -> None:
        present = np.unique(gene[gene >= 0])
        sizes = asked.first[present + 1] - asked.first[present]
        ends = np.cumsum(sizes, dtype=np.int64)
        rows = np.repeat(asked.first[present] - (ends - sizes), sizes) + np.arange(sizes.sum())
        packed = pc.dictionary_encode(names.take(pa.array(rows, pa.int64())))
        self._place = dict(zip(present.tolist(), (ends - sizes).tolist(), strict=True))
        self._sizes = dict(zip(present.tolist(), sizes.tolist(), strict=True))
        self._numbers = packed.indices.to_numpy()
        self._scratch = np.full(len(packed.dictionary) + 1, -1)  # the last is of no name
        self._one, self._other = (
            _numbers(part.column(name), packed.dictionary) for name in HEADER[1:3]
        )
        self._value = part.column("VALUE").to_numpy(zero_copy_only=False)

    def fill(self, matrix: np.ndarray, gene: int, lines: slice) -> None:
        """Put the lines of a gene into its matrix."""
        start = self._place[gene]
        numbers = self._numbers[start : start + self._sizes[gene]]
        self._scratch[numbers] = np.arange(len(numbers))
        i, j = self._scratch[self._one[lines]], self._scratch[self._other[lines]]
        self._scratch[numbers] = -1
        value = self._value[lines]
        if min(i.min(), j.min()) < 0:  # of variants without weight
            mine = (i >= 0) & (j >= 0)
            i, j, value = i[mine], j[mine], value[mine]
        matrix[i, j] = value
        matrix[j, i] = value


def _named(asked: Asked, part: pa.RecordBatch) -> pa.Array:
    """Names of the variants by the key that the file goes by."""
    listed = part.column("RSID1").dictionary
    by_id, by_rsid = (
        int(pc.sum(pc.is_in(kind, listed)).as_py() or 0) for kind in (asked.ids, asked.rsids)
    )
    if by_rsid <= by_id:
        return asked.ids
    # the id stands in where there is no rsid, or one of two variants
    names = pc.if_else(pc.equal(asked.rsids, ""), asked.ids, asked.rsids)
    return pa.array(_told_apart(asked, names.to_pylist()), pa.string())


def _told_apart(asked: Asked, names: list[str]) -> list[str]:
    """Names, of which none is of two variants of a gene."""
    for start, end in zip(asked.first[:-1].tolist(), asked.first[1:].tolist(), strict=True):
        mine = names[start:end]
        if len(set(mine)) < len(mine):
            ids = asked.ids[start:end].to_pylist()
            twice = {name for name in mine if mine.count(name) > 1}
            names[start:end] = [
                other if name in twice else name for name, other in zip(mine, ids, strict=True)
            ]
    return names


def _once(path: Path, listed: list[str], done: set[int], number: int) -> None:
    if number in done:
        raise FqtlError(
            f"{path}: expected the lines of a gene together, found those of {listed[number]} in "
            "several places. Sort the file by its first column."
        )
    done.add(number)


def _numbers(words: pa.DictionaryArray, known: pa.Array) -> np.ndarray:
    """(lines,) numbers of words in a list, -1 of those that it lacks."""
    of_word = pc.fill_null(pc.index_in(words.dictionary, known), -1).to_numpy()
    return of_word[words.indices.to_numpy(zero_copy_only=False)]


def _parts(path: Path) -> Iterator[pa.RecordBatch]:
    """Lines of the file in parts, their words numbered within the part."""
    separator = _separator(path)
    word = pa.dictionary(pa.int32(), pa.string())
    types = dict.fromkeys(HEADER[:3], word) | {"VALUE": pa.float64()}
    compression = "gzip" if is_gzipped(path) else None
    try:
        with (
            readable(path, lambda: pa.input_stream(str(path), compression=compression)) as raw,
            pcsv.open_csv(
                raw,
                read_options=pcsv.ReadOptions(block_size=BLOCK, use_threads=False),
                parse_options=pcsv.ParseOptions(delimiter=separator, quote_char=False),
                convert_options=pcsv.ConvertOptions(
                    column_types=types, null_values=MISSING, include_columns=HEADER
                ),
            ) as reader,
        ):
            yield from reader
    except pa.ArrowInvalid as fault:
        raise FqtlError(f"{path} cannot be read as covariances ({fault}).") from fault
    except OSError as fault:
        raise cut_short(path, fault) from fault


def _separator(path: Path) -> str:
    head = readable(path, lambda: read_lines(path, 1))
    for mark in (" ", "\t"):
        if head and head[0].rstrip("\r\n").split(mark) == HEADER:
            return mark
    raise FqtlError(
        f"{path}: expected the columns {' '.join(HEADER)}, found "
        f"{head[0].strip()[:80] if head else 'nothing'!r}."
    )
