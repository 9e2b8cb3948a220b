"""Tables of an SQLite file, or why they cannot be had."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from fqtl.weights.audit.fault import Fault
from fqtl.weights.sqlite import FAULTS

INDEXES = """
SELECT t.name, c.name FROM sqlite_master t, pragma_index_list(t.name) i, pragma_index_info(i.name) c
WHERE t.type = 'table' AND c.seqno = 0
"""


@dataclass(frozen=True)
class Database:
    """What a file holds of the tables that a format has.

    tables : name → its rows
    indexed : table and first column of each index
    faults : why the tables cannot be used, if they cannot
    """

    tables: dict[str, pd.DataFrame]
    indexed: set[tuple[str, str]]
    faults: list[Fault]


def open_database(
    path: Path, needed: dict[str, list[str]], others: tuple[str, ...] = (), may_be_empty: str = ""
) -> Database:
    """The tables of a format.

    needed : table → columns that it must have; others : tables that it may have
    may_be_empty : a table that needs no rows
    """
    nothing: dict[str, pd.DataFrame] = {}
    what = "cannot be opened"
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            what = "is not an SQLite file"
            (sound,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if sound != "ok":
                return Database(nothing, set(), [Fault(path, "", "file is damaged", sound)])
            what = "cannot be read"
            named = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            held = {name for (name,) in named} & {*needed, *others}
            tables = {name: pd.read_sql(f"SELECT * FROM {name}", connection) for name in held}
            indexed = set(connection.execute(INDEXES).fetchall())
    except FAULTS as fault:
        return Database(nothing, set(), [Fault(path, "", what, str(fault))])
    faults = []
    for name, columns in needed.items():
        if name not in tables:
            faults.append(Fault(path, "", f"has no table {name}"))
            continue
        dropped = [column for column in columns if column not in tables[name]]
        if dropped:
            faults.append(Fault(path, f"table {name}", "columns are missing", ", ".join(dropped)))
        elif tables[name].empty and name != may_be_empty:
            faults.append(Fault(path, f"table {name}", "is empty: its readers fail"))
    return Database(tables, indexed, faults)
