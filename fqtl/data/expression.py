"""Expression of one tissue: a BED with one gene per row and one donor per column.

GTEx, tensorQTL and FastQTL write four leading columns (`#chr start end gene_id`), QTLtools six
(`#chr start end gene_id group strand`). Where transcription starts is said in `tss.py`.
(Formats: https://qtltools.github.io/qtltools, https://github.com/broadinstitute/tensorqtl)
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.data import contigs
from fqtl.data.text import MISSING, fields_of, guarded, read_lines, read_table
from fqtl.data.tss import start_sites
from fqtl.errors import FqtlError

UNPLACED = "not in the annotation"
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

    @property
    def samples(self) -> list[str]:
        """The columns as the file names them: `donors`, before samples have met their donors."""
        return self.donors


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


def read_expression(
    path: Path, places: pd.DataFrame | None = None, tss: str = "auto"
) -> Expression:
    """Expression in the BED file at `path`, plain or bgzipped, with four to six leading columns.

    places : chrom and tss by gene_id, from an annotation
    tss : how start sites are found: `auto` by strand, `end`, or `annotation` by `places`
    """
    head = guarded(path, lambda: read_lines(path, 2))
    if not head:
        raise FqtlError(f"{path} is empty.")
    names, *first = fields_of(head)
    if len(names) < 4 or names[0].lower() not in ("#chr", "chr", "#chrom", "chrom"):
        raise FqtlError(
            f"{path}: expected a header that starts with #chr, start, end, gene_id; "
            f"found {' '.join(names[:4])!r}."
        )
    if not first:
        raise FqtlError(f"{path} has a header with {len(names)} columns and no genes.")
    stranded = _strand_column(names, first[0])
    leading = 4 if stranded is None else stranded + 1
    if len(names) <= leading:
        raise FqtlError(f"{path} has {leading} leading columns and no samples.")
    table = read_table(path, [0, 3, *range(4, leading)])
    donors = list(table.columns[leading:])
    start, end = _intervals(path, table)
    gene_id = table.iloc[:, 3]
    _refuse_unnamed(path, gene_id)
    chrom = table.iloc[:, 0].map(contigs.prefixed)
    if tss == "annotation":
        known = annotated(path, gene_id, places)
        chrom, sites = known["chrom"], known["tss"]
    else:
        strand = None if stranded is None else table.iloc[:, stranded]
        sites = start_sites(path, start, end, strand, tss)
    genes = pd.DataFrame({"gene_id": gene_id, "chrom": chrom, "tss": sites})
    values = table.iloc[:, leading:].to_numpy(dtype=np.float64)
    _refuse_infinite(path, values, donors)
    repeated = repeated_lines(gene_id, first_line=2)
    placed = genes["tss"].notna().to_numpy()
    kept = ~table.index.isin(list(repeated)) & placed
    return Expression(
        genes=genes[kept].reset_index(drop=True).astype({"tss": np.int64}),
        values=values[kept],
        donors=donors,
        dropped={
            **dict.fromkeys(repeated.values(), REPEATED),
            **dict.fromkeys(gene_id[~placed], UNPLACED),
        },
        path=path,
    )


def annotated(path: Path, gene_id: "pd.Series[str]", places: pd.DataFrame | None) -> pd.DataFrame:
    """chrom and tss of genes by an annotation, whatever their versions; NaN where it has none."""
    if places is None:
        raise FqtlError(
            f"{path}: prepare.tss is annotation, and no annotation is given. See "
            "release.annotation in the config (--annotation)."
        )
    by_key = places.set_axis(places.index.map(gene_key))
    by_key = by_key[~by_key.index.duplicated()]
    found = by_key[["chrom", "tss"]].reindex(gene_id.map(gene_key)).set_axis(gene_id.index)
    if found["tss"].isna().all():
        raise FqtlError(
            f"{path}: none of {len(found)} genes, the first {gene_id.iloc[0]}, is in the "
            f"annotation, whose first of {len(places)} is {places.index[0]}. See "
            "release.annotation in the config."
        )
    return found


def _strand_column(names: list[str], first: list[str]) -> int | None:
    """Which of the leading columns holds strands: by its name, or, as QTLtools', the sixth."""
    for column in (4, 5):
        if [name.lower() for name in names[column : column + 1]] == ["strand"]:
            return column
    return 5 if first[5:6] in (["+"], ["-"]) else None


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
