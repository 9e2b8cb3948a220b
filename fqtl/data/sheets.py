"""Sheets: tab-separated tables that people write, with a header."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from fqtl.data.lines import read_lines, readable, unquoted
from fqtl.errors import FqtlError

NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$")  # safe in a file name and in SQL


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


def named_rows(path: Path, needed: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Fields of every line of a sheet that gives names their files, and where the line is.

    needed : columns; the first is the name, of which none may be there twice, the second the file
    """
    name, file = needed[:2]
    first: dict[str, int] = {}
    for number, row in sheet_rows(path, needed):
        where, mine = f"{path}, line {number}", row[name]
        if not NAME.match(mine):
            raise FqtlError(
                f"{where}: {name} must be a name of letters, digits and _.+- (files are named "
                f"after it); found {mine!r}."
            )
        if mine in first:
            raise FqtlError(
                f"{path} lists the {name} {mine} twice, on lines {first[mine]} and {number}."
            )
        if not row[file]:
            raise FqtlError(f"{where}: {file} must be the path of a file; found nothing.")
        first[mine] = number
        yield where, row
    if not first:
        raise FqtlError(f"{path} lists no {name}.")
