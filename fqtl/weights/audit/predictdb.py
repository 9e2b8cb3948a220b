"""Whether a PredictDB is sound, alone and with the covariances beside it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.data.text import MISSING
from fqtl.weights.audit.builds import misplaced
from fqtl.weights.audit.covariance import audit_covariance
from fqtl.weights.audit.database import Database, open_database
from fqtl.weights.audit.fault import Fault, Rows, ambiguous, outside, without_effect, wrong_alleles
from fqtl.weights.builds import PLACE
from fqtl.weights.columns import UNNAMED, as_numbers, texts

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
    weights, extra = database.tables["weights"], database.tables["extra"]
    yield from _weights(path, weights, _build_told(database))
    yield from _extra(path, extra, weights)
    yield from _remarks(path, database)
    beside = _beside(path, weights)
    for covariance, key in beside:
        yield from audit_covariance(covariance, _models(weights, key))
    if not beside:
        yield Fault(path, "", "has no covariances beside it", f"{path.stem}.txt.gz", grave=False)


def _build_told(database: Database) -> list[tuple[str, object]]:
    """The genome build that the table `construction` tells."""
    about = database.tables.get("construction")
    if about is None or not {"key", "value"} <= set(about):
        return []
    said = texts(about.loc[about["key"] == "genome_build", "value"])
    return [("construction, genome_build", word) for word in said]


def _weights(path: Path, weights: pd.DataFrame, build: list[tuple[str, object]]) -> Iterator[Fault]:
    rsid, gene = texts(weights["rsid"]), texts(weights["gene"])
    places = "weights, row " + (weights.index + 1).astype(str)
    rows = Rows(path, list(places + ", " + gene + " " + rsid))
    unnamed = rsid.isin(UNNAMED)
    yield from rows.where(unnamed, "rsid is NULL or empty: the variant is dropped", rsid)
    yield from rows.where(gene.isin(UNNAMED), "gene is NULL or empty")
    weight = as_numbers(weights["weight"])
    yield from rows.where(~np.isfinite(weight), "weight is not a number", weights["weight"])
    yield from without_effect(path, "weights, gene", gene, weight)
    other, effect = texts(weights["ref_allele"]), texts(weights["eff_allele"])
    yield from wrong_alleles(rows, other, effect)
    twice = pd.DataFrame({"gene": gene, "rsid": rsid}).duplicated() & ~unnamed
    yield from rows.where(twice, "rsid is listed twice for a gene")
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
    same = (place[2] == other) & (place[3] == effect)
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
        wrong = _words(extra[name]) & ~extra[name].isin(MISSING)
        yield from rows.where(wrong, f"{name} is not a number", extra[name])
    sizes = texts(weights["gene"]).value_counts()
    has = genes.map(sizes).fillna(0).astype(int)
    said = as_numbers(extra["n.snps.in.model"])
    reported = texts(extra["n.snps.in.model"]) + " said, " + has.map(str) + " there"
    yield from rows.where(
        (said != has) & (has > 0), "n.snps.in.model is not the number of weights", reported
    )
    yield from rows.where(has == 0, "gene has no weights")
    for gene in sizes.index.difference([*genes, *UNNAMED]):
        yield Fault(path, f"weights, gene {gene}", "gene is not in the table extra")
    if "phi" in extra:
        yield from rows.where(
            extra["phi"].isna(), "phi is NULL: the gene is dropped when calibration is asked for"
        )


def _words(values: "pd.Series[object]") -> "pd.Series[bool]":
    """Which values are there and are no numbers."""
    return values.notna() & as_numbers(values).isna()


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
    if as_numbers(tables["extra"]["pred.perf.R2"]).isna().all():
        yield remark("no gene has a cross-validated R²")
    info = tables.get("sample_info")
    if info is None or info.empty or "n_samples" not in info:
        yield remark("no table says how many samples there were", "sample_info")
    elif not (as_numbers(info["n_samples"]) > 0).all():
        reported = ", ".join(texts(info["n_samples"])) or "NULL"
        yield remark("is not a number of samples", reported, "sample_info, n_samples")


def _beside(path: Path, weights: pd.DataFrame) -> list[tuple[Path, str]]:
    """Files of covariances that belong to the db, and the column of weights that they go by."""
    candidates = [
        (path.with_suffix(".txt.gz"), "rsid"),
        (path.parent / "varid" / f"{path.stem}.txt.gz", "varID"),
    ]
    return [(file, key) for file, key in candidates if file.is_file() and key in weights]


def _models(weights: pd.DataFrame, key: str) -> dict[str, dict[str, float]]:
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
