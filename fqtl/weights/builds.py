"""Which genome build a weight file is on: by a word of its own, and by the tags of variant ids.

`chr22_20003000_T_C_b38` tells its build, `rs123` does not. Positions of two builds look alike and
meet by chance, so a file that mixes them is refused.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from fqtl.errors import FqtlError

BUILDS = {
    **dict.fromkeys(("grch37", "b37", "hg19"), "GRCh37"),
    **dict.fromkeys(("grch38", "b38", "hg38"), "GRCh38"),
}
NOT_TOLD = {"", "unknown", "na", "nan", "none", "null", "."}
# chromosome, position, reference, alternative, tag; no position has more digits
PLACE = re.compile(r"^(?:chr)?(\w+?)[_:](\d{1,9})[_:]([ACGT]+)[_:]([ACGT]+)(?:[_:](\w+))?$")
TAG = re.compile(r"[_:]([A-Za-z0-9]+)$")


def build_named(reported: object) -> str | None:
    """The build of a name; empty if none is told, None if the name is not known."""
    name = str(reported).strip().lower()
    return "" if name in NOT_TOLD else BUILDS.get(name)


def builds_of(ids: "pd.Series[str]") -> "pd.Series[str]":
    """The build that each id tells; empty where it tells none."""
    tags = ids.str.extract(TAG, expand=False).str.lower()
    return tags.map(BUILDS).fillna("")


def build_of(name: str) -> str:
    """The build that one id tells."""
    tag = TAG.search(name)
    return BUILDS.get(tag[1].lower(), "") if tag else ""


def require_build(path: Path, reported: object) -> str:
    """The build that a file tells, by the name that this project has for it."""
    found = build_named(reported)
    if found is None:
        raise FqtlError(
            f"{path} is on the genome build {reported!r}; expected one of GRCh37 (hg19, b37) and "
            "GRCh38 (hg38, b38)."
        )
    return found


def one_build(path: Path, reported: Iterable[object], ids: "pd.Series[str]") -> str:
    """The one build of a file, by what it tells and by its ids; empty if neither says."""
    named = {require_build(path, word): "told by the file" for word in reported}
    for build, some in ids.groupby(builds_of(ids)):
        shown = f"{len(some)} of {len(ids)} ids, the first {some.iloc[0]}"
        named.setdefault(str(build), shown)
    named.pop("", None)
    if len(named) > 1:
        both = "; ".join(f"{build} ({where})" for build, where in sorted(named.items()))
        raise FqtlError(
            f"{path}: expected variants of one genome build, found {both}. Positions of two builds "
            "do not go together."
        )
    return next(iter(named), "")
