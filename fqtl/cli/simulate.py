"""Make a GTEx-like panel on real genotypes, with effects released for GTEx v6p.

44 tissues with GTEx's missingness; expression and covariates of each tissue, the sheet that lists
them, and the simulated truth.
"""

import logging
from argparse import ArgumentParser, Namespace
from pathlib import Path

import numpy as np
import pandas as pd
import pysam

from fqtl.cli.arguments import add_genotypes, open_given
from fqtl.cli.flags import add_key
from fqtl.cli.ranges import SHARE
from fqtl.data.dosages import Genotypes, Limits
from fqtl.data.expression import read_expression
from fqtl.data.released import read_released
from fqtl.errors import FqtlError
from fqtl.simulation.panel import GTEX_V6P, Panel, SimulatedFactor, released_factors, simulate_panel
from fqtl.tables.files import text_writer, whole, write_text, write_tsv

log = logging.getLogger(__name__)
Gene = tuple[str, int, list[SimulatedFactor]]  # id, TSS, factors


def add_arguments(parser: ArgumentParser) -> None:
    add_genotypes(parser)
    add_key(parser, "simulate.chromosome", required=True, metavar="NAME")
    add_key(parser, "simulate.effects", type=Path, required=True, metavar="FILE")
    parser.add_argument(
        "--cutoff", type=SHARE, default=0.95, metavar="PIP", help="of the released factors"
    )
    add_key(parser, "simulate.null_genes", type=Path, metavar="BED")
    add_key(parser, "simulate.max_genes", metavar="N")
    add_key(parser, "simulate.h2", metavar="SHARE")
    add_key(parser, "simulate.noise_correlation", metavar="R")
    add_key(parser, "simulate.seed")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")


def run(given: Namespace) -> None:
    source = open_given(given)
    chromosome = 2**31 - 1  # as far as an index reaches
    genotypes = source.read(given.chromosome, 1, chromosome, source.donors, Limits())
    released = read_released(given.effects, given.cutoff)
    simulated = list(released_factors(released.factors, genotypes))
    simulated = simulated[: given.max_genes]
    if not simulated:
        raise FqtlError(f"No variant of {given.effects} is in {given.genotypes}.")
    nulls = _null_genes(given, {gene_id for gene_id, _, _ in simulated})
    genes = sorted([*simulated, *nulls], key=lambda gene: (gene[1], gene[0]))
    panel = simulate_panel(
        genotypes,
        [factors for _, _, factors in genes],
        h2=given.h2,
        noise_correlation=given.noise_correlation,
        seed=given.seed,
    )
    listed = pd.DataFrame(
        {
            "gene_id": [gene_id for gene_id, _, _ in genes],
            "chrom": genotypes.variants["chrom"].iloc[0],
            "tss": [tss for _, tss, _ in genes],
        }
    )
    for tissue in GTEX_V6P:
        _write_tissue(given.out, tissue, panel, listed, source.donors)
    _write_sheet(given.out)
    write_tsv(given.out / "truth.tsv.gz", _truth(panel, genotypes, listed), "truth")
    write_tsv(given.out / "simulated.tsv", _summary(panel, listed, genes), "simulated")
    log.info(
        "%d genes with simulated effects, %d without, in %d tissues: %s",
        len(simulated),
        len(nulls),
        len(GTEX_V6P),
        given.out,
    )


def _null_genes(given: Namespace, simulated: set[str]) -> list[Gene]:
    if given.null_genes is None:
        return []
    genes = read_expression(given.null_genes).genes
    taken = {gene_id.split(".")[0] for gene_id in simulated}
    nulls: list[Gene] = [
        (gene.gene_id, int(gene.tss), [])
        for gene in genes.itertuples()
        if gene.gene_id.split(".")[0] not in taken
    ]
    return nulls[: given.max_genes]


def _write_tissue(
    folder: Path, tissue: str, panel: Panel, genes: pd.DataFrame, samples: list[str]
) -> None:
    donors = panel.donors[tissue]
    names = [samples[i] for i in donors]
    values = pd.DataFrame(panel.values[tissue], columns=names)
    leading = pd.DataFrame(
        {
            "#chr": genes["chrom"],
            "start": genes["tss"] - 1,
            "end": genes["tss"],
            "gene_id": genes["gene_id"],
        }
    )
    text = pd.concat([leading, values], axis="columns").to_csv(
        sep="\t", index=False, float_format="%.6g"
    )
    path = folder / f"{tissue}.bed.gz"
    with whole(path) as temporary, pysam.BGZFile(str(temporary), "wb", None) as out:
        out.write(text.encode())
    pysam.tabix_index(str(path), preset="bed", force=True)
    covariates = pd.DataFrame(
        panel.covariates[donors].T, index=panel.covariate_names, columns=names
    )
    with text_writer(folder / f"{tissue}.covariates.txt") as out:
        covariates.to_csv(out, sep="\t", index_label="ID", float_format="%.6g")


def _write_sheet(folder: Path) -> None:
    rows = [
        f"{tissue}\t{folder / tissue}.bed.gz\t{folder / tissue}.covariates.txt"
        for tissue in GTEX_V6P
    ]
    write_text(folder / "tissues.tsv", "\n".join(["tissue\texpression\tcovariates", *rows]) + "\n")


def _truth(panel: Panel, genotypes: Genotypes, genes: pd.DataFrame) -> pd.DataFrame:
    effects = panel.effects
    names = genotypes.variants["variant_id"].to_numpy()
    return pd.DataFrame(
        {
            "gene_id": genes["gene_id"].to_numpy()[effects["gene"]],
            "tissue": effects["tissue"],
            "factor": effects["factor"],
            "variant_id": names[effects["variant"]],
            "effect": effects["effect"],
        }
    )


def _summary(panel: Panel, genes: pd.DataFrame, simulated: list[Gene]) -> pd.DataFrame:
    counts = panel.effects.groupby("gene")[["tissue", "variant"]].nunique()
    counts = counts.reindex(range(len(genes)), fill_value=0)
    return genes.assign(
        n_factors=[len(factors) for _, _, factors in simulated],
        n_tissues=counts["tissue"].to_numpy(dtype=np.int64),
        n_variants=counts["variant"].to_numpy(dtype=np.int64),
    )
