"""Rows of some genes out of a file of QTL summary statistics of a whole genome.

The file goes by in batches, and only rows of the genes that are asked for are kept: memory grows
with these genes, not with the file.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fqtl.data.expression import gene_key
from fqtl.data.summary_sheet import files_of
from fqtl.errors import FqtlError
from fqtl.gwas.batches import NUMBERS, Batch, read_batches
from fqtl.gwas.effects import z_scores
from fqtl.gwas.header import Header, read_header
from fqtl.gwas.layouts import Layout
from fqtl.gwas.places import bare, parts_of, remaining, rs_number_in
from fqtl.qtl.checks import log_p_of, see_first
from fqtl.qtl.layouts import KNOWN, by_header, by_map, by_position

PARQUET = b"PAR1"
ROWS = 200_000  # of a batch of Parquet
ALLELES = ("other_allele", "effect_allele")
BOTH = r"^(?P<one>[ACGTacgt]+)[/|_:,](?P<two>[ACGTacgt]+)$"
NUMBER = re.compile(r"^[+-]?[0-9.]+(e[+-]?[0-9]+)?$", re.IGNORECASE)
VERSION = r"^(ENS[A-Z]*G\d+)\.\d+$"


@dataclass(frozen=True)
class Pairs:
    """Rows of genes in one tissue.

    of_gene : by gene id without its version: chrom, pos (-1 where not told), rsid, other_allele,
        effect_allele, z, n and maf (NaN where not told), reason (why there is no z)
    layout : the name of the file's format
    rows : of the whole file
    """

    of_gene: dict[str, pd.DataFrame]
    layout: str
    rows: int


def read_pairs(
    path: Path,
    genes: list[str],
    columns: str = "",
    build: str = "",
    chromosomes: Collection[str] | None = None,
) -> Pairs:
    """Rows of these genes.

    columns : map `meaning=column`; empty where the header tells the format
    build : the genome build that is asked for; empty for any
    chromosomes : of the genes, without prefix; None where they are not known
    """
    keys = sorted({gene_key(gene) for gene in genes})
    layout, parts = open_pairs(path, keys, columns, build, chromosomes)
    kept, rows = [], 0
    for count, part in parts:
        rows += count
        if len(part):
            kept.append(part)
    if not kept:
        return Pairs({}, layout, rows)
    table = pd.concat(kept, ignore_index=True)
    groups = table.groupby("gene", sort=False)
    return Pairs(
        {
            keys[int(str(gene))]: part.drop(columns="gene").reset_index(drop=True)
            for gene, part in groups
        },
        layout,
        rows,
    )


def open_pairs(
    path: Path,
    keys: list[str],
    columns: str = "",
    build: str = "",
    chromosomes: Collection[str] | None = None,
) -> tuple[str, Iterator[tuple[int, pd.DataFrame]]]:
    """The name of a file's format, and its batches: rows in it, and those of the genes asked for.

    path : with `{chrom}` in it, all files of chromosomes one after the other
    keys : genes by id without version; `gene` of a row is a place in it, other columns are those of
        `Pairs.of_gene`
    chromosomes : of these genes; None where they are not known
    """
    files = files_of(path, chromosomes)
    if not files:
        raise FqtlError(f"No file by {path} is of one of the {len(keys)} genes' chromosomes.")
    layout, parts = _open(files[0], keys, columns, build)
    return layout, _and_others(layout, parts, files[1:], keys, columns, build)


def _and_others(
    layout: str,
    parts: Iterator[tuple[int, pd.DataFrame]],
    others: list[Path],
    keys: list[str],
    columns: str,
    build: str,
) -> Iterator[tuple[int, pd.DataFrame]]:
    yield from parts
    for file in others:
        name, parts = _open(file, keys, columns, build)
        if name != layout:
            raise FqtlError(f"{file} is of the format {name}, and files before it of {layout}.")
        yield from parts


def _open(
    path: Path, keys: list[str], columns: str, build: str
) -> tuple[str, Iterator[tuple[int, pd.DataFrame]]]:
    if not path.is_file():
        raise FqtlError(f"No such file: {path}.")
    with path.open("rb") as stream:
        is_parquet = stream.read(4) == PARQUET
    layout, batches = _parquet(path, columns) if is_parquet else _text(path, columns)
    return layout.name, _of_genes(path, layout, batches, pa.array(keys, pa.string()), build)


def _of_genes(
    path: Path, layout: Layout, batches: Iterator[Batch], wanted: pa.Array, build: str
) -> Iterator[tuple[int, pd.DataFrame]]:
    for batch in batches:
        if batch.first == 1:
            see_first(path, layout, batch, build)
        names = batch.text("gene").cast(pa.string())
        keys = pc.replace_substring_regex(names, VERSION, r"\1")
        place = pc.index_in(keys, value_set=wanted)
        mine = pc.is_valid(place)
        kept = {name: column.filter(mine) for name, column in batch.columns.items()}
        mine_alone = Batch(batch.first, kept)
        yield len(batch), _rows(mine_alone, place.filter(mine), log_p_of(path, layout, mine_alone))


def _text(path: Path, columns: str) -> tuple[Layout, Iterator[Batch]]:
    header = read_header(path)
    if columns:
        layout = by_map(path, columns, header.names)
    else:
        found = by_header(path, header.names)
        bare_table = None if found else by_position(len(header.names))
        if found is None and bare_table is None:
            _refuse_names(path, header.names)
        if found is not None:
            layout = found
        else:
            assert bare_table is not None
            layout, names = bare_table
            _refuse_header(path, header, layout, names)
            header = Header(header.skipped - 1, names, header.separator, header.preamble, [])
    return layout, read_batches(path, header, layout)


def _parquet(path: Path, columns: str) -> tuple[Layout, Iterator[Batch]]:
    try:
        table = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as fault:
        raise FqtlError(f"{path} is not a whole Parquet file ({fault}).") from fault
    names = list(table.schema_arrow.names)
    layout = by_map(path, columns, names) if columns else by_header(path, names)
    if layout is None:
        _refuse_names(path, names)
    assert layout is not None
    return layout, _parquet_batches(path, table, layout)


def _parquet_batches(path: Path, table: pq.ParquetFile, layout: Layout) -> Iterator[Batch]:
    first = 1
    for part in table.iter_batches(ROWS, columns=list(layout.columns.values())):
        columns = {}
        for meaning, name in layout.columns.items():
            kind = pa.float64() if meaning in NUMBERS else pa.string()
            try:
                columns[meaning] = part.column(name).cast(kind)
            except pa.ArrowInvalid as fault:
                raise FqtlError(f"{path}, column {name!r}: {fault}.") from fault
        yield Batch(first, columns)
        first += len(part)


def _refuse_names(path: Path, names: list[str]) -> None:
    if any(NUMBER.match(name) for name in names):
        raise FqtlError(
            f"{path} begins with {' '.join(names[:20])}, which is no header, and without one "
            f"{len(names)} columns are neither FastQTL's (5, 6 or 9) nor QTLtools' (14 to 16). "
            "Write a line with names of columns above it, and what they mean in the sheet's column "
            "`columns`, as gene=… variant=… beta=… se=…."
        )
    raise FqtlError(
        f"{path} has the columns {', '.join(names[:20])}, which are those of no format that is "
        f"known ({', '.join(known.name for known in KNOWN)}, FastQTL, QTLtools). Say what they "
        "mean in the sheet's column `columns`, as gene=… variant=… beta=… se=…."
    )


def _refuse_header(path: Path, header: Header, layout: Layout, names: list[str]) -> None:
    """Refuse a header that is none of those known, in a file that should have none."""
    p = names.index(layout.columns["p"])
    try:
        float(header.names[p])
    except ValueError:
        _refuse_names(path, header.names)


def _rows(batch: Batch, place: pa.Array, log_p: np.ndarray) -> pd.DataFrame:
    found, reason = z_scores(
        beta=batch.number("beta"), se=batch.number("se"), z=batch.number("z"), log_p=log_p
    )
    frame = pd.DataFrame(
        {
            "gene": place.to_numpy(zero_copy_only=False).astype(np.int32),
            "chrom": _texts(batch, "chrom", ""),
            "pos": np.nan_to_num(batch.number("pos"), nan=-1).astype(np.int64),
            "rsid": _texts(batch, "rsid", ""),
            "other_allele": _alleles(batch, "other_allele"),
            "effect_allele": _alleles(batch, "effect_allele"),
            "z": found,
            "n": _people(batch.number("n"), batch.number("alleles_seen")),
            "reason": reason,
            "maf": _rarer(batch.number("frequency")),
        }
    )
    if "alleles" in batch.columns:
        both = pc.extract_regex(pc.fill_null(batch.text("alleles"), ""), BOTH)
        frame = _with_pair(frame, *(pc.struct_field(both, name) for name in ("one", "two")))
    return _with_ids(frame, batch) if "variant" in batch.columns else frame


def _people(n: np.ndarray, alleles_seen: np.ndarray) -> np.ndarray:
    """People behind each row; NaN where a file tells none, as by 0 or -9."""
    told = np.where(np.isfinite(n), n, alleles_seen / 2)
    return np.where(told > 0, told, np.nan)


def _rarer(frequency: np.ndarray) -> np.ndarray:
    """Frequency of the rarer allele; NaN where there is none."""
    with np.errstate(invalid="ignore"):
        maf = np.minimum(frequency, 1 - frequency)
        return np.where(maf > 0, maf, np.nan)


def _alleles(batch: Batch, meaning: str) -> list[str]:
    """In capitals, as the panel has them."""
    upper = pc.utf8_upper(batch.text(meaning).cast(pa.string()))
    return ["" if value is None else value for value in upper.to_pylist()]


def _texts(batch: Batch, meaning: str, absent: str | None = None) -> list[str | None]:
    values = batch.text(meaning).cast(pa.string()).to_pylist()
    return [absent if value is None else value for value in values]


def _with_pair(frame: pd.DataFrame, other: pa.Array, effect: pa.Array) -> pd.DataFrame:
    """Alleles of rows that lack them, by a pair: where one is told, the remaining one."""
    pair = [pc.utf8_upper(pc.fill_null(allele, "")) for allele in (other, effect)]
    found = {}
    for name, beside, untold in zip(ALLELES, reversed(ALLELES), pair, strict=True):
        rest = remaining(pa.array(frame[beside], pa.string()), *pair).to_pandas()
        by_pair = rest.where(frame[beside] != "", untold.to_pandas())
        found[name] = frame[name].where(frame[name] != "", by_pair)
    return frame.assign(**found)


def _with_ids(frame: pd.DataFrame, batch: Batch) -> pd.DataFrame:
    """Places, alleles and rs numbers that ids tell, where columns do not."""
    names = batch.text("variant").cast(pa.string())
    parts = parts_of(names)
    frame = _with_pair(frame, parts["other"], parts["effect"])
    frame["chrom"] = frame["chrom"].where(frame["chrom"] != "", parts["chrom"].to_pandas())
    told = pd.to_numeric(parts["pos"].to_pandas()).fillna(-1).astype(np.int64)
    frame["pos"] = frame["pos"].where(frame["pos"] > 0, told)
    named, ids = rs_number_in(names).to_pandas(), pc.fill_null(names, "").to_pandas()
    frame["rsid"] = frame["rsid"].where(frame["rsid"] != "", named.where(named != "", ids))
    chroms = {name: bare(name) if name else "" for name in frame["chrom"].unique()}
    frame["chrom"] = frame["chrom"].map(chroms)
    return frame
