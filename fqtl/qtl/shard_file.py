"""The file of a shard of genes that are fitted to summary statistics: which genes, which tissues.

Their z-scores stay where they are, in the stores of the tissues (`scores.py`).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from fqtl.tables.files import read_parquet, write_parquet

KIND = "summary_shard"
GENES = pa.schema(
    {"gene": pa.int32(), "gene_id": pa.string(), "chrom": pa.string(), "tss": pa.int64()}
)


@dataclass(frozen=True)
class SummaryShard:
    """genes : gene (place in the list), gene_id, chrom, tss; digest : of that list"""

    genes: pd.DataFrame
    genes_of_release: int
    digest: str


def write_summary_shards(
    paths: list[Path], genes: pd.DataFrame, shard: np.ndarray, digest: str
) -> None:
    """One file for each path, also where a shard has no genes; shard : (genes,) of each."""
    for number, path in enumerate(paths):
        mine = pa.Table.from_pandas(
            genes.loc[shard == number, GENES.names], GENES, preserve_index=False
        )
        write_parquet(path, mine, KIND, genes_of_release=len(genes), genes=digest)


def read_summary_shard(path: Path) -> SummaryShard:
    table, about = read_parquet(path, KIND)
    return SummaryShard(table.to_pandas(), about["genes_of_release"], about["genes"])
