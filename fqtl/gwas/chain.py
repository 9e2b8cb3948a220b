"""Liftover of positions by a chain file, many at once.

A chain aligns two assemblies in blocks without gaps. A position inside of one block goes to one
place; on the minus strand both alleles are read from the other strand. A position in no block or
in several is not lifted. Only positions are lifted, not bases: alleles are compared with those of
the models afterwards.
(Format: https://genome.ucsc.edu/goldenPath/help/chain.html)
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fqtl.data.lines import read_lines, readable
from fqtl.errors import FqtlError
from fqtl.gwas.places import Chromosomes


@dataclass(frozen=True)
class Chain:
    """Blocks of an alignment, by the code of the chromosome that is lifted from.

    blocks : start and end (0-based, half-open), target chromosome, target start (0-based; of the
        first base, counted down where the strand is minus), and whether the strand is minus
    """

    path: Path
    blocks: dict[int, tuple[np.ndarray, ...]]

    def lift(self, chrom: np.ndarray, pos: np.ndarray) -> tuple[np.ndarray, ...]:
        """Chromosome, position (1-based; 0 if not lifted) and whether the strand is the other."""
        to_chrom = np.full(len(pos), -1, dtype=np.int64)
        to_pos = np.zeros(len(pos), dtype=np.int64)
        minus = np.zeros(len(pos), dtype=bool)
        for code in np.unique(chrom):
            if int(code) in self.blocks:
                rows = np.flatnonzero(chrom == code)
                to_chrom[rows], to_pos[rows], minus[rows] = self._lift(int(code), pos[rows] - 1)
        return to_chrom, to_pos, minus

    def _lift(self, code: int, pos: np.ndarray) -> tuple[np.ndarray, ...]:
        start, end, to_chrom, to_start, to_minus, reach = self.blocks[code]
        at = np.searchsorted(start, pos, side="right") - 1
        inside = (at >= 0) & (pos < end[at])
        # where an earlier block reaches as far there may be another target
        crowded = np.flatnonzero((at >= 0) & (pos < reach[at]))
        for row in crowded:
            here = np.flatnonzero((start <= pos[row]) & (pos[row] < end))
            inside[row] = len(here) == 1
            at[row] = here[0] if len(here) else -1
        step = pos - start[at]
        lifted = np.where(to_minus[at], to_start[at] - step, to_start[at] + step) + 1
        return (
            np.where(inside, to_chrom[at], -1),
            np.where(inside, lifted, 0),
            inside & to_minus[at],
        )


def read_chain(path: Path, chromosomes: Chromosomes) -> Chain:
    """A chain file, plain or gzipped; blocks of chromosomes that are not known are left out."""
    found: dict[int, set[tuple[int, ...]]] = {}
    lines = readable(path, lambda: read_lines(path))
    if not lines or not lines[0].startswith("chain"):
        raise FqtlError(
            f"{path} is no chain file: expected a first line that begins with 'chain', found "
            f"{lines[0].strip()[:40]!r}."
            if lines
            else f"{path} is empty: expected a chain file."
        )
    blocks: set[tuple[int, ...]] = set()
    at = to_at = target = 0
    minus = False
    try:
        for line in lines:
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if words[0] == "chain":
                source, target = chromosomes.code(words[2]), chromosomes.code(words[7])
                minus = words[9] == "-"
                at = int(words[5])
                to_at = int(words[8]) - 1 - int(words[10]) if minus else int(words[10])
                blocks = found.setdefault(source, set())
                continue
            size = int(words[0])
            blocks.add((at, at + size, target, to_at, int(minus)))
            if len(words) > 1:
                gap, to_gap = size + int(words[1]), size + int(words[2])
                at += gap
                to_at += -to_gap if minus else to_gap
    except (ValueError, IndexError) as fault:
        raise FqtlError(f"{path} is not a whole chain file ({fault}).") from fault
    found.pop(-1, None)
    return Chain(path, {source: _sorted(blocks) for source, blocks in found.items()})


def _sorted(blocks: set[tuple[int, ...]]) -> tuple[np.ndarray, ...]:
    start, end, chrom, to_start, minus = np.array(sorted(blocks), dtype=np.int64).T
    reach = np.maximum.accumulate(np.concatenate([[-1], end[:-1]]))
    return start, end, chrom, to_start, minus.astype(bool), reach
