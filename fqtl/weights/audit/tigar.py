"""Whether a file of TIGAR weights is sound, and its index with it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.data import contigs
from fqtl.weights.audit.builds import misplaced
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
from fqtl.weights.audit.table import table_of
from fqtl.weights.columns import UNNAMED, as_numbers
from fqtl.weights.tigar import GENES, NEEDED, snp_ids, tigar_files

DIGITS = r"[1-9][0-9]{0,8}"
BGZIP = b"BC\x02\x00"  # the extra field of a bgzip block


def audit_tigar(path: Path) -> Iterator[Fault]:
    """Faults of a table of weights."""
    table = yield from table_of(path, NEEDED)
    if table is None:
        return
    if table.empty:
        yield Fault(path, "", "holds no weight")
        return
    yield from _packing(path)
    rows = Rows(path, [f"line {line}" for line in range(2, len(table) + 2)])
    yield from rows.where(
        table["CHROM"].str.startswith("chr"), "CHROM has chr: TIGAR asks without", table["CHROM"]
    )
    yield from rows.where(table["CHROM"].isin(UNNAMED), "CHROM is empty")
    whole = table["POS"].str.fullmatch(DIGITS)
    pos, weight = as_numbers(table["POS"]).where(whole), as_numbers(table["ES"])
    yield from rows.where(~whole, "POS is not a position", table["POS"])
    finite = np.isfinite(weight)
    yield from rows.where(~finite, "ES is not a number", table["ES"])
    yield from rows.where(
        finite & (weight.abs() > LARGEST_WEIGHT),
        "ES is implausible per copy of an allele",
        table["ES"],
    )
    yield from rows.where(table["TargetID"].isin(UNNAMED), "TargetID is empty")
    yield from without_effect(path, "gene", table["TargetID"], weight)
    yield from wrong_alleles(rows, table["REF"], table["ALT"])
    key = ["TargetID", "CHROM", "POS", "REF", "ALT"]
    yield from rows.where(table.duplicated(key), "variant is listed twice for a gene")
    for name, high in (("MAF", 1.0), ("p_HWE", 1.0)):
        if name in table:
            wrong = outside(as_numbers(table[name]), 0.0, high)
            yield from rows.where(wrong, f"{name} is not between 0 and {high:g}", table[name])
    ids = table["snpID"] if "snpID" in table else pd.Series("", index=table.index)
    told = table["BUILD"].unique().tolist() if "BUILD" in table else []
    yield from misplaced(rows, [("BUILD", word) for word in told], ids, (table["CHROM"], pos))
    yield from _ids(path, table)
    same = table["CHROM"] == table["CHROM"].shift()
    again = ~same & table["CHROM"].duplicated()
    yield from rows.where(again | (same & (pos < pos.shift())), "is not in order of position")
    order = [contigs.order(name) for name in table["CHROM"].drop_duplicates()]
    if order != sorted(order):
        yield Fault(path, "", "chromosomes are not in order", grave=False)
    yield from ambiguous(path, table["REF"], table["ALT"])
    beside = tigar_files(path.parent, path.name.removesuffix(".gz").removesuffix(".txt"))[-1]
    if beside.is_file():
        yield from _genes(beside, set(table["TargetID"]) - set(UNNAMED))


def _genes(path: Path, weighted: set[str]) -> Iterator[Fault]:
    """Faults of the list of genes beside the weights.

    weighted : genes that have weights
    """
    table = yield from table_of(path, GENES)
    if table is None:
        return
    genes = table["TargetID"]
    rows = Rows(path, [f"line {line}" for line in range(2, len(table) + 2)])
    yield from rows.where(genes.isin(UNNAMED), "TargetID is empty")
    yield from rows.where(genes.duplicated(), "gene is listed twice", genes)
    start, end = as_numbers(table["GeneStart"]), as_numbers(table["GeneEnd"])
    wrong = no_position(start, 0) | no_position(end, 0) | (start > end)
    reported = table["GeneStart"] + " and " + table["GeneEnd"]
    yield from rows.where(wrong, "GeneStart and GeneEnd are not the ends of a gene", reported)
    dropped = sorted(weighted - set(genes))
    if dropped:
        reported = f"{len(dropped)} of {len(weighted)}, the first {dropped[0]}"
        what = "genes with weights are not listed: TIGAR takes the genes of a list"
        yield Fault(path, "", what, reported, grave=False)


def _ids(path: Path, table: pd.DataFrame) -> Iterator[Fault]:
    """Ids by which TIGAR would not find the variants of a GWAS, all of them in one fault."""
    if "snpID" not in table:
        return
    lost = table["snpID"][table["snpID"] != snp_ids(table)]
    if len(lost):
        told = f"{len(lost)} of {len(table)}, the first {lost.iloc[0]}"
        what = "snpID is not CHROM:POS:REF:ALT: TIGAR finds none of these variants"
        yield Fault(path, "", what, told)


def _packing(path: Path) -> Iterator[Fault]:
    """TIGAR reads by region: bgzip and an index."""
    head = path.read_bytes()[:18]
    if BGZIP not in head:
        yield Fault(path, "", "is not packed by bgzip: TIGAR reads it by region")
    elif not any(path.with_name(path.name + ending).is_file() for ending in (".tbi", ".csi")):
        yield Fault(path, "", "has no index", f"make one with `tabix -s 1 -b 2 -e 2 -S 1 {path}`")
