"""List the genes of all tissues and split them into shards.

Each shard becomes one file with the expression of its genes in all tissues, and a row of plan.tsv
that says what its job will need; genes that are not fitted, and genes dropped in single tissues,
are listed with their reasons.
"""

import logging
from argparse import ArgumentParser, Namespace
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.cli.arguments import (
    add_chromosomes,
    add_folds,
    add_genotypes,
    add_permutations,
    add_variants,
    chromosomes_of,
    open_filtered,
)
from fqtl.cli.flags import add_key
from fqtl.data.dosages import GenotypeSource, Limits
from fqtl.data.windows import count_variants
from fqtl.errors import FqtlError
from fqtl.gene.permutations import permutations_for
from fqtl.gene.sample import has_baseline
from fqtl.prepare.expression_store import StoredTissue, read_prepared
from fqtl.shards.assignment import (
    assign_shards,
    list_genes,
    on_wanted,
    require_some,
    shard_name,
)
from fqtl.shards.cost import Runs, plan_shards, seconds_of_genes
from fqtl.shards.shard_file import shard_paths, write_shards
from fqtl.tables.columns import COLUMNS
from fqtl.tables.files import write_tsv
from fqtl.tables.reasons import count_reasons

log = logging.getLogger(__name__)
WHOLE_TISSUE = "*"


def add_split(parser: ArgumentParser) -> None:
    """What is split, into how many, and where to."""
    parser.add_argument(
        "--prepared", type=Path, nargs="+", required=True, metavar="FILE", help="all tissues"
    )
    add_chromosomes(parser)
    add_key(parser, "shards.count", metavar="N", required=True, default=None)
    parser.add_argument("--shards", type=Path, required=True, metavar="FOLDER", help="their files")
    parser.add_argument(
        "--results", type=Path, required=True, metavar="FOLDER", help="genes.tsv, shards.tsv, …"
    )


def add_arguments(parser: ArgumentParser) -> None:
    add_split(parser)
    add_genotypes(parser)
    add_variants(parser)
    add_folds(parser)
    add_permutations(parser)


def run(given: Namespace) -> None:
    source = open_filtered(given)
    tissues = [read_prepared(path) for path in given.prepared]
    if all(tissue.about["reason"] for tissue in tissues):
        raise FqtlError(
            f"None of {len(tissues)} tissues can be fitted; {tissues[0].name}: "
            f"{tissues[0].about['reason']}. See prepare.min_samples in the config."
        )
    genes = list_genes(
        [(tissue.name, tissue.genes) for tissue in tissues], chromosomes_of(given), source.contigs
    )
    source.require(on_wanted(genes, chromosomes_of(given)))
    dropped = _list_dropped(tissues)
    for tissue, reasons in dropped.groupby("tissue", sort=False)["reason"]:
        for reason, times in count_reasons(reasons):
            log.info("%s: left out %d times: %s", tissue, times, reason)
    require_some(genes, dropped["reason"].tolist())
    fitted = genes[genes["reason"] == ""]
    measured = {name for tissue in tissues if not tissue.about["reason"] for name in tissue.donors}
    donors = [name for name in source.donors if name in measured]
    permutations = permutations_for(given.permutations, len(fitted))
    if given.permutations != permutations:
        log.info("%d permuted fits of each of %d genes", permutations, len(fitted))
    drawn = permutations + given.conditional_permutations
    runs = Runs(given.folds, drawn)
    loads = _loads(fitted, source, donors, given, runs)
    shard = assign_shards(loads["chrom"].tolist(), loads["cpu_seconds"].to_numpy(), given.count)
    plan = plan_shards(loads, shard, len(donors), 2 * given.cis_window_bp)
    write_shards(shard_paths(given.shards, given.count), tissues, fitted, shard, donors)
    write_tsv(given.results / "genes.tsv", genes[list(COLUMNS["genes"])], "genes")
    write_tsv(given.results / "shards.tsv", _list_shards(fitted, shard), "shards")
    write_tsv(given.results / "plan.tsv", plan, "plan")
    write_tsv(given.results / "prepared.tsv", _list_tissues(tissues), "prepared")
    write_tsv(given.results / "confounders.tsv", _list_confounders(tissues), "confounders")
    write_tsv(given.results / "outliers.tsv", _list_outliers(tissues), "outliers")
    write_tsv(given.results / "dropped.tsv.gz", dropped, "dropped")
    log.info(
        "%d genes (%d not fitted), %d donors, %d tissues",
        len(genes),
        len(genes) - len(fitted),
        len(donors),
        sum(not tissue.about["reason"] for tissue in tissues),
    )
    log.info(
        "%d shards: about %.0f CPU seconds and %.0f MB at the most, %.1f CPU hours in all",
        given.count,
        plan["cpu_seconds"].max(),
        plan["memory_mb"].max(),
        plan["cpu_seconds"].sum() / 3600,
    )


def _loads(
    fitted: pd.DataFrame, source: GenotypeSource, donors: list[str], given: Namespace, runs: Runs
) -> pd.DataFrame:
    """Genes with what each will cost: n_variants, cpu_seconds, and whether a net is compared."""
    reach = given.cis_window_bp
    spans = [
        (gene.chrom, max(gene.tss - reach, 1), gene.tss + reach) for gene in fitted.itertuples()
    ]
    limits = Limits(given.min_maf, given.max_missing)
    variants = count_variants(source, spans, donors, limits)
    tissues = fitted["n_tissues"].to_numpy()
    compared = np.array([has_baseline(gene, given.baseline) for gene in fitted["gene_id"]])
    seconds = seconds_of_genes(len(donors), variants, tissues, runs, compared)
    return fitted.assign(n_variants=variants, cpu_seconds=seconds, compared=compared)


def _list_shards(fitted: pd.DataFrame, shard: np.ndarray) -> pd.DataFrame:
    names = [shard_name(number) for number in shard]
    return pd.DataFrame({"gene_id": fitted["gene_id"], "shard": names})


def _list_tissues(tissues: list[StoredTissue]) -> pd.DataFrame:
    rows = []
    for tissue in tissues:
        kept = int((tissue.genes["reason"] == "").sum())
        # of a tissue that is left out nothing is regressed out
        regressed = 0 if tissue.about["reason"] else tissue.about["covariates"]
        explained = tissue.about["quality"]["explained_together"]
        rows.append(
            {
                "tissue": tissue.name,
                "n_donors": len(tissue.donors),
                "without_genotypes": tissue.about["donors_without"]["genotypes"],
                "without_covariates": tissue.about["donors_without"]["covariates"],
                "repeated": tissue.about["donors_without"]["own sample"],
                "n_covariates": regressed,
                "n_components": tissue.about["components"],
                "n_controls": tissue.about["controls"],
                "explained": max(explained, 0.0) if regressed else 0.0,  # rounding leaves 1e-16
                "n_outliers": len(tissue.about["quality"]["outliers"]),
                "n_genes": kept,
                "n_dropped": len(tissue.genes) - kept + len(tissue.about["dropped"]),
                "reason": tissue.about["reason"],
                "concern": tissue.about.get("concern", ""),  # of a file of an earlier version
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS["prepared"]))


def _list_confounders(tissues: list[StoredTissue]) -> pd.DataFrame:
    rows = [
        (tissue.name, name, share)
        for tissue in tissues
        for name, share in tissue.about["quality"]["explained"].items()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS["confounders"]))


def _list_outliers(tissues: list[StoredTissue]) -> pd.DataFrame:
    rows = [
        (tissue.name, donor, far)
        for tissue in tissues
        for donor, far in tissue.about["quality"]["outliers"].items()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS["outliers"]))


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
