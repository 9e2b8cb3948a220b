"""Where the table of a GWAS file begins, what its columns are called, and what separates them."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fqtl.data.lines import read_lines, readable, unquoted
from fqtl.errors import FqtlError

PREAMBLE = 2_000  # lines before the header, at most; PGC's files have some seventy
SAMPLED = 20  # lines of the table by which its separator is told
MAGIC = {
    b"PK\x03\x04": "a zip archive",
    b"PAR1": "Parquet",
    b"BZh": "bzip2",
    b"\xfd7zX": "xz",
    b"(\xb5/\xfd": "zstd",
}
SEPARATORS = {"\t": "tabs", ",": "commas", ";": "semicolons"}


@dataclass(frozen=True)
class Header:
    """How a text file begins.

    skipped : lines up to and with the header
    names : columns; separator : a tab, a comma, a semicolon, or a blank for any run of blanks
    preamble : lines of `##` before
    sample : the first lines of the table
    """

    skipped: int
    names: list[str]
    separator: str
    preamble: list[str]
    sample: list[str]


def read_header(path: Path) -> Header:
    """The header of a file, plain or gzipped; a file without rows is refused."""
    _refuse_packed(path)
    lines = readable(path, lambda: read_lines(path, PREAMBLE + SAMPLED))
    first = next((i for i, line in enumerate(lines) if not _before(line)), len(lines))
    table = [line.rstrip("\r\n") for line in lines[first : first + 1 + SAMPLED]]
    table = [line for line in table if line.strip()]
    if not table:
        raise FqtlError(f"{path} is empty: expected a header and rows of a GWAS.")
    separator = _separator(table)
    names = [unquoted(name.strip()) for name in fields(table[0], separator)]
    names[0] = names[0].lstrip("#").strip()
    if len(table) == 1:
        raise FqtlError(f"{path} has a header ({', '.join(names)}) and no row below it.")
    return Header(first + 1, names, separator, lines[:first], table[1:])


def _refuse_packed(path: Path) -> None:
    def begin() -> bytes:
        with open(path, "rb") as stream:
            return stream.read(4)

    first = readable(path, begin)
    for magic, name in MAGIC.items():
        if first.startswith(magic):
            raise FqtlError(
                f"{path} is {name}: expected text, plain or packed by gzip or bgzip. Unpack it "
                "first."
            )


def _before(line: str) -> bool:
    """Whether a line stands before the header."""
    return line.startswith("##") or not line.strip()


def _separator(table: list[str]) -> str:
    """What separates fields: what all lines have as many of as the header, or else blanks."""
    for mark in SEPARATORS:
        count = table[0].count(mark)
        if count and all(_marks(line, mark) == count for line in table[1:]):
            return mark
    widths = {len(line.split()) for line in table}
    for mark in SEPARATORS:
        if mark in table[0] and len(widths) > 1 and mark != "\t":
            return mark
    return " "


def _marks(line: str, mark: str) -> int:
    return len(fields(line, mark)) - 1


def fields(line: str, separator: str) -> list[str]:
    """Fields of one line."""
    if separator == " ":
        return line.split()
    if separator == "\t":
        return line.rstrip("\r\n").split("\t")
    return next(csv.reader([line.rstrip("\r\n")], delimiter=separator))


def told_beside(path: Path) -> dict[str, Any]:
    """What the `-meta.yaml` beside a file of the GWAS Catalog tells; nothing if there is none."""
    meta = path.with_name(f"{path.name}-meta.yaml")
    if not meta.is_file():
        return {}
    try:
        found = yaml.safe_load(meta.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        raise FqtlError(f"{meta} cannot be read as YAML ({fault}).") from fault
    return found if isinstance(found, dict) else {}
