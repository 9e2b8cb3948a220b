"""Samples in a GCT of all tissues, and the tissue of each by GTEx's table of sample attributes.

Both are read before any job, to list the tissues there are, and need no arrays.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from fqtl.data.lines import read_lines, readable, unquoted
from fqtl.errors import FqtlError

LEADING = ["name", "description"]  # columns before the samples, perhaps behind another one


def tissue_name(words: str) -> str:
    """Name of a tissue as GTEx's files have it.

    `Brain - Spinal cord (cervical c-1)` is called `Brain_Spinal_cord_cervical_c-1`.
    """
    return re.sub(r"[() ]+", "_", words.replace(" - ", "_")).strip("_")


def read_tissue_of_samples(path: Path) -> dict[str, str]:
    """Tissue of each sample, by GTEx's table of sample attributes (SAMPID, SMTSD).

    Lines before the header, as dbGaP has them, are passed over.
    """
    lines = readable(path, lambda: read_lines(path))
    rows = [
        [unquoted(field) for field in line.rstrip("\r\n").split("\t")]
        for line in lines
        if "\t" in line and line[0] != "#"
    ]
    names = rows[0] if rows else []
    absent = sorted({"SAMPID", "SMTSD"} - set(names))
    if absent:
        raise FqtlError(
            f"{path}: expected a header with SAMPID and SMTSD, separated by tabs; {absent[0]} is "
            "missing. See release.samples in the config."
        )
    sample, tissue = names.index("SAMPID"), names.index("SMTSD")
    return {
        row[sample]: tissue_name(row[tissue])
        for row in rows[1:]
        if len(row) > max(sample, tissue) and row[tissue]
    }


@dataclass(frozen=True)
class GctHead:
    """The header of a GCT.

    leading : columns before the samples
    gene : which of them names genes
    """

    leading: int
    gene: int
    samples: list[str]


def gct_samples(path: Path) -> list[str]:
    """Names of the samples in the header of a GCT."""
    return gct_head(path).samples


def gct_head(path: Path) -> GctHead:
    """The header of a GCT, refused where it is of another version or does not name its samples."""
    head = readable(path, lambda: read_lines(path, 3))
    if head and not head[0].strip().strip('"').startswith("#1.2"):
        raise FqtlError(
            f"{path}: expected a GCT of version #1.2, found {head[0].strip()!r}. Later ones "
            "have annotations among the counts: write the counts alone, as #1.2."
        )
    line = head[2].rstrip("\r\n") if len(head) == 3 else ""
    names = [unquoted(name) for name in line.split("\t")]
    words = [name.strip().lower() for name in names]
    gene = words.index(LEADING[0]) if LEADING[0] in words[:2] else -1
    if gene < 0 or words[gene : gene + 2] != LEADING or len(names) < gene + 3:
        raise FqtlError(
            f"{path}: expected a third line with Name, Description and samples, separated by tabs; "
            f"found {' '.join(names[:3])!r}. Name the column of gene ids Name, and put one called "
            "Description behind it."
        )
    found = GctHead(gene + 2, gene, names[gene + 2 :])
    samples = found.samples
    said = said_numbers(path)[1]
    if said != str(len(samples)):
        raise FqtlError(
            f"{path}: its second line says {said} samples, its header names {len(samples)}. Was a "
            "copy cut short, or were samples left out without changing that line?"
        )
    return found


def said_numbers(path: Path) -> tuple[str, str]:
    """Numbers of genes and of samples, as the second line of a GCT has them."""
    words = [unquoted(word) for word in read_lines(path, 2)[1].split()]
    genes, samples, *_ = [*words, "no number of", "no number of"]
    return genes, samples
