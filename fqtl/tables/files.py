"""Tables between stages: every kind has a schema and a version, and is written whole or not at all.

Text tables are tab-separated with one header line, gzipped where the name says so, floats with six
significant digits; the same rows give the same bytes. Parquet tables carry their kind, their
version and what else a reader must know in the file's metadata, and a checksum of every page, so
that a file of another kind, of another version, cut short or damaged is refused with its name: the
time stamp of such a file may be older than that of what was made of it, and no workflow notices.
"""

import errno
import glob
import gzip
import io
import json
import os
import shlex
import shutil
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from fqtl.errors import FqtlError
from fqtl.tables.columns import COLUMNS
from fqtl.tables.numbers import EXACT
from fqtl.tables.renamed import about_by_new_names, new_names, old_names, with_new_names

FORMAT_VERSION = 2  # of every Parquet table; rises when a schema changes
METADATA_KEY = b"fqtl"
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # a full disk, a quota, a limit on file size


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Temporary path beside `path` that becomes it if all goes well and vanishes if not.

    What a writer that was killed left there vanishes, too.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for stale in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        stale.unlink(missing_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        with open(temporary, "rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
    except Exception as fault:
        if _says_no_room(fault):
            free = shutil.disk_usage(path.parent).free / 1e6
            raise FqtlError(
                f"No room to write {path} ({fault}); {free:.0f} MB are free there. Make "
                "room, or see results in the config; then start the same command again: what is "
                "finished is kept."
            ) from fault
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _says_no_room(fault: Exception) -> bool:
    if isinstance(fault, OSError):
        return fault.errno in NO_ROOM
    return getattr(fault, "sqlite_errorname", "") == "SQLITE_FULL"


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Temporary folder beside `path` that takes its place if all goes well and vanishes if not."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.mkdir(parents=True)
    try:
        yield temporary
        shutil.rmtree(path, ignore_errors=True)
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def text_writer(path: Path, level: int = 6) -> Iterator[IO[str]]:
    """Text file, whole or not at all; gzipped if its name says so, without name or time inside."""
    with whole(path) as temporary, open(temporary, "wb") as raw:
        if path.suffix == ".gz":
            with (
                gzip.GzipFile("", "wb", level, raw, mtime=0) as packed,
                io.TextIOWrapper(packed, encoding="utf-8", newline="\n") as text,
            ):
                yield text
        else:
            with io.TextIOWrapper(raw, encoding="utf-8", newline="\n") as text:
                yield text


def write_text(path: Path, text: str) -> None:
    """Text file, whole or not at all."""
    with text_writer(path) as stream:
        stream.write(text)


def write_json(path: Path, value: Any) -> None:
    """JSON for people and programs, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_tsv(path: Path, frame: pd.DataFrame, kind: str) -> None:
    """Text table of one of the kinds in `COLUMNS`; renamed columns by their old names behind."""
    columns = list(COLUMNS[kind])
    assert list(frame.columns) == columns, (kind, list(frame.columns))
    frame = frame.assign(**{name: frame[new] for name, new in old_names(kind, columns).items()})
    with text_writer(path) as stream:
        frame.to_csv(stream, sep="\t", index=False, float_format="%.6g", na_rep="NA")


def read_tsv(path: Path, kind: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Text table, refused if its columns are not those of its kind.

    columns : those wanted of a large table; genes and tissues are categories in it then
    """
    if not path.exists():
        raise FqtlError(f"No such file: {path}.")
    if columns is None:
        return _with_columns_of(path, kind, _read_text(path, dtype=_text_columns(kind)))
    found = list(_read_text(path, nrows=0).columns)
    _with_columns_of(path, kind, pd.DataFrame(columns=found))
    old = {new: name for name, new in new_names(path, kind, found).items()}
    dtype: dict[str, Any] = {name: str for name in _text_columns(kind) if name in columns}
    dtype |= {name: "category" for name in ("gene_id", "tissue") if name in columns}
    names = {old.get(name, name): name for name in columns}
    return _read_text(path, dtype=dtype, usecols=list(names)).rename(columns=names)[list(columns)]


def _read_text(path: Path, **options: Any) -> pd.DataFrame:
    try:
        return pd.read_csv(
            path, sep="\t", na_values=["NA"], keep_default_na=False, **EXACT, **options
        )
    except (EOFError, zlib.error, gzip.BadGzipFile, pd.errors.EmptyDataError) as fault:
        raise FqtlError(f"{path} is not whole ({fault}). {_made_anew(path)}") from fault


def _with_columns_of(path: Path, kind: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The table by the names of today, if its columns are those of its kind."""
    frame = frame.rename(columns=new_names(path, kind, list(frame.columns)))
    frame = frame.drop(columns=list(old_names(kind, frame.columns)), errors="ignore")
    if list(frame.columns) != list(COLUMNS[kind]):
        raise FqtlError(
            f"{path}: expected the columns of {kind} ({', '.join(COLUMNS[kind])}), "
            f"found {', '.join(frame.columns)}."
        )
    return frame


def write_parquet(
    path: Path, table: pa.Table, kind: str, compression: str = "snappy", **about: Any
) -> None:
    """Parquet table with its kind, version and `about` in the metadata."""
    with whole(path) as temporary:
        described = table.replace_schema_metadata(_metadata(kind, about))
        pq.write_table(described, temporary, compression=compression, write_page_checksum=True)


@contextmanager
def parquet_writer(path: Path, schema: pa.Schema, kind: str, **about: Any) -> Iterator[Any]:
    """Writer of a Parquet table in parts; the file appears when the context closes."""
    with (
        whole(path) as temporary,
        pq.ParquetWriter(
            temporary, schema.with_metadata(_metadata(kind, about)), write_page_checksum=True
        ) as writer,
    ):
        yield writer


def read_parquet(
    path: Path,
    kind: str,
    columns: list[str] | None = None,
    rows: list[tuple[str, str, Any]] | None = None,
    without: Sequence[str] = (),
) -> tuple[pa.Table, dict[str, Any]]:
    """Parquet table and its metadata; another kind or a cut file is refused.

    columns : those wanted, or all but those of `without`
    rows : what must hold for those wanted, as ("pos", ">=", 1000)
    """
    if not path.exists():
        raise FqtlError(f"No such file: {path}.")
    try:
        schema = pq.read_schema(path)
        about = json.loads((schema.metadata or {}).get(METADATA_KEY, b"{}"))
        renamed = new_names(path, kind, {*schema.names, *about})
        if columns is not None and renamed:
            old = {new: name for name, new in renamed.items()}
            columns = [old.get(name, name) for name in columns]
        if columns is None and without:
            columns = [name for name in schema.names if name not in without]
        table = pq.read_table(path, columns=columns, filters=rows, page_checksum_verification=True)
    except (pa.ArrowInvalid, OSError) as fault:
        if isinstance(fault, OSError) and fault.errno is not None:
            raise  # the system's word: no permission, a broken disk
        raise FqtlError(
            f"{path} is not a whole Parquet file ({fault})."
            # what is no Parquet at all was not made here, and is not to be deleted
            + (f" {_made_anew(path)}" if _begins_as_parquet(path) else f" Is it a table of {kind}?")
        ) from fault
    found = (about.get("kind"), about.get("version"))
    if found != (kind, FORMAT_VERSION):
        raise FqtlError(
            f"{path}: expected a table of kind {kind}, version {FORMAT_VERSION}; "
            f"found kind {found[0]}, version {found[1]}."
            + (f" {_made_anew(path)}" if found[0] == kind else "")
        )
    if not renamed:
        return table, about
    return with_new_names(table, renamed), about_by_new_names(about, renamed)


def read_parquets(
    paths: Sequence[Path], kind: str, without: Sequence[str] = ()
) -> list[tuple[pa.Table, dict[str, Any]]]:
    """Parquet tables of many files, without some columns; those that cannot be used are named
    together."""
    tables, refused = [], {}
    for path in paths:
        try:
            tables.append(read_parquet(path, kind, without=without))
        except FqtlError as fault:
            refused[path] = fault
    if not refused:
        return tables
    first = next(iter(refused.values()))
    if len(refused) == 1:
        raise first
    raise FqtlError(
        f"{len(refused)} of {len(paths)} files cannot be used. {_made_anew(*refused)} "
        f"The first: {first}"
    )


def _begins_as_parquet(path: Path) -> bool:
    with open(path, "rb") as stream:
        return stream.read(4) in (b"PAR1", b"")


def _made_anew(*paths: Path) -> str:
    """What to do about broken files; only the user knows how the workflow was started."""
    return (
        f"Delete it: `rm {shlex.join(map(str, paths))}`, and start the workflow again as before; "
        "only this and what depends on it is made anew."
    )


def _metadata(kind: str, about: dict[str, Any]) -> dict[bytes, bytes]:
    text = json.dumps({"kind": kind, "version": FORMAT_VERSION, **about})
    return {METADATA_KEY: text.encode()}


def _text_columns(kind: str) -> dict[str, type]:
    """Columns that must not be read as numbers, whatever they look like."""
    text = {"gene_id", "chrom", "tissue", "variant_id", "rsid", "reason", "status", "shard"}
    text |= {"donor", "concern", "p_tissues"}
    if kind.startswith("converted"):
        text |= {"set", "from", "path"}
    return {name: str for name in COLUMNS[kind] if name in text}
