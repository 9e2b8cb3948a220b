"""Expected seconds and memory of a shard, before any of it is fitted.

A fit of a gene of n donors, p variants and m tissues takes about

    0.011 + 0.0008 m + n p (5.5e-9 + 1.8e-9 m)   CPU seconds:

interpreter, tissues, looks at the genotypes, and products of genotypes with all tissues. Least
squares on 72 simulated genes (n 200 to 838, p 300 to 5,000, m 1 to 49, half of them with simulated
effects; Zen 4 at 2.6 GHz): half of the times are within 22 % of it, the correlation of logarithms
is 0.95. `python -m tests.benchmarks.cost` measures them anew. Shards need the ratios only; machines
differ in the unit, so the time a job is given has a margin.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fqtl.data.windows import BLOCK_BP
from fqtl.shards.assignment import shard_name

PER_FIT, PER_TISSUE, PER_CALL, PER_CALL_AND_TISSUE = 0.011, 8e-4, 5.5e-9, 1.8e-9
READ_SECONDS = 1.5e-4  # for a record of some hundred donors
BASELINE_FITS = 50.0  # that an elastic net of every tissue takes as long as
START_SECONDS = 3.0  # of a process
# Memory of jobs: least squares on 17 (n 73 to 838, p 500 to 5,000, m 1 to 49, 1 to 57 genes) are
# within 4 % of what they took; rounded up, they are 7 to 41 % above it
# (`python -m tests.benchmarks.scale memory`)
PROCESS_BYTES = 225e6  # interpreter and libraries
COPIES_OF_X = 6  # float32: of a fit, where dosages are not called, too
COPIES_OF_LOADINGS = 55  # of 4 bytes, a variant in a tissue: scores, effects, states of a fit
COPIES_OF_EXPRESSION = 3  # of a shard, of 4 bytes: stored, and as float64 by gene
COPIES_OF_WINDOW = 1.7  # float32: what is held and what is read on, and both put together
RECORD_BYTES = 110  # of a variant of a gene that is fitted, until its shard is written
NET_BYTES, COPIES_OF_NET = 40e6, 6  # scikit-learn, and float32 of donors that a net is trained on
# of jobs that fit summary statistics, with rows of LD in place of donors
SUMMARY_PROCESS_BYTES = 250e6
SUMMARY_COPIES_OF_X = 6  # float32: given, standardised, of the engine
SUMMARY_COPIES_OF_Y = 40  # float64: moments, gradients, working response of every entry
SUMMARY_COPIES_OF_EXPRESSION = 5
SUMMARY_COPIES_OF_WINDOW = 2.5


@dataclass(frozen=True)
class Runs:
    """How often a gene is fitted.

    folds : of cross-validation, 0 for none
    permutations : permuted fits, the most there can be
    """

    folds: int
    permutations: int

    def fits(self, compared: bool | np.ndarray = False) -> np.ndarray:
        """Fits of all donors that they amount to: a fold leaves one part of the donors out.

        compared : of all genes, or (genes,): whether an elastic net is cross-validated, too
        """
        held_out = max(self.folds - 1, 0)
        return np.asarray(
            1.0 + held_out * (1 + BASELINE_FITS * np.asarray(compared)) + self.permutations
        )


def seconds_of_genes(
    n_donors: int | np.ndarray,
    variants: np.ndarray,
    tissues: np.ndarray,
    runs: Runs,
    compared: bool | np.ndarray = False,
) -> np.ndarray:
    """(genes,) CPU seconds of genes with so many variants and tissues, each (genes,).

    n_donors, compared : of all genes, or (genes,); the latter as in `Runs.fits`
    """
    calls = n_donors * variants
    once = PER_FIT + PER_TISSUE * tissues + calls * (PER_CALL + PER_CALL_AND_TISSUE * tissues)
    return np.asarray(once * runs.fits(compared))


Megabytes = Callable[[int, pd.DataFrame, int], float]


def plan_shards(
    genes: pd.DataFrame,
    shard: np.ndarray,
    n_donors: int,
    window_bp: int,
    megabytes: Megabytes | None = None,
) -> pd.DataFrame:
    """One row per shard that has genes: what it spans, and what its job will need.

    genes : chrom, tss, n_tissues, n_variants, cpu_seconds and compared; shard : (genes,)
    window_bp : base pairs of a cis window
    megabytes : what a job takes; `megabytes_of_shard` by default
    """
    rows = []
    for number, mine in genes.groupby(shard):
        variants = mine["n_variants"].to_numpy()
        reading = READ_SECONDS * variants.max() * (np.ptp(mine["tss"]) + window_bp) / window_bp
        memory = (megabytes or megabytes_of_shard)(n_donors, mine, window_bp)
        rows.append(
            {
                "shard": shard_name(int(number)),
                "first_gene": mine["gene_id"].iloc[0],
                "last_gene": mine["gene_id"].iloc[-1],
                "n_genes": len(mine),
                "n_variants": round(variants.mean()),
                "cpu_seconds": round(mine["cpu_seconds"].sum() + reading + START_SECONDS),
                "memory_mb": round(memory),
            }
        )
    return pd.DataFrame(rows)


def megabytes_of_shard(n_donors: int, genes: pd.DataFrame, window_bp: int) -> float:
    """Peak memory of a job that fits these genes, at least one.

    genes : tss, n_variants, n_tissues, and compared: whether an elastic net is fitted, too
    window_bp : base pairs of a cis window
    """
    p, m = float(genes["n_variants"].max()), float(genes["n_tissues"].max())
    x = 4 * n_donors * p
    read_bp = min(np.ptp(genes["tss"]) + window_bp, 2 * window_bp + BLOCK_BP)
    window = COPIES_OF_WINDOW * x * read_bp / window_bp
    fits = COPIES_OF_X * x + 4 * COPIES_OF_LOADINGS * p * m
    expression = 4 * n_donors * COPIES_OF_EXPRESSION * float(genes["n_tissues"].sum())
    records = RECORD_BYTES * float(genes["n_variants"].sum())
    net = (NET_BYTES + COPIES_OF_NET * x) * bool(genes["compared"].any())
    return (PROCESS_BYTES + window + fits + expression + records + net) / 1e6


def megabytes_of_summary_shard(rows: int, genes: pd.DataFrame, window_bp: int) -> float:
    """Peak memory of a job that fits these genes to summary statistics, without what it holds of
    files of these and of LD.

    rows : of LD; genes, window_bp : as in `megabytes_of_shard`
    """
    p, m = float(genes["n_variants"].max()), float(genes["n_tissues"].max())
    window = p * (window_bp + BLOCK_BP) / window_bp
    held = 4 * rows * (SUMMARY_COPIES_OF_WINDOW * window + SUMMARY_COPIES_OF_X * p)
    expression = 4 * rows * SUMMARY_COPIES_OF_EXPRESSION * float(genes["n_tissues"].sum())
    responses = 8 * rows * SUMMARY_COPIES_OF_Y * m
    return (SUMMARY_PROCESS_BYTES + held + expression + responses) / 1e6
