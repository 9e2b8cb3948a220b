"""Genes of all tissues, and shards of them.

Tissues name the same gene with the same id up to its version. The list of genes is their union,
in the order of chromosome and position; a shard is a run of neighbours in this list, so that one
pass over the genotypes serves all of its genes, and shards are of like expected cost (`cost.py`).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fqtl.data import contigs
from fqtl.data.expression import gene_key
from fqtl.errors import FqtlError
from fqtl.tables.reasons import count_reasons

NOWHERE = "usable in no tissue"


def list_genes(
    tissues: Sequence[tuple[str, pd.DataFrame]],
    chromosomes: Sequence[str] | None,
    genotyped: Sequence[str],
) -> pd.DataFrame:
    """Genes of all tissues: gene_id, chrom, tss, n_tissues, reason, and key to match tissues by.

    tissues : name and genes (gene_id, chrom, tss, reason) of each
    chromosomes : those whose genes are fitted, None for all; genotyped : those the genotypes have
    """
    everything = pd.concat(
        [genes.assign(tissue=name, key=genes["gene_id"].map(gene_key)) for name, genes in tissues],
        ignore_index=True,
    )
    _refuse_conflicts(everything)
    kept = everything[everything["reason"] == ""]
    listed = everything.drop_duplicates("key").set_index("key", drop=False)
    listed["n_tissues"] = kept.groupby("key").size().reindex(listed.index, fill_value=0)
    bare = listed["chrom"].map(contigs.bare)
    listed["reason"] = np.select(
        [
            ~_among(bare, chromosomes),
            ~bare.isin([contigs.bare(chrom) for chrom in genotyped]),
            listed["n_tissues"] == 0,
        ],
        [
            listed["chrom"] + " is not among genes.chromosomes",
            listed["chrom"] + " is not in the genotypes",
            NOWHERE,
        ],
        default="",
    )
    return in_genome_order(listed)[["gene_id", "chrom", "tss", "n_tissues", "reason", "key"]]


def on_wanted(genes: pd.DataFrame, chromosomes: Sequence[str] | None) -> list[str]:
    """Chromosomes that are asked for and have genes; none where those of the genotypes are taken.

    genes : as `list_genes` gives them
    """
    there = genes["chrom"].drop_duplicates()
    return [] if chromosomes is None else list(there[_among(there.map(contigs.bare), chromosomes)])


def _among(bare: "pd.Series[str]", chromosomes: Sequence[str] | None) -> "pd.Series[bool]":
    """Whether genes on these chromosomes are fitted."""
    if chromosomes is None:
        return pd.Series(True, index=bare.index)
    return bare.isin([contigs.bare(chrom) for chrom in chromosomes])


def require_some(genes: pd.DataFrame, in_tissues: Sequence[str] = ()) -> None:
    """Refuse a list, as `list_genes` gives it, without any gene that is to be fitted.

    in_tissues : why single tissues do not have a gene
    """
    if (genes["reason"] != "").all():
        reason, count = count_reasons(genes["reason"])[0]
        key = "genes.chromosomes"
        if reason == NOWHERE:
            key = "prepare"
            if in_tissues:
                why, times = count_reasons(in_tissues)[0]
                reason += f", {times} times of {len(in_tissues)} since {why!r}"
                # components of so few genes leave nothing of them
                key = "prepare.components and covariates" if "covariates" in why else key
        raise FqtlError(
            f"None of {len(genes)} genes can be fitted; the most frequent reason, of "
            f"{count} of them: {reason}. See {key} in the config."
        )


def in_genome_order(genes: pd.DataFrame, *then: str) -> pd.DataFrame:
    """Rows by chromosome, transcription start site, gene and the columns `then`."""
    keyed = genes.assign(chrom=genes["chrom"].map(contigs.order))
    order = keyed.reset_index(drop=True).sort_values(["chrom", "tss", "gene_id", *then]).index
    return genes.iloc[order]


def _refuse_conflicts(everything: pd.DataFrame) -> None:
    """Tissues that place a gene differently come from different builds or annotations."""
    places = everything.groupby("key")[["chrom", "tss"]].nunique().max(axis=1)
    moved = places[places > 1]
    if len(moved):
        rows = everything[everything["key"] == moved.index[0]].drop_duplicates(["chrom", "tss"])
        one, other = rows.iloc[0], rows.iloc[1]
        raise FqtlError(
            f"{one.gene_id} is at {one.chrom}:{one.tss} in {one.tissue} but at "
            f"{other.chrom}:{other.tss} in {other.tissue} ({len(moved)} genes differ). Do all "
            "expression files have the same genome build and annotation?"
        )


def assign_shards(chrom: Sequence[str], cost: np.ndarray, count: int) -> np.ndarray:
    """(genes,) shard of each gene: runs of neighbours of like cost, each of one chromosome.

    A chromosome gets its shards one by one, where the cost of a shard is largest; within it no
    shard costs more than its share and one gene more. Should there be fewer shards than
    chromosomes, shards run over from one to the next.
    chrom : (genes,) in the order of the genome; cost : (genes,) positive
    """
    if not len(cost):
        return np.zeros(0, dtype=np.int64)
    part = pd.factorize(np.asarray(chrom))[0]
    if count <= part[-1]:
        part = np.zeros_like(part)
    total = np.bincount(part, weights=cost)
    given = np.ones(len(total), dtype=np.int64)
    most = np.bincount(part)  # a shard without a gene helps nobody
    for _ in range(min(count, len(cost)) - len(given)):
        given[np.where(given < most, total / given, 0).argmax()] += 1
    before = np.cumsum(cost) - np.concatenate([[0.0], np.cumsum(total)])[part]
    within = np.floor((before - cost / 2) / total[part] * given[part]).astype(np.int64)
    return np.concatenate([[0], np.cumsum(given)])[part] + np.clip(within, 0, given[part] - 1)


def shard_name(number: int) -> str:
    """Name that sorts as the number does: `0001` for shard 0."""
    return f"{number + 1:04d}"
