"""Sheets: tab-separated tables that people write, with a header."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from fqtl.data.lines import read_lines, readable, unquoted
from fqtl.errors import FqtlError


def sheet_rows(path: Path, needed: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Fields by column of every line that is not blank, and the number of the line.

    needed : columns that must be there
    """
    lines = readable(path, lambda: read_lines(path))
    names = [unquoted(name) for name in lines[0].rstrip("\r\n").split("\t")] if lines else []
    absent = [name for name in needed if name not in names]
    if absent:
        raise FqtlError(
            f"{path}, line 1: expected the columns {', '.join(needed)}, separated by tabs; "
            f"{absent[0]} is missing, found {', '.join(map(repr, names)) or 'nothing'}."
        )
    for number, line in enumerate(lines[1:], start=2):
        if line.strip():
            fields = [unquoted(field) for field in line.rstrip("\r\n").split("\t")]
            fields += [""] * (len(names) - len(fields))
            yield number, dict(zip(names, fields, strict=False))
