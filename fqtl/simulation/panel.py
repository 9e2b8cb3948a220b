"""A GTEx-like panel on real genotypes, with effects that were found in GTEx.

There is no open individual-level expression of many tissues. So what is real is taken as it is (the
genotypes, the released factored effects of GTEx v6p, the number of donors of each tissue) and only
the rest is drawn: which donor gave which tissue, covariates, and noise. What is simulated is then
known, and a run can say how much of it was found.

    y_gt = sum_k (x l_k) r_kt + covariates + noise,   variance of the first and the last adding to 1

Loadings are those released, in standard deviations. If asked, the genetic variances of all
simulated pairs of gene and tissue are scaled together to a mean of `h2`; none exceeds `MAX_H2`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fqtl.data.dosages import Genotypes
from fqtl.data.gtex import V6P as GTEX_V6P
from fqtl.data.gtex import V6P_DONORS as GTEX_DONORS

MAX_H2 = 0.5
COVARIATE_SD = 0.15  # of the effect of each covariate on a gene in a tissue


@dataclass(frozen=True)
class SimulatedFactor:
    """Loadings of one factor of one gene.

    variants : row of the genotypes → loading, per standard deviation of genotype
    tissues : name → loading, in standard deviations of expression
    """

    variants: Mapping[int, float]
    tissues: Mapping[str, float]


@dataclass(frozen=True)
class Panel:
    """Expression of many genes in many tissues, and what was simulated.

    donors : tissue → indices of its donors
    values : tissue → (g, donors of the tissue)
    covariates : names and (n, q) values, the same for all tissues
    effects : one row per simulated gene, tissue, factor and variant: gene (its number), tissue,
        factor, variant (row of the genotypes), effect (standard deviations per allele)
    """

    donors: dict[str, np.ndarray]
    values: dict[str, np.ndarray]
    covariate_names: list[str]
    covariates: np.ndarray
    effects: pd.DataFrame


def simulate_panel(
    genotypes: Genotypes,
    genes: list[list[SimulatedFactor]],
    *,
    h2: float | None,
    noise_correlation: float,
    seed: int,
) -> Panel:
    """Expression of `genes` (each a list of factors, none for a null gene) in GTEx's tissues.

    h2 : mean share of variance that genetics explains, over simulated pairs; None: as released
    noise_correlation : correlation of the noise of one donor between tissues
    """
    rng = np.random.default_rng(seed)
    n = genotypes.dosages.shape[1]
    tissues = list(GTEX_V6P)
    donors = draw_donors(n, rng)
    names, covariates = draw_covariates(n, rng)
    effects = _scaled_effects(genotypes, genes, h2)
    genetic = _genetic_values(genotypes, effects, len(genes), tissues)
    columns: dict[str, list[np.ndarray]] = {tissue: [] for tissue in tissues}
    for gene in range(len(genes)):
        shared = rng.standard_normal((n, 1)) * np.sqrt(noise_correlation)
        own = rng.standard_normal((n, len(tissues))) * np.sqrt(1 - noise_correlation)
        share = genetic[gene].var(axis=0)
        y = genetic[gene] + (shared + own) * np.sqrt(1 - share)
        y += covariates @ rng.normal(0, COVARIATE_SD, (covariates.shape[1], len(tissues)))
        for t, tissue in enumerate(tissues):
            columns[tissue].append(y[donors[tissue], t])
    values = {tissue: np.array(rows) for tissue, rows in columns.items()}
    return Panel(donors, values, names, covariates, effects)


def draw_donors(n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Donors of each tissue, in GTEx's proportions; some donors give many tissues, others few."""
    generous = rng.gamma(4.0, 0.25, n)
    return {
        tissue: np.sort(
            rng.choice(n, round(n * size / GTEX_DONORS), replace=False, p=generous / generous.sum())
        )
        for tissue, size in GTEX_V6P.items()
    }


def draw_covariates(n: int, rng: np.random.Generator) -> tuple[list[str], np.ndarray]:
    """Three continuous covariates, sex and platform, each (n,) standardised or 0 and 1."""
    continuous = rng.standard_normal((n, 3))
    binary = rng.integers(0, 2, (n, 2)).astype(float)
    return ["PC1", "PC2", "PC3", "sex", "platform"], np.hstack([continuous, binary])


def _scaled_effects(
    genotypes: Genotypes, genes: list[list[SimulatedFactor]], h2: float | None
) -> pd.DataFrame:
    """Effects per allele, all scaled by one factor to a mean heritability, then capped per pair."""
    sd = np.nanstd(genotypes.dosages, axis=1)
    rows = [
        (gene, tissue, k, variant, left * right / sd[variant])
        for gene, factors in enumerate(genes)
        for k, factor in enumerate(factors)
        for variant, left in factor.variants.items()
        for tissue, right in factor.tissues.items()
    ]
    effects = pd.DataFrame(rows, columns=["gene", "tissue", "factor", "variant", "effect"])
    if effects.empty:
        return effects
    pair = effects.groupby(["gene", "tissue"], sort=False)
    number = pair.ngroup().to_numpy()
    variance = np.array([_genetic(genotypes, rows).var() for _, rows in pair])
    scale = 1.0 if h2 is None else h2 / variance.mean()
    scaled = np.minimum(variance * scale, MAX_H2)
    return effects.assign(effect=effects["effect"] * np.sqrt(scaled / variance)[number])


def _genetic(genotypes: Genotypes, effects: pd.DataFrame) -> np.ndarray:
    """(n,) sum of dosage times effect; a missing call stands at the mean of its variant."""
    dosages = genotypes.dosages[effects["variant"].to_numpy()]
    mean = np.nanmean(dosages, axis=1, keepdims=True)
    return effects["effect"].to_numpy() @ np.where(np.isnan(dosages), mean, dosages)


def _genetic_values(
    genotypes: Genotypes, effects: pd.DataFrame, n_genes: int, tissues: list[str]
) -> np.ndarray:
    """(g, n, m) genetic values around their mean."""
    genetic = np.zeros((n_genes, genotypes.dosages.shape[1], len(tissues)))
    for (gene, tissue), rows in effects.groupby(["gene", "tissue"]):
        value = _genetic(genotypes, rows)
        genetic[gene, :, tissues.index(tissue)] = value - value.mean()
    return genetic


def released_factors(
    released: pd.DataFrame, genotypes: Genotypes, tissues: Mapping[str, int] = GTEX_V6P
) -> Iterator[tuple[str, int, list[SimulatedFactor]]]:
    """Gene, TSS and factors of released effects, with the variants that the genotypes have.

    A variant is found by position and alleles; where these are swapped its sign changes. A factor
    without variants, and a gene without factors, is left out.

    released : rows of the table that `read_released` gives
    """
    row_of = {
        (pos, other, effect): i
        for i, (pos, other, effect) in enumerate(
            genotypes.variants[["pos", "other_allele", "effect_allele"]].itertuples(index=False)
        )
    }
    for gene_id, rows in released.groupby("gene_id", sort=False):
        factors = []
        for row in rows.itertuples():
            variants = {}
            for name, loading in zip(row.variants, row.variant_loadings, strict=True):
                _, pos, other, effect, _ = name.split("_")
                if (int(pos), other, effect) in row_of:
                    variants[row_of[int(pos), other, effect]] = loading
                elif (int(pos), effect, other) in row_of:
                    variants[row_of[int(pos), effect, other]] = -loading
            known = {
                tissue: loading
                for tissue, loading in zip(row.tissues, row.tissue_loadings, strict=True)
                if tissue in tissues
            }
            if variants and known:
                factors.append(SimulatedFactor(variants, known))
        if factors:
            yield str(gene_id), int(rows["tss"].iloc[0]), factors
