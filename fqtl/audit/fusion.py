"""Whether a set of FUSION weights is sound: the list of genes, and the R data file of each."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fqtl.audit.fault import Fault, Rows, ambiguous, numbers, outside, wrong_alleles
from fqtl.data.text import read_table
from fqtl.errors import FqtlError
from fqtl.weights.fusion import BIM, OBJECTS, PERFORMANCE
from fqtl.weights.rdata import Matrix, load

POS = ["WGT", "ID", "CHR", "P0", "P1"]
ENDING = ".wgt.RDat"
LARGEST_WEIGHT = 2.0  # standard deviations of expression per standard deviation of genotype
FARTHEST = 2_000_000  # base pairs between a gene and its variants


def audit_fusion(path: Path) -> Iterator[Fault]:
    """Faults of a .pos list and of the files that it names."""
    try:
        listed = read_table(path, None)
    except FqtlError as fault:
        yield Fault(path, "", "cannot be read", str(fault))
        return
    absent = [name for name in POS if name not in listed]
    if absent:
        yield Fault(path, "line 1", "columns are missing", ", ".join(absent))
        return
    if listed.empty:
        yield Fault(path, "", "lists no gene")
        return
    yield from _list(path, listed)
    for row in listed.drop_duplicates("WGT").to_dict("records"):
        file = path.parent / row["WGT"]
        if file.is_file():
            yield from audit_fusion_file(file, row)


def _list(path: Path, listed: pd.DataFrame) -> Iterator[Fault]:
    rows = Rows(path, [f"line {line}" for line in range(2, len(listed) + 2)])
    there = [(path.parent / name).is_file() for name in listed["WGT"]]
    yield from rows.where(~np.array(there), "file of weights does not exist", listed["WGT"])
    yield from rows.where(listed["ID"].duplicated(), "gene is listed twice", listed["ID"])
    autosome = listed["CHR"].isin([str(number) for number in range(1, 23)])
    yield from rows.where(
        ~autosome, "CHR is not a number from 1 to 22: the gene is never reached", listed["CHR"]
    )
    start, end = numbers(listed["P0"]), numbers(listed["P1"])
    yield from rows.where(
        start.isna() | end.isna() | (start > end), "P0 and P1 are not the ends of a gene"
    )
    if "N" in listed:
        n = numbers(listed["N"])
        yield from rows.where(n.isna() | (n <= 0), "N is not a number of samples", listed["N"])
    else:
        yield Fault(path, "", "has no column N: conditional tests need it", grave=False)


def audit_fusion_file(path: Path, row: dict[str, str] | None = None) -> Iterator[Fault]:
    """Faults of the file of one gene.

    row : the line of the list that names it
    """
    try:
        objects = load(path)
    except FqtlError as fault:
        yield Fault(path, "", "cannot be read", str(fault))
        return
    absent = [name for name in OBJECTS if name not in objects]
    if absent:
        told = "objects are missing: those of the gene before would be taken"
        yield Fault(path, "", told, ", ".join(absent))
        return
    weights, snps, performance = (objects[name] for name in OBJECTS[:3])
    if not isinstance(weights, Matrix):
        yield Fault(path, "wgt.matrix", "is not a matrix with names of rows and columns")
        return
    yield from _weights(path, weights)
    yield from _snps(path, snps, weights, row)
    yield from _performance(path, performance, weights)
    yield from _scalars(path, objects)


def _weights(path: Path, weights: Matrix) -> Iterator[Fault]:
    if min(weights.values.shape) < 2:
        yield Fault(
            path,
            "wgt.matrix",
            "has one row or one column: R makes a vector of it, and FUSION fails",
            " × ".join(map(str, weights.values.shape)),
        )
    models = list(weights.columns)
    for name in {name for name in models if models.count(name) > 1}:
        yield Fault(path, "wgt.matrix", "model is there twice", str(name))
    for column, model in enumerate(models):
        values = np.asarray(weights.values[:, column], dtype=float)
        rows = Rows(path, [f"wgt.matrix, {model}, {name}" for name in weights.rows])
        yield from rows.where(~np.isfinite(values), "weight is not a number", values)
        if not str(model).startswith("top1"):  # which holds z-scores
            yield from rows.where(
                np.abs(values) > LARGEST_WEIGHT,
                "weight is implausible per standard deviation of genotype",
                values,
            )
        if not np.nan_to_num(values).any():
            yield Fault(path, f"wgt.matrix, {model}", "all weights are 0")


def _snps(path: Path, snps: Any, weights: Matrix, row: dict[str, str] | None) -> Iterator[Fault]:
    if not isinstance(snps, pd.DataFrame) or snps.shape[1] < len(BIM):
        yield Fault(path, "snps", f"is not a table of the {len(BIM)} columns of a .bim")
        return
    if len(snps) != len(weights.rows):
        told = f"{len(snps)} and {len(weights.rows)}"
        yield Fault(path, "snps", "has not as many rows as wgt.matrix", told)
        return
    chrom, ids, _, pos, effect, other = (
        snps.iloc[:, column].reset_index(drop=True) for column in range(len(BIM))
    )
    ids, effect, other = ids.astype(str), effect.astype(str), other.astype(str)
    rows = Rows(path, [f"snps, row {i + 1}, {name}" for i, name in enumerate(ids)])
    yield from rows.where(ids != [str(name) for name in weights.rows], "is not the row's name")
    # a model of one variant has it twice, so that R keeps the matrix; one of them without weight
    idle = ~np.nan_to_num(np.asarray(weights.values, dtype=float)).any(axis=1)
    yield from rows.where(ids.duplicated() & ~idle, "variant is there twice")
    yield from wrong_alleles(rows, other, effect)
    yield from ambiguous(path, other, effect)
    if row is not None:
        named = chrom.astype(str).str.removesuffix(".0")  # R may hold a whole number as a double
        yield from rows.where(named != row["CHR"], "chromosome is not that of the list", named)
        place, start, end = numbers(pos), float(row["P0"]), float(row["P1"])
        far = (place < start - FARTHEST) | (place > end + FARTHEST)
        yield from rows.where(far, "position is far from the gene: of another build?", pos)


def _performance(path: Path, performance: Any, weights: Matrix) -> Iterator[Fault]:
    if not isinstance(performance, Matrix) or sorted(performance.rows) != sorted(PERFORMANCE):
        names = performance.rows if isinstance(performance, Matrix) else "no names"
        told = "rows are not named rsq and pval"
        yield Fault(path, "cv.performance", told, ", ".join(map(str, names)))
        return
    if list(performance.columns) != list(weights.columns):
        yield Fault(
            path,
            "cv.performance",
            "models are not in the order of wgt.matrix: FUSION goes by number",
            ", ".join(map(str, performance.columns)),
        )
    values = pd.DataFrame(np.asarray(performance.values, dtype=float), index=performance.rows)
    # FUSION's own R² is adjusted, so a little below 0 where there is nothing
    for name, low in (("rsq", -1.0), ("pval", 0.0)):
        for column, wrong in enumerate(outside(values.loc[name], low, 1.0)):
            if wrong:
                model, found = performance.columns[column], values.loc[name][column]
                place = f"cv.performance, {model}"
                yield Fault(path, place, f"{name} is not between {low:g} and 1", f"{found:g}")
    if values.loc["pval"].isna().all() or values.loc["rsq"].isna().all():
        yield Fault(path, "cv.performance", "no model has R² and p: FUSION cannot choose")


def _scalars(path: Path, objects: dict[str, Any]) -> Iterator[Fault]:
    n = np.ravel(objects["N.tot"]).astype(float)
    if n.size != 1 or not n[0] > 0:
        yield Fault(path, "N.tot", "is not a number of samples", str(objects["N.tot"]))
    hsq = np.ravel(objects["hsq"]).astype(float)
    if hsq.size != 2:
        yield Fault(path, "hsq", "is not an estimate and its standard error", str(hsq))
    p = np.ravel(objects["hsq.pv"]).astype(float)
    if p.size != 1 or outside(pd.Series(p), 0, 1).any():
        yield Fault(path, "hsq.pv", "is not a p-value", str(objects["hsq.pv"]))
