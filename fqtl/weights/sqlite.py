"""SQLite files of other programs, opened so that nothing is made or changed."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pandas as pd

from fqtl.errors import FqtlError

# of damaged files; names that are no text come to light as they are decoded
FAULTS = (sqlite3.DatabaseError, pd.errors.DatabaseError, UnicodeDecodeError)


@contextmanager
def read_only(path: Path, needed: set[str], what: str) -> Iterator[sqlite3.Connection]:
    """A file that has the tables needed; `what` says in words what it should be."""
    if not path.is_file():
        raise FqtlError(f"No such file: {path}.")
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        try:
            found = tables(connection)
        except FAULTS as fault:
            raise FqtlError(f"{path} is not an SQLite file ({fault}).") from fault
        if needed - found:
            raise FqtlError(
                f"{path}: expected the tables {', '.join(sorted(needed))} of {what}, found "
                f"{', '.join(sorted(found)) or 'none'}."
            )
        try:
            yield connection
        except FAULTS as fault:
            raise FqtlError(f"{path} cannot be read as {what}: {fault}.") from fault


def by_sqlite_names(frame: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """A table with its columns by the names given, which are the same to SQLite in any letters."""
    known = {name.lower(): name for name in names}
    return frame.rename(columns=lambda name: known.get(name.lower(), name))


def tables(connection: sqlite3.Connection) -> set[str]:
    """Names of all tables."""
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {row[0] for row in found}
