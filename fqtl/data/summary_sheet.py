"""The sheet of summary statistics: which file holds which tissue.

Tab-separated with a header: `tissue`, `file`, and, where the file does not tell it, `n` (people)
and `columns` (what they mean, `meaning=column`, where the format is none that is known).
"""

from dataclasses import dataclass
from pathlib import Path

from fqtl.data.sheets import named_rows
from fqtl.errors import FqtlError

MOST_PEOPLE = 1e8  # more than any study will have; taste


@dataclass(frozen=True)
class TissueFile:
    """One line of the sheet; n is None where the file tells it."""

    tissue: str
    file: Path
    n: float | None
    columns: str


def read_sheet(path: Path) -> list[TissueFile]:
    """Tissues in the order of the sheet; the files themselves are not looked at."""
    return [
        TissueFile(
            row["tissue"],
            Path(row["file"]),
            _number(row.get("n", ""), where),
            row.get("columns", ""),
        )
        for where, row in named_rows(path, ("tissue", "file"))
    ]


def _number(text: str, where: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 10 <= value <= MOST_PEOPLE:
        raise FqtlError(
            f"{where}: n must be a number of people, 10 to {MOST_PEOPLE:.0e}, found {text!r}."
        )
    return value
