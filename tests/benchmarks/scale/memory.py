"""Peak memory of jobs that fit shards of a run, beside what `plan.tsv` expects of them.

Sizes differ by tissues, by base pairs of the window and by genes of a shard.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from fqtl.tables.files import read_parquet, read_tsv
from tests.benchmarks.scale.large import said
from tests.benchmarks.scale.release import GTEX_V8

ALL = tuple(GTEX_V8)
FIVE = ("Lung", "Liver", "Uterus", "Spleen", "Thyroid")
# tissues, base pairs on either side, genes of a shard
SIZES = (
    (ALL, 1_000_000, 3),
    (ALL, 1_000_000, 20),
    (ALL, 100_000, 10),
    (ALL, 3_000_000, 1),
    (FIVE, 1_000_000, 10),
    (("Muscle_Skeletal",), 1_000_000, 10),
    (("Kidney_Cortex",), 1_000_000, 10),
)


@dataclass(frozen=True)
class Job:
    """A job: donors, variants and tissues of its largest gene, pairs of genes and tissues, MB."""

    donors: int
    variants: int
    tissues: int
    pairs: int
    expected: float
    peak: float

    @property
    def row(self) -> str:
        """Of a table in Markdown."""
        size = f"{self.donors} | {self.variants:,} | {self.tissues} | {self.pairs:,}"
        ratio = self.expected / self.peak
        return f"| {size} | {self.peak:,.0f} | {self.expected:,.0f} | {ratio:.2f} |"


def measure(folder: Path) -> Iterator[Job]:
    """A job of each size; folder : of a run."""
    for number, (tissues, window, genes) in enumerate(SIZES):
        yield fitted(folder, folder / "memory" / str(number), tissues, window, genes)


def fitted(folder: Path, out: Path, tissues: tuple[str, ...], window: int, genes: int) -> Job:
    """The job in the middle of the run's genes, in shards of so many genes."""
    everything = read_tsv(folder / "results" / "genes.tsv", "genes")
    stores = [folder / "results" / "prepared" / f"{tissue}.parquet" for tissue in tissues]
    how = ["--genotypes", folder / "genotypes.vcf.gz", "--genome-build", "GRCh38"]
    how += ["--cis-window-bp", str(window)]
    count = ["--count", str(len(everything) // genes), "--chromosomes", "11"]
    where = ["--shards", out / "shards", "--results", out]
    said("shard", "--prepared", *stores, *count, *where, *how)
    plan = read_tsv(out / "plan.tsv", "plan")
    row = plan.iloc[len(plan) // 2]
    shard, fits = out / "shards" / f"{row['shard']}.parquet", out / "fits.parquet"
    cost = said("fit", "--shard", shard, *how, "--out", fits)
    sizes = pq.read_table(fits, columns=["n_variants", "n_tissues"]).to_pandas()
    donors = read_parquet(shard, "shard", columns=[])[1]["donors"]
    return Job(
        len(donors),
        int(sizes["n_variants"].max()),
        int(sizes["n_tissues"].max()),
        int(sizes["n_tissues"].sum()),
        float(row["memory_mb"]),
        cost.peak,
    )
