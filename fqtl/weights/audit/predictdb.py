"""Whether a PredictDB is sound, alone and with the covariances beside it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.data import contigs
from fqtl.data.text import MISSING
from fqtl.errors import FqtlError
from fqtl.weights.audit.builds import misplaced
from fqtl.weights.audit.covariance import audit_covariance
from fqtl.weights.audit.database import Database, open_database
from fqtl.weights.audit.fault import (
    LARGEST_WEIGHT,
    Fault,
    Rows,
    ambiguous,
    no_position,
    outside,
    without_effect,
    wrong_alleles,
)
from fqtl.weights.builds import PLACE
from fqtl.weights.columns import UNNAMED, as_numbers, texts
from fqtl.weights.covariance import key_of
from fqtl.weights.predictdb import SAMPLES, predictdb_files
from fqtl.weights.sqlite import by_sqlite_names
from fqtl.weights.weight_set import SnpKey

WEIGHTS = ["gene", "rsid", "ref_allele", "eff_allele", "weight"]
EXTRA = ["gene", "genename", "n.snps.in.model", "pred.perf.R2", "pred.perf.pval", "pred.perf.qval"]
SHARES = ["pred.perf.R2", "pred.perf.pval", "pred.perf.qval", "nested_cv_fisher_pval"]
NUMBERS = ["cv_R2_avg", "pos"]  # of our own dbs and some others
INDEXED = {"weights": "rsid", "extra": "gene"}


def audit_predictdb(path: Path) -> Iterator[Fault]:
    """Faults of a db, and of the covariances of the same name beside it."""
    database = open_database(
        path, {"weights": WEIGHTS, "extra": EXTRA}, ("sample_info", "construction")
    )
    if database.faults:
        yield from database.faults
        return
    weights = by_sqlite_names(database.tables["weights"], ["varID"])
    database.tables["weights"], extra = weights, database.tables["extra"]
    try:
        beside = _beside(path, weights)
    except FqtlError as fault:
        yield Fault(path, "", "covariances beside it cannot be read", str(fault))
        return
    by_rsid = not beside or "rsid" in beside.values()
    yield from _weights(path, weights, _build_told(database), by_rsid=by_rsid)
    yield from _extra(path, extra, weights)
    yield from _remarks(path, database)
    for covariance, key in beside.items():
        yield from audit_covariance(covariance, _models(weights, key))
    if not beside:
        yield Fault(path, "", "has no covariances beside it", f"{path.stem}.txt.gz", grave=False)
    if not by_rsid:
        what = "covariances go by varID: S-PrediXcan needs --model_db_snp_key varID"
        yield Fault(path, "", what, grave=False)


def _build_told(database: Database) -> list[tuple[str, object]]:
    """The genome build that the table `construction` tells."""
    about = database.tables.get("construction")
    if about is None or not {"key", "value"} <= set(about):
        return []
    said = texts(about.loc[about["key"] == "genome_build", "value"])
    return [("construction, genome_build", word) for word in said]


def _weights(
    path: Path, weights: pd.DataFrame, build: list[tuple[str, object]], *, by_rsid: bool
) -> Iterator[Fault]:
    """What is amiss with single weights.

    by_rsid : whether readers go by rsid; otherwise they go by varID, and one of the other is enough
    """
    rsid, gene = texts(weights["rsid"]), texts(weights["gene"])
    places = "weights, row " + (weights.index + 1).astype(str)
    rows = Rows(path, list(places + ", " + gene + " " + rsid))
    unnamed = rsid.isin(UNNAMED)
    what = "rsid is NULL or empty: the variant is dropped"
    yield from rows.where(unnamed, what, rsid, grave=by_rsid)
    yield from rows.where(gene.isin(UNNAMED), "gene is NULL or empty")
    weight = as_numbers(weights["weight"])
    yield from rows.where(~np.isfinite(weight), "weight is not a number", weights["weight"])
    large = np.isfinite(weight) & (weight.abs() > LARGEST_WEIGHT)
    yield from rows.where(large, "weight is implausible per copy of an allele", weight)
    yield from without_effect(path, "weights, gene", gene, weight)
    other, effect = texts(weights["ref_allele"]), texts(weights["eff_allele"])
    yield from wrong_alleles(rows, other, effect)
    twice = pd.DataFrame({"gene": gene, "rsid": rsid}).duplicated() & ~unnamed
    yield from rows.where(twice, "rsid is listed twice for a gene", grave=by_rsid)
    if "varID" in weights:
        yield from _varids(rows, gene, texts(weights["varID"]), other, effect)
    ids = texts(weights["varID"]) if "varID" in weights else rsid
    yield from misplaced(rows, build, ids)
    yield from ambiguous(path, other, effect)


def _varids(
    rows: Rows,
    gene: "pd.Series[str]",
    ids: "pd.Series[str]",
    other: "pd.Series[str]",
    effect: "pd.Series[str]",
) -> Iterator[Fault]:
    unnamed = ids.isin(UNNAMED)
    yield from rows.where(unnamed, "varID is NULL or empty")
    twice = pd.DataFrame({"gene": gene, "varID": ids}).duplicated() & ~unnamed
    yield from rows.where(twice, "varID is listed twice for a gene", ids)
    place = ids.str.extract(PLACE)
    reported = place[2].notna() & (other != "") & (effect != "")
    same = (place[2].str.upper() == other.str.upper()) & (
        place[3].str.upper() == effect.str.upper()
    )
    yield from rows.where(reported & ~same, "alleles are not those of the varID", ids)


def _extra(path: Path, extra: pd.DataFrame, weights: pd.DataFrame) -> Iterator[Fault]:
    genes = texts(extra["gene"])
    rows = Rows(path, list("extra, gene " + genes))
    yield from rows.where(genes.isin(UNNAMED), "gene is NULL or empty")
    yield from rows.where(genes.duplicated(), "gene is listed twice: its results will be, too")
    for name in [name for name in SHARES if name in extra]:
        value = as_numbers(extra[name])
        wrong = outside(value, 0, 1) | _words(extra[name])
        yield from rows.where(wrong, f"{name} is not between 0 and 1", extra[name])
    for name in [name for name in NUMBERS if name in extra]:
        value = as_numbers(extra[name])
        wrong = np.isinf(value) | _words(extra[name])
        yield from rows.where(wrong, f"{name} is not a number", extra[name])
        if name == "pos":
            wrong = np.isfinite(value) & no_position(value, 0)
            yield from rows.where(wrong, "pos is not a position", extra[name])
    sizes = texts(weights["gene"]).value_counts()
    has = genes.map(sizes).fillna(0).astype(int)
    said = as_numbers(extra["n.snps.in.model"])
    told = texts(extra["n.snps.in.model"]) + " said, " + has.map(str) + " there"
    wrong = (said.notna() | _words(extra["n.snps.in.model"])) & (said != has) & (has > 0)
    yield from rows.where(wrong, "n.snps.in.model is not the number of weights", told)
    yield from rows.where(has == 0, "gene has no weights")
    if "chr" in extra and "varID" in weights:
        yield from _elsewhere(rows, genes, texts(extra["chr"]), weights)
    for gene in sizes.index.difference([*genes, *UNNAMED]):
        yield Fault(path, f"weights, gene {gene}", "gene is not in the table extra")
    if "phi" in extra:
        unknown = extra["phi"].isna() | extra["phi"].isin(MISSING)
        what = "phi is NULL: the gene is dropped when calibration is asked for"
        yield from rows.where(unknown, what)


def _elsewhere(
    rows: Rows, genes: "pd.Series[str]", chrom: "pd.Series[str]", weights: pd.DataFrame
) -> Iterator[Fault]:
    """Genes that the table extra has on another chromosome than their variants are on."""
    at = texts(weights["varID"]).str.extract(PLACE)[0].fillna("").map(contigs.bare)
    theirs = genes.map(at.groupby(texts(weights["gene"])).first()).fillna("")
    known = ~chrom.isin(UNNAMED) & (theirs != "")
    wrong = known & (chrom.map(contigs.bare) != theirs)
    yield from rows.where(wrong, "chr is not that of the variants", chrom)


def _words(values: "pd.Series[object]") -> "pd.Series[bool]":
    """Which values are there and are no numbers; NA and nothing are not there."""
    return values.notna() & as_numbers(values).isna() & ~values.isin(MISSING)


def _remarks(path: Path, database: Database) -> Iterator[Fault]:
    tables = database.tables

    def remark(what: str, found: str = "", place: str = "") -> Fault:
        return Fault(path, place, what, found, grave=False)

    for table, column in INDEXED.items():
        if (table, column) not in database.indexed:
            yield remark("table has no index: reading is slow", column, table)
    if "varID" not in tables["weights"]:
        yield remark(
            "weights have no varID: nothing tells positions, so that they cannot be converted nor "
            "matched by position"
        )
    if "gene_type" not in tables["extra"]:
        yield remark("extra has no gene_type: cTWAS needs it")
    if as_numbers(tables["extra"]["pred.perf.R2"]).isna().all():
        yield remark("no gene has a cross-validated R²")
    info = tables.get("sample_info")
    named = [name for name in SAMPLES if info is not None and name in info]
    if info is None or info.empty or not named:
        yield remark("no table says how many samples there were", "sample_info")
    elif not (as_numbers(info[named[0]]) > 0).all():
        told = ", ".join(texts(info[named[0]])) or "NULL"
        yield remark("is not a number of samples", told, f"sample_info, {named[0]}")


def _beside(path: Path, weights: pd.DataFrame) -> dict[Path, SnpKey]:
    """Files of covariances that belong to the db, and the column of weights that each goes by."""
    by_rsid, by_varid = predictdb_files(path.parent, path.stem)[1:]
    named = {"rsid": texts(weights["rsid"])}
    if "varID" not in weights:
        return {by_rsid: "rsid"} if by_rsid.is_file() else {}
    ids = pd.DataFrame(named | {"variant_id": texts(weights["varID"])})
    return {file: key_of(file, ids) for file in (by_rsid, by_varid) if file.is_file()}


def _models(weights: pd.DataFrame, key: SnpKey) -> dict[str, dict[str, float]]:
    """Gene → name of each of its variants → weight."""
    weight = as_numbers(weights["weight"])
    named = pd.DataFrame(
        {
            "gene": texts(weights["gene"]),
            "name": texts(weights[key]),
            "weight": weight.where(np.isfinite(weight), 0.0),  # told already
        }
    )
    named = named[~named["gene"].isin(UNNAMED) & ~named["name"].isin(UNNAMED)]
    return {
        str(gene): dict(zip(rows["name"], rows["weight"], strict=True))
        for gene, rows in named.groupby("gene")
    }
