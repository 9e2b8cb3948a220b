"""Speed of this tree against that of an earlier commit, which is built in a temporary folder.

Three genes of n = 838, p = 5,000 and m = 49, with two factors and effects of single tissues in
eight; two in five of their variants are copies of others, or none are. Every job is run by both
trees in turn, each in a process of its own on one thread, and of several runs the fastest counts:
what other programs on the machine take is in the others. Memory is that of these, and of genes of
n = 450, p = 1,000 and m = 44.

    python -m tests.benchmarks.against [--commit 62de0c3] [--repeats 5]
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tests.conftest import linked_genotypes

ROOT = Path(__file__).resolve().parents[2]
GTEX, SMALL = (838, 5000, 49), (450, 1000, 44)  # donors, variants, tissues
OBSERVED = 0.4
COPIES, FACTORS, SPECIFIC = 0.4, (20, 8), 8
SHARED_VARIANCE = SPECIFIC_VARIANCE = 0.1  # of a tissue's
SEEDS = (0, 1, 2)


def gene(
    seed: int, copies: float, shape: tuple[int, int, int] = GTEX
) -> tuple[np.ndarray, np.ndarray]:
    """y and x, of which a part of the columns are copies of others, half of them flipped."""
    (n, p, m), rng = shape, np.random.default_rng(seed)
    distinct = round(p * (1 - copies))
    x = linked_genotypes(rng, n, distinct, correlation=0.95, min_maf=0.05).astype(np.float32)
    original = np.sort(np.append(np.arange(distinct), rng.choice(distinct, p - distinct)))
    is_copy = np.append(False, original[1:] == original[:-1])
    x = x[:, original]
    flipped = is_copy & (rng.random(p) < 0.5)
    x[:, flipped] = 2 - x[:, flipped]
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    genetic = np.zeros((n, m))
    for tissues in FACTORS:
        score = standard[:, rng.choice(p, 3, replace=False)] @ rng.standard_normal(3)
        where = rng.choice(m, tissues, replace=False)
        genetic[:, where] += np.outer(score, rng.standard_normal(tissues))
    sd = genetic.std(axis=0)
    genetic *= np.sqrt(SHARED_VARIANCE) / np.where(sd > 0, sd, 1.0)
    for tissue in rng.choice(m, SPECIFIC, replace=False):
        genetic[:, tissue] += standard[:, rng.integers(p)] * np.sqrt(SPECIFIC_VARIANCE)
    noise = np.sqrt(1 - SHARED_VARIANCE - SPECIFIC_VARIANCE / 2)
    y = genetic + noise * rng.standard_normal((n, m))
    y[rng.random((n, m)) > OBSERVED] = np.nan
    return y, x


@contextmanager
def built(commit: str) -> Iterator[Path]:
    """A folder with the tree of a commit, its kernels built; gone afterwards."""
    with TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), commit], check=True)
        try:
            build = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
            subprocess.run(build, cwd=tree, check=True, capture_output=True)
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def run(tree: Path, job: Path, what: str) -> dict[str, float]:
    """What `fitted.py` says of a job under the package of a tree."""
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(tree)}
    command = [sys.executable, "-P", str(ROOT / "tests/benchmarks/fitted.py"), str(job), what]
    done = subprocess.run(
        command, env={**os.environ, **one}, cwd=job.parent, check=True, capture_output=True
    )
    said: dict[str, float] = json.loads(done.stdout)
    return said


def compared(trees: list[Path], job: Path, what: str, repeats: int) -> list[dict[str, float]]:
    """Of each tree its fastest run, both in turn."""
    runs = [[run(tree, job, what) for tree in trees] for _ in range(repeats)]
    return [min(of_tree, key=lambda one: one["cpu"]) for of_tree in zip(*runs, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commit", default="62de0c3")
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    print(f"| job | CPU s, {given.commit} | CPU s, today | ratio | ELBO, nats more |")
    print("|---|---|---|---|---|")
    with built(given.commit) as tree, TemporaryDirectory() as folder:
        trees, job = [tree, ROOT], Path(folder) / "job.npz"
        for copies in (COPIES, 0.0):
            for seed in SEEDS:
                y, x = gene(seed, copies)
                np.savez(job, y=y, x=x)
                fits = compared(trees, job, "fit", given.repeats)
                report(f"a fit, gene {seed}, {copies:.0%} copies", fits)
            genes = compared(trees, job, "gene", 1)
            report(f"eight fits, gene {SEEDS[-1]}, {copies:.0%} copies", genes)
            for n, p, m in (GTEX, SMALL):
                y, x = gene(SEEDS[-1], copies, (n, p, m))
                np.savez(job, y=y, x=x)
                before, today = compared(trees, job, "memory", 1)
                print(
                    f"\npeak memory of a fit, n = {n}, p = {p}, m = {m}, {copies:.0%} copies: "
                    f"{before['memory']:.2f} and {today['memory']:.2f} times x in float32\n"
                )


def report(name: str, runs: list[dict[str, float]]) -> None:
    """A row of the table."""
    before, today = runs
    ratio, more = today["cpu"] / before["cpu"], today["elbo"] - before["elbo"]
    print(f"| {name} | {before['cpu']:.2f} | {today['cpu']:.2f} | {ratio:.2f} | {more:.3f} |")


if __name__ == "__main__":
    main()
