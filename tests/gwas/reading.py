"""A GWAS file read for the variants chr22:1000 and rs100, as models would ask for them."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.gwas.checks import Checks
from fqtl.gwas.places import Chromosomes, place
from fqtl.gwas.reader import open_gwas
from fqtl.gwas.scan import Scan, Wanted, scan

CHROMOSOMES = Chromosomes(["chr22", "chrX"])


def wanted(*places: tuple[str, int], rsids: tuple[str, ...] = ("rs100",)) -> Wanted:
    chrom = np.array([CHROMOSOMES.code(name) for name, _ in places], dtype=np.int64)
    pos = np.array([pos for _, pos in places], dtype=np.int64)
    return Wanted.of(CHROMOSOMES, place(chrom, pos), pd.Series(rsids, dtype=str))


def read(path: Path, columns=None, bad_rows: bool = False, **asked) -> Scan:
    gwas = open_gwas(path, columns or {}, asked.pop("study", ""))
    checks = Checks(path, gwas.layout, gwas.header.skipped, bad_rows=bad_rows)
    left_out: Counter[str] = Counter()
    asked_for = asked.pop("wanted", wanted(("22", 1000)))
    found = scan(
        path,
        gwas.layout,
        gwas.batches(left_out),
        asked_for,
        checks,
        zero_based=gwas.zero_based,
        **asked,
    )
    found.left_out.update(left_out)
    return found


def only_row(path: Path, columns=None, **asked) -> "pd.Series":
    rows = read(path, columns, **asked).rows
    assert len(rows) == 1
    return rows.iloc[0]


def write(path: Path, *lines: str, separator: str = "\t") -> Path:
    path.write_text("".join(separator.join(line.split()) + "\n" for line in lines))
    return path
