"""Covariates in the GTEx layout: rows are covariates, columns are donors, the first column names.

The header may begin with the first donor, as R's write.table leaves out the name of row names.

Covariates that hold words are factors; each level but the first becomes a column of 0 and 1.

PLINK's tables (.cov, .eigenvec) have donors in rows. They are told by their FID and IID, and
refused: which of two tables of numbers is transposed, nobody could say afterwards.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.data.text import MISSING, guarded, read_lines, read_table, unquoted
from fqtl.errors import FqtlError
from fqtl.tables.numbers import parsed

MOST_LEVELS = 30  # of a factor; more are names, or numbers that did not parse
PLINK_NAMES = ("FID", "IID")  # of the columns that name donors
TRANSPOSED = "Expected covariates in rows and donors in columns: is the file transposed?"


@dataclass(frozen=True)
class Covariates:
    """q covariates of n donors.

    names : q names; a level of a factor is `sex=male`
    values : (n, q)
    donors : names of the donors
    """

    names: list[str]
    values: np.ndarray
    donors: list[str]


def read_covariates(path: Path) -> Covariates:
    """Covariates in the file at `path`, plain or gzipped, separated by tabs or blanks."""
    _refuse_plink(path)
    table = read_table(path, text_columns=None, rows_named=True)
    donors = [str(name) for name in table.columns[1:]]
    if not donors or table.empty:
        raise FqtlError(
            f"{path}: expected covariates in rows and donors in columns, "
            f"found {len(table)} rows and {len(donors)} donors."
        )
    names = [str(name) for name in table.iloc[:, 0]]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        count = names.count(min(twice))
        raise FqtlError(
            f"{path} lists the covariate {min(twice)!r} more than once, in {count} of {len(names)} "
            f"rows. {TRANSPOSED}"
        )
    columns: dict[str, np.ndarray] = {}
    for name, (_, *entries) in zip(names, table.itertuples(index=False, name=None), strict=True):
        columns.update(_columns(path, name, pd.Series(entries, index=donors)))
    values = np.column_stack(list(columns.values())) if columns else np.empty((len(donors), 0))
    if not np.isfinite(values).all():
        raise FqtlError(f"{path}: covariates must be finite, found an infinite entry.")
    return Covariates(list(columns), values, donors)


def _refuse_plink(path: Path) -> None:
    """Refuse a table with donors in rows, by its header, or by numbers in the place of one."""
    head = guarded(path, lambda: read_lines(path, 1))
    words = [unquoted(word) for word in head[0].split()] if head else []
    named = [word for word in words[:2] if word.lstrip("#").upper() in PLINK_NAMES]
    if named:
        raise FqtlError(
            f"{path}: its column {named[-1]} says that donors are in rows, as in PLINK's tables. "
            "Expected covariates in rows and donors in columns: it is transposed. Take the column "
            "FID out, and transpose the rest."
        )
    numbers = pd.to_numeric(pd.Series(words[2:], dtype=object), errors="coerce")
    if len(numbers) and numbers.notna().all() and (numbers < 0).any():
        raise FqtlError(
            f"{path}: expected names of donors in the first line, found {len(numbers)} numbers "
            f"after {' '.join(words[:2])!r}, as in an .eigenvec without a header. {TRANSPOSED}"
        )


def _columns(path: Path, name: str, row: "pd.Series[str]") -> dict[str, np.ndarray]:
    """One column of a covariate that holds numbers, one per level but the first of a factor."""
    missing = row.isin(MISSING)
    if missing.any():
        raise FqtlError(
            f"{path}: covariate {name!r} is missing for {int(missing.sum())} of {len(row)} donors, "
            f"the first {missing.idxmax()}. Leave the covariate or the donors out."
        )
    numbers = parsed(row)
    if numbers.notna().all():
        return {name: numbers.to_numpy(dtype=np.float64)}
    if numbers.notna().any():
        odd = numbers.isna()
        raise FqtlError(
            f"{path}: covariate {name!r} holds numbers and {int(odd.sum())} words, the first "
            f"{row[odd].iloc[0]!r} for {odd.idxmax()}. {TRANSPOSED}"
        )
    levels = pd.get_dummies(row, prefix=name, prefix_sep="=", drop_first=True)
    if levels.shape[1] >= MOST_LEVELS:
        raise FqtlError(
            f"{path}: covariate {name!r} has {levels.shape[1] + 1} levels in {len(row)} donors, "
            f"expected at most {MOST_LEVELS}. Are these names, or decimal commas?"
        )
    return {level: levels[level].to_numpy(np.float64) for level in levels}


def joined(one: Covariates | None, other: Covariates | None) -> Covariates | None:
    """Covariates of the donors that have both; None stands for no file, which lacks no donor."""
    if one is None or other is None:
        return one or other
    twice = sorted(set(one.names) & set(other.names))
    if twice:
        raise FqtlError(
            f"The covariate {twice[0]!r} is both among those of the tissue and among those of all "
            "tissues. See prepare.donor_covariates in the config."
        )
    shared = [name for name in one.donors if name in set(other.donors)]
    return Covariates(
        [*one.names, *other.names],
        np.hstack([values_of(one, shared), values_of(other, shared)]),
        shared,
    )


def values_of(covariates: Covariates, donors: list[str]) -> np.ndarray:
    """(n, q) covariates of some donors, in that order."""
    row = {name: i for i, name in enumerate(covariates.donors)}
    return covariates.values[[row[name] for name in donors]]
