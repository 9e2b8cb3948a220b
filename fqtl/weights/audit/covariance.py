"""Whether a file of covariances is sound: `GENE RSID1 RSID2 VALUE`, pair by pair.

The values are covariances of dosages 0 to 2, so a variance is above 0 and at most 1 (but for
n / (n - 1)); variances that are all 1 are those of a correlation.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import compress
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.data.text import guarded
from fqtl.errors import FqtlError
from fqtl.weights.audit.builds import one_build
from fqtl.weights.audit.fault import LARGEST_VARIANCE, Fault, Rows
from fqtl.weights.builds import build_of
from fqtl.weights.columns import UNNAMED, as_numbers
from fqtl.weights.covariance import HEADER, refuse_longer

LARGEST_PREDICTED = 2.0  # variance of predicted expression, which is standardised
ROUNDING = 1e-4  # of a variance: files have few digits
LINES = 50_000  # of a file that are read at once
NOT_KNOWN = ["NA", "N/A", "NaN", "nan"]  # words for a covariance that is not known


def audit_covariance(
    path: Path, models: Mapping[str, Mapping[str, float]] | None = None
) -> Iterator[Fault]:
    """Faults of a file of covariances, of which the pairs of one gene are in memory at a time.

    models : gene → name of each of its variants → weight per copy; of the db beside it
    """
    seen: dict[str, set[str]] = {}  # gene → its variants
    counted: Counter[str] = Counter()  # genome build → variants whose name tells it
    first: dict[str, str] = {}  # genome build → the first of them
    correlations = several = 0  # genes all of whose variances are 1, and genes of several variants
    models = {} if models is None else models
    try:
        for part in _genes_or_faults(path):
            if isinstance(part, Fault):
                yield part
                if part.place == "line 1":  # of the header
                    return
                continue
            if part.gene in seen:
                place = f"line {part.line[0]}"
                yield Fault(path, place, "lines of a gene are not together", part.gene)
                continue
            names, matrix, faults = _matrix(path, part)
            yield from faults
            unknown, faults = _not_known(path, part)
            yield from faults
            measured = list(compress(names, ~unknown))
            matrix = matrix[np.ix_(~unknown, ~unknown)] if unknown.any() else matrix
            yield from _unsound(path, part.gene, measured, matrix)
            yield from _predicted(path, part.gene, measured, matrix, models.get(part.gene, {}))
            several += len(measured) > 1
            correlations += len(measured) > 1 and bool(np.isclose(np.diag(matrix), 1).all())
            seen[part.gene] = set(names)
            for name in names:
                build = build_of(name)
                counted[build] += 1
                first.setdefault(build, name)
    except FqtlError as fault:
        yield Fault(path, "", "cannot be read", str(fault))
        return
    if not seen:
        yield Fault(path, "", "holds no covariance")
    yield from one_build(path, counted, first)
    if several and correlations == several:
        yield Fault(path, "", "every variance is 1: correlations, where covariances belong")
    yield from _lacking(path, models, seen)


@dataclass
class _Pairs:
    """Lines of a gene that stand together.

    names : its variants, numbered in the order in which they are met
    one, other : of each pair, the numbers of its variants
    value : its covariance; NaN where it is not known, infinite where a word stands
    line : its line
    """

    gene: str
    names: dict[str, int] = field(default_factory=dict)
    one: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    other: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    value: np.ndarray = field(default_factory=lambda: np.empty(0))
    line: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    def with_lines(self, lines: pd.DataFrame) -> "_Pairs":
        """The gene with more of its lines; VALUE as `value`."""
        sides = np.column_stack([lines["RSID1"], lines["RSID2"]])
        names = dict(self.names)
        for name in dict.fromkeys(sides.ravel().tolist()):
            names.setdefault(name, len(names))
        one, other = (np.array([names[name] for name in side], np.int32) for side in sides.T)
        return _Pairs(
            self.gene,
            names,
            np.concatenate([self.one, one]),
            np.concatenate([self.other, other]),
            np.concatenate([self.value, lines["VALUE"].to_numpy()]),
            np.concatenate([self.line, lines.index.to_numpy()]),
        )


def _genes_or_faults(path: Path) -> Iterator["_Pairs | Fault"]:
    """Genes one after the other, and faults of single lines as they are met."""
    gene: _Pairs | None = None
    for lines in _lines(path):
        if list(lines.columns) != HEADER:
            told = f"header is not {' '.join(HEADER)}"
            yield Fault(path, "line 1", told, " ".join(lines.columns))
            return
        value = as_numbers(lines["VALUE"])
        value = value.where(np.isfinite(value) | lines["VALUE"].isin(NOT_KNOWN), np.inf)
        yield from _entries(path, lines, value)
        lines = lines.assign(VALUE=value)
        # a gene goes on in the next part
        run = (lines["GENE"] != lines["GENE"].shift()).cumsum()
        for _, together in lines.groupby(run, sort=False):
            name = str(together["GENE"].iloc[0])
            if gene is not None and gene.gene != name:
                yield gene
                gene = None
            gene = (_Pairs(name) if gene is None else gene).with_lines(together)
    if gene is not None:
        yield gene


def _lines(path: Path) -> Iterator[pd.DataFrame]:
    """Lines of the file in parts, by number; the first is the header."""
    reader = guarded(
        path,
        lambda: pd.read_csv(path, sep=r"\s+", dtype=str, keep_default_na=False, chunksize=LINES),
    )
    while (part := guarded(path, lambda: next(reader, None))) is not None:
        refuse_longer(path, part.index)
        part.index += 2
        yield part


def _entries(path: Path, lines: pd.DataFrame, value: "pd.Series[float]") -> Iterator[Fault]:
    """What is amiss with single lines."""
    rows = Rows(path, [f"line {line}" for line in lines.index])
    yield from rows.where(np.isinf(value), "value is not a number", lines["VALUE"])
    for name in HEADER[:3]:
        yield from rows.where(lines[name].isin(UNNAMED), f"{name} is empty", lines[name])


def _matrix(path: Path, pairs: _Pairs) -> tuple[list[str], np.ndarray, list[Fault]]:
    """Variants of a gene, their covariance with NaN where there is none, and pairs amiss."""
    names = list(pairs.names)
    size = len(names)
    low, high = np.minimum(pairs.one, pairs.other), np.maximum(pairs.one, pairs.other)
    matrix = np.full((size, size), np.nan)
    there = np.zeros((size, size), dtype=bool)
    matrix[low[::-1], high[::-1]] = pairs.value[::-1]  # of pairs that are there twice, the first
    there[low, high] = True
    faults = _twice(path, pairs, low, high) if there.sum() < len(low) else []
    upper = np.triu(np.ones((size, size), dtype=bool))
    absent = np.argwhere(upper & ~there)
    if len(absent):
        first_lost = " ".join(names[i] for i in absent[0])
        told = f"{len(absent)} of {size * (size + 1) // 2}, the first {first_lost}"
        faults.append(Fault(path, f"gene {pairs.gene}", "pairs of variants are missing", told))
    np.copyto(matrix, matrix.T, where=~upper)
    return names, matrix, faults


def _twice(path: Path, pairs: _Pairs, low: np.ndarray, high: np.ndarray) -> list[Fault]:
    """Pairs that a gene has more than once."""
    pair = low.astype(np.int64) * len(pairs.names) + high
    _, first, which = np.unique(pair, return_index=True, return_inverse=True)
    faults = []
    for row in np.flatnonzero(first[which] != np.arange(len(pair))):
        before = pairs.value[pair == pair[row]]
        differs = not np.isclose(before, pairs.value[row], equal_nan=True).all()
        what = "pair is listed twice" + (", with different values" if differs else "")
        names = list(pairs.names)
        told = f"{pairs.gene} {names[pairs.one[row]]} {names[pairs.other[row]]}"
        faults.append(Fault(path, f"line {pairs.line[row]}", what, told))
    return faults


def _not_known(path: Path, pairs: _Pairs) -> tuple[np.ndarray, list[Fault]]:
    """(v,) which variances are NA, and what becomes of the pairs that are.

    S-PrediXcan passes over a pair that is NA. A variant with an unknown variance is so left out of
    the model; at an unknown pair of two others it stops.
    """
    unknown = np.zeros(len(pairs.names), dtype=bool)
    absent = np.isnan(pairs.value)
    if not absent.any():
        return unknown, []
    names = list(pairs.names)
    unknown[pairs.one[absent & (pairs.one == pairs.other)]] = True
    faults = []
    if unknown.any():
        told = f"{unknown.sum()} of {len(names)}, the first {names[int(unknown.argmax())]}"
        what = "variances are NA: S-PrediXcan leaves these variants out"
        faults.append(Fault(path, f"gene {pairs.gene}", what, told, grave=False))
    for row in np.flatnonzero(absent & ~unknown[pairs.one] & ~unknown[pairs.other]):
        told = f"{pairs.gene} {names[pairs.one[row]]} {names[pairs.other[row]]}"
        what = "covariance is NA, and not for want of a variance: S-PrediXcan stops"
        faults.append(Fault(path, f"line {pairs.line[row]}", what, told))
    return unknown, faults


def _unsound(path: Path, gene: str, names: list[str], matrix: np.ndarray) -> Iterator[Fault]:
    """What no covariance of dosages can be."""
    variance = np.diag(matrix)
    for i in np.flatnonzero(variance <= 0):
        yield Fault(path, f"gene {gene}, {names[i]}", "variance is not above 0", f"{variance[i]:g}")
    for i in np.flatnonzero(np.isfinite(variance) & (variance > LARGEST_VARIANCE)):
        yield Fault(
            path,
            f"gene {gene}, {names[i]}",
            "variance is larger than that of any dosage",
            f"{variance[i]:g}",
        )
    if not names or not np.isfinite(matrix).all() or (variance <= 0).any():
        return
    least = float(np.linalg.eigvalsh(matrix)[0])
    if least < -ROUNDING * variance.max():
        yield Fault(
            path,
            f"gene {gene}",
            "covariance is not positive semi-definite",
            f"smallest eigenvalue {least:.3g}",
        )


def _predicted(
    path: Path, gene: str, names: list[str], matrix: np.ndarray, weights: Mapping[str, float]
) -> Iterator[Fault]:
    """The variance of expression that the weights predict, w'Σw, if there is a value for it."""
    w = np.array([weights.get(name, 0.0) for name in names])
    used = np.ix_(w != 0, w != 0)
    if np.isinf(matrix[used]).any():
        return  # words, told already
    with np.errstate(over="ignore"):  # infinite is more than there can be, too
        variance = float(w[w != 0] @ matrix[used] @ w[w != 0])
    if variance > LARGEST_PREDICTED:
        yield Fault(
            path,
            f"gene {gene}",
            "predicted expression varies more than expression: are weights per copy, of "
            "standardised expression?",
            f"variance {variance:.3g}",
        )


def _lacking(
    path: Path, models: Mapping[str, Mapping[str, float]], found: Mapping[str, set[str]]
) -> Iterator[Fault]:
    for gene, names in models.items():
        absent = [name for name in names if name not in found.get(gene, set())]
        if absent:
            reported = f"{len(absent)} of {len(names)}, the first {absent[0]}"
            yield Fault(path, f"gene {gene}", "variants of the model are not in it", reported)
