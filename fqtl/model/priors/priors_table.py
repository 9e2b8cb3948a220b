"""Priors of a release as a table that people read, and back.

A row for each number: name, tissue ("all", or the one that it is of), value, default, n_genes,
meaning; tab-separated.
"""

import csv
import os
from pathlib import Path
from typing import Any

from fqtl.errors import FqtlError
from fqtl.model.priors.default_model import default_priors
from fqtl.model.priors.release_priors import OF_EACH, Priors

COLUMNS = ("name", "tissue", "value", "default", "n_genes", "meaning")
ALL = "all"  # tissues
MEANING = {
    "n_tissues": "tissues of most genes",
    "specific_start": "probability that a tissue has effects beside factors: where a fit starts",
    "specific_share": "share of tissues with such effects that a gene is held to",
    "specific_weight": "tissues that this share counts for when a gene learns its own",
    "specific_square": "mean square of a tissue-specific effect: its share of variance",
    "another_specific": "probability of one more effect of a tissue after each",
    "factor_share": "share of tissues that have a factor, which a factor is held to",
    "factor_weight": "tissues that this share counts for when a factor learns its own",
    "factor_square": "mean square of an effect of a factor in a tissue that has it",
    "factor_square_weight": "effects that this counts for when a factor learns its own",
    "another_effect": "probability of one more effect of a factor after each",
    "background_probability": "probability that there is a polygenic background",
    "background_median": "median of the share of variance that a background explains",
}
MEANING_OF_EACH = {
    "factor_log_odds": "ln of the odds that this tissue has a factor, over those of factor_share",
    "specific_log_odds": "ln of the odds that this tissue has effects beside factors, over those "
    "of the share of the gene",
}


def table_rows(priors: Priors, n_genes: int) -> list[dict[str, Any]]:
    """Rows of the table; n_genes : that they were learned from."""
    default = default_priors(priors.n_tissues).by_name()
    of_all = [
        {
            "name": name,
            "tissue": ALL,
            "value": value,
            "default": default[name],
            "n_genes": n_genes,
            "meaning": MEANING.get(name) or _of_likeness(name),
        }
        for name, value in priors.by_name().items()
    ]
    return of_all + [
        {
            "name": name,
            "tissue": tissue,
            "value": value,
            "default": 0.0,
            "n_genes": n_genes,
            "meaning": MEANING_OF_EACH[name],
        }
        for name, known in priors.of_each().items()
        for tissue, value in known.items()
    ]


def _of_likeness(name: str) -> str:
    alike = name.rpartition("_")[2]
    return f"probability that loadings of a factor have a likeness (squared correlation) of {alike}"


def read_priors(path: str | os.PathLike[str]) -> Priors:
    """Priors of a table, as `fqtl learn-priors` writes it.

    Raises FqtlError where it is not such a table: the message names the row at fault.
    """
    path = Path(path)
    if not path.exists():
        raise FqtlError(f"No such file: {path}.")
    try:
        with open(path, newline="", encoding="utf-8") as stream:
            rows = list(csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    except UnicodeDecodeError as fault:
        raise FqtlError(f"{path} is no text table of priors ({fault}).") from fault
    if not rows or tuple(rows[0]) != COLUMNS:
        found = ", ".join(rows[0]) if rows else "an empty file"
        raise FqtlError(f"{path}: expected the columns {', '.join(COLUMNS)}, found {found}.")
    written = [row for row in rows[1:] if row]  # an editor may leave an empty line at the end
    of_all = [row for row in written if row[0] not in OF_EACH]
    _refuse_other_names(path, [row[0] for row in of_all])
    try:
        return Priors.of_names(
            {row[0]: _of_all_tissues(row) for row in of_all},
            {name: _of_each_tissue(name, written) for name in OF_EACH},
        )
    except FqtlError as fault:
        raise FqtlError(f"{path}: {fault}") from fault


def _refuse_other_names(path: Path, names: list[str]) -> None:
    known = list(default_priors(1).by_name())
    if sorted(names) == sorted(known):
        return
    absent = [name for name in known if name not in names]
    others = [name for name in names if name not in known]
    again = [name for name in known if names.count(name) > 1]
    raise FqtlError(
        f"{path}: expected {len(known)} rows of all tissues, a name each ({', '.join(known)}), "
        f"found {len(names)}: {len(absent)} missing {absent[:3]}, {len(others)} unknown "
        f"{others[:3]}, {len(again)} more than once {again[:3]}."
    )


def _of_all_tissues(row: list[str]) -> float:
    """The value of a row that no tissue has for itself."""
    value = _number(row)
    if row[1] != ALL:
        raise FqtlError(f"{row[0]} must be of tissue {ALL!r}, found {row[1]!r}.")
    return value


def _of_each_tissue(name: str, rows: list[list[str]]) -> dict[str, float]:
    """Values of the rows of a name, by the name of the tissue."""
    values: dict[str, float] = {}
    for row in rows:
        if row[0] != name:
            continue
        value, tissue = _number(row), row[1]
        if not tissue:
            raise FqtlError(f"a row {name} names no tissue.")
        if tissue in values:
            raise FqtlError(f"{name} of {tissue!r} stands twice.")
        values[tissue] = value
    return values


def _number(row: list[str]) -> float:
    """The value of a row."""
    if len(row) != len(COLUMNS):
        raise FqtlError(f"{row[0]} has {len(row)} columns of {len(COLUMNS)}.")
    try:
        return float(row[2])
    except ValueError:
        whose = "" if row[0] not in OF_EACH else f" of {row[1]}"
        raise FqtlError(f"value of {row[0]}{whose} must be a number, found {row[2]!r}.") from None
