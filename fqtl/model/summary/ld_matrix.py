"""Correlations of variants from a file: NumPy's and SciPy's arrays, or text.

- `.npy`, or `.npz` with one array (or one that is called `ld`): (p, p).
- `.npz` as `scipy.sparse.save_npz` writes it: whole, or one triangle whose diagonal is 1, 1/2 (so
  that adding the transpose gives 1) or left out.
- text, gzip-compressed or not: p lines of p numbers separated by blanks, tabs or commas, as PLINK 1
  (`--r square`) and PLINK 2 (`--r-unphased square`) write them; or one triangle of it (`--r
  triangle`), line j with j numbers.

What stands in the rows and columns is in another file, or nowhere: that variants are those of the
z-scores, in their order and of the same alleles, only their owner knows.
"""

import gzip
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from fqtl.errors import FqtlError

GZIPPED = b"\x1f\x8b"
ZIPPED = b"PK"  # NumPy's .npz
ARRAY = b"\x93NUMPY"  # NumPy's .npy
BLOCK = 1_024  # rows that are mirrored at once; taste
ROUNDED = 1e-3  # by which a diagonal may differ from 1, 1/2 or 0; taste


def read_ld(path: str | os.PathLike[str]) -> np.ndarray:
    """(p, p) correlations of variants, for `fqtl.fit_summary(z, n, ld=...)`.

    Parameters
    ----------
    path
        A `.npy`, `.npz` (whole or sparse; whole or one triangle) or text file, as PLINK writes one.

    Raises
    ------
    FqtlError
        The file holds no square matrix, or more than one, or something that is no number. Whether
        they are correlations `fit_summary` looks at.
    """
    return load_ld(Path(path)).astype(np.float64, copy=False)


def load_ld(file: Path) -> np.ndarray:
    """The same in the precision of the file, of which no second copy is made."""
    if not file.is_file():
        raise FqtlError(f"There is no file {file}.")
    with open(file, "rb") as opened:
        begins = opened.read(6)
    try:
        return _correlations(_read(file, begins), file)
    # what NumPy, SciPy, zip and gzip say of damaged files, and of bytes that are no text
    except (ValueError, KeyError, OSError, EOFError, BadZipFile, zlib.error) as fault:
        raise FqtlError(f"{file} cannot be read as a matrix: {fault}.") from fault


def _read(file: Path, begins: bytes) -> np.ndarray:
    if begins == ARRAY:
        return np.asarray(np.load(file))
    if begins.startswith(ZIPPED):
        return _from_archive(file)
    return _from_text(file, begins.startswith(GZIPPED))


def _from_archive(file: Path) -> np.ndarray:
    with np.load(file) as arrays:
        names = set(arrays)
        if "format" in names and "shape" in names:
            from scipy.sparse import load_npz

            return np.asarray(load_npz(file).toarray())
        if "ld" in names or len(names) == 1:
            return np.asarray(arrays["ld" if "ld" in names else names.pop()])
    raise FqtlError(
        f"{file} must hold one array, or one called ld; found {', '.join(sorted(names))}."
    )


def _from_text(file: Path, compressed: bool) -> np.ndarray:
    rows = list(_rows(file, compressed))
    lengths, p = [len(row) for row in rows], len(rows)
    if p and lengths == [p] * p:
        return np.array(rows)
    if p and lengths == list(range(1, p + 1)):
        return np.array([np.pad(row, (0, p - len(row))) for row in rows])
    raise FqtlError(
        f"{file} must hold a square matrix, or its lower triangle; found {p} lines of "
        f"{min(lengths, default=0)} to {max(lengths, default=0)} numbers."
    )


def _rows(file: Path, compressed: bool) -> Iterator[np.ndarray]:
    """Numbers of each line that is not empty."""
    with gzip.open(file, "rt") if compressed else open(file) as lines:
        for number, line in enumerate(lines, 1):
            words = line.replace(",", " ").split()
            if not words:
                continue
            try:
                yield np.array(words, dtype=np.float64)
            except ValueError as problem:
                raise FqtlError(
                    f"{file}, line {number}: expected numbers alone ({problem})."
                ) from problem


def _correlations(found: np.ndarray, file: Path) -> np.ndarray:
    """The whole matrix, of one triangle or of all of it."""
    if found.ndim != 2 or found.shape[0] != found.shape[1] or found.dtype.kind not in "fiu":
        raise FqtlError(
            f"{file} must hold a square matrix of numbers, found {found.dtype} of shape "
            f"{found.shape}."
        )
    matrix = found if found.dtype.kind == "f" else found.astype(np.float64)
    below, above = (any(side.any() for side in sides) for sides in _triangles(matrix))
    if below == above:
        return matrix
    _mirror(matrix if below else matrix.T)
    diagonal = np.diag(matrix)
    if any(np.allclose(diagonal, whole, atol=ROUNDED) for whole in (1.0, 0.5, 0.0)):
        np.fill_diagonal(matrix, 1.0)
    # else variants that do not vary have no correlation with themselves either
    return matrix


def _triangles(matrix: np.ndarray) -> tuple[Iterator[np.ndarray], Iterator[np.ndarray]]:
    """Rows of the part below the diagonal, and of the part above."""
    below = (row[:i] for i, row in enumerate(matrix))
    return below, (row[i + 1 :] for i, row in enumerate(matrix))


def _mirror(matrix: np.ndarray) -> None:
    """Put what is below the diagonal above it, block by block."""
    for first in range(0, len(matrix), BLOCK):
        last = first + BLOCK
        corner = matrix[first:last, first:last]
        corner += np.tril(corner, -1).T
        matrix[first:last, last:] = matrix[last:, first:last].T
