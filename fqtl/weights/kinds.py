"""Which format a file or a folder of weights is of."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from fqtl.data.text import guarded, is_gzipped, read_lines
from fqtl.errors import FqtlError
from fqtl.weights.sqlite import read_only, tables

Kind = Literal["predictdb", "fusion", "fusion file", "tigar", "focus", "covariance"]
SQLITE = b"SQLite format 3\x00"
HELD_BESIDE = ("*.db", "*.pos", "*.txt.gz", "*.txt", "*.RDat")


def kind_of(path: Path) -> Kind | None:
    """The format of a file; None if it is none of ours."""
    if path.suffix == ".pos":
        return "fusion"
    if path.suffix == ".RDat":
        return "fusion file"
    if path.suffix == ".db" or path.read_bytes()[: len(SQLITE)] == SQLITE:
        return _kind_of_db(path)
    if path.suffix not in (".gz", ".txt", ".tsv"):
        return None
    try:
        head = guarded(path, lambda: read_lines(path, 1))
    except FqtlError:
        if is_gzipped(path):
            raise
        return None  # some text that is no table of ours
    names = head[0].split() if head else []
    if {"RSID1", "RSID2", "VALUE"} & set(names):
        return "covariance"
    return "tigar" if {"TargetID", "ES"} <= set(names) else None


def _kind_of_db(path: Path) -> Kind:
    """A db that cannot be read is taken for a PredictDB, to be told so."""
    try:
        with read_only(path, set(), "") as connection:
            found = tables(connection)
    except FqtlError:
        return "predictdb"
    return "focus" if {"molecularfeature", "refpanel"} & found else "predictdb"


def find_weights(
    path: Path, unreadable: dict[Path, FqtlError] | None = None
) -> list[tuple[Path, Kind]]:
    """Every file of weights or covariances at a path, which may be one, or a folder of them.

    What a db or a list brings along (its covariances, its files of genes) is not listed again.

    unreadable : where files of a folder are put that cannot be read; without it they are refused
    """
    if not path.exists():
        raise FqtlError(f"No such file or folder: {path}.")
    if not path.is_dir():
        kind = kind_of(path)
        if kind is None:
            raise FqtlError(
                f"{path} is no file of weights: expected a PredictDB or FOCUS db, a FUSION .pos or "
                ".wgt.RDat, a TIGAR table (TargetID, ES) or covariances (GENE RSID1 RSID2 VALUE)."
            )
        return [(path, kind)]
    files = {file for pattern in HELD_BESIDE for file in path.rglob(pattern) if file.is_file()}
    found: list[tuple[Path, Kind]] = []
    brought: set[Path] = set()
    faults: dict[Path, FqtlError] = {}
    for file in sorted(files):
        try:
            kind = kind_of(file)
            brought |= set(_brought_along(file, kind))
        except FqtlError as fault:
            if unreadable is None:
                raise
            faults[file] = fault
            continue
        if kind is not None:
            found.append((file, kind))
    if unreadable is not None:
        unreadable |= {file: fault for file, fault in faults.items() if file not in brought}
    if not found and not faults:
        raise FqtlError(f"No file of weights in {path} and its folders.")
    return [(file, kind) for file, kind in found if file not in brought]


def _brought_along(path: Path, kind: Kind | None) -> Iterator[Path]:
    if kind == "predictdb":
        yield path.with_suffix(".txt.gz")
        yield path.parent / "varid" / f"{path.stem}.txt.gz"
    if kind == "fusion":
        for line in guarded(path, lambda: read_lines(path))[1:]:
            yield from (path.parent / word for word in line.split() if word.endswith(".RDat"))
