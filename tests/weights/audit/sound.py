"""Sound weights of three genes, to be written in every format and then damaged."""

import numpy as np
import pandas as pd

from fqtl.weights.weight_set import WeightSet

GENES = ["ENSG1", "ENSG2", "ENSG3"]
SIZES = [3, 1, 2]


def dosages():
    """(6, 80) dosages, in which each variant is linked with the one before."""
    rng = np.random.default_rng(0)
    x = np.cumsum(rng.integers(0, 2, (6, 80)), axis=0) % 3
    x[1:] = np.where(rng.random((5, 80)) < 0.6, x[:-1], x[1:])
    return x


def sound_weights():
    """Weights of three genes and their covariances in these dosages."""
    x = dosages()
    variants = pd.DataFrame(
        {
            "gene_id": np.repeat(GENES, SIZES),
            "variant_id": [f"chr1_{100 + i}_A_G_b38" for i in range(6)],
            "rsid": [f"rs{i}" for i in range(6)],
            "chrom": "chr1",
            "pos": 100 + np.arange(6),
            "other_allele": "A",
            "effect_allele": "G",
            "weight": [0.3, -0.2, 0.1, 0.5, 0.2, 0.2],
            "frequency": x.mean(axis=1) / 2,
            "hwe_p": 0.5,
        }
    )
    genes = pd.DataFrame(
        {
            "gene_id": GENES,
            "gene_name": ["ONE", "TWO", "THREE"],
            "gene_type": "protein_coding",
            "chrom": "chr1",
            "start": 90,
            "end": 200,
            "n_samples": 80,
            "r2": [0.3, 0.2, 0.1],
            "p": [1e-6, 1e-4, 1e-2],
        }
    )
    rows = np.split(np.arange(6), np.cumsum(SIZES)[:-1])
    return WeightSet.of(
        "Liver", "GRCh38", 80, genes, variants, [np.atleast_2d(np.cov(x[row])) for row in rows]
    )
