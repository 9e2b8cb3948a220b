"""Tell what is wrong with an installation, a config or a folder of results.

Each thing that was looked at is a line; if one is not in order, the command ends with 2.
"""

import json
import platform
import shutil
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import fqtl
from fqtl.cli.check_config import check_file
from fqtl.errors import FqtlError
from fqtl.tables.files import read_parquet, read_tsv
from fqtl.workflow.jobs import failures

# modules by the package that brings them
NEEDED = {
    "numpy": "numpy",
    "scipy": "scipy",
    "pandas": "pandas",
    "pyarrow": "pyarrow",
    "cyvcf2": "cyvcf2",
    "pysam": "pysam",
    "rdata": "rdata",
    "matplotlib": "matplotlib",
    "jinja2": "jinja2",
    "jsonschema": "jsonschema",
    "pyyaml": "yaml",
    "scikit-learn": "sklearn",
    "shtab": "shtab",
}
OPTIONAL = {"pgenlib": "genotypes in files of PLINK", "snakemake": "the workflow"}
TABLES = ("fits", "factors", "variants", "tissues", "credible_sets", "prediction", "calibration")
ROOM_GB = 1.0  # free where results are; below it a run may end in a full disk


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    said : what was found, or what is wrong
    """

    what: str
    fine: bool
    said: str


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="config file to look at")
    parser.add_argument("--results", type=Path, metavar="FOLDER", help="results to look at")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def run(given: Namespace) -> None:
    found = [*installation()]
    if given.config is not None:
        found.append(_tried(f"config {given.config}", lambda: _config(given.config)))
    if given.results is not None:
        found += results(given.results)
    if given.json:
        print(json.dumps([asdict(one) for one in found], indent=2, ensure_ascii=False))
    else:
        for one in found:
            print(f"{'ok   ' if one.fine else 'WRONG'}  {one.what}: {one.said}")
    wrong = [one for one in found if not one.fine]
    if wrong:
        raise FqtlError(
            f"{len(wrong)} of {len(found)} things are not in order, the first: {wrong[0].what}: "
            f"{wrong[0].said}"
        )


def installation() -> Iterator[Finding]:
    """Python, the compiled kernels, and packages with their versions."""
    enough = sys.version_info >= (3, 11)
    yield Finding("Python", enough, f"{platform.python_version()} (3.11 or later is needed)")
    yield _tried(f"fqtl {fqtl.__version__}", _kernels)
    for package, module in NEEDED.items():
        yield _tried(package, partial(_package, package, module))
    for package, use in OPTIONAL.items():
        try:
            said = version(package)
        except PackageNotFoundError:
            said = f"not installed; it is for {use}"
        yield Finding(package, True, said)


def results(folder: Path) -> Iterator[Finding]:
    """Tables, the store of fits, logs of jobs that failed, and room on the disk."""
    if not folder.is_dir():
        yield Finding(f"results {folder}", False, "no such folder")
        return
    for kind in TABLES:
        path = folder / f"{kind}.tsv.gz"
        yield _tried(str(path), partial(_rows, path, kind))
    store = folder / "fits.parquet"
    yield _tried(str(store), lambda: f"{len(read_parquet(store, 'fits', ['gene_id'])[0]):,} genes")
    failed = list(failures(str(folder), 0.0))
    yield Finding(f"{folder}/logs", not failed, failed[0] if failed else "no job failed")
    free = shutil.disk_usage(folder).free / 1e9
    yield Finding("room on the disk", free > ROOM_GB, f"{free:,.0f} GB are free")


def _tried(what: str, look: Callable[[], str]) -> Finding:
    """What looking at a thing says; what it refuses is wrong."""
    try:
        return Finding(what, True, look())
    except (FqtlError, ImportError, OSError) as fault:
        return Finding(what, False, str(fault))


def _rows(path: Path, kind: str) -> str:
    return f"{len(read_tsv(path, kind)):,} rows"


def _kernels() -> str:
    import_module("fqtl.model.fit")
    return f"its compiled parts are in order ({Path(fqtl.__file__).parent})"


def _package(package: str, module: str) -> str:
    import_module(module)
    return version(package)


def _config(path: Path) -> str:
    check_file(path)
    return "in order"
