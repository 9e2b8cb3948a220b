"""Blocks of a trait that were fine-mapped, each as a figure with its numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from fqtl.errors import FqtlError
from fqtl.report import locus_plots
from fqtl.report.blocks import Figure
from fqtl.tables.files import read_tsv

KINDS = ("loci", "fine_mapping", "locus_variants")
NO_GENES = pd.DataFrame(
    columns=["chrom", "feature", "start", "end", "strand", "gene_id", "gene_name"]
)


@dataclass(frozen=True)
class Blocks:
    """Tables of all blocks of one trait, as `fqtl twas` writes them."""

    trait: str
    loci: pd.DataFrame
    models: pd.DataFrame
    variants: pd.DataFrame

    def strongest(self, count: int) -> list[int]:
        """Numbers of the blocks with the strongest variants in the GWAS."""
        most = self.variants.groupby("block")["neg_log10_p"].max()
        return [int(x) for x in most.sort_values(ascending=False, kind="stable").index[:count]]

    def of_gene(self, gene: str) -> list[int]:
        """Blocks with models of a gene, by its id with or without version, or its name."""
        ids = self.models["gene_id"]
        mine = (ids == gene) | (ids.str.split(".").str[0] == gene)
        mine |= (self.models["gene_name"] == gene) & (gene != "")
        return sorted(int(x) for x in self.models.loc[mine, "block"].unique())


def read_blocks_of(folder: Path) -> Blocks | None:
    """What `fqtl twas` wrote to a folder; None if there was no fine-mapping."""
    paths = [folder / f"{kind}.tsv.gz" for kind in KINDS]
    if not all(path.is_file() for path in paths):
        return None
    loci, rows, variants = (read_tsv(path, kind) for path, kind in zip(paths, KINDS, strict=True))
    loci, rows = (table.assign(factor=table["factor"].astype(str)) for table in (loci, rows))
    return Blocks(folder.resolve().name, loci, rows[rows["kind"] != "variant"], variants)


def required_blocks(folder: Path) -> Blocks:
    """As `read_blocks_of`, refused if there are none."""
    found = read_blocks_of(folder)
    if found is None:
        absent = next(k for k in KINDS if not (folder / f"{k}.tsv.gz").is_file())
        raise FqtlError(
            f"No such file: {folder / absent}.tsv.gz. Blocks are those that `fqtl twas` "
            "fine-mapped, with a reference panel (--ld-panel)."
        )
    return found


def figure(found: Blocks, number: int, genes: pd.DataFrame = NO_GENES) -> Figure:
    """A block, how to read it, and its numbers."""
    effects = found.loci[found.loci["block"] == number]
    models = found.models[found.models["block"] == number]
    variants = found.variants[found.variants["block"] == number]
    where = effects.iloc[0]
    here = (genes["chrom"] == where["chrom"]) & (genes["end"] >= where["start"])
    place = f"{where['chrom']}:{where['start'] / 1e6:.2f}–{where['end'] / 1e6:.2f} Mb"
    top = variants.loc[variants["neg_log10_p"].idxmax()]
    return Figure(
        f"{found.trait}_locus_{number}",
        f"{found.trait}: {place}",
        "Variants in the GWAS, coloured by LD with the strongest; z of models at the start of "
        "their genes; the probability of each to carry an effect; genes, in heavy print those "
        f"with a probability above one half. {_told(effects)}",
        f"The strongest variant is {top['variant_id']} with −log₁₀ p {top['neg_log10_p']:.1f}; "
        f"{len(models)} models of {models['gene_id'].nunique()} genes. {_told(effects)}",
        locus_plots.block(
            variants, models, effects, genes[here & (genes["start"] <= where["end"])]
        ),
        numbers_of(variants, models),
    )


def _told(effects: pd.DataFrame) -> str:
    words = [
        f"{number}: {said}" for number, said in enumerate(locus_plots.described(effects), start=1)
    ]
    return "Effects: " + "; ".join(words) + "."


def numbers_of(variants: pd.DataFrame, models: pd.DataFrame) -> pd.DataFrame:
    """All that a figure shows, variants and models."""
    columns = ["kind", "gene_id", "gene_name", "tissue", "factor", "variant_id", "chrom", "pos"]
    columns += ["z", "neg_log10_p", "pip", "r2"]
    every = pd.concat([variants.assign(kind="variant"), models], ignore_index=True)
    return every.reindex(columns=columns)


def figures(found: Blocks, numbers: Sequence[int], genes: pd.DataFrame = NO_GENES) -> list[Figure]:
    """Several blocks."""
    return [figure(found, number, genes) for number in numbers]
