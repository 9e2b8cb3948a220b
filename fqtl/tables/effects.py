"""Single effects out of the store of fits: what Bayes factors they have at which variants."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fqtl.errors import FqtlError
from fqtl.tables.files import read_parquet
from fqtl.tables.fits import EFFECTS, FITS, HELD_OUT

NEEDS = ("gene_id", "chrom", "prediction", *EFFECTS.names)


@dataclass(frozen=True)
class Effect:
    """One effect, of a factor or of a tissue: the other is None.

    set : its number among the credible sets of the gene
    tissues : that it acts in
    log_bayes_factor : (v,) at each variant of the window
    """

    set: int
    factor: int | None
    tissue: str | None
    tissues: list[str]
    pip: float
    purity: float
    log_bayes_factor: np.ndarray


@dataclass(frozen=True)
class GeneEffects:
    """Effects of one gene.

    tissues : in which it was fitted
    window, rsids : (v,) variants of its cis window, chr22_20003000_T_C_b38
    members : set, tissue (None of a factor), variant (a number in the window), pip, beta, se and
        log_p of each variant of a credible set
    """

    gene_id: str
    chrom: str
    tissues: list[str]
    window: pa.StringArray
    rsids: pa.StringArray
    effects: list[Effect]
    members: list[dict[str, Any]]


def require_effects(path: Path, genome_build: str) -> None:
    """Refuse fits that do not hold effects, or hold those of variants of another build."""
    _, about = read_parquet(path, "fits", ["gene_id"])
    _refuse_without(path, pq.read_schema(path).names)
    if genome_build and about["genome_build"] != genome_build:
        raise FqtlError(f"{path} is on {about['genome_build']}, and the models on {genome_build}.")


def _refuse_without(path: Path, names: list[str]) -> None:
    absent = [name for name in EFFECTS.names if name not in names]
    if absent:
        raise FqtlError(
            f"{path} has no Bayes factors of single effects ({', '.join(absent)}): it is the store "
            "of all fits, which does without (give those of its shards, fits/*.parquet), or of an "
            "earlier version. Of the latter delete fits/ of the results and run again."
        )


def read_effects(path: Path) -> Iterator[GeneEffects]:
    """Genes of a shard's fits that were fitted, with their effects if they have any."""
    others = [name for name in (*FITS.names, *HELD_OUT.names) if name not in NEEDS]
    table, _ = read_parquet(path, "fits", without=others)
    _refuse_without(path, table.column_names)
    for row in range(len(table)):
        one = {name: table[name][row] for name in NEEDS}
        if one["effects"].is_valid:
            yield _gene(one)


def _gene(one: dict[str, Any]) -> GeneEffects:
    effects = []
    for found in one["effects"].values or []:
        told = {name: found[name].as_py() for name in found if name != "log_bayes_factor"}
        values = found["log_bayes_factor"].values.to_numpy(zero_copy_only=False)
        effects.append(Effect(log_bayes_factor=values, **told))
    return GeneEffects(
        one["gene_id"].as_py(),
        one["chrom"].as_py(),
        [row["tissue"] for row in one["prediction"].as_py() or []],
        one["window"].values,
        one["window_rsids"].values,
        effects,
        one["members"].as_py(),
    )
