"""A release of a few genes, and a way to run the workflow on it."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.conftest import linked_genotypes
from tests.files import vcf_records, write_bed, write_covariates, write_sheet, write_vcf

ROOT = Path(__file__).parent.parent.parent
DONORS = [f"d{i:03d}" for i in range(120)]
GENES = [(f"chr{1 + i // 4}", 100_000 * (1 + i % 4), f"ENSG{i:011d}.1") for i in range(8)]


@dataclass
class Release:
    """A folder with input, and runs of the workflow in it.

    dosages : (variants, donors) of each gene's cis window, by its chromosome and TSS
    first : results of the first run, before others changed them
    """

    folder: Path
    dosages: dict[tuple[str, int], np.ndarray]
    first: dict[str, bytes] = field(default_factory=dict)

    def configure(self, name: str, **changes: object) -> Path:
        """Config file with results in a folder of that name."""
        config = {
            "results": name,
            "genome_build": "GRCh38",
            "tissues": "tissues.tsv",
            "genotypes": {"path": "genotypes.vcf.gz"},
            "genes": {"chromosomes": [1, 2], "cis_window_bp": 5000},
            "cross_validation": {"folds": 3},
            "calibration": {"permutations": 1},
            "shards": {"count": 3},
            "weights": {"formats": ["predictdb", "fusion", "tigar", "focus"]},
            "report": {"gene_pages": 0},
        }
        path = self.folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump({**config, **changes}))
        return path

    def command(self, name: str, *flags: str) -> list[str]:
        snakemake = Path(sys.executable).parent / "snakemake"
        where = ["--snakefile", str(ROOT / "Snakefile"), "--configfile", f"{name}.yaml"]
        return [str(snakemake), *where, *(flags or ("--cores", "2"))]

    def run(self, name: str, *flags: str, **env: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.command(name, *flags),
            cwd=self.folder,
            env={**os.environ, "COLUMNS": "200", **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def without(self, *modules: str) -> dict[str, str]:
        """Environment variables of a Python in which these modules cannot be imported."""
        hidden = self.folder / "hidden"
        hidden.mkdir(exist_ok=True)
        for module in modules:
            (hidden / f"{module}.py").write_text(f"raise ModuleNotFoundError({module!r})\n")
        path = [str(hidden), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {"PYTHONPATH": os.pathsep.join(path)}

    def fits(self, name: str) -> dict[str, int]:
        """When each shard was written, in nanoseconds."""
        written = (self.folder / name / "fits").glob("[0-9]*.parquet")
        return {path.name: path.stat().st_mtime_ns for path in written}

    def results(self, name: str) -> dict[str, bytes]:
        """Bytes of every file that is a result, by its path."""
        folder = self.folder / name
        passing = ("logs", "benchmarks", "fits", "shards", "prepared", "shards.tsv", "plan.tsv")
        return {
            str(path.relative_to(folder)): without_resources(path.read_bytes())
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.relative_to(folder).parts[0] not in passing
        }


def without_resources(content: bytes) -> bytes:
    """A file without the time and memory that the report of a run tells."""
    return re.sub(b'<section id="resources".*?</section>', b"", content, flags=re.DOTALL)


@pytest.fixture
def release(tmp_path) -> Release:
    """Three tissues and one too small; three genes with effects, one constant in Liver."""
    return make_release(tmp_path)


def make_release(folder: Path) -> Release:
    rng = np.random.default_rng(0)
    records, dosages = [], {}
    for chrom in ("chr1", "chr2"):
        for i in range(4):
            x = linked_genotypes(rng, len(DONORS), 30).T
            start = 100_000 * (i + 1)
            dosages[chrom, start] = x
            records += vcf_records(x, start + 10 * np.arange(30), chrom)
    write_vcf(folder / "genotypes.vcf.gz", records, DONORS, contigs=("chr1", "chr2"))
    rows = []
    for number, (tissue, size) in enumerate(
        [("Liver", 100), ("Lung", 80), ("Whole_Blood", 110), ("Tiny", 3)]
    ):
        chosen = np.sort(rng.choice(len(DONORS), size, replace=False))
        values = rng.standard_normal((len(GENES), size))
        for g, (chrom, tss, _) in enumerate(GENES[:3]):
            values[g] += (1.5 if g or number != 1 else 0) * dosages[chrom, tss][7 + g][chosen]
        if tissue == "Liver":
            values[5] = 1.0
        donors = [DONORS[i] for i in chosen]
        bed = write_bed(folder / f"{tissue}.bed", GENES, values, donors)
        covariates = {"PC1": list(rng.standard_normal(size)), "sex": ["m", "f"] * (size // 2)}
        if size % 2:
            covariates["sex"].append("m")
        table = write_covariates(folder / f"{tissue}.txt", covariates, donors)
        rows.append((tissue, bed.name, table.name))
    write_sheet(folder / "tissues.tsv", rows)
    return Release(folder, dosages)
