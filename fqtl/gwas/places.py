"""Places on chromosomes as one whole number each, so that millions can be compared at once."""

import re
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fqtl.data import contigs

NUMBERED = {"23": "X", "24": "Y", "25": "MT", "26": "MT"}  # GWAS-SSF; 26 is PLINK's
SHIFT = 32
# chr1:1000, 1_1000_A_G, 1:1000:A:G:b38
COMPOSITE = (
    r"^(?:chr)?(?P<chrom>[\w.-]+?)[:_](?P<pos>[0-9]{1,9})"
    r"(?:[:_](?P<other>[ACGTacgt]+)[:_](?P<effect>[ACGTacgt]+))?(?:$|[:_;,])"
)
PREFIX = re.compile("^chr", re.IGNORECASE)


class Chromosomes:
    """Numbers of chromosomes, by any of the names that files have for them.

    names : those that are known; others have the number -1
    """

    def __init__(self, names: Iterable[str]) -> None:
        known = sorted({bare(name) for name in names}, key=contigs.order)
        self.names = known
        self._codes = {name: code for code, name in enumerate(known)}

    def code(self, name: str) -> int:
        found = bare(name)
        # 23 is X in man, and a chromosome by itself in others
        return self._codes.get(found, self._codes.get(NUMBERED.get(found, ""), -1))

    def codes(self, names: pa.Array) -> np.ndarray:
        """(rows,) numbers of names, of which many are the same."""
        packed = pc.dictionary_encode(pc.fill_null(names, ""))
        table = np.array([self.code(name) for name in packed.dictionary.to_pylist()] or [-1])
        return table[packed.indices.to_numpy(zero_copy_only=False)]


def bare(name: str) -> str:
    """Chromosome without prefix and zeros before."""
    name = contigs.bare(PREFIX.sub("", name.strip()).removesuffix(".0").upper())
    return name.lstrip("0") or "0"


def place(chrom: np.ndarray, pos: np.ndarray) -> np.ndarray:
    """(rows,) one number for chromosome and position; -1 where either is not known."""
    known = (chrom >= 0) & (pos > 0)
    return np.where(known, (chrom.astype(np.int64) << SHIFT) | pos.astype(np.int64), -1)
