"""Resource use of a release of GTEx's size: CPU hours, memory and bytes of each stage.

`run` makes a part of a release (see release.py), sends it through the whole workflow and reads what
every job says of itself at the end of its log. `large` then measures all stages but the fits with
20,000 genes in 49 tissues (see large.py), and `memory` what jobs that fit shards of several sizes
hold, beside what was expected of them (see memory.py). `plan` asks snakemake what a run of 20,000
genes would do. CPU is of the process that did the work, so that a machine that is busy with other
things gives nearly the same.

    python -m tests.benchmarks.scale run FOLDER [--blocks 10] [--cores 2]
    python -m tests.benchmarks.scale large FOLDER
    python -m tests.benchmarks.scale memory FOLDER
    python -m tests.benchmarks.scale plan FOLDER
"""

import argparse
import platform
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.benchmarks.scale import large, memory
from tests.benchmarks.scale.large import DONE, GENES, GENES_PER_SHARD
from tests.benchmarks.scale.release import BLOCKS, DONORS, GENES_PER_BLOCK, GTEX_V8, make

ROOT = Path(__file__).parent.parent.parent.parent
# What each stage writes, in the order of the workflow; named as the logs are
WRITTEN = {
    "check": ["check.json"],
    "prepare": ["prepared/*"],
    "shard": ["shards/*", "genes.tsv", "shards.tsv", "plan.tsv"],
    "learn_priors": ["priors.tsv"],
    "fit": ["fits/*"],
    "aggregate": ["fits.parquet", "*.tsv.gz"],
    "weights": ["weights/**/*"],  # of factors and of all tissues together, too
    "factor_weights": [],
    "joint_weights": [],
    "gene_pages": ["genes/*"],
    "report": ["report.html", "figures/*"],
}
READ = re.compile(r"variants in \d+ donors, ([\d.]+) s")


@dataclass(frozen=True)
class Cost:
    """What the jobs of one stage took.

    cpu : seconds, of all together; peak : MB, of the largest; bytes : that they wrote
    """

    jobs: int
    cpu: float
    peak: float
    bytes: int


def run(folder: Path, blocks: int, cores: int) -> None:
    genes = blocks * GENES_PER_BLOCK
    config = make(folder, blocks, shards=genes // GENES_PER_SHARD)
    started = time.monotonic()
    command = [str(Path(sys.executable).parent / "snakemake"), "--configfile", str(config)]
    subprocess.run([*command, "--cores", str(cores), "--forceall"], cwd=ROOT, check=True)
    wall = time.monotonic() - started
    results = folder / "results"
    logs = {stage: texts for stage in WRITTEN if (texts := list(read_logs(results, stage)))}
    print(f"\n{machine()}; {cores} cores, {wall / 60:.0f} min of wall time")
    print(f"{genes} genes, {len(GTEX_V8)} tissues, {len(DONORS)} donors\n")
    print(table({stage: cost(stage, texts, results) for stage, texts in logs.items()}))
    print(f"\nfits of {GENES:,} genes: {hours(logs['fit'], genes):.1f} h of CPU")
    reading = sum(float(seconds) for text in logs["fit"] for seconds in READ.findall(text))
    fitting = sum(float(DONE.findall(text)[-1][0]) for text in logs["fit"])
    print(f"reading genotypes: {reading:.0f} of {fitting:.0f} s of fits, {reading / fitting:.1%}")


def read_logs(results: Path, stage: str) -> Iterator[str]:
    """Logs of the jobs of a stage, of which there is one or a folder of them."""
    alone = results / "logs" / f"{stage}.log"
    yield from (
        path.read_text()
        for path in ([alone] if alone.exists() else sorted((alone.with_suffix("")).glob("*.log")))
    )


def cost(stage: str, logs: list[str], results: Path) -> Cost:
    said = [DONE.findall(text)[-1] for text in logs]
    files = [path for pattern in WRITTEN[stage] for path in results.glob(pattern) if path.is_file()]
    return Cost(
        len(logs),
        sum(float(cpu) for cpu, _ in said),
        max(float(peak) for _, peak in said),
        sum(path.stat().st_size for path in files),
    )


def table(costs: dict[str, Cost]) -> str:
    """Markdown."""
    everything = Cost(
        sum(found.jobs for found in costs.values()),
        sum(found.cpu for found in costs.values()),
        max(found.peak for found in costs.values()),
        sum(found.bytes for found in costs.values()),
    )
    return "\n".join(
        [
            "| stage | jobs | CPU s | peak MB of a job | MB written |",
            "|---|---|---|---|---|",
            *(
                f"| {stage} | {found.jobs} | {found.cpu:.0f} | {found.peak:.0f} "
                f"| {found.bytes / 1e6:.1f} |"
                for stage, found in {**costs, "all": everything}.items()
            ),
        ]
    )


def hours(logs: list[str], genes: int) -> float:
    """CPU hours of a stage for a whole release; only fits take long enough to be multiplied."""
    return sum(float(DONE.findall(text)[-1][0]) for text in logs) * GENES / genes / 3600


def show_large(folder: Path) -> None:
    """Of 20,000 genes: what each stage but the fits takes."""
    print(f"{machine()}\n\n| with {GENES:,} genes | CPU s | peak MB |\n|---|---|---|")
    for stage, cost in large.measure(folder):
        print(f"| {stage} | {cost.cpu:.0f} | {cost.peak:,.0f} |", flush=True)


def show_memory(folder: Path) -> None:
    """Jobs that fit shards of several sizes."""
    print("| donors | variants | tissues | genes × tissues | peak MB | expected | ratio |")
    print("|---|---|---|---|---|---|---|")
    for job in memory.measure(folder):
        print(job.row, flush=True)


def plan(folder: Path) -> None:
    """Seconds and memory of a dry run; it looks at names and times, so that files may be empty."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("genotypes.vcf.gz", "genotypes.vcf.gz.tbi", "expression.bed", "covariates.txt"):
        (folder / name).touch()
    rows = [f"{t}\t{folder / 'expression.bed'}\t{folder / 'covariates.txt'}" for t in GTEX_V8]
    sheet = folder / "tissues.tsv"
    sheet.write_text("\n".join(["tissue\texpression\tcovariates", *rows]) + "\n")
    config = folder / "plan.yaml"
    shards = GENES // GENES_PER_SHARD
    settings = {
        "results": str(folder / "results"),
        "genome_build": "GRCh38",
        "tissues": str(sheet),
        "genotypes": {"path": str(folder / "genotypes.vcf.gz")},
        "shards": {"count": shards},
    }
    config.write_text(yaml.safe_dump(settings))
    command = [str(Path(sys.executable).parent / "snakemake"), "--configfile", str(config), "-n"]
    subprocess.run([*command, "--quiet", "all"], cwd=ROOT, check=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{machine()}\nplan of {GENES:,} genes in {shards} shards, {len(GTEX_V8)} tissues: "
        f"{used.ru_utime + used.ru_stime:.1f} s of CPU, {used.ru_maxrss / 1024:.0f} MB"
    )


def machine() -> str:
    """Processor, as Linux names it."""
    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", info.read_text()) if info.exists() else []
    return f"{names[0] if names else platform.processor()}, Python {platform.python_version()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_subparsers(dest="what", required=True)
    running = what.add_parser("run")
    running.add_argument("--blocks", type=int, default=BLOCKS, help="of 100 genes and 13.5 Mb [10]")
    running.add_argument("--cores", type=int, default=2)
    others = {"large": show_large, "memory": show_memory, "plan": plan}
    for command in (running, *map(what.add_parser, others)):
        command.add_argument("folder", type=Path)
    given = parser.parse_args()
    folder = given.folder.resolve()
    if given.what == "run":
        run(folder, given.blocks, given.cores)
    else:
        others[given.what](folder)


if __name__ == "__main__":
    main()
