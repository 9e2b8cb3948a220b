"""Run trials of every kind, count what became of them, and fail if there is a fault."""

import argparse
import logging
import os
import sys
import traceback
import warnings
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pysam

from tests.fuzz import tables, vcf, weights

KINDS = {"vcf": vcf.trial, "bcf": vcf.bcf_trial, **tables.TRIALS, **weights.TRIALS}
# how many of each kind; 10,000 in all
TRIALS = {"vcf": 3500, "bcf": 500, "bed": 1500, "covariates": 1500, "gct": 700, "gtf": 500}
TRIALS |= {"predictdb": 600, "fusion": 400, "tigar": 400, "focus": 400}
SHOWN = 12  # faults of one kind


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--only", choices=list(KINDS), nargs="+", default=list(KINDS))
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--first", type=int, default=0, help="number of the first trial")
    parser.add_argument("--count", type=int, help=f"trials of each kind [{TRIALS}]")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    pysam.set_verbosity(0)
    os.fsync = lambda file: None  # of small files that nobody keeps; it takes most of the time
    faults = sum(
        _run(kind, given.seed, given.first, given.count or TRIALS[kind]) for kind in given.only
    )
    return min(faults, 1)


def _run(kind: str, seed: int, first: int, count: int) -> int:
    """Trials of a kind, told; the number of faults."""
    became: Counter[str] = Counter()
    faults = []
    for number in range(first, first + count):
        rng = np.random.default_rng([seed, list(KINDS).index(kind), number])
        with TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                became[KINDS[kind](rng, Path(folder))] += 1
            except Exception:  # whatever is raised is what is looked for
                became["FAULT"] += 1
                faults.append((number, traceback.format_exc()))
    told = ", ".join(f"{number} {what}" for what, number in became.most_common())
    print(f"{kind}: {count} trials from seed {seed}, {first}: {told}", flush=True)
    for number, trace in faults[:SHOWN]:
        last = trace.strip().splitlines()
        print(f"  trial {number}: {last[-1][:300]}\n    {' | '.join(last[-3:-1])[:300]}")
        if count == 1:
            print(trace)
    return len(faults)


if __name__ == "__main__":
    sys.exit(main())
