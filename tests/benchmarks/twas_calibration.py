"""Level and power of the tests of `fqtl twas`, on real genotypes with models of GTEx v6p.

python -m tests.benchmarks.twas_calibration GENOTYPES WEIGHTS [--draws 400] [--shift 6]

WEIGHTS is what `fqtl import-effects` made of released effects on GENOTYPES. Donors are split at
random: z-scores of a GWAS are drawn with the LD of one half, and tested with the same LD (matched)
or with that of the other half (mismatched: 179 donors where GENOTYPES are those of 1000 Genomes'
Europeans). Power is that of p < 2.5e-6 where the trait follows a factor that tissues share, or the
model of one tissue, with a noncentrality of `--shift` for that very model.
"""

import argparse
from pathlib import Path

import numpy as np

from fqtl.association.combination import cauchy_combination, components_test, correlation_of
from fqtl.data.dosages import Genotypes, Limits
from fqtl.data.genotypes import open_genotypes
from fqtl.gwas.effects import log_p_of
from fqtl.trait.models import Models, load_models
from fqtl.trait.over_tissues import gene_and_factor

LEVELS = (0.05, 1e-3, 1e-4)
GENOME_WIDE = np.log(2.5e-6)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("genotypes", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--shift", type=float, default=6.0)
    given = parser.parse_args()
    models = load_models([given.weights])
    rng = np.random.default_rng(1)
    genes = list(_genes(models, _dosages(given.genotypes, models), rng))
    print(f"{len(genes)} genes")
    for name, other in (("matched", False), ("mismatched", True)):
        _level(name, genes, other, given.draws, rng)
    for name, of_factor in (("shared", True), ("one tissue", False)):
        _power(name, genes, of_factor, given.draws // 10, given.shift, rng)


def _dosages(path: Path, models: Models) -> np.ndarray:
    """(v, n) of the models' variants, of their effect alleles; NaN where there is none."""
    source = open_genotypes(path, models.genome_build, "GT")
    (chrom,) = models.variants["chrom"].unique()
    pos = models.variants["pos"]
    found: Genotypes = source.read(chrom, pos.min(), pos.max(), source.donors, Limits())
    row = dict(zip(found.variants["variant_id"], range(len(found.variants)), strict=True))
    at = models.variants["variant_id"].map(row)
    dosages = np.full((len(at), len(source.donors)), np.nan)
    there = at.notna().to_numpy()
    dosages[there] = found.dosages[at[there].astype(int)]
    return dosages


def _genes(models: Models, dosages: np.ndarray, rng: np.random.Generator):
    """Of each gene with both kinds of models: loadings of tissues and factors, LD of two halves."""
    members: dict[str, list] = {}
    for found in models.sets:
        names = found.genes["gene_id"]
        genes = gene_and_factor(names)[0] if found.of_factors else names
        for number, gene in enumerate(genes):
            members.setdefault(gene, []).append((found, number))
    order = rng.permutation(dosages.shape[1])
    halves = np.array_split(order, 2)
    for mine in members.values():
        variants = np.unique(np.concatenate([x.variant[x.rows(i)] for x, i in mine]))
        values = dosages[variants]
        sd = np.array([values[:, half].std(axis=1) for half in halves])
        if not (sd > 0).all():
            continue
        ld = [np.atleast_2d(np.corrcoef(values[:, half])) for half in halves]
        place = {int(variant): i for i, variant in enumerate(variants)}
        loadings = np.zeros((len(mine), len(variants)))
        for row, (found, number) in enumerate(mine):
            rows = found.rows(number)
            loadings[row, [place[int(v)] for v in found.variant[rows]]] = found.weight[rows]
        loadings *= sd[0]
        factors = np.array([found.of_factors for found, _ in mine])
        if factors.any() and not factors.all():
            yield loadings[~factors], loadings[factors], ld[0], ld[1]


def _drawn(ld: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    values, vectors = np.linalg.eigh(ld)
    root = vectors * np.sqrt(np.clip(values, 0, None))
    return rng.standard_normal((draws, len(ld))) @ root.T


def _z(z: np.ndarray, loadings: np.ndarray, ld: np.ndarray) -> np.ndarray:
    return z @ loadings.T / np.sqrt(np.einsum("ij,jk,ik->i", loadings, ld, loadings))


def _log_p(z: np.ndarray, tissues: np.ndarray, factors: np.ndarray, ld: np.ndarray) -> dict:
    """Logarithms of p of every test; z : (draws, v)."""
    of_tissues, of_factors = (log_p_of(_z(z, models, ld)) for models in (tissues, factors))
    correlation = correlation_of(tissues, ld)
    scores = _z(z, tissues, ld)
    cauchy = [np.array([cauchy_combination(row) for row in p]) for p in (of_tissues, of_factors)]
    return {
        "one tissue": of_tissues.ravel(),
        "one factor": of_factors.ravel(),
        "tissues, Cauchy": cauchy[0],
        "tissues, components": np.array([components_test(r, correlation).log_p for r in scores]),
        "factors, Cauchy": cauchy[1],
        "tissues and factors": np.array([cauchy_combination(x) for x in np.transpose(cauchy)]),
    }


def _level(name: str, genes: list, other: bool, draws: int, rng: np.random.Generator) -> None:
    found: dict[str, list[np.ndarray]] = {}
    for tissues, factors, ld, ld_of_others in genes:
        z = _drawn(ld, draws, rng)
        tested = _log_p(z, tissues, factors, ld_of_others if other else ld)
        for test, log_p in tested.items():
            found.setdefault(test, []).append(log_p)
    for test, parts in found.items():
        log_p = np.concatenate(parts)
        shares = "  ".join(f"{level:g}: {np.mean(log_p < np.log(level)):.2g}" for level in LEVELS)
        print(f"level, {name:10s} {test:20s} {shares}  ({len(log_p)} tests)", flush=True)


def _power(
    name: str, genes: list, of_factor: bool, draws: int, shift: float, rng: np.random.Generator
) -> None:
    found: dict[str, list[np.ndarray]] = {}
    for tissues, factors, ld, _ in genes:
        chosen = factors if of_factor else tissues
        model = chosen[rng.integers(len(chosen))]
        mean = shift * ld @ model / np.sqrt(model @ ld @ model)
        tested = _log_p(_drawn(ld, draws, rng) + mean, tissues, factors, ld)
        for test, log_p in list(tested.items())[2:]:
            found.setdefault(test, []).append(log_p)
    for test, parts in found.items():
        share = np.mean(np.concatenate(parts) < GENOME_WIDE)
        print(f"power, {name:10s} {test:20s} {share:.3f}", flush=True)


if __name__ == "__main__":
    main()
