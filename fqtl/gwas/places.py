"""Places on chromosomes as one whole number each, so that millions can be compared at once."""

import re
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fqtl.data import contigs

NUMBERED = {"23": "X", "24": "Y", "25": "MT", "26": "MT"}  # GWAS-SSF; 26 is PLINK's
SHIFT = 32
# 1_1000_A_G, chr1:1000:A:G:b38, 1-1000-A-G, 1:1000_A/G, 1:1000:rs1:A_G; not 1:1000:A:G,T
WITH_ALLELES = (
    r"^(?:chr)?(?P<chrom>[\w.-]+?)[:_-](?P<pos>[0-9]{1,9})(?:[:_](?:rs[0-9]+|nors))?"
    r"[:_-](?P<other>[ACGTacgt]+)[:_/-](?P<effect>[ACGTacgt]+)(?:$|[:_;-]|,[^ACGT])"
)
PLACE = r"^(?:chr)?(?P<chrom>[\w.-]+?)[:_](?P<pos>[0-9]{1,9})(?:$|[:_;,])"  # chr1:1000
RS_NUMBER = r"(?:^|[:_;,])(?P<rsid>rs[0-9]+)(?:$|[:_;,])"  # rs1, rs1:1000:A:G, rs1_A
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


def parts_of(names: pa.Array) -> dict[str, pa.Array]:
    """What names of variants tell: chrom, pos, and other and effect (alleles), empty text where
    they do not.

    A name is first read as one with alleles: `scaffold_12_3456_A_T` is no place 12 of a `scaffold`.
    """
    text = pc.fill_null(names, "")
    whole, short = pc.extract_regex(text, WITH_ALLELES), pc.extract_regex(text, PLACE)
    is_whole = pc.is_valid(whole)

    def told(found: pa.Array, name: str) -> pa.Array:
        return pc.fill_null(pc.struct_field(found, name), "")

    found = {
        name: pc.if_else(is_whole, told(whole, name), told(short, name))
        for name in ("chrom", "pos")
    }
    return found | {name: told(whole, name) for name in ("other", "effect")}


def rs_number_in(names: pa.Array) -> pa.Array:
    """The rs number in each name, empty text where there is none."""
    found = pc.extract_regex(pc.fill_null(names, ""), RS_NUMBER)
    return pc.fill_null(pc.struct_field(found, "rsid"), "")


def remaining(allele: pa.Array, one: pa.Array, two: pa.Array) -> pa.Array:
    """The other one of two alleles, empty text where the given one is neither."""
    of_two = pc.if_else(pc.equal(allele, two), one, "")
    return pc.if_else(pc.equal(allele, one), two, of_two)


def place(chrom: np.ndarray, pos: np.ndarray) -> np.ndarray:
    """(rows,) one number for chromosome and position; -1 where either is not known."""
    known = (chrom >= 0) & (pos > 0)
    return np.where(known, (chrom.astype(np.int64) << SHIFT) | pos.astype(np.int64), -1)
