"""Whether a file of covariances is sound: `GENE RSID1 RSID2 VALUE`, pair by pair.

The values are covariances of dosages 0 to 2, so a variance is above 0 and at most 1 (but for
n / (n - 1)); variances that are all 1 are those of a correlation.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.audit.fault import Fault, Rows, numbers
from fqtl.data.text import guarded
from fqtl.errors import FqtlError
from fqtl.weights.covariance import HEADER

LARGEST_VARIANCE = 1.05  # of a dosage: 1 if all are homozygous, more in a panel of few donors
LARGEST_PREDICTED = 2.0  # variance of predicted expression, which is standardised
ROUNDING = 1e-4  # of a variance: files have few digits
UNNAMED = ["", "NA", "NULL", "nan", "None", "."]


def audit_covariance(
    path: Path, models: Mapping[str, Mapping[str, float]] | None = None
) -> Iterator[Fault]:
    """Faults of a file of covariances.

    models : gene → name of each of its variants → weight per copy; of the db beside it
    """
    try:
        frame = guarded(
            path, lambda: pd.read_csv(path, sep=r"\s+", dtype=str, keep_default_na=False)
        )
    except FqtlError as fault:
        yield Fault(path, "", "cannot be read", str(fault))
        return
    if list(frame.columns) != HEADER:
        yield Fault(path, "line 1", f"header is not {' '.join(HEADER)}", " ".join(frame.columns))
        return
    if frame.empty:
        yield Fault(path, "", "holds no covariance")
        return
    value = numbers(frame["VALUE"])
    rows = Rows(path, [f"line {line}" for line in range(2, len(frame) + 2)])
    yield from rows.where(~np.isfinite(value), "value is not a number", frame["VALUE"])
    for name in HEADER[:3]:
        yield from rows.where(frame[name].isin(UNNAMED), f"{name} is empty", frame[name])
    yield from _parted(path, frame["GENE"])
    ones = []
    found: dict[str, set[str]] = {}
    models = {} if models is None else models
    for gene, of_gene in frame.assign(VALUE=value).groupby("GENE", sort=False):
        names, matrix, faults = _matrix(path, str(gene), of_gene)
        yield from faults
        yield from _unsound(path, str(gene), names, matrix)
        yield from _predicted(path, str(gene), names, matrix, models.get(str(gene), {}))
        ones.append(np.isclose(np.diag(matrix), 1).all())
        found[str(gene)] = set(names)
    if all(ones) and len(frame) > len(ones):
        yield Fault(path, "", "every variance is 1: correlations, where covariances belong")
    yield from _lacking(path, models, found)


def _parted(path: Path, gene: "pd.Series[str]") -> Iterator[Fault]:
    """Genes whose lines are not together: S-PrediXcan refuses the file."""
    first = (gene != gene.shift()).to_numpy()
    again = gene[first][gene[first].duplicated()]
    for row, name in again.items():
        yield Fault(path, f"line {int(str(row)) + 2}", "lines of a gene are not together", name)


def _matrix(
    path: Path, gene: str, of_gene: pd.DataFrame
) -> tuple[list[str], np.ndarray, list[Fault]]:
    """Variants of a gene, their covariance with NaN where there is none, and pairs amiss."""
    names = list(dict.fromkeys([*of_gene["RSID1"], *of_gene["RSID2"]]))
    place = {name: i for i, name in enumerate(names)}
    one, other = of_gene["RSID1"].map(place).to_numpy(), of_gene["RSID2"].map(place).to_numpy()
    low, high = np.minimum(one, other), np.maximum(one, other)
    matrix = np.full((len(names), len(names)), np.nan)
    value = of_gene["VALUE"].to_numpy()
    matrix[low, high] = matrix[high, low] = value
    faults = []
    pairs = pd.DataFrame({"low": low, "high": high, "value": value})
    twice = pairs.duplicated(["low", "high"]).to_numpy()
    for row in np.flatnonzero(twice):
        line = int(of_gene.index[row]) + 2
        differs = not np.isclose(value[row], value[(low == low[row]) & (high == high[row])]).all()
        what = "pair is listed twice" + (", with different values" if differs else "")
        pair = f"{gene} {of_gene['RSID1'].iloc[row]} {of_gene['RSID2'].iloc[row]}"
        faults.append(Fault(path, f"line {line}", what, pair))
    absent = np.argwhere(np.triu(np.isnan(matrix)) & ~_not_numbers(matrix.shape, pairs))
    if len(absent):
        first = " ".join(names[i] for i in absent[0])
        of = len(names) * (len(names) + 1) // 2
        told = f"{len(absent)} of {of}, the first {first}"
        faults.append(Fault(path, f"gene {gene}", "pairs of variants are missing", told))
    return names, matrix, faults


def _not_numbers(shape: tuple[int, ...], pairs: pd.DataFrame) -> np.ndarray:
    """Pairs that the file has, though their value is no number: that is told by line."""
    listed = np.zeros(shape, dtype=bool)
    listed[pairs["low"], pairs["high"]] = True
    return listed


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
            told = f"{len(absent)} of {len(names)}, the first {absent[0]}"
            yield Fault(path, f"gene {gene}", "variants of the model are not in it", told)
