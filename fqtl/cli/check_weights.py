"""Tell whether weight files are sound, ours and those of others.

A PredictDB (with the covariances beside it), a FUSION list with the files it names, a TIGAR
table, a FOCUS db, a file of covariances, or a folder of any of these. Each fault is one line with
its place, on the standard output; exit code 2 if there is any. Remarks are on what is sound, but
what some programs stumble over.
"""

import logging
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from fqtl.audit.covariance import audit_covariance
from fqtl.audit.fault import Fault
from fqtl.audit.focus import audit_focus
from fqtl.audit.fusion import audit_fusion, audit_fusion_file
from fqtl.audit.predictdb import audit_predictdb
from fqtl.audit.tigar import audit_tigar
from fqtl.errors import FqtlError
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
        help=f"show every fault [{SHOWN} of a sort in a file, and how many more there are]",
    )


def run(given: Namespace) -> None:
    found = [entry for path in given.paths for entry in find_weights(path)]
    count = 0
    for path, kind in found:
        log.debug("%s: %s", path, kind)
        count += _tell(AUDITS[kind](path), None if given.all else SHOWN)
    files = f"{len(found)} file{'s' if len(found) > 1 else ''} ({_listed(found)})"
    if count:
        raise FqtlError(f"{count} fault{'s' if count > 1 else ''} in {files}.")
    log.info("%s: sound", files)


def _tell(faults: Iterator[Fault], shown: int | None) -> int:
    """Print faults and remarks, no more than `shown` of a sort; how many faults there were."""
    seen: Counter[tuple[Path, str, bool]] = Counter()
    for fault in faults:
        sort = (fault.path, fault.what, fault.grave)
        seen[sort] += 1
        if shown is None or seen[sort] <= shown:
            print(fault)
    for (path, what, grave), number in seen.items():
        if shown is not None and number > shown:
            print(Fault(path, "", what, f"{number - shown} more, shown with --all", grave))
    return sum(number for (_, _, grave), number in seen.items() if grave)


def _listed(found: list[tuple[Path, Kind]]) -> str:
    kinds = Counter(kind for _, kind in found)
    return ", ".join(f"{number} {kind}" for kind, number in kinds.items())
