"""Whether a FOCUS db is sound: five tables that point to each other."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.data import contigs
from fqtl.data.builds import build_named
from fqtl.weights.audit.builds import misplaced
from fqtl.weights.audit.database import Database, open_database
from fqtl.weights.audit.fault import (
    FAR,
    LARGEST_SD,
    Fault,
    Rows,
    ambiguous,
    farthest,
    no_position,
    outside,
    without_effect,
    wrong_alleles,
)
from fqtl.weights.columns import UNNAMED, as_numbers, texts
from fqtl.weights.focus import PERFORMANCE

LARGEST_WEIGHT = 2.0  # standard deviations of expression per standard deviation of genotype
COLUMNS = {
    "refpanel": ["id", "ref_name", "tissue", "assay"],
    "molecularfeature": ["id", "ens_gene_id", "mol_name", "type", "chrom", "tx_start", "tx_stop"],
    "model": ["id", "inference", "ref_id", "mol_id"],
    "weight": ["id", "snp", "chrom", "pos", "effect_allele", "alt_allele", "effect", "model_id"],
    "modelattribute": ["id", "attr_name", "value", "model_id"],
}
OURS = {"fqtl_build": ["genome_build"], "fqtl_dosage": ["weight_id", "sd"]}
POINTERS = [
    ("model", "ref_id", "refpanel"),
    ("model", "mol_id", "molecularfeature"),
    ("weight", "model_id", "model"),
    ("modelattribute", "model_id", "model"),
]


def audit_focus(path: Path) -> Iterator[Fault]:
    """Faults of a db."""
    database = open_database(path, COLUMNS, tuple(OURS), may_be_empty="modelattribute")
    if database.faults:
        yield from database.faults
        return
    tables = database.tables
    yield from _pointers(path, tables)
    yield from _models(path, tables)
    yield from _genes(path, tables)
    yield from _attributes(path, tables["modelattribute"])
    yield from _weights(path, tables)
    yield from _ours(path, database)


def _pointers(path: Path, tables: dict[str, pd.DataFrame]) -> Iterator[Fault]:
    for table, column, target in POINTERS:
        frame = tables[table]
        rows = Rows(path, list(f"{table} " + texts(frame["id"])))
        dropped = ~frame[column].isin(tables[target]["id"])
        yield from rows.where(dropped, f"{column} is not in the table {target}", frame[column])


def _models(path: Path, tables: dict[str, pd.DataFrame]) -> Iterator[Fault]:
    model = tables["model"]
    rows = Rows(path, list("model " + texts(model["id"])))
    yield from rows.where(~model["id"].isin(tables["weight"]["model_id"]), "has no weights")
    tissue = tables["refpanel"].drop_duplicates("id").set_index("id")["tissue"]
    gene = tables["molecularfeature"].drop_duplicates("id").set_index("id")["ens_gene_id"]
    as_read = pd.DataFrame(  # by what they are called, as two rows of a table may have one name
        {
            "tissue": model["ref_id"].map(tissue),
            "gene": model["mol_id"].map(gene),
            "inference": texts(model["inference"]),
        }
    )
    yield from rows.where(as_read.duplicated(), "is there twice for a gene and tissue")


def _genes(path: Path, tables: dict[str, pd.DataFrame]) -> Iterator[Fault]:
    feature = tables["molecularfeature"]
    rows = Rows(path, list("molecularfeature " + texts(feature["id"])))
    genes, chrom = texts(feature["ens_gene_id"]), texts(feature["chrom"])
    yield from rows.where(genes.isin(UNNAMED), "ens_gene_id is empty")
    yield from rows.where(chrom.isin(UNNAMED), "chrom is empty")
    yield from rows.where(chrom.str.startswith("chr"), "chrom has chr", chrom)
    start, end = as_numbers(feature["tx_start"]), as_numbers(feature["tx_stop"])
    wrong = no_position(start, 0) | no_position(end, 0) | (start > end)
    yield from rows.where(wrong, "tx_start and tx_stop are not the ends of a gene")
    idle = ~feature["id"].isin(tables["model"]["mol_id"])
    yield from rows.where(idle, "gene has no model", genes, grave=False)


def _attributes(path: Path, attribute: pd.DataFrame) -> Iterator[Fault]:
    """R² and p of models; NULL is one that is not known."""
    rows = Rows(path, list("modelattribute " + texts(attribute["id"])))
    value, name = as_numbers(attribute["value"]), texts(attribute["attr_name"])
    again = attribute.duplicated(["model_id", "attr_name"]) & name.isin(PERFORMANCE)
    yield from rows.where(again, "is there twice for a model", name)
    word = attribute["value"].notna() & value.isna()
    yield from rows.where(word, "value is not a number", attribute["value"])
    wrong = outside(value, 0, 1) & name.isin(PERFORMANCE)
    reported = name + " " + texts(attribute["value"])
    yield from rows.where(wrong, "R² or p is not between 0 and 1", reported)


def _weights(path: Path, tables: dict[str, pd.DataFrame]) -> Iterator[Fault]:
    weight = tables["weight"]
    snp, chrom = texts(weight["snp"]), texts(weight["chrom"])
    rows = Rows(path, list("weight " + texts(weight["id"]) + ", " + snp))
    yield from rows.where(snp.isin(UNNAMED), "snp is empty")
    effect = as_numbers(weight["effect"])
    finite = np.isfinite(effect)
    yield from rows.where(~finite, "effect is not a number", weight["effect"])
    yield from rows.where(
        finite & (effect.abs() > LARGEST_WEIGHT),
        "effect is implausible per standard deviation of genotype",
        effect,
    )
    yield from without_effect(path, "model", texts(weight["model_id"]), effect)
    yield from wrong_alleles(rows, weight["alt_allele"], weight["effect_allele"])
    yield from rows.where(chrom.isin(UNNAMED), "chrom is empty")
    yield from rows.where(chrom.str.startswith("chr"), "chrom has chr", chrom)
    pos = as_numbers(weight["pos"])
    yield from rows.where(no_position(pos), "pos is not a position", weight["pos"])
    yield from rows.where(weight.duplicated(["model_id", "snp"]), "snp is there twice for a model")
    yield from _far(rows, tables, chrom, pos)
    reported = [("fqtl_build", word) for word in _builds(tables)]
    yield from misplaced(rows, reported, snp, (chrom, pos))
    yield from ambiguous(path, weight["alt_allele"], weight["effect_allele"])


def _far(
    rows: Rows, tables: dict[str, pd.DataFrame], chrom: "pd.Series[str]", pos: "pd.Series[float]"
) -> Iterator[Fault]:
    """Variants that are not near the gene of their model."""
    feature = tables["molecularfeature"].drop_duplicates("id").set_index("id")
    model = tables["model"].drop_duplicates("id").set_index("id")
    of_weight = feature.reindex(tables["weight"]["model_id"].map(model["mol_id"])).reset_index()
    theirs = texts(of_weight["chrom"]).map(contigs.bare)
    other = (theirs != "") & (chrom != "") & (theirs != chrom.map(contigs.bare))
    yield from rows.where(other, "chromosome is not that of the gene", chrom)
    start, end = as_numbers(of_weight["tx_start"]), as_numbers(of_weight["tx_stop"])
    build = next((found for word in _builds(tables) if (found := build_named(word))), "")
    reach = farthest(build)
    far = ~other & ((pos < start - reach) | (pos > end + reach))
    yield from rows.where(far, FAR, pos.map("{:.0f}".format))


def _builds(tables: dict[str, pd.DataFrame]) -> list[object]:
    """What the table fqtl_build holds, if it is there."""
    reported = tables.get("fqtl_build")
    return (
        []
        if reported is None or "genome_build" not in reported
        else list(texts(reported["genome_build"]))
    )


def _ours(path: Path, database: Database) -> Iterator[Fault]:
    """The tables that are not FOCUS' own, with which weights per allele can be had back."""
    tables = database.tables
    held = [name for name in OURS if name in tables]
    if not held:
        return
    for name, columns in OURS.items():
        if name not in tables:
            yield Fault(path, "", f"has no table {name}", f"but {held[0]}")
            continue
        dropped = [column for column in columns if column not in tables[name]]
        if dropped:
            yield Fault(path, f"table {name}", "columns are missing", ", ".join(dropped))
        elif name == "fqtl_dosage":
            yield from _dosages(path, tables[name], tables["weight"]["id"])
    if "fqtl_build" in tables and len(tables["fqtl_build"]) != 1:
        reported = ", ".join(map(str, _builds(tables))) or "none"
        yield Fault(path, "table fqtl_build", "does not hold one genome build", reported)


def _dosages(path: Path, dosage: pd.DataFrame, weights: "pd.Series[object]") -> Iterator[Fault]:
    ids = texts(dosage["weight_id"])
    rows = Rows(path, list("fqtl_dosage, weight " + ids))
    yield from rows.where(ids.duplicated(), "weight is there twice")
    sd = as_numbers(dosage["sd"])
    wrong = ~((sd > 0) & (sd <= LARGEST_SD))
    yield from rows.where(wrong, "is not the standard deviation of a dosage", dosage["sd"])
    strange = ~dosage["weight_id"].isin(weights)
    yield from rows.where(strange, "weight is not in the table weight")
    dropped = weights[~weights.isin(dosage["weight_id"])]
    if len(dropped):
        reported = f"{len(dropped)} of {len(weights)}, the first {dropped.iloc[0]}"
        yield Fault(path, "table fqtl_dosage", "weights are not in it", reported)
