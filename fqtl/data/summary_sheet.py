"""The sheet of summary statistics: which file holds which tissue.

Tab-separated with a header: `tissue`, `file`, and, where the file does not tell it, `n` (people)
and `columns` (what they mean, `meaning=column`, where the format is none that is known). With
`{chrom}` in its name a file stands for one of each chromosome, as tensorQTL and GTEx write them.
"""

import glob
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from fqtl.data import contigs
from fqtl.data.genotype_paths import CHROM, is_template
from fqtl.data.sheets import named_rows
from fqtl.errors import FqtlError

MOST_PEOPLE = 1e8  # more than any study will have; taste


@dataclass(frozen=True)
class TissueFile:
    """One line of the sheet; n is None where the file tells it."""

    tissue: str
    file: Path
    n: float | None
    columns: str


def read_sheet(path: Path) -> list[TissueFile]:
    """Tissues in the order of the sheet; the files themselves are not looked at."""
    return [
        TissueFile(
            row["tissue"],
            Path(row["file"]),
            _number(row.get("n", ""), where),
            row.get("columns", ""),
        )
        for where, row in named_rows(path, ("tissue", "file"))
    ]


def files_of(path: Path, chromosomes: Collection[str] | None = None) -> list[Path]:
    """The files that a path stands for, in the order of the genome; they may not be there unless
    it has `{chrom}` in it.

    chromosomes : without prefix; files of others are left out
    """
    if not is_template(path):
        return [path]
    parts = str(path).split(CHROM)
    # a name that comes again is the same chromosome
    pattern = re.escape(parts[0]) + r"(\w+?)" + r"\1".join(map(re.escape, parts[1:]))
    names = glob.glob("*".join(map(glob.escape, parts)))
    found = {
        contigs.bare(match[1]): name for name in names if (match := re.match(pattern + "$", name))
    }
    if not found:
        raise FqtlError(
            f"No file by {path}: expected one of each chromosome, as "
            f"{str(path).replace(CHROM, '1')}. See the sheet of summary statistics."
        )
    asked = [chrom for chrom in found if chromosomes is None or chrom in chromosomes]
    return [Path(found[chrom]) for chrom in sorted(asked, key=contigs.order)]


def _number(text: str, where: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 10 <= value <= MOST_PEOPLE:
        raise FqtlError(
            f"{where}: n must be a number of people, 10 to {MOST_PEOPLE:.0e}, found {text!r}."
        )
    return value
