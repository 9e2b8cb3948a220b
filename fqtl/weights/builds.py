"""Which genome build a weight file is on: by a word of its own, and by the tags of variant ids.

`chr22_20003000_T_C_b38` tells its build, and so does `chr19_3205000_A_G_mm39`; `rs123` does not.
Positions of two builds look alike and meet by chance, so a file that mixes them is refused.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from fqtl.data.builds import KNOWN, TAGS, build_named
from fqtl.errors import FqtlError

# chromosome, position, reference, alternative, tag; no position has more digits
PLACE = re.compile(
    r"^(?:chr)?([\w.-]+?)[_:](\d{1,9})[_:]([ACGTacgt]+)[_:]([ACGTacgt]+)(?:[_:]([\w.+-]+))?$"
)
TAG = re.compile(r"[_:]([A-Za-z0-9]+)$")
# a tag that may name a genome has letters and digits, as mm39; rs123 is none
NAMELIKE = re.compile(r"(?!rs\d+$)(?=.*[A-Za-z])(?=.*\d)")
MOST_NAMES = 3  # what ends in more words than these has no builds at its end


def build_of(name: str) -> str:
    """The build that one id tells; empty where it tells none."""
    tag = TAG.search(name)
    known = KNOWN.get(tag[1].lower(), "") if tag else ""
    if known or not ("_" in name or ":" in name):
        return known
    place = PLACE.match(name)
    word = place[5] if place else None
    return (build_named(word) or "") if word and NAMELIKE.match(word) else ""


def builds_of(ids: "pd.Series[str]") -> "pd.Series[str]":
    """The build that each id tells; empty where it tells none."""
    told = [build_of(name) for name in ids.tolist()]
    names = trusted(told)
    return pd.Series([build if build in names else "" for build in told], ids.index, dtype=object)


def trusted(told: Iterable[str]) -> set[str]:
    """Which of the builds that ids end in are such.

    Of a human build every id is believed. Other words may be anything where they are many, and
    beside a human build.
    """
    names = set(told) - {""}
    human = names & set(TAGS)
    return human or (names if len(names) <= MOST_NAMES else set())


def require_build(path: Path, reported: object) -> str:
    """The build that a file tells, by the name that this project has for it."""
    found = build_named(reported)
    if found is None:
        raise FqtlError(
            f"{path} is on the genome build {reported!r}; expected GRCh37 (hg19, b37), GRCh38 "
            "(hg38, b38) or the name of another genome, as mm39."
        )
    return found


def one_build(path: Path, reported: Iterable[object], ids: "pd.Series[str]") -> str:
    """The one build of a file, by what it tells and by its ids; empty if neither says."""
    named = {require_build(path, word): "told by the file" for word in reported}
    by_id = builds_of(ids)
    if set(named) & set(TAGS):
        by_id = by_id.where(by_id.isin(TAGS), "")
    for build, some in ids.groupby(by_id):
        shown = f"{len(some)} of {len(ids)} ids, the first {some.iloc[0]}"
        named.setdefault(str(build), shown)
    named.pop("", None)
    return only_build(path, named)


def only_build(path: Path, named: dict[str, str]) -> str:
    """The only one of these builds, each with what named it; empty if there is none."""
    if len(named) > 1:
        both = "; ".join(f"{build} ({where})" for build, where in sorted(named.items()))
        raise FqtlError(
            f"{path}: expected variants of one genome build, found {both}. Positions of two builds "
            "do not go together."
        )
    return next(iter(named), "")
