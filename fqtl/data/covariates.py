"""Covariates in the GTEx layout: rows are covariates, columns are donors, the first column names.

Covariates that hold words are factors; each level but the first becomes a column of 0 and 1.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.data.text import MISSING, read_table
from fqtl.errors import FqtlError


@dataclass(frozen=True)
class Covariates:
    """q covariates of n donors.

    names : q names; a level of a factor is `sex=male`
    values : (n, q)
    samples : names of the donors
    """

    names: list[str]
    values: np.ndarray
    samples: list[str]


def read_covariates(path: Path) -> Covariates:
    """Covariates in the file at `path`, plain or gzipped, separated by tabs or blanks."""
    table = read_table(path, text_columns=None)
    samples = [str(name) for name in table.columns[1:]]
    if not samples or table.empty:
        raise FqtlError(
            f"{path}: expected covariates in rows and donors in columns, "
            f"found {len(table)} rows and {len(samples)} donors."
        )
    columns: dict[str, np.ndarray] = {}
    for name, *entries in table.itertuples(index=False, name=None):
        row = pd.Series(entries, index=samples)
        missing = row.isin(MISSING)
        if missing.any():
            raise FqtlError(
                f"{path}: covariate {name!r} is missing for {int(missing.sum())} of "
                f"{len(samples)} donors, the first {missing.idxmax()}. Leave the covariate or "
                "the donors out."
            )
        numbers = pd.to_numeric(row, errors="coerce")
        if numbers.notna().all():
            columns[str(name)] = numbers.to_numpy(dtype=np.float64)
        else:
            levels = pd.get_dummies(row, prefix=str(name), prefix_sep="=", drop_first=True)
            columns.update({level: levels[level].to_numpy(np.float64) for level in levels})
    values = np.column_stack(list(columns.values())) if columns else np.empty((len(samples), 0))
    if not np.isfinite(values).all():
        raise FqtlError(f"{path}: covariates must be finite, found an infinite entry.")
    return Covariates(list(columns), values, samples)
