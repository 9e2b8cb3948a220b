"""Whether a file of covariances is sound: `GENE RSID1 RSID2 VALUE`, pair by pair.

The values are covariances of dosages 0 to 2, so a variance is above 0 and at most 1 (but for
n / (n - 1)); variances that are all 1 are those of a correlation.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
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
LINES = 200_000  # of a file that are in memory at once


def audit_covariance(
    path: Path, models: Mapping[str, Mapping[str, float]] | None = None
) -> Iterator[Fault]:
    """Faults of a file of covariances.

    models : gene → name of each of its variants → weight per copy; of the db beside it
    """
    seen: dict[str, set[str]] = {}  # gene → its variants
    counted: Counter[str] = Counter()  # genome build → variants whose name tells it
    first: dict[str, str] = {}  # genome build → the first of them
    correlations = several = 0  # genes all of whose variances are 1, and genes of several variants
    models = {} if models is None else models
    try:
        for lines in _genes_together(path):
            if list(lines.columns) != HEADER:
                reported = f"header is not {' '.join(HEADER)}"
                yield Fault(path, "line 1", reported, " ".join(lines.columns))
                return
            value = as_numbers(lines["VALUE"])
            value = value.where(np.isfinite(value))
            yield from _entries(path, lines, value)
            for gene, of_gene in lines.assign(VALUE=value).groupby("GENE", sort=False):
                if gene in seen:
                    place = f"line {of_gene.index[0]}"
                    yield Fault(path, place, "lines of a gene are not together", str(gene))
                    continue
                names, matrix, faults = _matrix(path, str(gene), of_gene)
                yield from faults
                yield from _unsound(path, str(gene), names, matrix)
                yield from _predicted(path, str(gene), names, matrix, models.get(str(gene), {}))
                several += len(names) > 1
                correlations += len(names) > 1 and bool(np.isclose(np.diag(matrix), 1).all())
                seen[str(gene)] = set(names)
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


def _genes_together(path: Path) -> Iterator[pd.DataFrame]:
    """Lines of the file in parts, each of whole genes if their lines are together; by number."""
    reader = guarded(
        path,
        lambda: pd.read_csv(path, sep=r"\s+", dtype=str, keep_default_na=False, chunksize=LINES),
    )
    rest = None
    while (part := guarded(path, lambda: next(reader, None))) is not None:
        refuse_longer(path, part.index)
        part.index += 2  # the first is the header
        part = part if rest is None else pd.concat([rest, part])
        rest = part
        if list(part.columns) == HEADER and len(part):
            others = np.flatnonzero((part["GENE"] != part["GENE"].iloc[-1]).to_numpy())
            start = others[-1] + 1 if len(others) else 0
            part, rest = part.iloc[:start], part.iloc[start:]
            if len(part):
                yield part
    if rest is not None:
        yield rest


def _entries(path: Path, lines: pd.DataFrame, value: "pd.Series[float]") -> Iterator[Fault]:
    """What is amiss with single lines."""
    rows = Rows(path, [f"line {line}" for line in lines.index])
    yield from rows.where(value.isna(), "value is not a number", lines["VALUE"])
    for name in HEADER[:3]:
        yield from rows.where(lines[name].isin(UNNAMED), f"{name} is empty", lines[name])


def _matrix(
    path: Path, gene: str, of_gene: pd.DataFrame
) -> tuple[list[str], np.ndarray, list[Fault]]:
    """Variants of a gene, their covariance with NaN where there is none, and pairs amiss."""
    one, other = of_gene["RSID1"].to_numpy(), of_gene["RSID2"].to_numpy()
    value = of_gene["VALUE"].to_numpy()
    names = list(dict.fromkeys([*one, *other]))
    place = {name: i for i, name in enumerate(names)}
    size = len(names)
    rows, columns = (np.array([place[name] for name in side]) for side in (one, other))
    pair = np.minimum(rows, columns) * size + np.maximum(rows, columns)
    matrix = np.full((size, size), np.nan)
    matrix.ravel()[pair] = value
    matrix.T[np.triu_indices(size)] = matrix[np.triu_indices(size)]
    faults = []
    _, first = np.unique(pair, return_index=True)
    for row in sorted(set(range(len(pair))) - set(first.tolist())):
        before = value[pair == pair[row]]
        differs = not np.isclose(before, value[row]).all()
        what = "pair is listed twice" + (", with different values" if differs else "")
        reported = f"{gene} {one[row]} {other[row]}"
        faults.append(Fault(path, f"line {of_gene.index[row]}", what, reported))
    every = np.ravel_multi_index(np.triu_indices(size), (size, size))
    absent = np.setdiff1d(every, pair)
    if len(absent):
        first_lost = f"{names[absent[0] // size]} {names[absent[0] % size]}"
        reported = f"{len(absent)} of {len(every)}, the first {first_lost}"
        faults.append(Fault(path, f"gene {gene}", "pairs of variants are missing", reported))
    return names, matrix, faults


def _unsound(path: Path, gene: str, names: list[str], matrix: np.ndarray) -> Iterator[Fault]:
    """What no covariance of dosages can be."""
    variance = np.diag(matrix)
    for i in np.flatnonzero(variance <= 0):
        yield Fault(path, f"gene {gene}, {names[i]}", "variance is not above 0", f"{variance[i]:g}")
    for i in np.flatnonzero(variance > LARGEST_VARIANCE):
        yield Fault(
            path,
            f"gene {gene}, {names[i]}",
            "variance is larger than that of any dosage",
            f"{variance[i]:g}",
        )
    if np.isnan(matrix).any() or (variance <= 0).any():
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
