"""Single effects in the columns of the eQTL Catalogue, which coloc and its kin read.

Names and order are those of its `lbf_variable` and `credible_sets` files (eQTL-Catalogue-resources,
docs/Columns_parquet.md): a row for each variant of a gene's window with log Bayes factors of up to
ten effects, and a row for each variant of a credible set. A molecular trait is a gene of a tissue,
with all effects that act in the tissue, or a factor of a gene.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from fqtl.tables.effects import Effect, GeneEffects
from fqtl.tables.numbers import p_text

COLUMNS = 10  # log Bayes factors of a variant; as of SuSiE in the eQTL Catalogue
LBF = (
    "molecular_trait_id",
    "region",
    "variant",
    "chromosome",
    "position",
    *(f"lbf_variable{number + 1}" for number in range(COLUMNS)),
)
SETS = (
    *("molecular_trait_id", "gene_id", "cs_id", "variant", "rsid", "cs_size", "pip", "pvalue"),
    *("beta", "se", "z", "cs_min_r2", "region"),
)


@dataclass(frozen=True)
class MolecularTrait:
    """What has rows of its own.

    tissue : None of a factor
    effects : at most `COLUMNS`, in the order of their columns; n_left_out : beyond these
    """

    name: str
    tissue: str | None
    effects: list[Effect]
    n_left_out: int


def traits_of(gene: GeneEffects) -> Iterator[MolecularTrait]:
    """Factors of a gene, then the gene in each tissue with an effect."""
    for factor in sorted({one.factor for one in gene.effects if one.factor is not None}):
        mine = [one for one in gene.effects if one.factor == factor]
        yield _trait(f"factor{factor}_{gene.gene_id}", None, mine)
    for tissue in gene.tissues:
        mine = [one for one in gene.effects if tissue in one.tissues]
        if mine:
            yield _trait(gene.gene_id, tissue, mine)


def _trait(name: str, tissue: str | None, effects: list[Effect]) -> MolecularTrait:
    likeliest = sorted(effects, key=lambda one: -one.pip)[:COLUMNS]
    kept = [one for one in effects if any(one is other for other in likeliest)]
    return MolecularTrait(name, tissue, kept, len(effects) - len(kept))


@dataclass(frozen=True)
class Window:
    """Variants of a gene in the words of the eQTL Catalogue; what all of its traits share."""

    variant: pa.Array
    chromosome: pa.Array
    position: np.ndarray
    region: str

    @classmethod
    def of(cls, gene: GeneEffects) -> "Window":
        ids = gene.window.to_pylist()
        parts = [one.rsplit("_", 4) for one in ids]  # chromosome, position, alleles, build
        position = np.array([int(part[1]) for part in parts], dtype=np.int64)
        chromosome = gene.chrom.removeprefix("chr")
        return cls(
            pa.array(["_".join(part[:4]) for part in parts]),
            pa.repeat(pa.scalar(chromosome), len(ids)),
            position,
            f"{gene.chrom}:{position.min()}-{position.max()}",
        )


def lbf_rows(trait: MolecularTrait, window: Window) -> pa.Table:
    """A row for each variant of the window; 0 where there is no effect for a column."""
    size = len(window.position)
    nothing = pa.array(np.zeros(size))
    columns = [
        pa.repeat(pa.scalar(trait.name), size),
        pa.repeat(pa.scalar(window.region), size),
        window.variant,
        window.chromosome,
        pa.array(window.position),
        *(pa.array(np.round(one.log_bayes_factor.astype(float), 3)) for one in trait.effects),
    ]
    columns += [nothing] * (len(LBF) - len(columns))
    return pa.table(dict(zip(LBF, columns, strict=True)))


def set_rows(trait: MolecularTrait, gene: GeneEffects, window: Window) -> pd.DataFrame:
    """A row for each variant of each credible set, the likeliest first."""
    rows = []
    for number, effect in enumerate(trait.effects):
        mine = [
            one
            for one in gene.members
            if one["set"] == effect.set and one["tissue"] == trait.tissue
        ]
        for one in mine:
            known = np.isfinite(one["beta"])
            told = {name: f"{one[name]:.6g}" if known else "NA" for name in ("beta", "se")}
            rows.append(
                {
                    "molecular_trait_id": trait.name,
                    "gene_id": gene.gene_id,
                    "cs_id": f"{trait.name}_L{number + 1}",
                    "variant": window.variant[one["variant"]].as_py(),
                    "rsid": gene.rsids[one["variant"]].as_py() or "NA",
                    "cs_size": len(mine),
                    "pip": f"{one['pip']:.6g}",
                    "pvalue": p_text(one["log_p"]),
                    **told,
                    "z": f"{one['beta'] / one['se']:.6g}" if known else "NA",
                    "cs_min_r2": f"{effect.purity**2:.6g}",
                    "region": window.region,
                }
            )
    return pd.DataFrame(rows, columns=list(SETS))
