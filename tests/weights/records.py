"""Rows of the store of fits whose weights are known."""

import numpy as np
import pyarrow as pa

from fqtl.data.dosages import dosage_covariance
from fqtl.data.hardy_weinberg import hardy_weinberg_p
from fqtl.tables.fits import FITS


def record(gene_id, dosages, weights, *, rsids=None, r2=0.25, p=1e-4, pip=1.0, tissue="Liver"):
    """Row of the store for one gene whose weights are known; dosages (v, n)."""
    variants = [
        {
            "variant_id": f"chr1_{100 + i}_A_G_b38",
            "rsid": (rsids or [f"rs{i}" for i in range(len(weights))])[i],
            "pos": 100 + i,
            "other_allele": "A",
            "effect_allele": "G",
            "frequency": float(np.nanmean(dosages[i])) / 2,
            "hwe_p": hardy_weinberg_p(np.asarray(dosages[i], dtype=float)),
        }
        for i in range(len(weights))
    ]
    row = dict.fromkeys(FITS.names)
    row.update(
        gene_id=gene_id,
        chrom="chr1",
        tss=100,
        status="fitted",
        reason="",
        variants=variants,
        factors=[],
        specific=[],
        credible_sets=[],
        dropped_variants=[],
        variant_loadings=[],
        tissue_loadings=[],
        factor_weights=[],
        weights=[{"tissue": tissue, "variant": i, "weight": w} for i, w in enumerate(weights) if w],
        prediction=[
            {
                "tissue": tissue,
                "n_donors": 70,
                "pip": pip,
                "r": np.sqrt(r2),
                "r2": r2,
                "p": p,
                "fold_r2": r2,
                "fold_p": p,
            }
        ],
        covariance=dosage_covariance(dosages),
    )
    return row


def store(*records):
    return pa.Table.from_pylist(list(records), schema=FITS).combine_chunks()
