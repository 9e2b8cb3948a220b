"""A trait that follows some of a panel's simulated effects, and its GWAS.

    y = sum_i a_i g_i + e,   g_i of variance 1: x'l of a factor, the genetic value of one tissue,
                             or the dosage of one variant.

z-scores of a GWAS of N donors who have the LD of the panel's n: with X standardised,

    z = sqrt(N) X y_g / n + X e / sqrt(n),   e ~ N(0, 1),

whose noise has the covariance X X' / n, as that of marginal tests has.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fqtl.data.dosages import Genotypes

APART_BP = 200_000  # between what the trait follows, where there is room
SHARED = 3  # tissues of a factor that is taken for one that tissues share


@dataclass(frozen=True)
class SimulatedTrait:
    """z-scores of a trait, and what it follows.

    z : (p,) of the effect alleles of the genotypes
    truth : mechanism (factor, tissue or variant), gene_id, factor, tissue, variant_id, pos, effect
        (standard deviations of the trait per standard deviation of the genetic value)
    """

    z: np.ndarray
    truth: pd.DataFrame


def simulate_trait(
    genotypes: Genotypes,
    effects: pd.DataFrame,
    *,
    donors: int,
    genes: int,
    variants: int,
    h2: float,
    seed: int,
) -> SimulatedTrait:
    """A trait of `genes` genes, by a factor and by one tissue in turn, and of single variants.

    effects : gene_id, tissue, factor, variant_id, effect per allele of the panel (its truth)
    h2 : share of the trait's variance that all of them explain, each the same
    """
    rng = np.random.default_rng(seed)
    x = _standardised(genotypes.dosages)
    known = effects[effects["variant_id"].isin(set(genotypes.variants["variant_id"]))]
    followed = [*_of_genes(known, genotypes, genes, rng), *_of_variants(genotypes, variants, rng)]
    size = np.sqrt(h2 / max(len(followed), 1))
    signs = rng.choice([-1.0, 1.0], len(followed))
    values, rows = np.zeros(x.shape[1]), []
    for (about, loading), sign in zip(followed, signs, strict=True):
        value = loading @ np.nan_to_num(genotypes.dosages - _means(genotypes.dosages))
        values += sign * size * value / value.std()
        rows.append({**about, "effect": sign * size})
    n = x.shape[1]
    z = np.sqrt(donors) * (x @ values) / n + x @ rng.standard_normal(n) / np.sqrt(n)
    names = ["mechanism", "gene_id", "factor", "tissue", "variant_id", "pos", "effect"]
    return SimulatedTrait(z, pd.DataFrame(rows, columns=names).sort_values("pos"))


def _means(dosages: np.ndarray) -> np.ndarray:
    return np.nanmean(dosages, axis=1, keepdims=True)


def _standardised(dosages: np.ndarray) -> np.ndarray:
    """(p, n) of mean 0 and variance 1; a missing call stands at the mean."""
    centred = np.nan_to_num(dosages - _means(dosages)).astype(float)
    sd = centred.std(axis=1, keepdims=True)
    return centred / np.where(sd > 0, sd, 1.0)


def _of_genes(
    effects: pd.DataFrame, genotypes: Genotypes, genes: int, rng: np.random.Generator
) -> Iterator[tuple[dict[str, object], np.ndarray]]:
    """What the trait follows of each gene, and its (p,) loadings per allele."""
    row = {name: i for i, name in enumerate(genotypes.variants["variant_id"])}
    pos = genotypes.variants["pos"].to_numpy()
    listed = effects["gene_id"].unique()
    shared = effects.groupby(["gene_id", "factor"])["tissue"].nunique() >= SHARED
    taken: list[int] = []
    for gene in rng.permutation(listed):
        if len(taken) == genes:
            return
        mine = effects[effects["gene_id"] == gene]
        wanted = "factor" if len(taken) % 2 == 0 else "tissue"
        if wanted == "factor":
            factors = [k for k in mine["factor"].unique() if shared[gene, k]]
            if not factors:
                continue
            mine = mine[mine["factor"] == factors[0]]
        tissue = mine.groupby("tissue")["effect"].apply(lambda x: (x**2).sum()).idxmax()
        mine = mine[mine["tissue"] == tissue]
        loading = np.zeros(len(pos))
        np.add.at(loading, [row[name] for name in mine["variant_id"]], mine["effect"])
        lead = int(np.argmax(np.abs(loading)))
        if any(abs(pos[lead] - other) < APART_BP for other in taken):
            continue
        taken.append(int(pos[lead]))
        yield (
            {
                "mechanism": wanted,
                "gene_id": gene,
                "factor": str(mine["factor"].iloc[0]) if wanted == "factor" else "",
                "tissue": "" if wanted == "factor" else tissue,
                "variant_id": genotypes.variants["variant_id"].iloc[lead],
                "pos": int(pos[lead]),
            },
            loading,
        )


def _of_variants(
    genotypes: Genotypes, variants: int, rng: np.random.Generator
) -> Iterator[tuple[dict[str, object], np.ndarray]]:
    """Single variants that no gene stands for."""
    common = np.flatnonzero(np.abs(_means(genotypes.dosages)[:, 0] - 1) < 0.9)
    for chosen in rng.choice(common, min(variants, len(common)), replace=False):
        loading = np.zeros(len(genotypes.variants))
        loading[chosen] = 1.0
        about = genotypes.variants.iloc[chosen]
        nothing = {"gene_id": "", "factor": "", "tissue": ""}
        yield (
            {
                "mechanism": "variant",
                **nothing,
                "variant_id": about["variant_id"],
                "pos": about["pos"],
            },
            loading,
        )


def gwas_table(genotypes: Genotypes, z: np.ndarray, donors: int) -> pd.DataFrame:
    """z-scores as effects of a standardised trait, with the columns of GWAS-SSF but its p."""
    frequency = _means(genotypes.dosages)[:, 0].astype(float) / 2
    se = 1 / np.sqrt(2 * frequency * (1 - frequency) * donors)
    about = genotypes.variants
    return pd.DataFrame(
        {
            "chromosome": about["chrom"].str.removeprefix("chr"),
            "base_pair_location": about["pos"],
            "effect_allele": about["effect_allele"],
            "other_allele": about["other_allele"],
            "beta": [f"{value:.6g}" for value in z * se],
            "standard_error": [f"{value:.6g}" for value in se],
            "effect_allele_frequency": [f"{value:.4f}" for value in frequency],
            "rsid": about["rsid"].where(about["rsid"] != "", "#NA"),
            "n": donors,
        }
    )
