"""Data with known effects: scenarios that favour in turn sharing, tissue-specific effects, neither.

Donors are split into those who are fitted and those for whom predictions are judged. Tissues have
the numbers of donors of GTEx v6p. A scenario draws effects (p, m) per standard deviation of
genotype, which are scaled so that a tissue with effects has the heritability that was drawn for it;
expression has unit variance.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.data.released import read_released
from fqtl.simulation.panel import GTEX_DONORS, GTEX_V6P

DEMO = Path(__file__).parent.parent.parent.parent / "resources" / "demo"
TRAIN, TEST = GTEX_DONORS, 300
SITES = 1500
MIN_MAF = 0.05
CUTOFF = 0.95  # of the released effects
UNLIKE = 0.01  # share of donors in whom twins are drawn apart

Rng = np.random.Generator
Drawn = tuple[np.ndarray, np.ndarray, int]


@dataclass(frozen=True)
class Data:
    """One gene: n donors to be fitted, others to be predicted, p variants, m tissues.

    y : (n, m) expression, NaN where a tissue is not there
    x : (n, p) dosages
    x_test, y_test, genetic_test : dosages, expression and its genetic part of the other donors
    effects : (p, m) simulated, per standard deviation of genotype
    factors : how many were simulated that act in more than one tissue
    """

    y: np.ndarray
    x: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    genetic_test: np.ndarray
    effects: np.ndarray
    factors: int


@dataclass(frozen=True)
class Scenario:
    """How effects and noise are drawn.

    draw : from a generator, p and m: effects (p, m), their heritability (m,), number of factors
    tissues : number of donors of each, of TRAIN
    noise_correlation : of one donor's tissues
    polygenic : heritability due to all variants, in tissues that have effects
    twins : whether every other variant is nearly the same as the one before it
    """

    words: str
    draw: Callable[[Rng, int, int], Drawn]
    tissues: tuple[int, ...] = tuple(GTEX_V6P.values())
    noise_correlation: float = 0.0
    polygenic: float = 0.0
    twins: bool = False


def simulate(scenario: Scenario, seed: int, test: int = TEST) -> Data:
    """One gene of a scenario; the same seed gives the same gene.

    test : donors who are not fitted
    """
    rng = np.random.default_rng(seed)
    x = genotypes(rng, TRAIN + test)
    if scenario.twins:
        make_twins(rng, x)
    standard = (x - x[:TRAIN].mean(axis=0)) / np.maximum(x[:TRAIN].std(axis=0), 1e-9)
    effects, h2, factors = scenario.draw(rng, x.shape[1], len(scenario.tissues))
    genetic, effects = scaled(standard, effects, h2)
    if scenario.polygenic:
        background = standard @ rng.standard_normal(effects.shape)
        background *= np.sqrt(scenario.polygenic) / background.std(axis=0)
        genetic += background * effects.any(axis=0)
    y = genetic + noise(rng, scenario, genetic)
    return Data(
        y=with_absent(rng, y[:TRAIN], scenario.tissues),
        x=x[:TRAIN],
        x_test=x[TRAIN:],
        y_test=y[TRAIN:],
        genetic_test=genetic[TRAIN:],
        effects=effects,
        factors=factors,
    )


def genotypes(rng: Rng, donors: int) -> np.ndarray:
    """(donors, SITES) dosages of neighbouring common variants of one population."""
    import msprime  # of the benchmark alone: tests do without

    while True:
        seed = int(rng.integers(1, 2**31))
        trees = msprime.sim_ancestry(
            donors,
            population_size=10_000,
            sequence_length=2_000_000,
            recombination_rate=1e-8,
            random_seed=seed,
        )
        haplotypes = msprime.sim_mutations(trees, rate=1e-8, random_seed=seed).genotype_matrix().T
        dosage = haplotypes[::2] + haplotypes[1::2]
        frequency = dosage.mean(axis=0) / 2
        often = np.minimum(frequency, 1 - frequency) > MIN_MAF
        common = np.flatnonzero(often & (dosage.max(axis=0) <= 2))
        if len(common) >= SITES:
            first = int(rng.integers(0, len(common) - SITES + 1))
            return dosage[:, common[first : first + SITES]].astype(np.float32)


def make_twins(rng: Rng, x: np.ndarray) -> None:
    """Make every other column of x the one before it, but for a few donors."""
    twins = x[:, ::2].copy()
    apart = rng.random(twins.shape) < UNLIKE
    x[:, 1::2] = np.where(apart, rng.permutation(twins), twins)


def scaled(x: np.ndarray, effects: np.ndarray, h2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, m) genetic values of variance h2 around 0, and the (p, m) effects that give them."""
    genetic = x @ effects
    genetic -= genetic.mean(axis=0)
    sd = genetic.std(axis=0)
    scale = np.divide(np.sqrt(h2), sd, out=np.zeros_like(sd), where=sd > 0)
    return genetic * scale, effects * scale


def noise(rng: Rng, scenario: Scenario, genetic: np.ndarray) -> np.ndarray:
    """(n, m) what makes the variance of expression 1."""
    shared = scenario.noise_correlation
    own = np.sqrt(1 - shared) * rng.standard_normal(genetic.shape)
    both = own + np.sqrt(shared) * rng.standard_normal((len(genetic), 1))
    return both * np.sqrt(1 - genetic.var(axis=0))


def with_absent(rng: Rng, y: np.ndarray, tissues: tuple[int, ...]) -> np.ndarray:
    """(n, m) y, left to as many donors of each tissue as `tissues` says."""
    y = y.copy()
    for t, size in enumerate(tissues):
        y[rng.permutation(len(y))[size:], t] = np.nan
    return y


def two_factors(rng: Rng, p: int, m: int) -> Drawn:
    """Two factors of three variants, in 5 to 20 tissues."""
    effects = np.zeros((p, m))
    for _ in range(2):
        variants = rng.choice(p, 3, replace=False)
        tissues = rng.choice(m, int(rng.integers(min(5, m), min(20, m) + 1)), replace=False)
        effects[np.ix_(variants, tissues)] += np.outer(
            rng.standard_normal(3), rng.standard_normal(len(tissues))
        )
    return effects, np.where(effects.any(axis=0), 0.1, 0.0), 2


def shared_and_specific(rng: Rng, p: int, m: int) -> Drawn:
    """One effect in all tissues alike, and a variant of its own in five of them."""
    effects = np.zeros((p, m))
    effects[rng.integers(p)] = 1.0
    for tissue in rng.choice(m, min(5, m), replace=False):
        effects[rng.integers(p), tissue] += rng.choice([-1, 1])
    return effects, np.full(m, 0.1), 1


def tissue_specific(rng: Rng, p: int, m: int) -> Drawn:
    """Nothing shared: one to three variants in each of 15 tissues."""
    effects = np.zeros((p, m))
    for tissue in rng.choice(m, min(15, m), replace=False):
        count = int(rng.integers(1, 4))
        effects[rng.choice(p, count, replace=False), tissue] = rng.standard_normal(count)
    return effects, np.where(effects.any(axis=0), rng.uniform(0.1, 0.2, m), 0.0), 0


def opposite(rng: Rng, p: int, m: int) -> Drawn:
    """One factor in 16 tissues, in half of them with the other sign."""
    effects = np.zeros((p, m))
    tissues = rng.choice(m, min(16, m), replace=False)
    sign = np.where(np.arange(len(tissues)) % 2, 1.0, -1.0)
    effects[np.ix_(rng.choice(p, 2, replace=False), tissues)] = np.outer([1.0, 0.7], sign)
    return effects, np.where(effects.any(axis=0), 0.1, 0.0), 1


def nothing(rng: Rng, p: int, m: int) -> Drawn:
    """No effects."""
    return np.zeros((p, m)), np.zeros(m), 0


def released(rng: Rng, p: int, m: int) -> Drawn:
    """Effects of a gene of GTEx v6p, its variants put on random variants in their order."""
    genes = _released_genes()
    rows = genes[int(rng.integers(len(genes)))]
    names = list(GTEX_V6P)
    known = sorted({name for row in rows["variants"] for name in row}, key=_position)
    place = dict(zip(known, np.sort(rng.choice(p, len(known), replace=False)), strict=True))
    effects, factors = np.zeros((p, m)), 0
    for row in rows.itertuples():
        left, right = np.zeros(p), np.zeros(m)
        left[[place[name] for name in row.variants]] = row.variant_loadings
        for tissue, loading in zip(row.tissues, row.tissue_loadings, strict=True):
            if tissue in names:
                right[names.index(tissue)] = loading
        effects += np.outer(left, right)
        factors += int(np.count_nonzero(right) > 1)
    share = rng.gamma(2.0, 0.05, m).clip(0.01, 0.5)
    return effects, np.where(effects.any(axis=0), share, 0.0), factors


@cache
def _released_genes() -> list[pd.DataFrame]:
    """Factors of each gene that has more than one."""
    table = read_released(DEMO / "gtex_v6p_effects.tsv.gz", CUTOFF).factors
    return [rows for _, rows in table.groupby("gene_id", sort=False) if len(rows) > 1]


def _position(name: str) -> int:
    return int(name.split("_")[1])


FIVE = (300, 200, 150, 120, 80)
SCENARIOS = {
    "A": Scenario("two factors of 3 variants in 5 to 20 tissues, h² 0.1", two_factors),
    "B": Scenario(
        "one effect in all tissues, tissue-specific ones in five, h² 0.1", shared_and_specific
    ),
    "C": Scenario(
        "nothing shared: 1 to 3 variants in each of 15 tissues, h² 0.1 to 0.2, "
        "and a polygenic background of 0.03",
        tissue_specific,
        polygenic=0.03,
    ),
    "D": Scenario("released effects of genes of GTEx v6p, h² 0.1 on average", released),
    "A-noise": Scenario(
        "as A, noise of a donor's tissues correlated 0.3", two_factors, noise_correlation=0.3
    ),
    "A-twins": Scenario("as A, every variant has a near twin", two_factors, twins=True),
    "opposite": Scenario("one factor in 16 tissues, in half of them reversed, h² 0.1", opposite),
    "null": Scenario("no effects", nothing),
    "null-noise": Scenario(
        "no effects, noise of a donor's tissues correlated 0.3", nothing, noise_correlation=0.3
    ),
    "five": Scenario("as A, in five tissues of 80 to 300 donors", two_factors, tissues=FIVE),
    "one": Scenario("as A, in one tissue of 300 donors", two_factors, tissues=(300,)),
    "tiny": Scenario("as A, tissues of 40 donors", two_factors, tissues=(40,) * 44),
}
