"""Where a chromosome is cut into blocks that are hardly in LD with each other."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fqtl.data.lines import read_lines, readable
from fqtl.errors import FqtlError
from fqtl.gwas.places import bare

SIDE = 25  # variants on either side of a cut whose LD is looked at
MOST_LD = 0.1  # largest r² between the two sides that a cut may have
SHORTEST_BP = 250_000


def cuts(pos: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Positions after which a chromosome is cut, in order.

    pos : (v,) in order; values : (v, n) dosages, of whatever scale, in that order
    """
    if len(pos) < 2:
        return np.empty(0, dtype=int)
    centred = values - values.mean(axis=1, keepdims=True)
    length = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    centred = centred / np.where(length > 0, length, 1.0)
    score = np.array(
        [
            np.max((centred[max(0, i - SIDE) : i] @ centred[i : i + SIDE].T) ** 2)
            for i in range(1, len(pos))
        ]
    )
    score[np.diff(pos) == 0] = np.inf
    taken: list[int] = [int(pos[0]) - 1, int(pos[-1])]
    for i in np.argsort(score, kind="stable"):
        if score[i] > MOST_LD:
            break
        place = int(pos[i])
        if min(abs(place - other) for other in taken) >= SHORTEST_BP:
            taken.append(place)
    return np.array(sorted(taken)[1:-1], dtype=int)


def read_blocks(path: Path) -> dict[str, np.ndarray]:
    """Ends of blocks by bare chromosome, of a BED that covers chromosomes without gaps."""
    found: dict[str, list[tuple[int, int]]] = {}
    for chrom, start, end in _rows(path):
        found.setdefault(bare(chrom), []).append((start, end))
    return {chrom: np.array(sorted(end for _, end in rows)) for chrom, rows in found.items()}


def _rows(path: Path) -> Iterator[tuple[str, int, int]]:
    for number, line in enumerate(readable(path, lambda: read_lines(path)), start=1):
        words = line.split()
        if not words or words[0].startswith("#") or words[0] in ("chr", "chrom", "track"):
            continue
        if len(words) < 3 or not (words[1].isdecimal() and words[2].isdecimal()):
            raise FqtlError(
                f"{path}, line {number}: expected chromosome, start and end of a block, found "
                f"{line.strip()[:60]!r}."
            )
        yield words[0], int(words[1]), int(words[2])
