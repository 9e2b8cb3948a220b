"""Genes without effects against simulated nulls: whether p-values are uniform.

    python -m tests.benchmarks.summary_nulls [--genes 60]

150 variants, six tissues of 300 people, a fifth of the values missing, noise of a donor's tissues
correlated 0.3; LD of the same people or of 300 others; the noise correlation given, as the workflow
estimates it over all genes, or looked for in each gene. Prints shares of p-values of genes and of
pairs of gene and tissue below 0.05 and 0.1.
"""

import argparse

import numpy as np

from fqtl.gene.permutations import PermutationPlan
from fqtl.gene.summary_nulls import draw_nulls
from fqtl.model.summary.fit import problem_of
from fqtl.model.summary.noise import correlation_in_low_rows
from fqtl.release.calibration import pooled_p
from tests.model.summary.conftest import dosages, z_scores

PEOPLE, VARIANTS, TISSUES = 300, 150, 6
SHARED, ABSENT = 0.3, 0.2
PLAN = PermutationPlan(1, 5, "donors", 1, seed=1)


def null_gene(seed: int, same: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """z, n and a panel."""
    rng = np.random.default_rng(seed)
    both = dosages(rng, 2 * PEOPLE, VARIANTS)
    x, others = both[:PEOPLE], both[PEOPLE:]
    y = np.sqrt(1 - SHARED) * rng.standard_normal((PEOPLE, TISSUES))
    y += np.sqrt(SHARED) * rng.standard_normal((PEOPLE, 1))
    y[rng.random(y.shape) < ABSENT] = np.nan
    z, n = z_scores(y, x)
    return z, n, x if same else others


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--genes", type=int, default=60)
    genes = parser.parse_args().genes
    given = np.full((TISSUES, TISSUES), SHARED * (1 - ABSENT))
    np.fill_diagonal(given, 1)
    print("ld\tnoise\tgenes p<0.05\tp<0.1\tpairs p<0.05\tp<0.1")
    for same in (True, False):
        for correlation in (given, None):
            observed, nulls, pairs, null_pairs = [], [], [], []
            for seed in range(genes):
                z, n, panel = null_gene(seed, same)
                problem = problem_of(
                    z, n, panel=panel, rank=6, background=False, noise_correlation=correlation
                )
                fit = problem.fit()
                noise = correlation_in_low_rows(problem.rows) if correlation is None else given
                found = draw_nulls(f"g{seed}", problem, fit, noise, PLAN)
                observed.append(fit.neg_log_null_prob)
                nulls += found.statistics
                pairs += list(fit.tissue_pip)
                null_pairs += [pip for _, _, pip in found.tissues]
            p = pooled_p(np.array(observed), np.array(nulls))
            of_pairs = pooled_p(np.array(pairs), np.array(null_pairs))
            shares = [(one <= cut).mean() for one in (p, of_pairs) for cut in (0.05, 0.1)]
            where = ("same" if same else "others", "gene" if correlation is None else "given")
            print(*where, *(f"{share:.3f}" for share in shares), sep="\t", flush=True)


if __name__ == "__main__":
    main()
