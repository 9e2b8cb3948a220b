"""The list of genes whose summary statistics are fitted: their chromosomes and start sites."""

from hashlib import blake2b
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.data import contigs
from fqtl.data.annotation import read_annotation
from fqtl.data.expression import gene_key
from fqtl.data.text import fields_of, guarded, read_lines, read_table
from fqtl.errors import FqtlError
from fqtl.shards.assignment import in_genome_order

GTF = (".gtf", ".gtf.gz")


def read_genes(path: Path) -> pd.DataFrame:
    """gene_id, chrom (as `chr22`) and tss (1-based) of the genes of a BED or GTF, in genome order.

    A BED has the columns #chr, start, end and gene_id, its end being the start site, as BEDs of
    expression have; a GTF tells the strand.
    """
    if path.name.lower().endswith(GTF):
        found = read_annotation(path)[["chrom", "tss"]].rename_axis("gene_id").reset_index()
        genes = found[~found["gene_id"].map(gene_key).duplicated()]
    else:
        genes = _of_bed(path)
    return in_genome_order(genes)[["gene_id", "chrom", "tss"]].reset_index(drop=True)


def _of_bed(path: Path) -> pd.DataFrame:
    head = guarded(path, lambda: read_lines(path, 2))
    names = fields_of(head)[0] if head else []
    if len(names) < 4 or names[0].lstrip("#").lower() not in ("chr", "chrom") or len(head) < 2:
        raise FqtlError(
            f"{path}: expected a header that starts with #chr, start, end, gene_id and a gene "
            f"below it; found {' '.join(names[:4])!r}."
        )
    table = read_table(path, [0, *range(3, len(names))])
    genes = pd.DataFrame(
        {
            "gene_id": table.iloc[:, 3].astype(str),
            "chrom": table.iloc[:, 0].astype(str).map(contigs.prefixed),
            "tss": table.iloc[:, 2].to_numpy(),
        }
    )
    bad = ~np.isfinite(genes["tss"].to_numpy(dtype=float))
    twice = genes["gene_id"].map(gene_key).duplicated().to_numpy()
    if bad.any() or twice.any():
        line = int(np.flatnonzero(bad | twice)[0])
        what = "no end" if bad[line] else "a gene for the second time"
        raise FqtlError(f"{path}, line {line + 2}: found {what}, {genes['gene_id'].iloc[line]!r}.")
    return genes.astype({"tss": np.int64})


def keys_of(genes: pd.DataFrame) -> list[str]:
    """Ids without versions, by which files name the genes."""
    return [gene_key(gene) for gene in genes["gene_id"]]


def gene_chromosomes(genes: pd.DataFrame) -> set[str]:
    """Chromosomes that genes are on, without prefix."""
    return {contigs.bare(chrom) for chrom in genes["chrom"].unique()}


def digest_of(genes: pd.DataFrame) -> str:
    """What tells one list of genes from another."""
    lines = (f"{row.gene_id}\t{row.chrom}\t{row.tss}" for row in genes.itertuples())
    return blake2b("\n".join(lines).encode(), digest_size=8).hexdigest()
