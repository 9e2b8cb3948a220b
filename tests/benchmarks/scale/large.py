"""A release of 20,000 genes through the stages whose cost grows with the genes, fits left out.

Genes of a part of a release that was run (see `release.py`) are repeated under new names. Their
expression is drawn anew in all 49 tissues of GTEx v8, in as many donors as these have, and goes
through check, prepare and shard; the fits of the run, under the same names, through what comes
after fits. Genotypes are those of the run, which shard reads a fiftieth of.
"""

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pysam
from scipy.stats import norm

from fqtl.tables.files import read_parquet, read_tsv, write_parquet
from tests.benchmarks.scale.release import DONORS, GTEX_V8, draw_covariates
from tests.files import write_covariates, write_sheet

GENES = 20_000
GENES_PER_SHARD = 50
GENE_PAGES = 50
DONE = re.compile(r"done: ([\d.]+) s of CPU, (\d+) MB at most")
# quantiles of a normal distribution, of seven characters behind a tab
QUANTILES = np.array([f"\t{z:.5f}"[:8] for z in norm.ppf((np.arange(10_000) + 0.5) / 10_000)], "S8")
GENES_AT_ONCE = 1000


@dataclass(frozen=True)
class Cost:
    """What a job took: seconds of CPU, and MB at most."""

    cpu: float
    peak: float


def measure(folder: Path) -> Iterator[tuple[str, Cost]]:
    """Each stage, by name, and what it takes; folder : of a run."""
    large, genotypes = folder / "large", folder / "genotypes.vcf.gz"
    large.mkdir(parents=True, exist_ok=True)
    genes = repeated(read_tsv(folder / "results" / "genes.tsv", "genes"))
    sheet = write_expression(large, genes)
    where = ["--genotypes", genotypes, "--genome-build", "GRCh38"]
    chromosomes = ["--chromosomes", "11"]
    yield (
        "check",
        said("check", "--tissues", sheet, *where, *chromosomes, "--out", large / "c.json"),
    )
    prepared = {}
    for tissue in GTEX_V8:
        files = [
            "--expression",
            large / f"{tissue}.bed.gz",
            "--covariates",
            large / f"{tissue}.txt",
        ]
        out = large / "prepared" / f"{tissue}.parquet"
        prepared[tissue] = said("prepare", "--tissue", tissue, *files, *where, "--out", out)
    largest = max(GTEX_V8, key=lambda tissue: GTEX_V8[tissue])
    yield f"prepare, the largest tissue ({GTEX_V8[largest]} donors)", prepared[largest]
    yield "prepare, all tissues (49 jobs)", together(list(prepared.values()))
    stores = [large / "prepared" / f"{tissue}.parquet" for tissue in GTEX_V8]
    shards = ["--count", str(GENES // GENES_PER_SHARD), "--shards", large / "shards"]
    results = ["--results", large]
    yield "shard", said("shard", "--prepared", *stores, *chromosomes, *shards, *results, *where)
    fits = write_fits(folder / "results", large, genes)
    store = large / "fits.parquet"
    genes_of = ["--genes", large / "genes.tsv", *results]
    yield "aggregate", said("aggregate", "--fits", *fits, *genes_of, "--out", store)
    weights = ["--fits", store, "--folder", large / "weights"]
    lists = [large / "weights" / f"{tissue}.tsv" for tissue in GTEX_V8]
    yield (
        "weights of all tissues (PredictDB)",
        said("weights", *weights, "--tissue", *GTEX_V8, "--out", *lists),
    )
    out = large / "weights" / "joint" / "files.tsv"
    yield (
        "what programs need of all tissues together",
        said("joint", *weights, "--tissues", *GTEX_V8, "--out", out),
    )
    pages = ["--top", str(GENE_PAGES), "--traits", "--out", large / "genes"]
    yield f"pages of the {GENE_PAGES} strongest genes", said("plot", "gene", *pages, *results)
    page = ["--figures", large / "figures", "--traits", "--out", large / "report.html"]
    yield "report", said("report", *results, "--weights", *lists, out, *page)


def repeated(genes: pd.DataFrame) -> pd.DataFrame:
    """20,000 genes: those that were fitted, under new names beside each other.

    genes : the list of a run; `of` names the gene that a gene repeats
    """
    fitted = genes[genes["reason"] == ""]
    times = GENES // len(fitted)
    copy = np.tile(np.arange(times), len(fitted))
    whole = fitted.loc[fitted.index.repeat(times)].reset_index(drop=True)
    names = [f"{name}_{number}" for name, number in zip(whole["gene_id"], copy, strict=True)]
    return whole.assign(of=whole["gene_id"], gene_id=names, tss=whole["tss"] + copy)


def write_expression(folder: Path, genes: pd.DataFrame) -> Path:
    """Expression and covariates of all tissues; the path of their sheet."""
    rng = np.random.default_rng(1)
    leading = [f"{g.chrom}\t{g.tss - 1}\t{g.tss}\t{g.gene_id}".encode() for g in genes.itertuples()]
    rows = []
    for tissue, size in GTEX_V8.items():
        donors = [DONORS[i] for i in np.sort(rng.choice(len(DONORS), size, replace=False))]
        bed = folder / f"{tissue}.bed.gz"
        with pysam.BGZFile(str(bed), "wb") as out:
            out.write("\t".join(["#chr", "start", "end", "gene_id", *donors]).encode() + b"\n")
            for first in range(0, len(leading), GENES_AT_ONCE):
                part = leading[first : first + GENES_AT_ONCE]
                values = QUANTILES[rng.integers(0, len(QUANTILES), (len(part), size))]
                lines = (lead + row.tobytes() for lead, row in zip(part, values, strict=True))
                out.write(b"\n".join(lines) + b"\n")
        covariates = write_covariates(folder / f"{tissue}.txt", draw_covariates(size, rng), donors)
        rows.append((tissue, bed, covariates))
    return write_sheet(folder / "tissues.tsv", rows)


def write_fits(source: Path, folder: Path, genes: pd.DataFrame) -> list[Path]:
    """Fits of a run for each gene that repeats one of its genes, by the shards of these.

    source : results of the run; genes : as `repeated` gives them
    """
    fits, _ = read_parquet(source / "fits.parquet", "fits")
    about = read_parquet(min((source / "fits").glob("*.parquet")), "fits")[1]
    about = {name: value for name, value in about.items() if name not in ("kind", "version")}
    row = {gene: i for i, gene in enumerate(fits["gene_id"].to_pylist())}
    shards = read_tsv(folder / "shards.tsv", "shards")
    shards["row"] = shards["gene_id"].map(genes.set_index("gene_id")["of"]).map(row)
    paths = []
    for shard, mine in shards.groupby("shard"):
        part = fits.take(mine["row"].to_numpy()).set_column(0, "gene_id", [list(mine["gene_id"])])
        paths.append(folder / "fits" / f"{shard}.parquet")
        write_parquet(paths[-1], part, "fits", **about)
    return paths


def said(*arguments: str | Path) -> Cost:
    """Run a subcommand; what it says it took."""
    command = [sys.executable, "-c", "from fqtl.cli import entry; entry()", *map(str, arguments)]
    run = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        raise RuntimeError(run.stderr)
    cpu, peak = DONE.findall(run.stderr)[-1]
    return Cost(float(cpu), float(peak))


def together(costs: Sequence[Cost]) -> Cost:
    """Of jobs: all seconds, and the largest."""
    return Cost(sum(cost.cpu for cost in costs), max(cost.peak for cost in costs))
