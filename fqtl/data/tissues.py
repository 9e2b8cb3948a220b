"""The sheet of tissues: which files belong to which tissue.

Tab-separated with a header: `tissue`, `expression` (BED) and `covariates` (may be empty); other
columns are passed over. Paths are relative to the folder the workflow runs in.
"""

from dataclasses import dataclass
from pathlib import Path

from fqtl.data.sheets import named_rows
from fqtl.data.summary_sheet import TissueFile

COLUMNS = ("tissue", "expression", "covariates")


@dataclass(frozen=True)
class Tissue:
    """One line of the sheet; of one of summary statistics their file is in `expression`."""

    name: str
    expression: Path
    covariates: Path | None
    summary: TissueFile | None = None


def read_tissues(path: Path) -> list[Tissue]:
    """Tissues in the order of the sheet; the files themselves are not looked at."""
    return [
        Tissue(
            row["tissue"],
            Path(row["expression"]),
            Path(row["covariates"]) if row["covariates"] else None,
        )
        for _, row in named_rows(path, COLUMNS)
    ]
