"""Commands of a run as a person types them, one by one, and what a failing one says."""

from pathlib import Path

import numpy as np

from fqtl.cli import main
from tests.conftest import linked_genotypes
from tests.files import (
    vcf_records,
    write_gct,
    write_gtf,
    write_vcf,
)

DONORS = [f"d{i}" for i in range(60)]
GENES = [("chr22", 5000, "g1"), ("chr22", 6000, "g2")]
BUILD = ["--genotypes", "g.vcf.gz", "--genome-build", "GRCh37"]
CHECK = [
    *["check", "--tissues", "tissues.tsv", *BUILD, "--chromosomes", "7", "22"],
    *["--out", "out/check.json"],
]
PREPARE = [
    *["prepare", "--tissue", "Liver", "--expression", "liver.bed", "--covariates", "liver.txt"],
    *[*BUILD, "--out", "out/Liver.parquet"],
]
SHARD = [
    *["shard", "--prepared", "out/Liver.parquet", "--chromosomes", "22", "--count", "1"],
    *["--shards", "out/shards", "--results", "out", *BUILD],
]
FIT = ["fit", "--shard", "out/shards/0001.parquet", *BUILD, "--out", "out/fits.parquet"]


def complaint(capsys, arguments):
    """The one line that a failing command says, after it was checked to be the only one."""
    before = sorted(Path().rglob("*.*"))
    assert main(arguments) == 2
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error:")]
    assert len(said) == 1
    assert sorted(Path().rglob("*.*")) == before
    return said[0]


def run(*commands):
    for command in commands:
        assert main(command) == 0


def write_release(here):
    """Counts of two tissues in one file, with what says which sample is which."""
    rng = np.random.default_rng(7)
    names = [f"GTEX-{i:04d}" for i in range(60)]
    x = linked_genotypes(rng, 60, 40)
    write_vcf(here / "g.vcf.gz", vcf_records(x.T, np.arange(4900, 4940)), names)
    samples = [f"{name}-0001-SM-{tissue}" for tissue in "AB" for name in names[:45]]
    genes = [("chr22", 5000, 5600, "+", "g1", [(5000, 5600)])]
    genes += [("chr22", 6000 + i, 7000 + i, "-", f"g{i}", [(6000, 7000)]) for i in range(2, 30)]
    level = np.exp(rng.normal(4, 1, (len(genes), 1)))
    counts = 6 + rng.poisson(level * rng.uniform(0.5, 2, 90))
    counts[0] = rng.poisson(50 * np.exp(0.7 * np.tile(x[:45, 10], 2)))
    counts[3] = 0
    write_gct(here / "reads.gct", [gene[4] for gene in genes], counts, samples)
    write_gtf(here / "genes.gtf", genes)
    kinds = {"A": "Whole Blood", "B": "Brain - Cortex"}
    rows = [f"{name}\t{kinds[name[-1]]}" for name in samples]
    (here / "samples.txt").write_text("\n".join(["SAMPID\tSMTSD", *rows]) + "\n")


SPLIT = ["split", "--counts", "reads.gct", "--samples", "samples.txt", "--out", "out/counts"]
COUNTED = ["--counts", "--annotation", "genes.gtf"]
BLOOD = [
    *["prepare", "--tissue", "Whole_Blood", "--expression", "out/counts/Whole_Blood.parquet"],
    *[*COUNTED, *BUILD, "--out", "out/Whole_Blood.parquet"],
]
