"""List the genes that have summary statistics and split them into shards.

As `fqtl shard` does of expression: the tables that it writes are the same. What only expression has
(covariates, components, outliers) is empty in them.
"""

import logging
from argparse import ArgumentParser, Namespace

import numpy as np
import pandas as pd

from fqtl.cli.arguments import (
    add_ld,
    add_permutations,
    add_variants,
    chromosomes_of,
    open_ld,
)
from fqtl.cli.flags import add_key
from fqtl.cli.prepare_summary import add_genes
from fqtl.cli.shard import add_split
from fqtl.cli.summary_data import spans_of
from fqtl.gene.permutations import permutations_for
from fqtl.qtl.genes import digest_of, read_genes
from fqtl.qtl.ld_source import LDSource
from fqtl.qtl.scores import ScoreStore
from fqtl.qtl.shard_file import write_summary_shards
from fqtl.shards.assignment import assign_shards, list_genes, on_wanted, require_some, shard_name
from fqtl.shards.cost import Runs, megabytes_of_summary_shard, plan_shards, seconds_of_genes
from fqtl.shards.shard_file import shard_paths
from fqtl.tables.columns import COLUMNS
from fqtl.tables.files import write_tsv

log = logging.getLogger(__name__)
ABSENT = "no row in the file of the tissue"
# what a fit takes of one to individual data of as many people: LD, and turns with its noise;
# measured (docs/from-summary-statistics.md)
SLOWER = 2.5
ROW_SECONDS = 5e-6  # to read a row and to match it; measured on 10,500 rows of a gene in 49 tissues
RECORD_MB = 1.5  # of a gene that is fitted, until its shard is written; measured, 5,000 variants
HELD_MB = 15.0  # of a tissue's rows in memory: three groups of 50,000


def add_arguments(parser: ArgumentParser) -> None:
    add_split(parser)
    add_ld(parser)
    add_variants(parser)
    add_genes(parser)
    add_key(parser, "cross_validation.folds", metavar="K")
    add_permutations(parser)


def run(given: Namespace) -> None:
    source, genes = open_ld(given), read_genes(given.genes)
    digest = digest_of(genes)
    counted = {}
    for path in given.prepared:
        store = ScoreStore.open(path, digest)
        counted[store.about["tissue"]] = store.counted()
    listed = _listed(genes, counted, given, source)
    fitted = listed[listed["reason"] == ""].reset_index(drop=True)
    place = pd.Series(np.arange(len(genes)), index=genes["gene_id"])
    loads = _loads(fitted, source, given)
    loads["cpu_seconds"] += ROW_SECONDS * _rows_of(place[fitted["gene_id"]].to_numpy(), counted)
    shard = assign_shards(loads["chrom"].tolist(), loads["cpu_seconds"].to_numpy(), given.count)
    variants = loads["n_variants"].to_numpy()
    rows = int(source.rows(variants).max())
    plan = plan_shards(loads, shard, rows, 2 * given.cis_window_bp, megabytes_of_summary_shard)
    plan["memory_mb"] += round(HELD_MB * len(counted)) + (RECORD_MB * plan["n_genes"]).astype(int)
    held = pd.Series(source.held_mb(variants)).groupby(shard).max()
    plan["memory_mb"] += np.ceil(held.to_numpy()).astype(int)
    placed = fitted.assign(gene=place[fitted["gene_id"]].to_numpy())
    write_summary_shards(shard_paths(given.shards, given.count), placed, shard, digest)
    shards = pd.DataFrame(
        {"gene_id": fitted["gene_id"], "shard": [shard_name(number) for number in shard]}
    )
    empty = {
        kind: pd.DataFrame(columns=list(COLUMNS[kind])) for kind in ("confounders", "outliers")
    }
    tables = {
        "genes.tsv": ("genes", listed[list(COLUMNS["genes"])]),
        "shards.tsv": ("shards", shards),
        "plan.tsv": ("plan", plan),
        "prepared.tsv": ("prepared", _list_tissues(fitted, counted, place)),
        "dropped.tsv.gz": ("dropped", _list_dropped(fitted, counted, place)),
        **{f"{kind}.tsv": (kind, table) for kind, table in empty.items()},
    }
    for name, (kind, table) in tables.items():
        write_tsv(given.results / name, table, kind)
    log.info(
        "%d genes (%d of them fitted), %d tissues, LD of %s",
        *(len(listed), len(fitted), len(counted)),
        "people whose number is not told" if source.people is None else f"{source.people} people",
    )


def _listed(
    genes: pd.DataFrame,
    counted: dict[str, pd.DataFrame],
    given: Namespace,
    source: LDSource,
) -> pd.DataFrame:
    """Genes as `list_genes` has them: in how many tissues each is, or why it is not fitted."""
    there = [
        (name, genes.assign(reason=np.where(genes.index.isin(table.index), "", ABSENT)))
        for name, table in counted.items()
    ]
    chromosomes = chromosomes_of(given)
    listed = list_genes(there, chromosomes, source.contigs)
    source.require(on_wanted(listed[listed["n_tissues"] > 0], chromosomes))
    require_some(listed)
    return listed


def _loads(fitted: pd.DataFrame, source: LDSource, given: Namespace) -> pd.DataFrame:
    """Genes with what each will cost: n_variants, cpu_seconds."""
    variants = source.counted(spans_of(fitted, given.cis_window_bp))
    drawn = permutations_for(given.permutations, len(fitted)) + given.conditional_permutations
    # a part of pseudo-validation is a fit of its own, as a fold is
    runs = Runs(given.folds + 1 if given.folds else 0, drawn)
    tissues = fitted["n_tissues"].to_numpy()
    seconds = SLOWER * seconds_of_genes(source.rows(variants), variants, tissues, runs)
    seconds += source.decomposed(variants)
    return fitted.assign(n_variants=variants, cpu_seconds=seconds)


def _rows_of(places: np.ndarray, counted: dict[str, pd.DataFrame]) -> np.ndarray:
    """(genes,) rows in all tissues of the genes at these places of the list."""
    each = [table["rows"].reindex(places, fill_value=0).to_numpy() for table in counted.values()]
    return np.asarray(np.sum(each, axis=0, dtype=float))


def _list_tissues(
    fitted: pd.DataFrame, counted: dict[str, pd.DataFrame], place: "pd.Series[int]"
) -> pd.DataFrame:
    rows = []
    for name, table in counted.items():
        mine = table.reindex(place[fitted["gene_id"]]).dropna()
        none = dict.fromkeys(COLUMNS["prepared"], 0)
        rows.append(
            {
                **none,
                "tissue": name,
                "n_donors": int(mine["n"].median()) if len(mine) else 0,
                "explained": 0.0,
                "n_genes": len(mine),
                "n_dropped": len(fitted) - len(mine),
                "reason": "" if len(mine) else "no row of a gene that is fitted",
                "concern": "",
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS["prepared"]))


def _list_dropped(
    fitted: pd.DataFrame, counted: dict[str, pd.DataFrame], place: "pd.Series[int]"
) -> pd.DataFrame:
    """Genes that have rows in other tissues."""
    places = place[fitted["gene_id"]].to_numpy()
    rows = [
        (gene, name, ABSENT)
        for name, table in counted.items()
        for gene in fitted["gene_id"][~np.isin(places, table.index)]
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS["dropped"]))
