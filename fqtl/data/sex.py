"""Sex of donors, and who has one copy of a chromosome.

Men have one X outside of its pseudo-autosomal ends, hens one Z. One copy of the effect allele there
counts as two: after X inactivation a man's allele does what two do in a woman, and so the scale is
that of PLINK's dosages. Where the ends of a human X lie is known by the build; of other genomes
all of it counts as outside.
(Pseudo-autosomal regions: https://www.ensembl.org/info/genome/genebuild/human_PARS.html)
"""

from pathlib import Path

import numpy as np

from fqtl.data import contigs
from fqtl.data.lines import read_lines, readable, unquoted
from fqtl.errors import FqtlError

MALE, FEMALE, UNKNOWN = "male", "female", ""
CODES = {
    **dict.fromkeys(("1", "m", "male"), MALE),
    **dict.fromkeys(("2", "f", "female"), FEMALE),
    **dict.fromkeys(("0", "", "na", "nan", "n/a", ".", "-9", "unknown", "u", "other"), UNKNOWN),
}
ONE_COPY = {"X": MALE, "Z": FEMALE}  # who has one copy of a chromosome
PSEUDO_AUTOSOMAL = {
    "GRCh37": ((60_001, 2_699_520), (154_931_044, 155_260_560)),
    "GRCh38": ((10_001, 2_781_479), (155_701_383, 156_030_895)),
}
DONOR_COLUMNS = ("iid", "donor", "subjid", "sample", "sample_id", "id")
SEX_COLUMNS = ("sex", "gender")


def with_one_copy(chrom: str) -> str:
    """The sex that has one copy of a chromosome; empty where none has."""
    return ONE_COPY.get(contigs.bare(chrom), UNKNOWN)


def is_pseudo_autosomal(chrom: str, pos: int, build: str) -> bool:
    """Whether a place on X is in one of the ends that Y has, too."""
    if contigs.bare(chrom) != "X":
        return False
    return any(first <= pos <= last for first, last in PSEUDO_AUTOSOMAL.get(build, ()))


def read_sex(path: Path) -> dict[str, str]:
    """Sex of each donor in a table.

    path : with a header that names a column `sex`, beside one of donors (`IID`, `donor`, `SUBJID`,
        or the first), as a .psam has it; or, without one, two columns or those of a .fam
    """
    lines = [line for line in readable(path, lambda: read_lines(path)) if line.strip()]
    rows = [_fields(line) for line in lines if not line.startswith("##")]
    if not rows:
        raise FqtlError(f"{path} lists no donor. See genotypes.sex in the config.")
    header = [name.lstrip("#").lower() for name in rows[0]]
    place = next((header.index(name) for name in SEX_COLUMNS if name in header), None)
    if place is not None:
        donor = next((header.index(name) for name in DONOR_COLUMNS if name in header), 0)
        rows, first = rows[1:], 2
    else:
        donor, place, first = (1, 4, 1) if path.suffix == ".fam" else (0, 1, 1)
    found: dict[str, str] = {}
    for number, row in enumerate(rows, start=first):
        code = row[place] if len(row) > place else None
        if code is None or code.lower() not in CODES:
            raise FqtlError(
                f"{path}, line {number}: expected a donor and a sex (male or female, M or F, 1 or "
                f"2, NA where it is not known), found {' '.join(row)[:60]!r}. See genotypes.sex in "
                "the config."
            )
        if found.setdefault(row[donor], CODES[code.lower()]) != CODES[code.lower()]:
            raise FqtlError(f"{path}, line {number}: {row[donor]} is of two sexes.")
    return found


def _fields(line: str) -> list[str]:
    """Fields between tabs, commas or blanks."""
    mark = next((mark for mark in "\t," if mark in line), None)
    return [unquoted(field.strip()) for field in line.strip("\r\n").split(mark)]


def require_known(sex: np.ndarray, donors: list[str], chrom: str, path: Path) -> None:
    """Refuse to count copies of a sex chromosome in donors of whom it is not known.

    sex : (n,) of the donors
    """
    unknown = [name for name, known in zip(donors, sex, strict=True) if known == UNKNOWN]
    if unknown:
        raise FqtlError(
            f"The sex of {len(unknown)} of {len(donors)} donors (the first {unknown[0]}) is not "
            f"known, and so not how many copies of {contigs.prefixed(chrom)} they have: neither "
            f"the calls of {path} tell nor a .fam or .psam. Name a table of donors and their sex "
            f"as genotypes.sex in the config, or leave {contigs.bare(chrom)} out of "
            "genes.chromosomes."
        )
