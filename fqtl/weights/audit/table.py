"""A table of text that is looked at, or the fault that it is none."""

from collections.abc import Generator, Iterable
from pathlib import Path

import pandas as pd

from fqtl.data.text import read_table
from fqtl.errors import FqtlError
from fqtl.weights.audit.fault import Fault


def table_of(
    path: Path, needed: Iterable[str], *, grave: bool = True
) -> Generator[Fault, None, pd.DataFrame | None]:
    """A fault where a file is no table or lacks columns; else the table, all of it as text."""
    try:
        table = read_table(path, None)
    except FqtlError as fault:
        yield Fault(path, "", "cannot be read", str(fault), grave)
        return None
    absent = [name for name in needed if name not in table]
    if absent:
        yield Fault(path, "line 1", "columns are missing", ", ".join(absent), grave)
        return None
    return table
