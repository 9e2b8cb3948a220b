"""What jobs hold is at most what `plan.tsv` expects of them."""

import re
import subprocess
import sys

import numpy as np
import pytest

from fqtl.shards.cost import PROCESS_BYTES
from fqtl.tables.files import read_tsv
from tests.conftest import linked_genotypes
from tests.files import vcf_records, write_bed, write_vcf

GENES, BETWEEN, WINDOW = 4, 10_000, 1_000_000
SAYS = re.compile(r"done: .* CPU, (\d+) MB at most")


def said(*arguments):
    """Most MB that a subcommand held, in a process of its own."""
    command = [sys.executable, "-c", "from fqtl.cli import entry; entry()", *map(str, arguments)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=True)
    return float(SAYS.findall(done.stderr)[-1])


def job(folder, n, p, tissues):
    """Expected and measured MB of a job that fits a few neighbouring genes."""
    folder.mkdir()
    rng = np.random.default_rng(1)
    donors = [f"d{i}" for i in range(n)]
    x = linked_genotypes(rng, n, p, correlation=0.9, min_maf=0.05)
    pos = np.linspace(1_000_000, 2_900_000, p).astype(int)
    vcf = write_vcf(folder / "g.vcf.gz", vcf_records(x.T, pos), donors)
    genes = [("chr22", 2_000_000 + BETWEEN * i, f"g{i}") for i in range(GENES)]
    stores = []
    how = ["--genotypes", vcf, "--genome-build", "GRCh37"]
    for number in range(tissues):
        y = x[:, p // 2] + rng.standard_normal((GENES, n))
        bed = write_bed(folder / f"{number}.bed", genes, y, donors)
        stores.append(folder / f"{number}.parquet")
        said("prepare", "--tissue", number, "--expression", bed, *how, "--out", stores[-1])
    where = ["--count", 1, "--shards", folder, "--results", folder, "--chromosomes", "22"]
    said("shard", "--prepared", *stores, *where, *how, "--cis-window-bp", WINDOW)
    fit = ["--folds", 2, "--permutations", 1, "--cis-window-bp", WINDOW]
    taken = said(
        "fit", "--shard", folder / "0001.parquet", *how, *fit, "--out", folder / "f.parquet"
    )
    return float(read_tsv(folder / "plan.tsv", "plan")["memory_mb"].iloc[0]), taken


def test_a_job_holds_no_more_than_was_expected_of_its_size(tmp_path):
    small, small_took = job(tmp_path / "small", 60, 100, 1)
    large, large_took = job(tmp_path / "large", 500, 4000, 2)
    # libraries of other versions are larger or smaller
    assert small_took == pytest.approx(PROCESS_BYTES / 1e6, rel=0.2)
    assert 0 < large_took - small_took < large - small
    assert large < 1.35 * large_took


def test_what_a_job_held_does_not_hang_on_who_started_it():
    """The system counts pages of the starter, too: 400 MB here."""
    ballast = "import subprocess, sys; held = bytearray(400_000_000); subprocess.run(sys.argv[1:])"
    job = [sys.executable, "-c", "from fqtl.cli import entry; entry()", "completion", "bash", "-v"]
    said = [
        subprocess.run([*start, *job], capture_output=True, text=True, check=True).stderr
        for start in ([], [sys.executable, "-c", ballast])
    ]
    alone, started = (float(SAYS.findall(text)[-1]) for text in said)
    assert started == pytest.approx(alone, rel=0.1)
