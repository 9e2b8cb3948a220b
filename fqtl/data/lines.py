"""Lines of text, plain or gzipped, and faults of files in words. Needs no arrays.

A quote is a letter as any other, so that a single one swallows nothing; only where quotes stand
around a whole field, as R's write.table puts them, are they taken off.
"""

import gzip
import zlib
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import TypeVar

from fqtl.errors import FqtlError

Result = TypeVar("Result")
BLOCK = b"\x1f\x8b\x08\x04"  # a gzip member with an extra field, as every block of bgzip is
# The empty block at the end of every bgzip file (SAM format specification, section 4.1.2)
END_OF_FILE = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def readable(path: Path, read: Callable[[], Result]) -> Result:
    """What `read` returns; faults of the file as errors that name it."""
    try:
        refuse_cut(path)
        return read()
    except FileNotFoundError as fault:
        raise FqtlError(f"No such file: {path}.") from fault
    except IsADirectoryError as fault:
        raise FqtlError(f"Expected a file, found a folder: {path}.") from fault
    except (EOFError, zlib.error, gzip.BadGzipFile) as fault:
        raise FqtlError(
            f"{path} is not a whole gzip file ({fault}). Was a copy or a download cut short?"
        ) from fault
    except UnicodeDecodeError as fault:
        raise FqtlError(f"{path} is not a text file ({fault}).") from fault


def refuse_cut(path: Path) -> None:
    """Refuse what bgzip wrote and does not end with its empty block: it ends between two blocks.

    gzip takes such a file for a whole one. Other programs that write gzip have no such block, and
    no extra field `BC` in the head of the first (SAM format specification, section 4.1).
    """
    with open(path, "rb") as stream:
        head = stream.read(14)
        if head[:4] != BLOCK or head[12:] != b"BC":
            return
        stream.seek(-min(len(END_OF_FILE), path.stat().st_size), 2)
        if stream.read() != END_OF_FILE:
            raise FqtlError(
                f"{path} does not end as a bgzip file does. Was a copy or a download cut short?"
            )


def is_plain_gzip(path: Path) -> bool:
    """Whether a file was packed by gzip, in one piece that no index can point into.

    Its head has no extra field then, as every block of bgzip has.
    """
    with open(path, "rb") as stream:
        head = stream.read(len(BLOCK))
    if len(head) < len(BLOCK) or not head.startswith(BLOCK[:3]):
        return False
    return not head[3] & BLOCK[3]


def read_lines(path: Path, count: int | None = None) -> list[str]:
    """The first lines of a text file, plain or gzipped; all of them by default.

    A mark of the byte order, as Windows writes it, is not part of the first line.
    """
    open_text = gzip.open if is_gzipped(path) else open
    with open_text(path, "rt", encoding="utf-8-sig") as lines:
        return list(islice(lines, count))


def unquoted(field: str) -> str:
    """A field without the quotes around the whole of it; a quote by itself is part of the text."""
    return field[1:-1] if len(field) > 1 and field[0] == field[-1] == '"' else field


def is_gzipped(path: Path) -> bool:
    """By its first bytes, not by its name."""
    with open(path, "rb") as stream:
        return stream.read(2) == b"\x1f\x8b"
