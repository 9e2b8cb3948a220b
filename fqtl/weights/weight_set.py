"""Weights of many genes in memory: what every writer writes from and every reader reads into.

A set belongs to a tissue (or holds the factors of all genes). Its weights are expression per copy
of the effect allele, its covariances are of dosages 0 to 2; writers convert to what a program
wants. A reader fills in what its format holds; the rest is empty text or NaN, and a set without
covariances holds none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from fqtl.data.builds import tag_of
from fqtl.tables.fits import covariance_of

SnpKey = Literal["rsid", "varID"]
GENE = {
    "gene_id": "",
    "gene_name": "",
    "gene_type": "",
    "chrom": "",  # as chr22
    "start": 0,  # 1-based, both the transcription start site where nothing else is known
    "end": 0,
    "n_samples": 0,  # donors with expression
    "pip": np.nan,  # probability of any effect
    "r2": np.nan,  # cross-validated, and its one-sided p-value
    "p": np.nan,
    "fold_r2": np.nan,  # mean over folds, and Fisher's combination of their p-values
    "fold_p": np.nan,
    "phi": np.nan,  # of a polygenic background, as `fqtl.association.background` has it
}
VARIANT = {
    "gene_id": "",
    "variant_id": "",  # chr22_20003000_T_C_b38
    "rsid": "",  # empty where unknown
    "chrom": "",
    "pos": 0,  # 1-based
    "other_allele": "",
    "effect_allele": "",
    "weight": np.nan,  # expression per copy of the effect allele
    "frequency": np.nan,  # of the effect allele
    "hwe_p": np.nan,  # of an exact test of Hardy-Weinberg equilibrium
}
DOSAGES = 2.0  # the largest, so that no standard deviation of dosages is larger


@dataclass(frozen=True)
class WeightSet:
    """Weights of one tissue, or of factors.

    name : of the tissue; `factors` for those
    genome_build : as GRCh38 or mm39; empty where a file does not say
    n_samples : donors of the tissue
    genes : the columns GENE, one row per gene
    variants : the columns VARIANT, one row per weight; the rows of a gene together, genes in the
        order of `genes`
    covariance : covariance of the dosages of each gene's variants, gene after gene: upper triangle
        with the diagonal, row by row; None where it is not known
    """

    name: str
    genome_build: str
    n_samples: int
    genes: pd.DataFrame
    variants: pd.DataFrame
    covariance: np.ndarray | None

    @classmethod
    def of(
        cls,
        name: str,
        genome_build: str,
        n_samples: int,
        genes: pd.DataFrame,
        variants: pd.DataFrame,
        matrices: Sequence[np.ndarray] | None,
    ) -> "WeightSet":
        """A set from tables that may lack columns, and whose rows may be in any order.

        matrices : (v, v) covariance of each gene, in the order of `genes`; its rows are the
            variants of the gene in the order they have in `variants`
        """
        place = pd.Series(np.arange(len(genes)), index=genes["gene_id"])
        order = np.argsort(variants["gene_id"].map(place).to_numpy(), kind="stable")
        packed = None
        if matrices is not None:
            triangles = [matrix[np.triu_indices(len(matrix))] for matrix in matrices]
            packed = np.concatenate([np.empty(0), *triangles])
        return cls(
            name,
            genome_build,
            n_samples,
            _with_columns(genes, GENE),
            _with_columns(variants.iloc[order], VARIANT),
            packed,
        )

    @property
    def sizes(self) -> np.ndarray:
        """(genes,) number of weights of each gene."""
        rows = self.variants.groupby("gene_id", sort=False).size()
        return rows.reindex(self.genes["gene_id"], fill_value=0).to_numpy()

    def models(self) -> Iterator[tuple[str, slice, np.ndarray | None]]:
        """Gene, rows of its variants, and their covariance (v, v) where it is known."""
        row = entry = 0
        for gene, size in zip(self.genes["gene_id"], self.sizes, strict=True):
            rows, row = slice(row, row + size), row + size
            matrix = None
            if self.covariance is not None:
                pairs = size * (size + 1) // 2
                matrix = covariance_of(self.covariance[entry : entry + pairs], size)
                entry += pairs
            yield gene, rows, matrix

    def dosage_sd(self) -> np.ndarray:
        """(weights,) standard deviation of each variant's dosage; NaN where it is not known."""
        parts = [
            np.full(rows.stop - rows.start, np.nan) if matrix is None else np.sqrt(np.diag(matrix))
            for _, rows, matrix in self.models()
        ]
        return np.concatenate([np.empty(0), *parts])

    def names(self, key: SnpKey) -> "pd.Series[str]":
        """Name of each variant in files that go by that key.

        A name is never empty and never names two variants of a gene: the variant id stands in.
        """
        ids = self.variants["variant_id"]
        return ids if key == "varID" else known_rsids(self.variants).mask(lambda x: x == "", ids)

    def among(self, genes: "pd.Index[str] | Sequence[str]") -> "WeightSet":
        """The same for some of the genes."""
        kept = self.genes["gene_id"].isin(genes).to_numpy()
        sizes = self.sizes
        covariance = self.covariance
        if covariance is not None:
            covariance = covariance[np.repeat(kept, sizes * (sizes + 1) // 2)]
        return replace(
            self,
            genes=self.genes[kept].reset_index(drop=True),
            variants=self.variants[np.repeat(kept, sizes)].reset_index(drop=True),
            covariance=covariance,
        )

    def of_variants(self, kept: np.ndarray) -> "WeightSet":
        """The same for some of the weights, and for genes that have one of them.

        kept : (weights,) which
        """
        parts = [
            matrix[np.ix_(kept[rows], kept[rows])] if matrix is not None else None
            for _, rows, matrix in self.models()
        ]
        genes = self.genes["gene_id"].isin(self.variants["gene_id"][kept]).to_numpy()
        matrices = [
            part for part, some in zip(parts, genes, strict=True) if some and part is not None
        ]
        return WeightSet.of(
            self.name,
            self.genome_build,
            self.n_samples,
            self.genes[genes],
            self.variants[kept],
            None if self.covariance is None else matrices,
        )


def known_rsids(variants: pd.DataFrame) -> "pd.Series[str]":
    """rsid of each variant of each gene, emptied where it names two variants of a gene."""
    return variants["rsid"].mask(variants.duplicated(["gene_id", "rsid"], keep=False), "")


def variant_ids(variants: pd.DataFrame, genome_build: str) -> list[str]:
    """Ids of variants by chrom, pos, other_allele and effect_allele; without a build's tag if it is
    not known."""
    tag = f"_{tag_of(genome_build)}" if genome_build else ""
    places = variants[["chrom", "pos", "other_allele", "effect_allele"]]
    return ["_".join(map(str, place)) + tag for place in places.itertuples(index=False)]


def variances_alone(dosage_sd: np.ndarray) -> np.ndarray:
    """(v, v) covariance of which no more is known than the variances."""
    matrix = np.full((len(dosage_sd), len(dosage_sd)), np.nan)
    np.fill_diagonal(matrix, dosage_sd**2)
    return matrix


def passing(
    weights: WeightSet,
    *,
    min_cv_r: float,
    max_cv_p: float,
    min_gene_pip: float,
    max_q: float = 1.0,
    q: "pd.Series[float] | None" = None,
    least: "pd.Series[float] | None" = None,
) -> "pd.Index[str]":
    """Genes that pass the filter of released models: cross-validated r and p, and an effect.

    Of genes without effects one in twenty is predicted with p < 0.05. Where there is no other
    tissue the probability of an effect does not fall below 0.17, and leaves none of these out.

    q : false discovery rates by gene_id, of genes that max_q is to be asked of
    least : probability of an effect by gene_id, of genes that more than min_gene_pip is asked of
    """
    genes = weights.genes.set_index("gene_id")
    good = (genes["r2"] > min_cv_r**2) & (genes["p"] < max_cv_p) & (genes["pip"] >= min_gene_pip)
    if least is not None:
        good &= genes["pip"] >= least.reindex(genes.index).fillna(min_gene_pip)
    if q is not None:
        good &= ~(q.reindex(genes.index) > max_q)
    return genes.index[good]


def _with_columns(frame: pd.DataFrame, columns: dict[str, object]) -> pd.DataFrame:
    """The columns asked for, in their order; those that are absent hold what says so."""
    absent = {name: empty for name, empty in columns.items() if name not in frame}
    return frame.assign(**absent)[list(columns)].reset_index(drop=True)
