"""Sex of donors, and who has one copy of a chromosome.

Males have one X outside of its pseudo-autosomal regions, hens one Z. One copy of the effect allele
there counts as two: after X inactivation a man's allele does what two do in a woman, and so the
scale is that of PLINK's dosages. Which chromosomes these are the config says (X and Z, unless a
genome has others). Where the regions of a human X lie is known by the build; of other genomes the
config says it, or all of the chromosome counts as outside.
(Pseudo-autosomal regions: https://www.ensembl.org/info/genome/genebuild/human_PARS.html)
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
MALES_HAVE_ONE, FEMALES_HAVE_ONE = ("X",), ("Z",)  # unless a genome has others
PSEUDO_AUTOSOMAL: dict[str, tuple[str, ...]] = {
    "GRCh37": ("X:60001-2699520", "X:154931044-155260560"),
    "GRCh38": ("X:10001-2781479", "X:155701383-156030895"),
}
REGION = re.compile(r"(.+):(\d+)-(\d+)")
DONOR_COLUMNS = ("iid", "donor", "subjid", "sample", "sample_id", "id")
SEX_COLUMNS = ("sex", "gender")


@dataclass(frozen=True)
class SexChromosomes:
    """Chromosomes of which one sex has one copy, and where on them both have two.

    fewer : the sex that has one copy, by chromosome (without its prefix)
    shared : first and last position of the pseudo-autosomal regions, by chromosome
    haploid : everybody has one copy of every chromosome, and none is one of sex
    """

    fewer: Mapping[str, str]
    shared: Mapping[str, tuple[tuple[int, int], ...]]
    haploid: bool = False

    def with_one_copy(self, chrom: str) -> str:
        """The sex that has one copy of a chromosome; empty where none has."""
        return self.fewer.get(contigs.bare(chrom), UNKNOWN)

    def is_shared(self, chrom: str, pos: int) -> bool:
        """Whether a place is in a pseudo-autosomal region."""
        regions = self.shared.get(contigs.bare(chrom), ())
        return any(first <= pos <= last for first, last in regions)


def sex_chromosomes(
    build: str,
    males: Iterable[str] = MALES_HAVE_ONE,
    females: Iterable[str] = FEMALES_HAVE_ONE,
    regions: Iterable[str] = (),
    *,
    haploid: bool = False,
) -> SexChromosomes:
    """Sex chromosomes of a genome.

    males, females : chromosomes of which they have one
    regions : pseudo-autosomal ones, as X:60001-2699520; those of the build if none is given
    haploid : everybody has one copy of all chromosomes; the others are then not asked for
    """
    if haploid:
        return SexChromosomes({}, {}, haploid=True)
    fewer = {contigs.bare(chrom): MALE for chrom in males}
    for chrom in females:
        if fewer.setdefault(contigs.bare(chrom), FEMALE) != FEMALE:
            raise FqtlError(
                f"Of {chrom} both sexes have one copy by genotypes.one_copy_in_males and "
                "one_copy_in_females; expected one of them. See the config."
            )
    shared: dict[str, tuple[tuple[int, int], ...]] = {}
    for region in list(regions) or PSEUDO_AUTOSOMAL.get(build, ()):
        match = REGION.fullmatch(region)
        if match is None or not 1 <= int(match[2]) <= int(match[3]):
            raise FqtlError(
                "genotypes.pseudo_autosomal: expected regions as X:60001-2699520, found "
                f"{region!r}."
            )
        chrom = contigs.bare(match[1])
        shared[chrom] = (*shared.get(chrom, ()), (int(match[2]), int(match[3])))
    return SexChromosomes(fewer, shared)


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
            "genes.chromosomes; if it is no sex chromosome of this genome, out of "
            "genotypes.one_copy_in_males and one_copy_in_females."
        )
