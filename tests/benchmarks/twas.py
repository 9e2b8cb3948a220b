"""CPU, time and memory of `fqtl twas`, and of S-PrediXcan on the same files.

python -m tests.benchmarks.twas [--models 10000] [--rows 300000] [--metaxcan FOLDER PYTHON]

Models have 30 variants each, ids as long as GTEx's, and covariances of all pairs. The GWAS has the
layout of GWAS-SSF, gzipped, in the order of the genome; rows beyond those of the models lie between
them. S-PrediXcan is software/SPrediXcan.py of a checkout of MetaXcan, run by a Python that has what
it needs; z-scores of the two are compared.
"""

import argparse
import gzip
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.weights.predictdb import write_predictdb
from tests.benchmarks.weights import tissue

COLUMNS = (
    "chromosome\tbase_pair_location\teffect_allele\tother_allele\tbeta\tstandard_error\t"
    "effect_allele_frequency\tp_value\trsid\n"
)
PART = 200_000  # rows that are written at once


def write_gwas(path: Path, models: pd.DataFrame, rows: int, seed: int = 1) -> None:
    """A GWAS whose effects have no meaning; every second model variant is swapped."""
    rng = np.random.default_rng(seed)
    own = models.drop_duplicates("pos")
    beyond = max(rows - len(own), 0)
    pos = np.concatenate([own["pos"].to_numpy(), rng.integers(1, 248_000_000, beyond)])
    pos = np.sort(pos)
    known = np.isin(pos, own["pos"])
    with gzip.open(path, "wt", compresslevel=1) as stream:
        stream.write(COLUMNS)
        for start in range(0, len(pos), PART):
            at, mine = pos[start : start + PART], known[start : start + PART]
            z, se = rng.standard_normal(len(at)), rng.uniform(0.01, 0.02, len(at))
            beta = z * se
            pairs = np.where(mine, np.where(at % 2, "G\tA", "A\tG"), "C\tT")
            stream.writelines(
                f"1\t{p}\t{pair}\t{b:.6g}\t{s:.6g}\t0.3\t{q:.4g}\trs{p}\n"
                for p, pair, b, s, q in zip(
                    at, pairs, beta, se, np.exp(-np.abs(z)).clip(1e-300, 1), strict=True
                )
            )


def measured(command: list[str]) -> tuple[float, float, float]:
    """CPU seconds, seconds and peak megabytes of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(said.decode()[-2000:])
    elapsed = time.perf_counter() - start
    assert before.ru_utime >= 0
    return usage.ru_utime + usage.ru_stime, elapsed, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--metaxcan", nargs=2, metavar=("FOLDER", "PYTHON"))
    parser.add_argument(
        "--keep", type=Path, help="folder for the files, made before if it is there"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        gwas = folder / f"gwas_{given.rows}.tsv.gz"
        db = folder / "Whole_Blood.db"
        if not db.is_file():
            folder.mkdir(exist_ok=True)
            weights = tissue(given.models)
            write_predictdb(folder, weights, {})
            weights.variants.to_pickle(folder / "variants.pkl")
        if not gwas.is_file():
            write_gwas(gwas, pd.read_pickle(folder / "variants.pkl"), given.rows)
        _ours(gwas, db, folder)
        if given.metaxcan:
            _metaxcan(*given.metaxcan, gwas, db, folder)
            _compare(folder)


def _ours(gwas: Path, db: Path, folder: Path) -> None:
    code = "import sys; from fqtl.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "twas", "--gwas", str(gwas), "--weights", str(db)]
    cpu, elapsed, peak = measured([*command, "--out", str(folder / "twas")])
    print(f"fqtl twas      {cpu:7.1f} CPU s {elapsed:7.1f} s {peak:7.0f} MB", flush=True)


def _metaxcan(checkout: str, python: str, gwas: Path, db: Path, folder: Path) -> None:
    out = folder / "metaxcan.csv"
    out.unlink(missing_ok=True)
    command = [python, f"{checkout}/software/SPrediXcan.py", "--gwas_file", str(gwas)]
    command += ["--model_db_path", str(db), "--covariance", str(db.with_suffix(".txt.gz"))]
    command += ["--snp_column", "rsid", "--effect_allele_column", "effect_allele"]
    command += ["--non_effect_allele_column", "other_allele", "--beta_column", "beta"]
    command += ["--se_column", "standard_error", "--output_file", str(out)]
    command += ["--keep_non_rsid"]
    cpu, elapsed, peak = measured(command)
    print(f"SPrediXcan.py  {cpu:7.1f} CPU s {elapsed:7.1f} s {peak:7.0f} MB", flush=True)


def _compare(folder: Path) -> None:
    ours = pd.read_csv(folder / "twas" / "associations.tsv.gz", sep="\t").set_index("gene_id")["z"]
    theirs = pd.read_csv(folder / "metaxcan.csv").set_index("gene")["zscore"]
    both = ours.to_frame("ours").join(theirs, how="inner").dropna()
    apart = (both["ours"] - both["zscore"]).abs().max()
    print(f"{len(both)} genes, largest difference of z {apart:.2g}")


if __name__ == "__main__":
    main()
