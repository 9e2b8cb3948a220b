"""Whether a PredictDB is sound, alone and with the covariances beside it."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from fqtl.audit.covariance import UNNAMED, audit_covariance
from fqtl.audit.database import Database, open_database
from fqtl.audit.fault import Fault, Rows, ambiguous, numbers, outside, wrong_alleles
from fqtl.weights.predictdb import PLACE, TAGS

WEIGHTS = ["gene", "rsid", "ref_allele", "eff_allele", "weight"]
EXTRA = ["gene", "genename", "n.snps.in.model", "pred.perf.R2", "pred.perf.pval", "pred.perf.qval"]
SHARES = ["pred.perf.R2", "pred.perf.pval", "pred.perf.qval"]
INDEXED = {"weights": "rsid", "extra": "gene"}


def audit_predictdb(path: Path) -> Iterator[Fault]:
    """Faults of a db, and of the covariances of the same name beside it."""
    database = open_database(
        path, {"weights": WEIGHTS, "extra": EXTRA}, ("sample_info", "construction")
    )
    if database.faults:
        yield from database.faults
        return
    weights, extra = database.tables["weights"], database.tables["extra"]
    yield from _weights(path, weights)
    yield from _extra(path, extra, weights)
    yield from _build(path, database)
    yield from _remarks(path, database)
    beside = _beside(path, weights)
    for covariance, key in beside:
        yield from audit_covariance(covariance, _models(weights, key))
    if not beside:
        yield Fault(path, "", "has no covariances beside it", f"{path.stem}.txt.gz", grave=False)


def _weights(path: Path, weights: pd.DataFrame) -> Iterator[Fault]:
    rsid = weights["rsid"].fillna("").astype(str)
    places = "weights, row " + (weights.index + 1).astype(str)
    named = weights["gene"].fillna("").astype(str) + " " + rsid
    rows = Rows(path, list(places + ", " + named))
    unnamed = rsid.isin(UNNAMED)
    yield from rows.where(unnamed, "rsid is NULL or empty: the variant is dropped", rsid)
    yield from rows.where(weights["gene"].fillna("").isin(UNNAMED), "gene is NULL or empty")
    weight = numbers(weights["weight"])
    yield from rows.where(
        weight.isna() | weight.isin([float("inf"), -float("inf")]),
        "weight is not a number",
        weights["weight"],
    )
    other, effect = weights["ref_allele"], weights["eff_allele"]
    yield from wrong_alleles(rows, other, effect)
    twice = weights.assign(rsid=rsid).duplicated(["gene", "rsid"]) & ~unnamed
    yield from rows.where(twice, "rsid is listed twice for a gene")
    if "varID" in weights:
        yield from _varids(path, rows, weights)
    yield from ambiguous(path, other.fillna("").astype(str), effect.fillna("").astype(str))


def _varids(path: Path, rows: Rows, weights: pd.DataFrame) -> Iterator[Fault]:
    ids = weights["varID"].fillna("").astype(str)
    unnamed = ids.isin(UNNAMED)
    yield from rows.where(unnamed, "varID is NULL or empty")
    twice = weights.assign(varID=ids).duplicated(["gene", "varID"]) & ~unnamed
    yield from rows.where(twice, "varID is listed twice for a gene", ids)
    place = ids.str.extract(PLACE)
    told = place[2].notna()
    same = (place[2] == weights["ref_allele"]) & (place[3] == weights["eff_allele"])
    yield from rows.where(told & ~same, "alleles are not those of the varID", ids)
    builds = sorted(set(place[4].map(TAGS).dropna()))
    if len(builds) > 1:
        yield Fault(path, "weights", "varIDs are of several genome builds", ", ".join(builds))


def _build(path: Path, database: Database) -> Iterator[Fault]:
    """A build that the table `construction` tells has to be that of the varIDs."""
    weights, about = database.tables["weights"], database.tables.get("construction")
    if about is None or not {"key", "value"} <= set(about) or "varID" not in weights:
        return
    said = set(about.loc[about["key"] == "genome_build", "value"])
    named = weights["varID"].fillna("").astype(str).str.extract(PLACE)[4].map(TAGS).dropna()
    if said and not set(named) <= said:
        both = ", ".join([*sorted(said), *sorted(set(named) - said)])
        yield Fault(path, "construction", "genome_build is not that of the varIDs", both)


def _extra(path: Path, extra: pd.DataFrame, weights: pd.DataFrame) -> Iterator[Fault]:
    genes = extra["gene"].fillna("").astype(str)
    rows = Rows(path, list("extra, gene " + genes))
    yield from rows.where(genes.duplicated(), "gene is listed twice: its results will be, too")
    for name in SHARES:
        value = numbers(extra[name])
        not_number = value.isna() & extra[name].notna()
        yield from rows.where(
            not_number | outside(value, 0, 1), f"{name} is not between 0 and 1", extra[name]
        )
    sizes = weights.groupby("gene").size()
    has = genes.map(sizes).fillna(0)
    said = numbers(extra["n.snps.in.model"])
    told = said.astype(str) + " said, " + has.astype(int).astype(str) + " there"
    yield from rows.where(
        (said != has) & (has > 0), "n.snps.in.model is not the number of weights", told
    )
    yield from rows.where(has == 0, "gene has no weights")
    for gene in sizes.index.difference(genes):
        yield Fault(path, f"weights, gene {gene}", "gene is not in the table extra")
    if "phi" in extra:
        yield from rows.where(
            extra["phi"].isna(), "phi is NULL: the gene is dropped when calibration is asked for"
        )


def _remarks(path: Path, database: Database) -> Iterator[Fault]:
    tables = database.tables

    def remark(what: str, found: str = "", place: str = "") -> Fault:
        return Fault(path, place, what, found, grave=False)

    for table, column in INDEXED.items():
        if (table, column) not in database.indexed:
            yield remark("table has no index: reading is slow", column, table)
    if "varID" not in tables["weights"]:
        yield remark("weights have no varID: matching by position is not possible")
    if "gene_type" not in tables["extra"]:
        yield remark("extra has no gene_type: cTWAS needs it")
    elif not (tables["extra"]["gene_type"] == "protein_coding").any():
        yield remark("no gene has the type protein_coding: cTWAS keeps no other by default")
    if numbers(tables["extra"]["pred.perf.R2"]).isna().all():
        yield remark("no gene has a cross-validated R²")
    info = tables.get("sample_info")
    if info is None or info.empty:
        yield remark("no table says how many samples there were", "sample_info")


def _beside(path: Path, weights: pd.DataFrame) -> list[tuple[Path, str]]:
    """Files of covariances that belong to the db, and the column of weights that they go by."""
    candidates = [
        (path.with_suffix(".txt.gz"), "rsid"),
        (path.parent / "varid" / f"{path.stem}.txt.gz", "varID"),
    ]
    return [(file, key) for file, key in candidates if file.is_file() and key in weights]


def _models(weights: pd.DataFrame, key: str) -> dict[str, dict[str, float]]:
    """Gene → name of each of its variants → weight."""
    named = weights[weights[key].notna()]
    named = named.assign(weight=numbers(named["weight"]).fillna(0.0))
    return {
        str(gene): dict(zip(rows[key], rows["weight"], strict=True))
        for gene, rows in named.groupby("gene")
    }
