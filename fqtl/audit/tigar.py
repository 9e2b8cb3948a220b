"""Whether a file of TIGAR weights is sound, and its index with it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fqtl.audit.covariance import UNNAMED
from fqtl.audit.fault import Fault, Rows, ambiguous, numbers, outside, wrong_alleles
from fqtl.data import contigs
from fqtl.data.text import read_table
from fqtl.errors import FqtlError

NEEDED = ["CHROM", "POS", "REF", "ALT", "TargetID", "ES"]
LARGEST_WEIGHT = 10.0  # standard deviations of expression per copy
BGZIP = b"BC\x02\x00"  # the extra field of a bgzip block


def audit_tigar(path: Path) -> Iterator[Fault]:
    """Faults of a table of weights."""
    try:
        table = read_table(path, None)
    except FqtlError as fault:
        yield Fault(path, "", "cannot be read", str(fault))
        return
    absent = [name for name in NEEDED if name not in table]
    if absent:
        yield Fault(path, "line 1", "columns are missing", ", ".join(absent))
        return
    if table.empty:
        yield Fault(path, "", "holds no weight")
        return
    yield from _packing(path)
    rows = Rows(path, [f"line {line}" for line in range(2, len(table) + 2)])
    yield from rows.where(
        table["CHROM"].str.startswith("chr"), "CHROM has chr: TIGAR asks without", table["CHROM"]
    )
    pos, weight = numbers(table["POS"]), numbers(table["ES"])
    yield from rows.where(pos.isna() | (pos < 1), "POS is not a position", table["POS"])
    yield from rows.where(~np.isfinite(weight), "ES is not a number", table["ES"])
    yield from rows.where(
        weight.abs() > LARGEST_WEIGHT, "ES is implausible per copy of an allele", table["ES"]
    )
    yield from rows.where(table["TargetID"].isin(UNNAMED), "TargetID is empty")
    yield from wrong_alleles(rows, table["REF"], table["ALT"])
    key = ["TargetID", "CHROM", "POS", "REF", "ALT"]
    yield from rows.where(table.duplicated(key), "variant is listed twice for a gene")
    for name, high in (("MAF", 1.0), ("p_HWE", 1.0)):
        if name in table:
            wrong = outside(numbers(table[name]), 0.0, high)
            yield from rows.where(wrong, f"{name} is not between 0 and {high:g}", table[name])
    same = table["CHROM"] == table["CHROM"].shift()
    again = ~same & table["CHROM"].duplicated()
    yield from rows.where(again | (same & (pos < pos.shift())), "is not in order of position")
    order = [contigs.order(name) for name in table["CHROM"].drop_duplicates()]
    if order != sorted(order):
        yield Fault(path, "", "chromosomes are not in order", grave=False)
    yield from ambiguous(path, table["REF"], table["ALT"])


def _packing(path: Path) -> Iterator[Fault]:
    """TIGAR reads by region: bgzip and an index."""
    head = path.read_bytes()[:18]
    if BGZIP not in head:
        yield Fault(path, "", "is not packed by bgzip: TIGAR reads it by region")
    elif not any(path.with_name(path.name + ending).is_file() for ending in (".tbi", ".csi")):
        yield Fault(path, "", "has no index", f"make one with `tabix -s 1 -b 2 -e 2 -S 1 {path}`")
