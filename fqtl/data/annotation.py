"""Positions and lengths of genes, from a GTF as GENCODE writes it.

The transcription start site is the gene's first base on the plus strand and its last base on the
minus strand; GTF intervals are 1-based and hold both ends. The length of a gene is that of the
union of its exons, which is what counts of reads in genes are divided by.
(Format: https://www.ensembl.org/info/website/upload/gff.html)
"""

from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.data import contigs
from fqtl.data.text import guarded, is_gzipped
from fqtl.errors import FqtlError

LARGEST = 2**31 - 1  # no chromosome is as long
COLUMNS = {0: "chrom", 2: "feature", 3: "start", 4: "end", 6: "strand", 8: "attributes"}


def read_annotation(path: Path) -> pd.DataFrame:
    """chrom (as `chr22`), tss (1-based) and length (base pairs) of each gene, by gene_id."""
    table = guarded(path, lambda: _read(path))
    table["gene_id"] = table["attributes"].str.extract(r'\bgene_id "([^"]+)"', expand=False)
    genes = table[table["feature"] == "gene"].set_index("gene_id")
    exons = table[table["feature"] == "exon"]
    if genes.empty or exons.empty:
        raise FqtlError(
            f"{path}: expected a GTF with lines of genes and of exons, found {len(genes)} and "
            f"{len(exons)}."
        )
    unnamed = genes.index.isna()
    if unnamed.any():
        raise FqtlError(
            f'{path}: expected genes with gene_id "…" as a GTF has them, found '
            f"{genes['attributes'][unnamed].iloc[0][:60]!r} ({int(unnamed.sum())} such genes of "
            f"{len(genes)}). Is it a GFF3? `gffread -T` makes a GTF of one. See "
            "release.annotation in the config."
        )
    if not genes.index.is_unique:
        raise FqtlError(f"{path} lists the gene {genes.index[genes.index.duplicated()][0]} twice.")
    return pd.DataFrame(
        {
            "chrom": genes["chrom"].map(contigs.prefixed),
            "tss": genes["start"].where(genes["strand"] == "+", genes["end"]),
            "length": _union_lengths(exons).reindex(genes.index),
        }
    )


def read_gene_models(path: Path) -> pd.DataFrame:
    """Genes and exons: chrom (as `chr22`), feature, start, end, strand, gene_id and gene_name.

    Intervals are 1-based and hold both ends; a gene without a name has its id for it.
    """
    table = guarded(path, lambda: _read(path))
    table["gene_id"] = table["attributes"].str.extract(r'\bgene_id "([^"]+)"', expand=False)
    name = table["attributes"].str.extract(r'\bgene_name "([^"]+)"', expand=False)
    table = table.assign(
        chrom=table["chrom"].map(contigs.prefixed), gene_name=name.fillna(table["gene_id"])
    )
    if not (table["feature"] == "gene").any():
        raise FqtlError(f"{path}: expected a GTF with lines of genes, found none.")
    return table.drop(columns="attributes").dropna(subset="gene_id")


def _read(path: Path) -> pd.DataFrame:
    # lines of comments begin with #; further on it belongs to an attribute
    table = pd.read_csv(
        path,
        sep="\t",
        header=None,
        quoting=3,  # the attributes have quotes of their own
        usecols=list(COLUMNS),
        names=[COLUMNS.get(column, column) for column in range(9)],
        dtype={"chrom": str, "feature": str, "strand": str, "attributes": str},
        compression="gzip" if is_gzipped(path) else None,
        encoding="utf-8-sig",
        low_memory=False,
    )
    table.index += 1  # lines of the file, but for blank ones
    table = table[~table["chrom"].fillna("").str.startswith("#")]
    short = table["attributes"].isna() | table["chrom"].isna()
    if short.any():
        raise FqtlError(
            f"{path}: expected nine fields between tabs in every line, as a GTF has them; "
            f"{int(short.sum())} of {len(table)} lack a chromosome or attributes, the first about "
            f"line {short.idxmax()}. Was a copy cut short?"
        )
    table = table[table["feature"].isin(["gene", "exon"])]
    for name in ("start", "end"):
        numbers = pd.to_numeric(table[name], errors="coerce")
        wrong = ~((numbers >= 1) & (numbers <= LARGEST) & (numbers % 1 == 0))
        if wrong.any():
            raise FqtlError(
                f"{path}: expected 1-based places of genes and exons, found {name} "
                f"{str(table[name][wrong].iloc[0])!r} of {table['attributes'][wrong].iloc[0]} "
                f"({int(wrong.sum())} such lines)."
            )
        table = table.assign(**{name: numbers.astype(int)})
    return table


def _union_lengths(exons: pd.DataFrame) -> "pd.Series[int]":
    """Base pairs that the exons of each gene cover."""
    exons = exons.sort_values(["gene_id", "start"])
    gene = exons["gene_id"].to_numpy()
    start, end = exons["start"].to_numpy(), exons["end"].to_numpy()
    # how far the exons before reach: the largest end so far, begun anew with each gene
    reach = exons.groupby("gene_id", sort=False)["end"].cummax().to_numpy()
    before = np.where(gene[1:] == gene[:-1], reach[:-1], 0)
    fresh = np.maximum(start, np.concatenate([[0], before]) + 1)
    return pd.Series(np.maximum(end - fresh + 1, 0), index=gene).groupby(level=0).sum()
