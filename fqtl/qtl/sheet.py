"""The sheet of summary statistics: which file holds which tissue.

Tab-separated with a header: `tissue`, `file`, and, where the file does not tell it, `n` (people)
and `columns` (what they mean, `meaning=column`, where the format is none that is known).
"""

from dataclasses import dataclass
from pathlib import Path

from fqtl.data.sheets import sheet_rows
from fqtl.data.tissues import NAME
from fqtl.errors import FqtlError


@dataclass(frozen=True)
class TissueFile:
    """One line of the sheet; n is None where the file tells it."""

    tissue: str
    file: Path
    n: float | None
    columns: str


def read_sheet(path: Path) -> list[TissueFile]:
    """Tissues in the order of the sheet; the files themselves are not looked at."""
    found: list[TissueFile] = []
    for number, row in sheet_rows(path, ("tissue", "file")):
        where = f"{path}, line {number}"
        name = row["tissue"]
        if not NAME.match(name):
            raise FqtlError(
                f"{where}: tissue must be a name of letters, digits and _.+-, found {name!r}."
            )
        if name in [one.tissue for one in found]:
            raise FqtlError(f"{where}: the tissue {name} is listed twice.")
        if not row["file"]:
            raise FqtlError(f"{where}: file must be a path, found nothing.")
        n = _number(row.get("n", ""), where)
        found.append(TissueFile(name, Path(row["file"]), n, row.get("columns", "")))
    if not found:
        raise FqtlError(f"{path} lists no tissue.")
    return found


def _number(text: str, where: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not value >= 10:
        raise FqtlError(f"{where}: n must be a number of people from 10 on, found {text!r}.")
    return value
