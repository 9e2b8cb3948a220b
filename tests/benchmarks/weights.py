"""Resource use of writing and checking weights of one tissue: 10,000 genes with 30 variants each.

python -m tests.benchmarks.weights [GENES]
"""

import resource
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.weights.audit.fusion import audit_fusion
from fqtl.weights.audit.predictdb import audit_predictdb
from fqtl.weights.fusion import write_fusion
from fqtl.weights.predictdb import write_predictdb
from fqtl.weights.weight_set import WeightSet

VARIANTS = 30
DONORS = 500


def tissue(n_genes: int, seed: int = 0) -> WeightSet:
    """A set of the size that is asked for, with ids as long as GTEx's."""
    rng = np.random.default_rng(seed)
    gene_id = np.array([f"ENSG{i:011d}.{1 + i % 20}" for i in range(n_genes)])
    pos = 1_000_000 + rng.integers(0, 200_000_000, n_genes)[:, None] + np.arange(VARIANTS) * 997
    pos = pos.ravel()
    dosages = rng.integers(0, 3, (200, VARIANTS, DONORS))
    covariances = [np.cov(block) for block in dosages]
    return WeightSet.of(
        "Whole_Blood",
        "GRCh38",
        DONORS,
        pd.DataFrame(
            {
                "gene_id": gene_id,
                "chrom": "chr1",
                "start": pos[::VARIANTS],
                "end": pos[::VARIANTS],
                "n_samples": DONORS,
                "pip": 1.0,
                "r2": 0.1,
                "p": 1e-9,
            }
        ),
        pd.DataFrame(
            {
                "gene_id": np.repeat(gene_id, VARIANTS),
                "variant_id": [f"chr1_{p}_A_G_b38" for p in pos],
                "rsid": [f"rs{p}" for p in pos],
                "chrom": "chr1",
                "pos": pos,
                "other_allele": "A",
                "effect_allele": "G",
                "weight": rng.standard_normal(len(pos)),
            }
        ),
        [covariances[i % len(covariances)] for i in range(n_genes)],
    )


def cost(work: Callable[[], object]) -> str:
    """Wall and processor time of doing it once; the latter is that of a machine without others."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    return f"{wall:.1f} s, of the processor {processor:.1f} s"


def main() -> None:
    n_genes = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    weights = tissue(n_genes)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        predictdb = cost(lambda: write_predictdb(place / "predictdb", weights, {}))
        fusion = cost(lambda: write_fusion(place / "fusion", weights))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{n_genes} genes, {len(weights.variants)} weights")
        print(f"PredictDB, covariances by rsid and by varID: {predictdb}")
        print(f"FUSION: {fusion}")
        print(f"peak memory of the process: {peak:.0f} MB")
        checked = cost(lambda: deque(audit_predictdb(place / "predictdb" / "Whole_Blood.db"), 0))
        print(f"PredictDB and both files of covariances, checked: {checked}")
        checked = cost(lambda: deque(audit_fusion(place / "fusion" / "Whole_Blood.pos"), 0))
        print(f"FUSION, checked: {checked}")


if __name__ == "__main__":
    main()
