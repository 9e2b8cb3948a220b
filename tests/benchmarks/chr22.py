"""Real expression: cross-validated prediction of the genes that single-variant tests find.

Expression of 608 genes of chromosome 22 in lymphoblastoid cells of 358 people (GEUVADIS), their
genotypes (1000 Genomes) and 53 covariates, as the Debian package qtltools-example holds them.
`make chr22` fetches them and runs this; the workflow is timed as a user would run it.

    python -m tests.benchmarks.chr22 FOLDER_WITH_THE_FILES WORKING_FOLDER
"""

import argparse
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from matplotlib.figure import Figure
from scipy.stats import t as student

from fqtl.data.covariates import read_covariates
from fqtl.data.expression import read_expression
from fqtl.data.genotypes import Limits, open_genotypes
from fqtl.gene.baseline import elastic_net
from fqtl.gene.cross_validation import assign_folds, cross_validate
from fqtl.model.arrays.threads import one_thread
from fqtl.prepare.confounders import design_of
from fqtl.report.plots import as_svg
from fqtl.shards.shard_file import read_shard
from fqtl.tables.files import write_text
from tests.files import write_sheet

ROOT = Path(__file__).parent.parent.parent
WINDOW_BP = 1_000_000
GENOME_WIDE = 5e-8


def single_variant_p(source: Path) -> "pd.Series[float]":
    """Smallest p-value of each gene's cis variants, expression and genotypes both adjusted."""
    genotypes = open_genotypes(source / "genotypes.chr22.vcf.gz", "GRCh37", "GT")
    expression = read_expression(source / "genes.50percent.chr22.bed.gz")
    covariates = read_covariates(source / "genes.covariates.pc50.txt.gz")
    donors = expression.donors
    design = design_of(covariates.values[[covariates.donors.index(name) for name in donors]])
    freedom = len(donors) - design.shape[1] - 1
    smallest = {}
    everything = genotypes.read("22", 1, 2**31 - 1, donors, Limits())
    x = everything.dosages.astype(float)
    x -= (x @ design) @ design.T
    pos = everything.variants["pos"].to_numpy()
    for gene, y in zip(expression.genes.itertuples(), expression.values, strict=True):
        cis = x[np.abs(pos - gene.tss) <= WINDOW_BP]
        y = y - design @ (design.T @ y)
        r2 = (cis @ y) ** 2 / ((cis**2).sum(axis=1) * (y**2).sum())
        statistic = np.sqrt(r2.max() * freedom / (1 - r2.max()))
        smallest[gene.gene_id] = 2 * student.sf(statistic, freedom)
    return pd.Series(smallest)


def run_workflow(source: Path, folder: Path, cores: int) -> float:
    """Wall seconds of a run from files to weights, environment and data in place."""
    folder.mkdir(parents=True, exist_ok=True)
    sheet = write_sheet(
        folder / "tissues.tsv",
        [
            (
                "Lymphoblastoid",
                source / "genes.50percent.chr22.bed.gz",
                source / "genes.covariates.pc50.txt.gz",
            )
        ],
    )
    config = folder / "chr22.yaml"
    settings = {
        "results": str(folder / "results"),
        "genome_build": "GRCh37",
        "tissues": str(sheet),
        "genotypes": {"path": str(source / "genotypes.chr22.vcf.gz")},
        "genes": {"chromosomes": [22], "cis_window_bp": WINDOW_BP},
        "shards": {"count": 8},
    }
    config.write_text(yaml.safe_dump(settings))
    command = [str(Path(sys.executable).parent / "snakemake"), "--configfile", str(config)]
    started = time.monotonic()
    subprocess.run([*command, "--cores", str(cores), "--forceall"], cwd=ROOT, check=True)
    return time.monotonic() - started


def elastic_net_r2(source: Path, results: Path, count: int) -> "pd.Series[float]":
    """Cross-validated R² of an elastic net in a sample of the genes, with the same folds."""
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    shards = [read_shard(path) for path in sorted((results / "shards").glob("*.parquet"))]
    genes, donors = [gene for genes, _ in shards for gene in genes], shards[0][1]
    chosen = np.random.default_rng(0).choice(len(genes), min(count, len(genes)), replace=False)
    fold = assign_folds(len(donors), config["cross_validation"]["folds"], config["seed"])
    genotypes = open_genotypes(source / "genotypes.chr22.vcf.gz", "GRCh37", "GT")
    limits = Limits(config["genotypes"]["min_maf"], config["genotypes"]["max_missing"])
    found = {}
    for gene in (genes[i] for i in sorted(chosen)):
        start, end = max(gene.tss - WINDOW_BP, 1), gene.tss + WINDOW_BP
        x = genotypes.read(gene.chrom, start, end, donors, limits).dosages.T
        with one_thread():
            compared = cross_validate(gene.y, x, fold, partial(effects_of_elastic_net, gene.y, x))
        found[gene.gene_id] = float(compared.r2[0])
    return pd.Series(found)


def effects_of_elastic_net(y: np.ndarray, x: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Of the donors in `train`, a mask."""
    return elastic_net(y[train], x[train], tolerance=1e-3)


def draw_pairs(ours: "pd.Series[float]", theirs: "pd.Series[float]", path: Path) -> None:
    """Each gene by the R² of both, as SVG."""
    figure = Figure(figsize=(4.2, 4.2), layout="constrained")
    axes = figure.subplots()
    most = 1.05 * max(ours.max(), theirs.max())
    axes.plot([0, most], [0, most], color="0.7", lw=0.8)
    axes.scatter(theirs, ours, s=12, color="#0072b2")
    axes.set(xlabel="R² of an elastic net", ylabel="R² of fqtl", xlim=(0, most), ylim=(0, most))
    write_text(path, as_svg(figure) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument(
        "--elastic-net", type=int, default=0, metavar="N", help="compare in N genes (10 s each)"
    )
    given = parser.parse_args()
    source, folder = given.source.resolve(), given.folder.resolve()
    seconds = run_workflow(source, folder, given.cores)
    prediction = pd.read_csv(folder / "results" / "prediction.tsv.gz", sep="\t")
    r2 = prediction.set_index("gene_id")["r2"]
    p = single_variant_p(source).reindex(r2.index)
    print(f"wall time on {given.cores} cores: {seconds:.0f} s, {len(r2)} genes, 5 folds")
    for what, genes in (
        (f"genes with p < {GENOME_WIDE:g}", p < GENOME_WIDE),
        ("all genes", p <= 1),
    ):
        chosen = r2[genes]
        print(
            f"{what}: {len(chosen)}; cross-validated R² > 0.01 in {(chosen > 0.01).sum()}, "
            f"mean {chosen.mean():.3f}, median {chosen.median():.3f}"
        )
    if given.elastic_net:
        theirs = elastic_net_r2(source, folder / "results", given.elastic_net)
        ours = r2[theirs.index]
        for name, values in (("fqtl", ours), ("elastic net", theirs)):
            print(
                f"{name} in {len(values)} genes: R² > 0.01 in {(values > 0.01).sum()}, "
                f"mean {values.mean():.4f}, median {values.median():.4f}"
            )
        difference = ours - theirs
        error = difference.std() / np.sqrt(len(difference))
        print(f"paired difference {difference.mean():.4f} (standard error {error:.4f})")
        draw_pairs(ours, theirs, folder / "elastic-net.svg")


if __name__ == "__main__":
    main()
