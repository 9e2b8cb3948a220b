"""Whether a set of FUSION weights is sound: the list of genes, and the R data file of each."""

from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fqtl.data.builds import build_named, is_human
from fqtl.data.text import MISSING
from fqtl.errors import FqtlError
from fqtl.weights.audit.builds import misplaced, one_build
from fqtl.weights.audit.fault import (
    FAR,
    LARGEST_SD,
    Fault,
    Rows,
    ambiguous,
    farthest,
    no_position,
    outside,
    wrong_alleles,
)
from fqtl.weights.audit.table import table_of
from fqtl.weights.builds import build_of
from fqtl.weights.columns import UNNAMED, as_numbers, texts
from fqtl.weights.fusion_model import (
    BIM,
    OBJECTS,
    PERFORMANCE,
    chosen,
    holds_z_scores,
    named,
    one_variant_matrix,
    rows_with,
)
from fqtl.weights.rdata import Matrix, entries, load

NEVER_REACHED = "CHR is not a number from 1 to 23: the gene is never reached"
POS = ["WGT", "ID", "CHR", "P0", "P1"]
BUILD, SD = "fqtl.genome.build", "fqtl.dosage.sd"  # objects that FUSION does not know
LARGEST_WEIGHT = 2.0  # standard deviations of expression per standard deviation of genotype
RSID = r"rs[0-9]+"


def audit_fusion(path: Path) -> Iterator[Fault]:
    """Faults of a .pos list, of the files that it names and of the profile beside it."""
    listed = yield from table_of(path, POS)
    if listed is None:
        return
    if listed.empty:
        yield Fault(path, "", "lists no gene")
        return
    yield from _list(path, listed)
    yield from _profile(path.with_suffix(".profile"), set(listed["ID"]))
    files: list[tuple[str, Ours]] = []
    for row in listed.drop_duplicates("WGT").to_dict("records"):
        file = path.parent / row["WGT"]
        if file.is_file():
            ours = yield from audit_fusion_file(file, row)
            if ours is not None:
                files.append((row["WGT"], ours))
    yield from _together(path, files)


def _list(path: Path, listed: pd.DataFrame) -> Iterator[Fault]:
    rows = Rows(path, [f"line {line}" for line in range(2, len(listed) + 2)])
    there = [(path.parent / name).is_file() for name in listed["WGT"]]
    yield from rows.where(~np.array(there), "file of weights does not exist", listed["WGT"])
    unnamed = listed["ID"].isin(UNNAMED)
    yield from rows.where(unnamed, "ID is empty", listed["ID"])
    twice = listed["ID"].duplicated() & ~unnamed
    yield from rows.where(twice, "gene is listed twice", listed["ID"])
    yield from rows.where(listed["WGT"].duplicated(), "file is listed twice", listed["WGT"])
    builds = listed["BUILD"] if "BUILD" in listed else pd.Series("", index=listed.index)
    human = builds.map(lambda word: is_human(build_named(word) or "GRCh38"))
    number = listed["CHR"].isin([str(number) for number in range(1, 24)])
    yield from rows.where(human & ~number, NEVER_REACHED, listed["CHR"])
    start, end = as_numbers(listed["P0"]), as_numbers(listed["P1"])
    wrong = no_position(start, 0) | no_position(end, 0) | (start > end)
    reported = listed["P0"] + " and " + listed["P1"]
    yield from rows.where(wrong, "P0 and P1 are not the ends of a gene", reported)
    if "BUILD" in listed:
        unknown = [build_named(word) is None for word in listed["BUILD"]]
        yield from rows.where(np.array(unknown), "no genome build has this name", listed["BUILD"])
    if "N" in listed:
        n = as_numbers(listed["N"])
        yield from rows.where(n.isna() | (n <= 0), "N is not a number of samples", listed["N"])
    else:
        yield Fault(path, "", "has no column N: conditional tests need it", grave=False)


def _profile(path: Path, genes: set[str]) -> Iterator[Fault]:
    """Remarks on the table that says how good genes are, if there is one: no program reads it."""
    if not path.is_file():
        return
    table = yield from table_of(path, ["id"], grave=False)
    if table is None:
        return
    rows = Rows(path, [f"line {line}" for line in range(2, len(table) + 2)])
    dropped = table["id"][~table["id"].isin(genes)]
    if len(dropped):
        reported = f"{len(dropped)} of {len(table)}, the first {dropped.iloc[0]}"
        yield Fault(path, "", "genes are not in the list", reported, grave=False)
    for name in table.columns.drop("id"):
        word = as_numbers(table[name]).isna() & ~table[name].isin(MISSING)
        yield from rows.where(word, f"{name} is not a number", table[name], grave=False)


@dataclass(frozen=True)
class Ours:
    """What the file of a gene tells beside what FUSION knows."""

    build: str = ""
    tells_sd: bool = False


def _together(path: Path, files: list[tuple[str, Ours]]) -> Iterator[Fault]:
    """Files of a list that do not go together."""
    builds = Counter(ours.build for _, ours in files)
    yield from one_build(path, builds, {ours.build: name for name, ours in reversed(files)})
    without = [name for name, ours in files if not ours.tells_sd]
    if 0 < len(without) < len(files):
        reported = f"not in {len(without)} of {len(files)}, the first {without[0]}"
        yield Fault(path, "", f"some files tell {SD}, others do not", reported)


def audit_fusion_file(
    path: Path, row: dict[str, str] | None = None
) -> Generator[Fault, None, Ours | None]:
    """Faults of the file of one gene; returns what it tells, if it is one.

    row : the line of the list that names it
    """
    try:
        objects = load(path)
    except FqtlError as fault:
        yield Fault(path, "", "cannot be read", str(fault))
        return None
    absent = [name for name in OBJECTS if name not in objects]
    if absent:
        reported = "objects are missing: those of the gene before would be taken"
        yield Fault(path, "", reported, ", ".join(absent))
        return None
    weights, snps, performance = (objects[name] for name in OBJECTS[:3])
    if (held := one_variant_matrix(weights, snps)) is not weights:
        weights = held
        reported = "is a vector: FUSION needs a matrix, of one row where there is one variant"
        yield Fault(path, "wgt.matrix", reported)
    if not isinstance(weights, Matrix) or not np.issubdtype(weights.values.dtype, np.number):
        reported = "is not a matrix of numbers with names of rows and columns"
        yield Fault(path, "wgt.matrix", reported)
        return None
    best = _best(performance, weights)
    yield from _weights(path, weights, best)
    builds = [(BUILD, word) for word in entries(objects.get(BUILD, "")).tolist()]
    if row is not None and build_named(row.get("BUILD", "")):
        builds.append(("the list", row["BUILD"]))
    yield from _snps(path, snps, weights, builds, row)
    yield from _performance(path, performance, weights)
    yield from _scalars(path, objects, best)
    yield from _ours(path, objects, len(weights.rows))
    told = [build for _, word in builds if (build := build_named(word))]
    return Ours(told[0] if told else "", SD in objects)


def _ours(path: Path, objects: dict[str, Any], expected: int) -> Iterator[Fault]:
    """The objects with which weights per allele can be had back."""
    held = [name for name in (BUILD, SD) if name in objects]
    if not held:
        return
    for name in {BUILD, SD} - set(held):
        yield Fault(path, "", f"{name} is missing", f"but {held[0]} is there")
    if SD in objects:
        sd = _vector(objects[SD])
        if len(sd) != expected:
            reported = f"{len(sd)} and {expected}"
            yield Fault(path, SD, "has not as many numbers as wgt.matrix has rows", reported)
        for entry in np.flatnonzero(~((sd > 0) & (sd <= LARGEST_SD))):
            place, found = f"{SD}, entry {entry + 1}", f"{sd[entry]:g}"
            yield Fault(path, place, "is not the standard deviation of a dosage", found)


def _vector(value: Any) -> np.ndarray:
    """The numbers of an object, NaN where it holds something else."""
    values = entries(value)
    if np.issubdtype(values.dtype, np.number):
        return values.astype(float)
    return as_numbers(pd.Series(values, dtype=object)).to_numpy()


def _best(performance: Any, weights: Matrix) -> str:
    """Name of the model that FUSION chooses; empty where the table does not tell of models."""
    if not isinstance(performance, Matrix) or len(performance.columns) != len(weights.columns):
        return ""
    if not np.issubdtype(performance.values.dtype, np.number):
        return ""
    return str(weights.columns[chosen(performance)])


def _weights(path: Path, weights: Matrix, best: str) -> Iterator[Fault]:
    if min(weights.values.shape) < 2:
        yield Fault(
            path,
            "wgt.matrix",
            "has one row or one column: FUSION.post_process.R makes a vector of it, and fails",
            " × ".join(map(str, weights.values.shape)),
            grave=False,
        )
    models = list(weights.columns)
    for name in {name for name in models if models.count(name) > 1}:
        yield Fault(path, "wgt.matrix", "model is there twice", str(name))
    for column, model in enumerate(models):
        values = np.asarray(weights.values[:, column], dtype=float)
        rows = Rows(path, [f"wgt.matrix, {model}, {name}" for name in weights.rows])
        yield from rows.where(np.isnan(values), "weight is NA: FUSION takes it as 0", grave=False)
        yield from rows.where(np.isinf(values), "weight is not a number", values)
        if not holds_z_scores(model):
            yield from rows.where(
                np.isfinite(values) & (np.abs(values) > LARGEST_WEIGHT),
                "weight is implausible per standard deviation of genotype",
                values,
            )
        if not np.nan_to_num(values).any():
            # a model that is not chosen is of no account to FUSION
            grave = str(model) == best or not best
            yield Fault(path, f"wgt.matrix, {model}", "all weights are 0", grave=grave)


def _snps(
    path: Path,
    snps: Any,
    weights: Matrix,
    builds: list[tuple[str, object]],
    row: dict[str, str] | None,
) -> Iterator[Fault]:
    if not isinstance(snps, pd.DataFrame) or snps.shape[1] < len(BIM):
        yield Fault(path, "snps", f"is not a table of the {len(BIM)} columns of a .bim")
        return
    if len(snps) != len(weights.rows):
        reported = f"{len(snps)} and {len(weights.rows)}"
        yield Fault(path, "snps", "has not as many rows as wgt.matrix", reported)
        return
    columns = [snps.iloc[:, column].reset_index(drop=True) for column in range(len(BIM))]
    chrom, ids, _, _, effect, other = map(texts, columns)
    effect, other = effect.str.upper(), other.str.upper()  # as FUSION does
    pos = as_numbers(columns[3])
    rows = Rows(path, [f"snps, row {i + 1}, {name}" for i, name in enumerate(ids)])
    yield from rows.where(ids != [str(name) for name in weights.rows], "is not the row's name")
    # a model of one variant has it twice, so that R keeps the matrix; one of them without weight
    idle = ~np.nan_to_num(np.asarray(weights.values, dtype=float)).any(axis=1)
    yield from rows.where(ids.duplicated() & ~idle, "variant is there twice")
    yield from wrong_alleles(rows, other, effect)
    yield from ambiguous(path, other, effect)
    yield from rows.where(no_position(pos), "position is not a number", columns[3])
    words = [word for _, word in builds] + ids.map(build_of).tolist()
    build = next((found for word in words if (found := build_named(word))), "")
    there = chrom.map(lambda code: named(code, build))
    yield from misplaced(rows, builds, ids, (there, pos))
    if row is not None:
        wrong = there != named(row["CHR"], build)
        yield from rows.where(wrong, "chromosome is not that of the list", there)
        start, end = as_numbers(pd.Series([row["P0"], row["P1"]]))
        reach = farthest(build)
        far = (pos < start - reach) | (pos > end + reach)
        yield from rows.where(far, FAR, pos.map("{:.0f}".format))
    strange = ids[~ids.str.fullmatch(RSID)]
    if len(strange):
        reported = f"{len(strange)} of {len(ids)}, the first {strange.iloc[0]}"
        what = "ids are no rs numbers: FUSION finds variants in its LD reference by id"
        yield Fault(path, "snps", what, reported, grave=False)


def _performance(path: Path, performance: Any, weights: Matrix) -> Iterator[Fault]:
    held = isinstance(performance, Matrix)
    if not held or not all(rows_with(performance, word) for word in PERFORMANCE):
        names = performance.rows if held else "no names"
        reported = "rows are not named rsq and pval"
        yield Fault(path, "cv.performance", reported, ", ".join(map(str, names)))
        return
    if not np.issubdtype(performance.values.dtype, np.number):
        yield Fault(path, "cv.performance", "is not a matrix of numbers")
        return
    if list(performance.columns) != list(weights.columns):
        yield Fault(
            path,
            "cv.performance",
            "models are not in the order of wgt.matrix: FUSION goes by number",
            ", ".join(map(str, performance.columns)),
        )
    # FUSION's own R² is adjusted, so a little below 0 where there is nothing
    for word, low in (("rsq", -1.0), ("pval", 0.0)):
        for row in rows_with(performance, word):
            values = pd.Series(np.asarray(performance.values[row], dtype=float))
            for column in np.flatnonzero(outside(values, low, 1.0)):
                place = f"cv.performance, {performance.columns[column]}"
                what = f"{performance.rows[row]} is not between {low:g} and 1"
                yield Fault(path, place, what, f"{values[column]:g}")
    if np.isnan(performance.values[rows_with(performance, "pval")].astype(float)).all():
        reported = "no model has a p: FUSION takes the first"
        yield Fault(path, "cv.performance", reported, str(performance.columns[0]), grave=False)


def _scalars(path: Path, objects: dict[str, Any], best: str) -> Iterator[Fault]:
    n, hsq, p = (_vector(objects[name]) for name in ("N.tot", "hsq", "hsq.pv"))
    found = str(entries(objects["N.tot"]))
    if n.size == 1 and np.isnan(n[0]) and not _words(objects["N.tot"]):
        yield Fault(path, "N.tot", "is not known", found, grave=False)
    elif n.size != 1 or not (n[0] > 0 and np.isfinite(n[0])):
        yield Fault(path, "N.tot", "is not a number of samples", found)
    if holds_z_scores(best) and n.size == 1 and not n[0] > 1:
        yield Fault(path, "N.tot", f"is needed with the z-scores of {best}, which FUSION chooses")
    if hsq.size not in (1, 2) or np.isinf(hsq).any() or _words(objects["hsq"]):
        found = str(entries(objects["hsq"]))
        yield Fault(path, "hsq", "is not an estimate, or one and its standard error", found)
    if p.size != 1 or outside(pd.Series(p), 0, 1).any() or _words(objects["hsq.pv"]):
        yield Fault(path, "hsq.pv", "is not a p-value", str(entries(objects["hsq.pv"])))


def _words(value: Any) -> bool:
    """Whether an object holds what is neither a number nor NA."""
    values = entries(value)
    if np.issubdtype(values.dtype, np.number):
        return False
    return bool((np.isnan(_vector(values)) & pd.Series(values).notna()).any())
