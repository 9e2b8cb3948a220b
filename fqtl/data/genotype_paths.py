"""Paths of genotypes: one file, or one of each chromosome where a path has `{chrom}` in it.

PLINK's files may go by their prefix: `cohort` is cohort.pgen or cohort.bed, whichever is there.
"""

import glob
import re
from pathlib import Path

from fqtl.data import contigs
from fqtl.errors import FqtlError

CHROM = "{chrom}"
PLINK = (".pgen", ".bed")
ENDINGS = (".vcf.gz", ".vcf.bgz", ".bcf", *PLINK)


def is_template(path: Path) -> bool:
    """Whether a path stands for one file of each chromosome."""
    return CHROM in str(path)


def genotype_file(path: Path) -> Path:
    """The file that a path means: of a PLINK prefix that of the genotypes, if it is there."""
    if path.name.endswith(ENDINGS) or path.is_file():
        return path
    named = [path.with_name(path.name + ending) for ending in PLINK]
    return next((file for file in named if file.is_file()), path)


def files_of(template: Path) -> dict[str, Path]:
    """The file of each chromosome, by its name without a prefix, in the order of the genome."""
    found: dict[str, Path] = {}
    for chrom, file in _matching(template):
        other = found.setdefault(contigs.bare(chrom), file)
        if other != file:
            raise FqtlError(
                f"Chromosome {contigs.bare(chrom)} has two files of genotypes: {other} and {file}. "
                "See genotypes.path in the config."
            )
    if not found:
        raise FqtlError(
            f"No file of genotypes by {template}: expected one of each chromosome, as "
            f"{of_chromosome(template, '1')}. See genotypes.path in the config."
        )
    return dict(sorted(found.items(), key=lambda entry: contigs.order(entry[0])))


def of_chromosome(template: Path, chrom: str) -> Path:
    """The file that a chromosome ought to have."""
    return Path(str(template).replace(CHROM, contigs.bare(chrom)))


def _matching(template: Path) -> list[tuple[str, Path]]:
    """Chromosome and file of all names that fit, of a PLINK prefix of either kind."""
    text = str(template)
    endings = [""] if text.endswith(ENDINGS) else list(PLINK)
    for ending in endings:
        parts = (text + ending).split(CHROM)
        # a name that comes again is the same chromosome
        pattern = re.escape(parts[0]) + r"([^/]+?)" + r"\1".join(map(re.escape, parts[1:]))
        names = sorted(glob.glob("*".join(map(glob.escape, parts))))
        found = [(match[1], Path(name)) for name in names if (match := re.fullmatch(pattern, name))]
        if found:
            return found
    return []
