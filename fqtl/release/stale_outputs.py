"""Stale outputs: what an earlier run left among the results of this one, and only that.

Programs loop over `predictdb/*.db`: the models of a tissue that is no longer listed, or of a format
that is no longer asked for, would be read as if they were of this run. What the run did not make is
nobody's to remove. A set of weights is known by all of its files lying where its format puts them,
a list of weights by its header, a store by the kind and the tissue that stand in it.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from fqtl.errors import FqtlError
from fqtl.tables.columns import COLUMNS
from fqtl.tables.files import read_parquet, read_tsv
from fqtl.weights.formats import FORMATS
from fqtl.weights.from_fits import ALL_TISSUES, FACTORS, JOINT

OF_A_TISSUE = ("prepared", "counts")  # kinds of stores, and the folders that they are in


def stale_outputs(results: Path, lists: Sequence[Path], tissues: Sequence[str]) -> list[Path]:
    """Files of earlier runs below `results`, and folders of FUSION's with the files in them.

    lists : tables of the weights that this run wrote; tissues : names of its tissues
    """
    folder = results / "weights"
    written = {path.resolve() for path in [*lists, *written_files(lists)]}
    found = [path for path in _lists(folder) if path.resolve() not in written]
    for files in _sets(folder):
        if files[0].resolve() not in written and all(path.exists() for path in files):
            found += files
    return found + [path for path in _stores(results) if path.stem not in tissues]


def written_files(lists: Sequence[Path]) -> Iterator[Path]:
    """The file of each set that tables of weights name."""
    for listed in lists:
        yield from (listed.parent / path for path in read_tsv(listed, "weights")["path"] if path)


def remove(paths: Sequence[Path], within: Path) -> int:
    """How many files were removed; with them go folders below `within` that are empty then."""
    files = [
        file for path in paths for file in (path.glob("*.wgt.RDat") if path.is_dir() else [path])
    ]
    for file in files:
        file.unlink()
        for folder in file.parents:
            if folder == within or any(folder.iterdir()):
                break
            folder.rmdir()
    return len(files)


def _lists(folder: Path) -> Iterator[Path]:
    """Tables of weights, of whichever tissue."""
    header = "\t".join(COLUMNS["weights"]) + "\n"
    of_all = [folder / name / "files.tsv" for name in (FACTORS, "joint")]
    for path in [*sorted(folder.glob("*.tsv")), *(path for path in of_all if path.exists())]:
        with open(path, errors="replace") as lines:
            if lines.readline() == header:
                yield path


def _sets(folder: Path) -> Iterator[list[Path]]:
    """Files of each set that may be there, the one that a table of weights names first."""
    for place in (folder, folder / FACTORS):
        for name, form in FORMATS.items():
            for inside in (place / name, place / name / "unfiltered"):
                first = form.files(inside, "*")[0].name
                names = [path.name.removesuffix(first[1:]) for path in sorted(inside.glob(first))]
                # a set of FOCUS's is a single file, which anybody may have put there
                if name == "focus":
                    names = [known for known in names if known in (ALL_TISSUES, FACTORS)]
                yield from (form.files(inside, known) for known in names)
    covariances = folder / "predictdb"
    yield [covariances / f"{JOINT}.txt.gz", covariances / "varid" / f"{JOINT}.txt.gz"]


def _stores(results: Path) -> Iterator[Path]:
    """Stores of a tissue that stages hand to each other."""
    for kind in OF_A_TISSUE:
        for path in sorted((results / kind).glob("*.parquet")):
            try:
                about = read_parquet(path, kind, columns=[])[1]
            except (FqtlError, pa.ArrowException):
                continue
            if about.get("tissue", path.stem) == path.stem:
                yield path
