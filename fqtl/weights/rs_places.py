"""Places of variants that a weight file names by rs number alone, from a table of rs numbers.

PredictDB models of GTEx v6p have no varID. A table as GTEx releases one, or as `fqtl rsids` keeps
it, has the position and alleles of each rs number. The alleles of the weights have to be those of
the table, in either order or on the other strand; on the forward strand they are written.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from fqtl.data.alleles import agreeing
from fqtl.data.rsids import read_lookup
from fqtl.errors import FqtlError
from fqtl.tables.files import read_parquet
from fqtl.weights.conversion import Loaded
from fqtl.weights.weight_set import WeightSet, variant_ids

Place = tuple[str, int, str, str]  # chromosome, position, other and effect allele
ABSENT = "its rs number is not in the table of rs numbers"
OTHER = "its alleles are not those of its rs number"
SEVERAL = "its rs number is at several places"


def with_places(loaded: Loaded, table: Path, build: str) -> tuple[Loaded, pd.DataFrame]:
    """The set with positions for variants that had none, and those that the table lacks.

    The second is a table of gene_id, variant_id and reason.

    table : text with chr, pos, ref, alt and rsid, or what `fqtl rsids` made of it
    """
    weights = loaded.weights
    variants = weights.variants
    unplaced = ((variants["pos"] == 0) | (variants["chrom"] == "")).to_numpy()
    lost = variants[["gene_id", "variant_id"]].assign(reason="")
    if not unplaced.any():
        return loaded, lost[:0]
    names = variants["rsid"].mask(variants["rsid"] == "", variants["variant_id"])
    known = _known(table, build, set(names[unplaced]))
    if not known:
        raise FqtlError(
            f"{table} has none of the {int(unplaced.sum())} variants of {loaded.path} that have no "
            f"position, the first {names[unplaced].iloc[0]!r}. Are they rs numbers, and is it the "
            "whole table (--rsids)?"
        )
    variants = variants.copy()
    reasons = np.full(len(variants), "", dtype=object)
    for row in np.flatnonzero(unplaced):
        entry = variants.iloc[row]
        place, reasons[row] = _place(
            known.get(names.iloc[row], []), entry["other_allele"], entry["effect_allele"]
        )
        if place is not None:
            columns = ["chrom", "pos", "other_allele", "effect_allele"]
            for name, value in zip(columns, place, strict=True):
                variants.iat[row, variants.columns.get_loc(name)] = value
    kept = reasons == ""
    ids = pd.Series(variant_ids(variants, build), index=variants.index)
    variants["variant_id"] = ids.where(unplaced, variants["variant_id"])
    weights = replace(weights, variants=variants)
    made = weights.of_variants(kept) if not kept.all() else weights
    idle = weights.genes["gene_id"][~weights.genes["gene_id"].isin(made.genes["gene_id"])]
    gone = pd.DataFrame({"gene_id": idle, "reason": "none of its variants has a place"})
    left_out = pd.concat([loaded.left_out, gone], ignore_index=True)
    placed = replace(loaded, weights=_with_genes(made), left_out=left_out)
    return placed, lost.assign(reason=reasons)[~kept]


def _with_genes(weights: WeightSet) -> WeightSet:
    """The set with the place of its first variant for a gene that had none."""
    first = weights.variants.drop_duplicates("gene_id").set_index("gene_id")
    genes = weights.genes
    at = first.reindex(genes["gene_id"])
    chrom = genes["chrom"].mask(genes["chrom"] == "", at["chrom"].to_numpy())
    unknown = genes["start"] == 0
    start = genes["start"].mask(unknown, at["pos"].to_numpy())
    end = genes["end"].mask(unknown, at["pos"].to_numpy())
    return replace(weights, genes=genes.assign(chrom=chrom, start=start, end=end))


def _place(known: list[Place], other: str, effect: str) -> tuple[Place | None, str]:
    """Where a variant is, with its alleles in the order of the weights; or why nobody knows."""
    found: dict[tuple[str, int], Place] = {}
    for chrom, pos, ref, alt in known:
        pair, swapped, _ = agreeing(other, effect, [(ref, alt)])
        if pair is not None:
            one, two = pair[::-1] if swapped else pair
            found.setdefault((chrom, pos), (chrom, pos, one, two))
    if len(found) == 1:
        return next(iter(found.values())), ""
    return None, ABSENT if not known else SEVERAL if found else OTHER


def _known(table: Path, build: str, wanted: set[str]) -> dict[str, list[Place]]:
    """Places of the rs numbers that are wanted."""
    names = pa.array(sorted(wanted), pa.string())
    found: dict[str, list[Place]] = {}
    for part in _parts(table, build, names):
        for row in part.filter(pc.is_in(part["rsid"], names)).to_pylist():
            place = (row["chrom"], row["pos"], row["other_allele"], row["effect_allele"])
            found.setdefault(row["rsid"], []).append(place)
    return found


def _parts(table: Path, build: str, names: pa.Array) -> Iterable[pa.Table]:
    if not table.is_file():
        raise FqtlError(f"No such file: {table}. See --rsids.")
    with open(table, "rb") as stream:
        kept_by_us = stream.read(4) == b"PAR1"
    if not kept_by_us:
        yield from read_lookup(table, build)
        return
    kept, about = read_parquet(table, "rsids", rows=[("rsid", "in", names.to_pylist())])
    if about["genome_build"] != build:
        raise FqtlError(f"{table} is on {about['genome_build']}, and --genome-build says {build}.")
    yield kept
