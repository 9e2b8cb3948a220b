"""Genes on X: eQTLs in three ways of writing a man's X, and null genes that differ by sex.

    python -m tests.benchmarks.x_chromosome [--genes 200] [--permutations 4]

Of 120 donors half are men; a gene has 40 variants and two tissues. All genes differ by sex, by 1.5
standard deviations; the null genes by nothing else. The p of a gene is the rank of its statistic
among the permuted fits of all. Beside it stands what would be called with one copy of a man as one
and without sex in the fit. About 2 minutes on one core.
"""

from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from fqtl.data.dosages import Genotypes, Limits
from fqtl.data.genotypes import open_genotypes
from fqtl.gene.analysis import analyse_gene
from fqtl.gene.permutations import PermutationPlan
from tests.gene.test_x_chromosome import DONORS, FIRST, MEN, N, P, gene_of, settings, written

WAYS = ("haploid GT", "diploid GT", "DS to 1")
SEX_DIFFERENCE, EFFECT = 1.5, 0.5


def read(folder: Path, how: str) -> Genotypes:
    """The variants, of a file that writes the X of men in some way."""
    folder.mkdir()
    path, field, sheet = written(folder, how)
    source = open_genotypes(path, "GRCh38", field, sheet)
    return source.read("X", FIRST, FIRST + 100_000, DONORS, Limits())


def expression(number: int, x: np.ndarray | None = None) -> np.ndarray:
    """(n, 2) that differ by sex and, where dosages are given, follow one of the variants."""
    rng = np.random.default_rng([7, number])
    y = SEX_DIFFERENCE * MEN[:, None] + rng.standard_normal((N, 2))
    return y if x is None else y + EFFECT * x[number % P][:, None]


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--genes", type=int, default=200)
    parser.add_argument("--permutations", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1, help="of the null genes")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        ways = [read(Path(folder) / str(i), how) for i, how in enumerate(WAYS)]
    same = 0
    for number in range(given.genes):
        y = expression(number, ways[0].dosages)
        fits = [analyse_gene(gene_of(y, f"e{number}"), x, settings()) for x in ways]
        same += all(fit["elbo"] == fits[0]["elbo"] for fit in fits) and all(
            fit["weights"] == fits[0]["weights"] for fit in fits
        )
    print(f"{same} of {given.genes} genes with an eQTL have one fit in {', '.join(WAYS)}")
    as_one = replace(ways[0], dosages=np.where(MEN, ways[0].dosages / 2, ways[0].dosages))
    for name, x, is_male, genes in (
        ("as fitted", ways[0], MEN, given.genes),
        ("one copy as one, without sex", as_one, None, given.genes // 10),
    ):
        called = (null_p(x, is_male, genes, given.permutations, given.seed) < 0.05).sum()
        print(f"{name}: {called} of {genes} null genes at p < 0.05 ({called / genes:.1%})")


def null_p(
    x: Genotypes, is_male: np.ndarray | None, genes: int, permutations: int, seed: int
) -> np.ndarray:
    """(genes,) p of null genes among the permuted fits of all, as in a release."""
    plan = PermutationPlan(permutations, permutations + 1, "donors", 0, seed)
    found, permuted = [], []
    for number in range(genes):
        y = expression(1000 * seed + number)
        chosen = settings(is_male=is_male, permutations=plan)
        record = analyse_gene(gene_of(y, f"n{number}"), x, chosen)
        found.append(record["neg_log_null_prob"])
        permuted += [fit["neg_log_null_prob"] for fit in record["permuted_fits"]]
    reached = len(permuted) - np.searchsorted(np.sort(permuted), found)
    return (1 + reached) / (1 + len(permuted))


if __name__ == "__main__":
    main()
