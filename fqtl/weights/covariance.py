"""Covariance of the dosages of each gene's variants, as S-PrediXcan and its relatives read it.

One line for each pair of a gene's variants, `GENE RSID1 RSID2 VALUE`: the upper triangle with the
diagonal, the lines of a gene together. The ids are those of the key in use, so a file for readers
that go by rsid has a twin for those that go by varID.
(Reader: https://github.com/hakyimlab/MetaXcan, metax/MatrixManager.py)
"""

from collections.abc import Iterator
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.data.text import MISSING, guarded
from fqtl.errors import FqtlError
from fqtl.tables.files import text_writer
from fqtl.tables.numbers import EXACT
from fqtl.weights.columns import Columns
from fqtl.weights.weight_set import SnpKey, WeightSet

HEADER = ["GENE", "RSID1", "RSID2", "VALUE"]
LINES = 50_000  # of a file that are looked at at once


def write_covariance(path: Path, weights: WeightSet, key: SnpKey) -> None:
    """Covariance of every gene of a set, gzipped if the name says so."""
    assert weights.covariance is not None, "a set without covariances has nothing to write"
    names = weights.names(key).tolist()
    with text_writer(path) as stream:
        stream.write(" ".join(HEADER) + "\n")
        for gene, rows, matrix in weights.models():
            assert matrix is not None
            pairs = combinations_with_replacement(names[rows], 2)
            values = matrix[np.triu_indices(len(matrix))].tolist()
            stream.write(
                "".join(
                    f"{gene} {one} {other} {value:.12g}\n"
                    for (one, other), value in zip(pairs, values, strict=True)
                )
            )


def key_of(path: Path, variants: pd.DataFrame) -> SnpKey:
    """The key that a file goes by, told by the first of its lines that name a variant of a model.

    variants : rsid and variant_id of the variants of all models
    """
    known: dict[SnpKey, set[str]] = {
        "rsid": set(variants["rsid"]),
        "varID": set(variants["variant_id"]),
    }
    reader = guarded(
        path,
        lambda: pd.read_csv(path, sep=r"\s+", dtype=str, keep_default_na=False, chunksize=LINES),
    )
    while (part := guarded(path, lambda: next(reader, None))) is not None:
        if "RSID1" not in part:
            break
        found = {key: int(part["RSID1"].isin(names).sum()) for key, names in known.items()}
        if any(found.values()):
            return "rsid" if found["rsid"] >= found["varID"] else "varID"
    return "rsid"


def read_covariance(path: Path) -> pd.DataFrame:
    """Pairs as they stand in the file: GENE, RSID1, RSID2, VALUE."""
    frame = guarded(
        path,
        lambda: pd.read_csv(
            path,
            sep=r"\s+",
            dtype={"GENE": str, "RSID1": str, "RSID2": str},
            keep_default_na=False,
            na_values={"VALUE": MISSING},
            **EXACT,
        ),
    )
    if list(frame.columns) != HEADER:
        raise FqtlError(
            f"{path}: expected the columns {' '.join(HEADER)}, "
            f"found {' '.join(map(str, frame.columns))}."
        )
    refuse_longer(path, frame.index)
    return frame.assign(VALUE=Columns(path, frame).numbers("VALUE"))


def refuse_longer(path: Path, index: pd.Index) -> None:
    """Refuse lines with more fields than the header, of which pandas makes names of rows."""
    if not isinstance(index, pd.RangeIndex):
        raise FqtlError(
            f"{path}: a line has {len(HEADER) + index.nlevels} fields; expected the {len(HEADER)} "
            "of the header."
        )


def matrices_of(pairs: pd.DataFrame, models: Iterator[tuple[str, list[str]]]) -> list[np.ndarray]:
    """Covariance (v, v) of each model, in the order of its variants; NaN where a pair is absent.

    pairs : as `read_covariance` gives them; models : gene and names of its variants
    """
    by_gene = dict(list(pairs.groupby("GENE", sort=False)))
    found = []
    for gene, names in models:
        matrix = np.full((len(names), len(names)), np.nan)
        place = {name: i for i, name in enumerate(names)}
        rows = by_gene.get(gene)
        if rows is not None:
            one, other = rows["RSID1"].map(place), rows["RSID2"].map(place)
            inside = (one.notna() & other.notna()).to_numpy()
            i, j = one[inside].astype(int), other[inside].astype(int)
            matrix[i, j] = matrix[j, i] = rows["VALUE"].to_numpy()[inside]
        found.append(matrix)
    return found
