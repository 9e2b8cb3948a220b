"""Everything that a run knows of one gene."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from fqtl.errors import FqtlError
from fqtl.report.results import Trait, as_text, read_traits
from fqtl.tables.files import read_parquet, read_tsv
from fqtl.tables.fits import HELD_OUT, covariance_of, explode

MOST_NAMED = 5  # genes that a message names
LISTS = (
    "variants",
    "variant_loadings",
    "tissue_loadings",
    "tissue_specific",
    "credible_sets",
    "weights",
    "prediction",
)


@dataclass(frozen=True)
class GeneRecord:
    """One gene of a run.

    fit : its row of the table of fits
    factors : factor, pip, p, q, lead_variant
    variants : variant_id, rsid, pos, frequency of each variant that carries anything
    r : (v, v) correlation of their dosages in the donors of the run
    held_out : tissue, predicted, observed of donors held out, a row each; empty where not kept
    variant_loadings, tissue_loadings, specific, sets, weights, prediction : as in the store of fits
    associations : by trait, its tests in tissues; trait_factors : the same of its factors;
        colocalisation : of its effects, where it was computed
    """

    fit: dict[str, Any]
    factors: pd.DataFrame
    variants: pd.DataFrame
    r: np.ndarray
    variant_loadings: pd.DataFrame
    tissue_loadings: pd.DataFrame
    specific: pd.DataFrame
    sets: pd.DataFrame
    weights: pd.DataFrame
    prediction: pd.DataFrame
    held_out: pd.DataFrame
    associations: dict[str, pd.DataFrame]
    trait_factors: dict[str, pd.DataFrame]
    colocalisation: dict[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def gene_id(self) -> str:
        return str(self.fit["gene_id"])


def read_fits(results: Path) -> pd.DataFrame:
    """The table of fits of a run."""
    return read_tsv(results / "fits.tsv.gz", "fits")


def strongest(fits: pd.DataFrame, count: int) -> list[str]:
    """Genes by their q and, among equal ones, by the evidence that anything acts on them."""
    fitted = fits[fits["status"] == "fitted"]
    order = fitted.sort_values(
        ["q", "neg_log_null_prob"], ascending=[True, False], kind="stable", na_position="last"
    )
    return [str(gene) for gene in order["gene_id"].head(count)]


def named(fits: pd.DataFrame, wanted: Sequence[str]) -> list[str]:
    """Genes as the run has them, of ids that may lack their version."""
    ids = fits["gene_id"].astype(str)
    bare = pd.Series(ids.to_numpy(), index=ids.str.replace(r"\.\d+$", "", regex=True))
    found = []
    for name in wanted:
        mine = [name] if (ids == name).any() else list(bare[bare.index == name])
        if len(mine) != 1:
            raise FqtlError(
                f"Gene {name}: expected one of the {len(ids):,} genes of the run (as "
                f"{', '.join(ids[:MOST_NAMED])}), found {len(mine)} of that name in fits.tsv.gz."
            )
        found.append(mine[0])
    return found


@dataclass(frozen=True)
class Found:
    """What tables of a run say of all genes, beside the stores of their fits.

    fits : the table of fits by gene_id; factors : the table of factors; traits : that were tested
    """

    fits: pd.DataFrame
    factors: pd.DataFrame
    traits: Sequence[Trait]


def read_found(
    results: Path, fits: pd.DataFrame, only_traits: Sequence[str] | None = None
) -> Found:
    """Tables of a run.

    only_traits : those of the run, where others may lie beside them; all by default
    """
    factors = read_tsv(results / "factors.tsv.gz", "factors")
    return Found(fits.set_index("gene_id"), factors, read_traits(results / "twas", only_traits))


def read_records(store: Path, genes: Sequence[str], found: Found) -> Iterator[GeneRecord]:
    """Genes of one store of fits, one after another."""
    wanted = ["gene_id", *LISTS, "covariance"]
    kept = HELD_OUT.names if set(HELD_OUT.names) <= set(pq.read_schema(store).names) else []
    table = read_parquet(store, "fits", [*wanted, *kept], [("gene_id", "in", list(genes))])[0]
    lists = {name: explode(table, name) for name in LISTS}
    for row, gene in enumerate(table["gene_id"].to_pylist()):
        parts = {name: part[part["row"] == row] for name, part in lists.items()}
        covariance = covariance_of(table["covariance"][row].as_py(), len(parts["variants"]))
        yield GeneRecord(
            fit={"gene_id": gene, **found.fits.loc[gene].to_dict()},
            factors=found.factors[found.factors["gene_id"] == gene],
            variants=parts["variants"],
            r=correlation(covariance),
            variant_loadings=parts["variant_loadings"],
            tissue_loadings=parts["tissue_loadings"],
            specific=parts["tissue_specific"],
            sets=parts["credible_sets"],
            weights=parts["weights"],
            prediction=parts["prediction"],
            held_out=_held_out(table["held_out"][row].as_py() if kept else None),
            **_of_traits(found.traits, gene),
        )


def _held_out(tissues: list[dict[str, Any]] | None) -> pd.DataFrame:
    """A row for each donor of each tissue."""
    parts = [pd.DataFrame({"tissue": [], "predicted": [], "observed": []})]
    parts += [pd.DataFrame(tissue) for tissue in tissues or []]
    return pd.concat(parts[1:] or parts, ignore_index=True)


def stores_of(results: Path, genes: Sequence[str]) -> dict[Path, list[str]]:
    """Stores that hold genes, and which: that of a shard if it is still there.

    A store of all genes may not fit into memory; one of a shard does.
    """
    whole = results / "fits.parquet"
    if not (results / "shards.tsv").exists():
        return {whole: list(genes)}
    shards = read_tsv(results / "shards.tsv", "shards").set_index("gene_id")["shard"]
    found: dict[Path, list[str]] = {}
    for gene in genes:
        part = results / "fits" / f"{shards.get(gene)}.parquet"
        found.setdefault(part if part.exists() else whole, []).append(gene)
    return found


def _of_traits(traits: Sequence[Trait], gene: str) -> dict[str, dict[str, pd.DataFrame]]:
    return {
        "associations": {
            trait.name: as_text(trait.associations[trait.associations["gene_id"] == gene])
            for trait in traits
        },
        "trait_factors": {
            trait.name: as_text(trait.factors[trait.factors["gene_id"] == gene]) for trait in traits
        },
        "colocalisation": {
            trait.name: rows[rows["gene_id"] == gene]
            for trait in traits
            if (rows := trait.others.get("colocalisation")) is not None
        },
    }


def correlation(covariance: np.ndarray) -> np.ndarray:
    """(v, v) correlation; 0 of what does not vary, but with itself."""
    sd = np.sqrt(np.diag(covariance))
    scale = np.outer(sd, sd)
    r = np.divide(covariance, scale, out=np.zeros_like(covariance), where=scale > 0)
    np.fill_diagonal(r, 1.0)
    return r
