"""Tell whether weight files are sound, ours and those of others.

A PredictDB (with the covariances beside it), a FUSION list with the files it names, a TIGAR
table, a FOCUS db, a file of covariances, or a folder of any of these. Each fault is one line with
its place, on the standard output; exit code 2 if there is any. Remarks are on what is sound, but
what some programs stumble over; of each sort the first is shown.
"""

import logging
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from fqtl.errors import FqtlError
from fqtl.weights.audit.covariance import audit_covariance
from fqtl.weights.audit.fault import Fault
from fqtl.weights.audit.focus import audit_focus
from fqtl.weights.audit.fusion import audit_fusion, audit_fusion_file
from fqtl.weights.audit.predictdb import audit_predictdb
from fqtl.weights.audit.tigar import audit_tigar
from fqtl.weights.kinds import Kind, find_weights

log = logging.getLogger(__name__)
SHOWN = 20  # faults of one sort in one file
AUDITS: dict[Kind, Callable[[Path], Iterator[Fault]]] = {
    "predictdb": audit_predictdb,
    "fusion": audit_fusion,
    "fusion file": audit_fusion_file,
    "tigar": audit_tigar,
    "focus": audit_focus,
    "covariance": audit_covariance,
}


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="file or folder")
    parser.add_argument(
        "--all",
        action="store_true",
        help=f"show every fault and remark [{SHOWN} faults of a sort in a file, the first remark]",
    )


def run(given: Namespace) -> None:
    unreadable: dict[Path, FqtlError] = {}
    found = [entry for path in given.paths for entry in find_weights(path, unreadable)]
    count = len(unreadable)
    for path, why in unreadable.items():
        print(Fault(path, "", "cannot be read", str(why)))
    remarks = [remark for path in given.paths if path.is_dir() for remark in _unlisted(path, found)]
    for path, kind in found:
        log.debug("%s: %s", path, kind)
        faults = _apart(AUDITS[kind](path), remarks)
        count += _tell(path, faults, None if given.all else SHOWN)
    _remark(remarks, everything=given.all)
    number = len(found) + len(unreadable)
    files = f"{number} file{'s' if number > 1 else ''} ({_listed(found, len(unreadable))})"
    if count:
        raise FqtlError(f"{count} fault{'s' if count > 1 else ''} in {files}.")
    log.info("%s: sound", files)


def _unlisted(folder: Path, found: list[tuple[Path, Kind]]) -> Iterator[Fault]:
    """Remarks on files of genes that no list in a folder names."""
    for path, kind in found:
        if kind == "fusion file" and path.is_relative_to(folder):
            what = "no .pos in the folder lists it: FUSION takes the genes of a list"
            yield Fault(path, "", what, grave=False)


def _apart(found: Iterator[Fault], remarks: list[Fault]) -> Iterator[Fault]:
    """The faults; remarks are put where they are kept until the end."""
    for fault in found:
        if fault.grave:
            yield fault
        else:
            remarks.append(fault)


def _tell(path: Path, faults: Iterator[Fault], shown: int | None) -> int:
    """Print faults of a file and what it brings along, at most `shown` of a sort; their number."""
    seen: Counter[str] = Counter()
    for fault in faults:
        seen[fault.what] += 1
        if shown is None or seen[fault.what] <= shown:
            print(fault)
    for what, number in seen.items():
        if shown is not None and number > shown:
            print(Fault(path, "", what, f"{number - shown} more, shown with --all"))
    return seen.total()


def _remark(remarks: list[Fault], *, everything: bool) -> None:
    """Print remarks: all, or the first of each sort."""
    seen = Counter(remark.what for remark in remarks)
    reported: set[str] = set()
    for remark in remarks:
        if everything or remark.what not in reported:
            print(remark)
            more = seen[remark.what] - 1
            if more and not everything:
                print(f"  … and {more} more such remarks, shown with --all")
        reported.add(remark.what)


def _listed(found: list[tuple[Path, Kind]], unreadable: int) -> str:
    kinds = Counter(kind for _, kind in found)
    reported = [f"{number} {kind}" for kind, number in kinds.items()]
    return ", ".join([*reported, f"{unreadable} unreadable"] if unreadable else reported)
