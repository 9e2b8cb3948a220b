"""The sheet of tissues: which files belong to which tissue.

Tab-separated with a header: `tissue`, `expression` (BED), `covariates` (may be empty) and, if
wanted, `colour` (#rrggbb, for figures). Paths are relative to the folder the workflow runs in.
"""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from fqtl.data.text import guarded, unquoted
from fqtl.errors import FqtlError

NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$")  # safe in a file name and in SQL


@dataclass(frozen=True)
class Tissue:
    """One line of the sheet."""

    name: str
    expression: Path
    covariates: Path | None


def read_tissues(path: Path) -> list[Tissue]:
    """Tissues in the order of the sheet."""
    frame = guarded(
        path,
        lambda: pd.read_csv(
            path,
            sep="\t",
            dtype=str,
            keep_default_na=False,
            encoding="utf-8-sig",
            quoting=csv.QUOTE_NONE,
        ),
    )
    frame = frame.map(unquoted).rename(columns=unquoted)
    absent = [name for name in ("tissue", "expression", "covariates") if name not in frame]
    if absent:
        raise FqtlError(
            f"{path}: expected the columns tissue, expression, covariates; {absent[0]} is missing."
        )
    if frame.empty:
        raise FqtlError(f"{path} lists no tissue.")
    for name in frame["tissue"]:
        if not NAME.match(name):
            raise FqtlError(
                f"{path}: a tissue is named {name!r}; names are of letters, digits and _.+- "
                "because files are named after them."
            )
    twice = frame["tissue"][frame["tissue"].duplicated()]
    if len(twice):
        raise FqtlError(f"{path} lists the tissue {twice.iloc[0]} twice.")
    return [
        Tissue(row.tissue, Path(row.expression), Path(row.covariates) if row.covariates else None)
        for row in frame.itertuples()
    ]
