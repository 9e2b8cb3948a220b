"""The sheet of tissues: which files belong to which tissue.

Tab-separated with a header: `tissue`, `expression` (BED) and `covariates` (may be empty); other
columns are passed over. Paths are relative to the folder the workflow runs in.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from fqtl.data.sheets import sheet_rows
from fqtl.errors import FqtlError

NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$")  # safe in a file name and in SQL
COLUMNS = ("tissue", "expression", "covariates")


@dataclass(frozen=True)
class Tissue:
    """One line of the sheet."""

    name: str
    expression: Path
    covariates: Path | None


def read_tissues(path: Path) -> list[Tissue]:
    """Tissues in the order of the sheet; the files themselves are not looked at."""
    rows = list(sheet_rows(path, COLUMNS))
    if not rows:
        raise FqtlError(f"{path} lists no tissue.")
    tissues, first = [], dict[str, int]()
    for number, row in rows:
        _refuse_odd(row, f"{path}, line {number}")
        name = row["tissue"]
        if name in first:
            raise FqtlError(
                f"{path} lists the tissue {name} twice, on lines {first[name]} and {number}."
            )
        first[name] = number
        covariates = row["covariates"]
        tissues.append(
            Tissue(name, Path(row["expression"]), Path(covariates) if covariates else None)
        )
    return tissues


def _refuse_odd(row: dict[str, str], where: str) -> None:
    """Refuse a line whose entries cannot be what they stand for."""
    if not NAME.match(row["tissue"]):
        raise FqtlError(
            f"{where}: tissue must be a name of letters, digits and _.+- (files are named after "
            f"it); found {row['tissue']!r}."
        )
    if not row["expression"]:
        raise FqtlError(f"{where}: expression must be the path of a BED; found nothing.")
