"""Whether a FOCUS db is sound: five tables that point to each other."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.audit.covariance import UNNAMED
from fqtl.audit.database import open_database
from fqtl.audit.fault import Fault, Rows, ambiguous, numbers, wrong_alleles

LARGEST_WEIGHT = 2.0  # standard deviations of expression per standard deviation of genotype
COLUMNS = {
    "refpanel": ["id", "ref_name", "tissue", "assay"],
    "molecularfeature": ["id", "ens_gene_id", "mol_name", "type", "chrom", "tx_start", "tx_stop"],
    "model": ["id", "inference", "ref_id", "mol_id"],
    "weight": ["id", "snp", "chrom", "pos", "effect_allele", "alt_allele", "effect", "model_id"],
    "modelattribute": ["id", "attr_name", "value", "model_id"],
}
POINTERS = [
    ("model", "ref_id", "refpanel"),
    ("model", "mol_id", "molecularfeature"),
    ("weight", "model_id", "model"),
    ("modelattribute", "model_id", "model"),
]


def audit_focus(path: Path) -> Iterator[Fault]:
    """Faults of a db."""
    database = open_database(path, COLUMNS, may_be_empty="modelattribute")
    if database.faults:
        yield from database.faults
        return
    tables = database.tables
    yield from _pointers(path, tables)
    yield from _models(path, tables)
    yield from _weights(path, tables)


def _pointers(path: Path, tables: dict[str, pd.DataFrame]) -> Iterator[Fault]:
    for table, column, target in POINTERS:
        frame = tables[table]
        rows = Rows(path, list(f"{table} " + frame["id"].astype(str)))
        lost = ~frame[column].isin(tables[target]["id"])
        yield from rows.where(lost, f"{column} is not in the table {target}", frame[column])


def _models(path: Path, tables: dict[str, pd.DataFrame]) -> Iterator[Fault]:
    model, feature = tables["model"], tables["molecularfeature"]
    rows = Rows(path, list("model " + model["id"].astype(str)))
    yield from rows.where(~model["id"].isin(tables["weight"]["model_id"]), "has no weights")
    yield from rows.where(
        model.duplicated(["ref_id", "mol_id", "inference"]), "is there twice for a gene and tissue"
    )
    rows = Rows(path, list("molecularfeature " + feature["id"].astype(str)))
    genes = feature["ens_gene_id"].fillna("").astype(str)
    yield from rows.where(genes.isin(UNNAMED), "ens_gene_id is empty")
    yield from rows.where(
        feature["chrom"].astype(str).str.startswith("chr"), "chrom has chr", feature["chrom"]
    )
    start, end = numbers(feature["tx_start"]), numbers(feature["tx_stop"])
    wrong = start.isna() | end.isna() | (start > end)
    yield from rows.where(wrong, "tx_start and tx_stop are not the ends of a gene")


def _weights(path: Path, tables: dict[str, pd.DataFrame]) -> Iterator[Fault]:
    weight = tables["weight"]
    snp = weight["snp"].fillna("").astype(str)
    rows = Rows(path, list("weight " + weight["id"].astype(str) + ", " + snp))
    yield from rows.where(snp.isin(UNNAMED), "snp is empty")
    effect = numbers(weight["effect"])
    yield from rows.where(~np.isfinite(effect), "effect is not a number", weight["effect"])
    yield from rows.where(
        effect.abs() > LARGEST_WEIGHT,
        "effect is implausible per standard deviation of genotype",
        effect,
    )
    yield from wrong_alleles(rows, weight["alt_allele"], weight["effect_allele"])
    yield from rows.where(
        weight["chrom"].astype(str).str.startswith("chr"), "chrom has chr", weight["chrom"]
    )
    yield from rows.where(weight.duplicated(["model_id", "snp"]), "snp is there twice for a model")
    yield from ambiguous(
        path, weight["alt_allele"].astype(str), weight["effect_allele"].astype(str)
    )
