"""Names, types and extents of genes from a GTF, as GENCODE and Ensembl write it.

Only lines of genes count. The type is called gene_type by GENCODE and gene_biotype by Ensembl.
(Format: https://www.ensembl.org/info/website/upload/gff.html)
"""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from fqtl.data.expression import gene_key
from fqtl.data.text import guarded, is_gzipped
from fqtl.errors import FqtlError

ATTRIBUTE = re.compile(r'(gene_id|gene_name|gene_type|gene_biotype) "([^"]*)"')


def read_gene_names(path: Path) -> pd.DataFrame:
    """gene_name, gene_type (empty where unknown), start and end (1-based) by gene without version.

    Of genes that are listed twice, as on both sex chromosomes, the first counts.
    """
    rows = guarded(path, lambda: list(_genes(path)))
    if not rows:
        raise FqtlError(f"{path}: expected a GTF with lines of genes, found none.")
    frame = pd.DataFrame(rows, columns=["key", "gene_name", "gene_type", "start", "end"])
    return frame.drop_duplicates("key").set_index("key")


def _genes(path: Path) -> Iterator[tuple[str, str, str, int, int]]:
    open_text = gzip.open if is_gzipped(path) else open
    with open_text(path, "rt") as lines:
        for number, line in enumerate(lines, start=1):
            if "\tgene\t" not in line or line.startswith("#"):
                continue
            fields = line.split("\t")
            reported: dict[str, str] = dict(ATTRIBUTE.findall(fields[-1]))
            if len(fields) != 9 or "gene_id" not in reported or not fields[3].isdigit():
                raise FqtlError(f"{path}, line {number}: this is no line of a GTF.")
            kind = reported.get("gene_type", reported.get("gene_biotype", ""))
            place = int(fields[3]), int(fields[4])
            yield gene_key(reported["gene_id"]), reported.get("gene_name", ""), kind, *place
