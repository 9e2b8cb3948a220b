"""Expression of one tissue: a BED with one gene per row and one donor per column.

GTEx, tensorQTL and FastQTL write four leading columns (`#chr start end gene_id`), QTLtools six
(`#chr start end gene_id group strand`). BED intervals are 0-based and half-open, so the 1-based
position of a one-base interval, the transcription start site, is its `end`. Where the interval is
longer the strand decides: `end` on the minus strand, `start` + 1 on the plus strand.
(Formats: https://qtltools.github.io/qtltools, https://github.com/broadinstitute/tensorqtl)
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.data import contigs
from fqtl.data.text import MISSING, guarded, read_lines, read_table, unquoted
from fqtl.errors import FqtlError

REPEATED = "a repeated line of a gene, whose first line was used"
VERSIONED = re.compile(r"^(ENS[A-Z]*G\d+)\.\d+$")


@dataclass(frozen=True)
class Expression:
    """Expression of g genes in n donors.

    genes : gene_id, chrom (as `chr22`), tss (1-based); one row per gene
    values : (g, n), NaN where missing
    donors : names of the columns: donors, or samples until `by_donor` has met them
    dropped : lines of the file that are not among `genes`, and why; they are named by their genes,
        one that repeats a gene as `ENSG01.2 (line 7)`, since the gene itself is not left out
    path : the file
    """

    genes: pd.DataFrame
    values: np.ndarray
    donors: list[str]
    dropped: dict[str, str]
    path: Path | None = None


def repeated_lines(gene_id: "pd.Series[str]", first_line: int) -> dict[int, str]:
    """Rows whose gene, whatever its version, stands in a row before, with names for their lines."""
    rows = np.flatnonzero(gene_id.map(gene_key).duplicated())
    return {int(row): f"{gene_id.iloc[row]} (line {row + first_line})" for row in rows}


def gene_key(gene_id: str) -> str:
    """Ensembl id without its version, by which tissues are matched; other ids as they are.

    `ENSG00000182378.10_PAR_Y` keeps its ending: it is another gene than `ENSG00000182378.10`.
    """
    match = VERSIONED.match(gene_id)
    return match.group(1) if match else gene_id


def read_expression(path: Path) -> Expression:
    """Expression in the BED file at `path`, plain or bgzipped, with four or six leading columns."""
    head = guarded(path, lambda: read_lines(path, 2))
    if not head:
        raise FqtlError(f"{path} is empty.")
    names, *first = [[unquoted(field) for field in line.split()] for line in head]
    if len(names) < 4 or names[0].lower() not in ("#chr", "chr", "#chrom", "chrom"):
        raise FqtlError(
            f"{path}: expected a header that starts with #chr, start, end, gene_id; "
            f"found {' '.join(names[:4])!r}."
        )
    if not first:
        raise FqtlError(f"{path} has a header with {len(names)} columns and no genes.")
    leading = 6 if _has_strand(names, first[0]) else 4
    if len(names) <= leading:
        raise FqtlError(f"{path} has {leading} leading columns and no samples.")
    table = read_table(path, [0, 3, 4, 5] if leading == 6 else [0, 3])
    donors = list(table.columns[leading:])
    start, end = _intervals(path, table)
    gene_id = table.iloc[:, 3]
    _refuse_unnamed(path, gene_id)
    forward = table.iloc[:, 5].eq("+") if leading == 6 else pd.Series(False, index=table.index)
    genes = pd.DataFrame(
        {
            "gene_id": gene_id,
            "chrom": table.iloc[:, 0].map(contigs.prefixed),
            "tss": np.where(forward & (end - start > 1), start + 1, end),
        }
    )
    values = table.iloc[:, leading:].to_numpy(dtype=np.float64)
    _refuse_infinite(path, values, donors)
    repeated = repeated_lines(gene_id, first_line=2)
    kept = ~table.index.isin(list(repeated))
    return Expression(
        genes=genes[kept].reset_index(drop=True),
        values=values[kept],
        donors=donors,
        dropped=dict.fromkeys(repeated.values(), REPEATED),
        path=path,
    )


def _has_strand(names: list[str], first: list[str]) -> bool:
    """QTLtools' six leading columns: the sixth holds strands."""
    return len(names) > 5 and (names[5].lower() == "strand" or first[5:6] in (["+"], ["-"]))


def _refuse_infinite(path: Path, values: np.ndarray, donors: list[str]) -> None:
    if np.isinf(values).any():
        row, column = np.argwhere(np.isinf(values))[0]
        raise FqtlError(
            f"{path}, line {row + 2}: expression must be finite, found {values[row, column]} for "
            f"{donors[column]}. NA marks a missing value."
        )


def _refuse_unnamed(path: Path, gene_id: "pd.Series[str]") -> None:
    unnamed = gene_id.isin(MISSING)
    if unnamed.any():
        row = int(unnamed.to_numpy().argmax())
        raise FqtlError(
            f"{path}, line {row + 2}: expected a gene_id in the fourth column, found "
            f"{gene_id[row]!r} ({int(unnamed.sum())} such lines of {len(gene_id)})."
        )


def _intervals(path: Path, table: pd.DataFrame) -> tuple["pd.Series[int]", "pd.Series[int]"]:
    """Start and end of each gene."""
    start, end = (_positions(path, table, column) for column in (1, 2))
    turned = start > end
    if turned.any():
        row = int(turned.to_numpy().argmax())
        raise FqtlError(
            f"{path}, line {row + 2}: expected a start before the end, found {start[row]} to "
            f"{end[row]} ({int(turned.sum())} such lines of {len(table)}). In a BED the start is "
            "the smaller one, whatever the strand."
        )
    return start, end


def _positions(path: Path, table: pd.DataFrame, column: int) -> "pd.Series[int]":
    values = table.iloc[:, column]
    bad = values.isna() | (values < 0) | (values % 1 != 0)
    if bad.any():
        row = int(bad.to_numpy().argmax())
        raise FqtlError(f"{path}, line {row + 2}: {values[row]} is no BED position.")
    return values.astype(np.int64)
