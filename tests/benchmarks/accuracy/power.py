"""The power study of the 2017 paper, on real genotypes.

5, 10, 20 or 30 of 44 tissues are causal, each in one of `rank` groups at random. A group has 1, 3
or 5 causal variants of the cis window of a gene, with N(0, 1) effects times N(0, 1) effects of its
tissues; noise is added up to the heritability of a tissue, and the other tissues are noise. Tissues
have the numbers of donors of GTEx v6p, or all there are. Replicate r has the same gene, tissues,
variants and noise at every heritability.

(Source of the design and of PUBLISHED: Park, Sarkar, Bhutani, Kellis 2017, bioRxiv 107623, and its
code, github.com/YPARK/gtex-fqtl)
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

import fqtl
from fqtl.data.expression import read_expression
from fqtl.data.genotypes import Genotypes, Limits, open_genotypes
from fqtl.simulation.panel import GTEX_V6P
from tests.benchmarks.accuracy.metrics import TWIN, ld
from tests.benchmarks.accuracy.scenarios import DEMO, scaled, with_absent

WINDOW_BP = 1_000_000
COUNTS = tuple(product((5, 10, 20, 30), (1, 3, 5)))  # of causal tissues, of variants of a group
RANKS = (1, 2, 3)
H2 = (0.05, 0.1, 0.15, 0.2, 0.3)
LEVELS = (0.01, 0.1)
WHAT = ("tissues", "variants", "variants or twins")
# power at a false discovery rate of 1 %, mean over genes, by rank, for H2
PUBLISHED = {
    "tissues": {
        1: (0.45, 0.84, 0.95, 0.98, 1.0),
        2: (0.31, 0.68, 0.86, 0.94, 0.99),
        3: (0.27, 0.59, 0.81, 0.92, 0.99),
    },
    "variants": {
        1: (0.19, 0.27, 0.31, 0.32, 0.35),
        2: (0.10, 0.18, 0.22, 0.25, 0.28),
        3: (0.07, 0.15, 0.19, 0.21, 0.24),
    },
}


@dataclass(frozen=True)
class Region:
    """Genotypes of all donors, and where the genes are whose cis windows lie within."""

    genotypes: Genotypes
    tss: np.ndarray

    def window(self, gene: int) -> np.ndarray:
        """(n, p) dosages of the variants near a gene."""
        tss = int(self.tss[gene])
        return self.genotypes.window(tss - WINDOW_BP, tss + WINDOW_BP).dosages.T


def read_region() -> Region:
    """The region of chromosome 22 that the project carries along."""
    source = open_genotypes(DEMO / "genotypes.chr22.vcf.gz", "GRCh37", "GT")
    everything = source.read("22", 1, 2**31 - 1, source.donors, Limits(0.05, 0.1))
    tss = read_expression(DEMO / "lymphoblastoid.bed.gz").genes["tss"].to_numpy()
    pos = everything.variants["pos"].to_numpy()
    inside = (tss - WINDOW_BP >= pos.min()) & (tss + WINDOW_BP <= pos.max())
    return Region(everything, np.unique(tss[inside]))


@dataclass(frozen=True)
class Gene:
    """One simulated gene.

    y : (n, m) with NaN; x : (n, p); effects : (p, m) simulated
    factors : groups of more than one tissue
    """

    y: np.ndarray
    x: np.ndarray
    effects: np.ndarray
    factors: int


def draw(region: Region, rank: int, h2: float, replicate: int) -> Gene:
    """The gene of a replicate."""
    rng = np.random.default_rng([rank, replicate])
    x = region.window(int(rng.integers(len(region.tss))))
    n, p, m = *x.shape, len(GTEX_V6P)
    n_tissues, n_variants = COUNTS[replicate % len(COUNTS)]
    tissues = rng.choice(m, n_tissues, replace=False)
    group = rng.integers(rank, size=n_tissues)
    effects = np.zeros((p, m))
    for k in np.unique(group):
        members, variants = tissues[group == k], rng.choice(p, n_variants, replace=False)
        sizes = np.outer(rng.standard_normal(n_variants), rng.standard_normal(len(members)))
        effects[np.ix_(variants, members)] = sizes
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    share = np.where(effects.any(axis=0), h2, 0.0)
    genetic, effects = scaled(standard, effects, share)
    y = genetic + np.sqrt(1 - share) * rng.standard_normal((n, m))
    factors = int((np.bincount(group) > 1).sum())
    return Gene(with_absent(rng, y, tuple(GTEX_V6P.values())), x, effects, factors)


@dataclass(frozen=True)
class Ranked:
    """Scores of tissues or variants, of a gene or of many.

    score, right : (size,) of each, and whether it would be right to call it
    best : (simulated,) the score by which each simulated one is found
    """

    score: np.ndarray
    right: np.ndarray
    best: np.ndarray

    def power(self, level: float) -> float:
        """Share found at the lowest cut-off whose calls are wrong at `level` at most."""
        order = np.argsort(-self.score, kind="stable")
        score, wrong = self.score[order], np.cumsum(~self.right[order])
        ends = np.append(np.diff(score) < 0, True)  # equal scores are called together
        allowed = ends & (wrong <= level * np.arange(1, len(order) + 1))
        return float((self.best >= score[allowed].min(initial=np.inf)).mean())


def ranked(gene: Gene, fit: fqtl.Fit) -> dict[str, Ranked]:
    """Tissues, variants, and variants of which twins of simulated ones are as good."""
    acts, simulated = np.asarray(gene.effects.any(axis=0)), np.asarray(gene.effects.any(axis=1))
    pip = fit.variant_pip
    twins = ld(gene.x, np.flatnonzero(simulated)) >= TWIN
    best = np.where(twins, pip[:, None], 0).max(axis=0)
    return {
        "tissues": Ranked(fit.tissue_pip, acts, fit.tissue_pip[acts]),
        "variants": Ranked(pip, simulated, pip[simulated]),
        "variants or twins": Ranked(pip, np.asarray(twins.any(axis=1)), best),
    }


def pooled(genes: list[Ranked]) -> Ranked:
    """All genes as one."""
    return Ranked(
        np.concatenate([gene.score for gene in genes]),
        np.concatenate([gene.right for gene in genes]),
        np.concatenate([gene.best for gene in genes]),
    )


def run_cell(region: Region, rank: int, h2: float, replicates: int) -> dict[str, float]:
    """Power by gene and with all genes pooled, and the share of genes with the right rank.

    Names are "tissues 0.01 by gene" and so on; with " error" its standard error over genes.
    """
    genes, right = [], []
    for replicate in range(replicates):
        gene = draw(region, rank, h2, replicate)
        fit = fqtl.fit(gene.y, gene.x)
        genes.append(ranked(gene, fit))
        right.append(fit.rank == gene.factors)
    row = {"rank_right": float(np.mean(right))}
    for what, level in product(WHAT, LEVELS):
        by_gene = np.array([gene[what].power(level) for gene in genes])
        name = f"{what} {level}"
        row[f"{name} by gene"] = float(by_gene.mean())
        row[f"{name} by gene error"] = float(by_gene.std(ddof=1) / np.sqrt(replicates))
        row[f"{name} pooled"] = pooled([gene[what] for gene in genes]).power(level)
    return row


def study(region: Region, replicates: int) -> pd.DataFrame:
    """A row for each cell: rank, h2, the number of genes, and what `run_cell` gives."""
    rows = []
    for rank, h2 in product(RANKS, H2) if replicates else ():
        cell = {
            "rank": rank,
            "h2": h2,
            "genes": replicates,
            **run_cell(region, rank, h2, replicates),
        }
        rows.append(cell)
        print("power:", *(f"{name} {value:.3g};" for name, value in cell.items()), flush=True)
    return pd.DataFrame(rows)
