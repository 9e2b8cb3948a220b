"""List the genes of all tissues and split them into shards.

Each shard becomes one file with the expression of its genes in all tissues; genes that are not
fitted, and genes dropped in single tissues, are listed with their reasons.
"""

import logging
from argparse import ArgumentParser, Namespace
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.cli.arguments import add_chromosomes, add_genotypes
from fqtl.data.genotypes import open_genotypes
from fqtl.errors import FqtlError
from fqtl.expression_store import StoredTissue, read_prepared, shard_paths, write_shards
from fqtl.shards import assign_shards, list_genes, require_some, shard_name
from fqtl.tables import COLUMNS, write_tsv

log = logging.getLogger(__name__)
WHOLE_TISSUE = "*"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--prepared", type=Path, nargs="+", required=True, metavar="FILE", help="all tissues"
    )
    add_chromosomes(parser)
    parser.add_argument("--count", type=int, required=True, metavar="N", help="shards")
    parser.add_argument("--shards", type=Path, required=True, metavar="FOLDER", help="their files")
    parser.add_argument(
        "--results", type=Path, required=True, metavar="FOLDER", help="genes.tsv, shards.tsv, …"
    )
    add_genotypes(parser)


def run(given: Namespace) -> None:
    source = open_genotypes(given.genotypes, given.genome_build, given.field)
    tissues = [read_prepared(path) for path in given.prepared]
    if all(tissue.about["reason"] for tissue in tissues):
        raise FqtlError(
            f"None of {len(tissues)} tissues can be fitted; {tissues[0].name}: "
            f"{tissues[0].about['reason']}. See prepare.min_samples in the config."
        )
    genes = list_genes(
        [(tissue.name, tissue.genes) for tissue in tissues], given.chromosomes, source.contigs
    )
    require_some(genes)
    fitted = genes[genes["reason"] == ""]
    shard = assign_shards(len(fitted), given.count)
    measured = {name for tissue in tissues if not tissue.about["reason"] for name in tissue.samples}
    donors = [name for name in source.samples if name in measured]
    write_shards(shard_paths(given.shards, given.count), tissues, fitted, shard, donors)
    write_tsv(given.results / "genes.tsv", genes[list(COLUMNS["genes"])], "genes")
    write_tsv(given.results / "shards.tsv", _list_shards(fitted, shard), "shards")
    write_tsv(given.results / "prepared.tsv", _list_tissues(tissues), "prepared")
    write_tsv(given.results / "dropped.tsv.gz", _list_dropped(tissues), "dropped")
    sizes = np.bincount(shard, minlength=given.count)
    log.info(
        "%d genes (%d not fitted), %d donors, %d tissues, %d shards of %d to %d genes",
        len(genes),
        len(genes) - len(fitted),
        len(donors),
        sum(not tissue.about["reason"] for tissue in tissues),
        given.count,
        sizes.min(),
        sizes.max(),
    )


def _list_shards(fitted: pd.DataFrame, shard: np.ndarray) -> pd.DataFrame:
    names = [shard_name(number) for number in shard]
    return pd.DataFrame({"gene_id": fitted["gene_id"], "shard": names})


def _list_tissues(tissues: list[StoredTissue]) -> pd.DataFrame:
    rows = []
    for tissue in tissues:
        kept = int((tissue.genes["reason"] == "").sum())
        rows.append(
            {
                "tissue": tissue.name,
                "n_donors": len(tissue.samples),
                "without_genotypes": tissue.about["donors_without"]["genotypes"],
                "without_covariates": tissue.about["donors_without"]["covariates"],
                "n_covariates": tissue.about["covariates"],
                "n_genes": kept,
                "n_dropped": len(tissue.genes) - kept + len(tissue.about["dropped"]),
                "reason": tissue.about["reason"],
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS["prepared"]))


def _list_dropped(tissues: list[StoredTissue]) -> pd.DataFrame:
    """Genes that single tissues dropped; one row, for the gene `*`, where a tissue dropped all."""
    rows: list[tuple[str, str, str]] = []
    for tissue in tissues:
        if tissue.about["reason"]:
            rows.append((WHOLE_TISSUE, tissue.name, tissue.about["reason"]))
            continue
        dropped = tissue.genes[tissue.genes["reason"] != ""]
        rows += [(gene.gene_id, tissue.name, gene.reason) for gene in dropped.itertuples()]
        rows += [(gene, tissue.name, why) for gene, why in tissue.about["dropped"].items()]
    return pd.DataFrame(rows, columns=list(COLUMNS["dropped"]))
