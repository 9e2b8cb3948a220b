"""Effects released by the original fQTL analysis of GTEx v6p.

One row per gene, factor and PIP cut-off, without a header; variants and tissues of a factor are
lists joined by `|`. Three cut-offs are stacked in one file.
(Source: https://github.com/aksarkar/gtex-fqtl)
"""

from pathlib import Path

import pandas as pd

from fqtl.data.text import guarded
from fqtl.errors import FqtlError

COLUMNS = [
    "gene_id",
    "chrom",
    "tss",
    "tissue_index",
    "tissues",
    "tissue_loadings",
    "tissue_se",
    "tissue_lodds",
    "variants",
    "variant_loadings",
    "variant_se",
    "variant_lodds",
    "factor",
    "cutoff",
]


def read_released(path: Path, cutoff: float) -> pd.DataFrame:
    """Factors at one PIP cut-off; tissues, variants and their loadings as lists."""
    frame = guarded(path, lambda: pd.read_csv(path, sep="\t", header=None, dtype=str))
    if frame.shape[1] != len(COLUMNS):
        raise FqtlError(
            f"{path}: expected {len(COLUMNS)} columns of released effects, found {frame.shape[1]}."
        )
    frame.columns = pd.Index(COLUMNS)
    frame = frame[frame["cutoff"].astype(float) == cutoff]
    for name in ("tissues", "variants"):
        frame[name] = frame[name].str.split("|")
    for name in ("tissue_loadings", "variant_loadings"):
        frame[name] = [[float(word) for word in words.split("|")] for words in frame[name]]
    return frame.astype({"tss": int, "factor": int})[
        ["gene_id", "chrom", "tss", "factor", *COLUMNS[4:6], *COLUMNS[8:10]]
    ]
