"""Weights of a PredictDB as plain columns, without the tables that a conversion needs.

A release has one db for each of its tissues, most of them small: read as tables they take longer
than all else of an association together. What is refused is what `read_predictdb` refuses.
"""

from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fqtl.data import contigs
from fqtl.data.builds import TAGS
from fqtl.errors import FqtlError
from fqtl.weights.builds import PLACE, build_of, only_build, require_build, trusted
from fqtl.weights.columns import UNNAMED
from fqtl.weights.sqlite import read_only

NEEDED = ["gene", "rsid", "ref_allele", "eff_allele", "weight"]
EXTRA = {
    "gene_name": "genename",
    "chrom": "chr",
    "start": "pos",
    "r2": "pred.perf.R2",
    "phi": "phi",
}
Described = tuple[str, str, str, int, float, float]
SITE = ["variant_id", "rsid", "other_allele", "effect_allele"]
# what may name a build: the word behind the alleles, or else the last; not numbers, as other ids
# end in
PLACED = r"[_:][ACGT]+[_:][ACGT]+[_:](?P<tag>[\w.+-]+)$"
TAGGED = r"[_:](?P<tag>[A-Za-z0-9]*[A-Za-z][A-Za-z0-9]*)$"
PART = 10_000  # rows that are Python objects at once


@dataclass(frozen=True)
class Columns:
    """Weights of one set as they stand in its file, w of them, of g genes.

    genes : gene_id, gene_name, chrom, start, r2 and phi of each
    gene : (w,) number of the gene
    site : the columns SITE of each weight, empty text where a file tells nothing
    weight : (w,)
    unweighted : genes that the file tells of without weights
    """

    tissue: str
    genome_build: str
    genes: list[Described]
    gene: np.ndarray
    site: pa.Table
    weight: np.ndarray
    unweighted: list[str]


def read_columns(path: Path) -> Columns:
    """The weights of a db; genes in the order in which they come."""
    with read_only(path, {"weights", "extra"}, "a PredictDB") as connection:
        names = _names(connection, "weights")
        absent = [name for name in NEEDED if name not in names]
        if absent:
            raise FqtlError(
                f"{path}, table weights: expected {', '.join(NEEDED)}, found {', '.join(names)}."
            )
        genes: dict[str, int] = {}
        gene, weight, site = _weights(path, connection, "varID" in names, genes)
        about = _extra(connection)
        tissue = _tissue(connection)
        told = _build(path, connection)
    if None in genes or set(map(str, genes)) & set(UNNAMED):
        raise FqtlError(f"{path}, table weights: a weight is of a gene without an id.")
    _, first = np.unique(gene, return_index=True)
    places = site["variant_id"].take(pa.array(first)).to_pylist()
    listed = [
        _described(str(name), about.get(name, {}), place)
        for name, place in zip(genes, places, strict=True)
    ]
    build = _one(path, told, site["variant_id"])
    unweighted = [str(name) for name in about if name not in genes]
    return Columns(tissue or path.stem, build, listed, gene, site, weight, unweighted)


def _names(connection: Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def _weights(
    path: Path, connection: Connection, with_ids: bool, genes: dict[str, int]
) -> tuple[np.ndarray, np.ndarray, pa.Table]:
    """Number of the gene, weight and site of each row; genes : that are numbered on the way."""
    ids = "varID" if with_ids else "rsid"
    cursor = connection.execute(
        f"SELECT gene, weight, {ids}, rsid, ref_allele, eff_allele FROM weights"
    )
    gene, weight, sites = [np.empty(0, dtype=np.int32)], [np.empty(0)], []
    number = 1
    while rows := cursor.fetchmany(PART):
        names, values, *columns = zip(*rows, strict=True)
        found = (genes.setdefault(name, len(genes)) for name in names)
        gene.append(np.fromiter(found, dtype=np.int32, count=len(names)))
        weight.append(_as_numbers(path, number, values))
        texts = [_texts(column) for column in columns]
        _refuse_unnamed(path, number, dict(zip(NEEDED[2:4], texts[2:], strict=True)))
        rsid = pc.if_else(_is_unnamed(texts[1]), "", texts[1])
        if not with_ids:  # the other id may still be one that tells a place
            rsid = pc.if_else(pc.match_substring_regex(rsid, PLACE.pattern), "", rsid)
        alleles = [pc.utf8_upper(text) for text in texts[2:]]
        sites.append(pa.table(dict(zip(SITE, (texts[0], rsid, *alleles), strict=True))))
        number += len(rows)
    empty = pa.table({name: pa.array([], pa.string()) for name in SITE})
    return (
        np.concatenate(gene),
        np.concatenate(weight),
        pa.concat_tables([empty, *sites]).combine_chunks(),
    )


def _texts(column: tuple[Any, ...]) -> pa.Array:
    """Values as text, empty where there is none."""
    try:
        return pc.fill_null(pa.array(column, pa.string()), "")
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # SQLite asks for no type
        return pa.array(["" if value is None else str(value) for value in column], pa.string())


def _is_unnamed(texts: pa.Array) -> pa.Array:
    return pc.is_in(texts, pa.array(UNNAMED))


def _as_numbers(path: Path, first: int, values: tuple[Any, ...]) -> np.ndarray:
    try:
        numbers = np.array(values, dtype=float)
    except (TypeError, ValueError):
        numbers = np.array([value if isinstance(value, float) else np.nan for value in values])
    odd = np.flatnonzero(~np.isfinite(numbers))
    if len(odd):
        raise FqtlError(
            f"{path}, weights, row {first + odd[0]}, column 'weight': expected a number, found "
            f"{values[odd[0]]!r} ({len(odd)} of {len(values)} rows); see `fqtl check weights`."
        )
    return numbers


def _refuse_unnamed(path: Path, first: int, alleles: dict[str, pa.Array]) -> None:
    for name, texts in alleles.items():
        odd = np.flatnonzero(_is_unnamed(texts).to_numpy(zero_copy_only=False))
        if len(odd):
            raise FqtlError(
                f"{path}, weights, row {first + odd[0]}, column {name!r}: expected an allele, "
                f"found {texts[int(odd[0])].as_py()!r} ({len(odd)} such rows)."
            )


def _extra(connection: Connection) -> dict[str, dict[str, Any]]:
    """What is told of each gene."""
    names = _names(connection, "extra")
    if "gene" not in names:
        return {}
    there = {name: column for name, column in EXTRA.items() if column in names}
    columns = ", ".join(f'"{column}"' for column in ("gene", *there.values()))
    rows = connection.execute(f"SELECT {columns} FROM extra").fetchall()
    return {row[0]: dict(zip(there, row[1:], strict=True)) for row in rows}


def _described(gene: str, about: dict[str, Any], variant: str) -> Described:
    """A gene; a variant's place serves where the gene's is not told."""
    name, chrom = about.get("gene_name") or "", about.get("chrom")
    start, r2, phi = (_or_nan(about.get(key)) for key in ("start", "r2", "phi"))
    if chrom is None or str(chrom) in UNNAMED or np.isnan(start):
        found = PLACE.match(variant)
        chrom = found[1] if found and (chrom is None or str(chrom) in UNNAMED) else chrom
        start = float(found[2]) if found and np.isnan(start) else start
    return (
        gene,
        "" if name == gene or name in UNNAMED else str(name),
        "" if chrom is None or str(chrom) in UNNAMED else contigs.prefixed(str(chrom)),
        0 if np.isnan(start) else int(start),
        r2,
        phi,
    )


def _or_nan(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return float("nan")


def _tissue(connection: Connection) -> str:
    if "tissue" not in _names(connection, "sample_info"):
        return ""
    row = connection.execute("SELECT tissue FROM sample_info").fetchone()
    return str(row[0]) if row and row[0] else ""


def _build(path: Path, connection: Connection) -> str:
    if _names(connection, "construction") != ["key", "value"]:
        return ""
    query = "SELECT value FROM construction WHERE key = 'genome_build'"
    row = connection.execute(query).fetchone()
    return require_build(path, row[0] or "") if row else ""


def _one(path: Path, told: str, ids: pa.ChunkedArray) -> str:
    """The build of a db by what it tells and by its ids."""
    tags = pc.coalesce(
        *(pc.struct_field(pc.extract_regex(ids, form), "tag") for form in (PLACED, TAGGED))
    )
    packed = pc.dictionary_encode(tags.combine_chunks())
    known, rows = np.unique(pc.fill_null(packed.indices, -1).to_numpy(), return_index=True)
    names = ids.take(pa.array(rows[known >= 0])).to_pylist()
    first: dict[str, str] = {}
    for name in names:
        first.setdefault(build_of(name), f"the id {name}")
    builds = trusted(first)
    if {told} & set(TAGS):
        builds &= set(TAGS)
    named = {told: "told by the file"} if told else {}
    named |= {build: first[build] for build in builds - {told}}
    return only_build(path, named)
