"""Whether all variants of a file are on one genome build, the one that it tells.

Three things betray a build: what a file says of itself, the tags of variant ids, and positions that
are beyond the end of a chromosome. A file that was lifted over keeps the ids of where it was.
"""

from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.data import contigs
from fqtl.data.builds import TAGS, build_named
from fqtl.weights.audit.fault import Fault, Rows
from fqtl.weights.builds import PLACE, build_of, trusted

Told = Iterable[tuple[str, object]]  # place in the file, and the genome build that it names


def misplaced(
    rows: Rows,
    reported: Told,
    ids: "pd.Series[str]",
    where: "tuple[pd.Series[str], pd.Series[float]] | None" = None,
) -> Iterator[Fault]:
    """Faults of the builds of variants, and variants that are where they cannot be.

    where : chromosome and position of each, if the file has them beside the ids
    """
    # lists, since files of single genes are so short that a table's overhead is most of the time
    names = ids.tolist()
    by_id = [build_of(name) for name in names]
    first = dict(zip(by_id[::-1], names[::-1], strict=True))  # the last of a build stays
    named = yield from _named(rows.path, reported)
    found = yield from one_build(rows.path, Counter(by_id), first)
    if {build for _, build in named} & set(TAGS):
        found = [build for build in found if build in TAGS]
    for place, build in named:
        if found and build not in found:
            both = f"{build} and {', '.join(found)}"
            yield Fault(rows.path, place, "genome build is not that of the variant ids", both)
    by_name = [_place(name) for name in names]
    places = by_name if where is None else _places(*where)
    ends = _ends({*(build for _, build in named), *found})
    beyond = [pos > ends.get(chrom, np.inf) for chrom, pos in places]
    shown = [f"{chrom}:{pos:.0f}" for chrom, pos in places]
    yield from rows.where(beyond, "position is beyond the end of the chromosome", shown)
    elsewhere = [
        chrom != "" and not np.isnan(pos + reported[1]) and (chrom, pos) != reported
        for (chrom, pos), reported in zip(places, by_name, strict=True)
    ]
    yield from rows.where(elsewhere, "id names another place: of another build?", names)


def _place(name: str) -> tuple[str, float]:
    """Chromosome and position that an id names, if it does."""
    reported = PLACE.match(name)
    return (contigs.bare(reported[1]), float(reported[2])) if reported else ("", np.nan)


def _places(chrom: "pd.Series[str]", pos: "pd.Series[float]") -> list[tuple[str, float]]:
    names = [contigs.bare(name.removesuffix(".0")) for name in chrom]  # R may hold doubles
    return list(zip(names, pos.tolist(), strict=True))


def one_build(
    path: Path, counted: Mapping[str, int], first: Mapping[str, str]
) -> Generator[Fault, None, list[str]]:
    """A fault if there are several builds; returns those that there are.

    counted, first : build → how many are on it, and the first of them; empty is no build
    """
    builds = sorted(trusted(counted))
    if len(builds) > 1:
        each = [f"{counted[build]} on {build}, the first {first[build]}" for build in builds]
        yield Fault(path, "", "several genome builds", "; ".join(each))
    return builds


def _named(path: Path, reported: Told) -> Generator[Fault, None, list[tuple[str, str]]]:
    """Faults of what a file tells; returns each place and the build that it names."""
    named = []
    for place, word in reported:
        build = build_named(word)
        if build is None:
            yield Fault(path, place, "no genome build has this name", str(word))
        elif build:
            named.append((place, build))
    if len({build for _, build in named}) > 1:
        each = ", ".join(f"{build} by {place}" for place, build in named)
        yield Fault(path, "", "genome builds contradict each other", each)
    return named


def _ends(builds: set[str]) -> dict[str, int]:
    """Length of each chromosome, the largest of the builds in question; of no other genome."""
    lengths = [contigs.LENGTHS[build] for build in builds if build in contigs.LENGTHS]
    return {name: max(of[name] for of in lengths) for name in contigs.LENGTHS["GRCh38"] if lengths}
