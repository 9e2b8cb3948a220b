"""Genotypes from PLINK 1 (.bed, .bim, .fam) and PLINK 2 (.pgen, .pvar, .psam), through pgenlib.

Which allele is counted is where these files go wrong silently. PLINK 2 has REF and ALT. PLINK 1 has
A1 and A2: like PLINK 2 we take A2 for REF and A1 for ALT, but PLINK 1.9 puts the *minor* allele
into A1 unless it was told `--keep-allele-order`. So where the variant's name holds its position and
both alleles, as GTEx names variants (`chr22_20003000_T_C_b38`), the name decides which is REF.

PLINK stores a man's X as if he had two copies, 0 or 2, and so it is used; that he has one of each
outside of the pseudo-autosomal regions cannot be and counts as missing. Variants on Y and MT are
not used; they are counted as not diploid, as haploid calls of a VCF are.
Numbers of chromosomes are PLINK's codes (23 is X) with a human build; of other genomes, whose X has
another number, they are the chromosomes' names.
(Formats: https://www.cog-genomics.org/plink/2.0/formats)
"""

import re
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from fqtl.data import contigs
from fqtl.data.builds import is_human
from fqtl.data.dosages import (
    BASES,
    NO_ALTERNATIVE,
    NOT_BASES,
    NOT_DIPLOID,
    Genotypes,
    Limits,
    refuse_absent,
)
from fqtl.data.sex import CODES, UNKNOWN, SexChromosomes, sex_chromosomes
from fqtl.data.site_collector import SiteCollector
from fqtl.data.text import guarded, read_lines
from fqtl.data.variant_table import VariantTable
from fqtl.errors import FqtlError

ALLELE_CODES = "alleles are written as numbers, not as bases (see plink --alleleACGT)"
ONE_FOR_ALL = ("Y", "MT", "W")  # chromosomes of which nobody has two
BED_MAGIC = b"\x6c\x1b\x01"  # variant by variant; PLINK wrote other orders long ago
NAMED = re.compile(
    r"^(?:chr)?[\w.-]+[_:](\d+)[_:]([ACGT]+)[_:]([ACGT]+)(?:[_:][\w.+-]+)?$", re.IGNORECASE
)
CODED = re.compile(r"^[0-4]$")  # alleles as PLINK's --recode 12 and --allele1234 write them
FAM = ["FID", "IID", "PAT", "MAT", "SEX", "PHENO1"]


class PlinkFile:
    """A .bed or .pgen with its tables of variants and donors beside it.

    field : GT, or DS where a .pgen holds imputed dosages (a variant without them gives its calls)
    sex : of donors by name, as a table gives it; that of the .fam or .psam by default
    sexes : chromosomes of which one sex has one copy; those of the build by default
    """

    def __init__(
        self,
        path: Path,
        build: str,
        field: str,
        sex: dict[str, str] | None = None,
        sexes: SexChromosomes | None = None,
    ) -> None:
        self.path = path
        self.build = build
        self.field = field
        self.sexes = sexes or sex_chromosomes(build)
        human = is_human(build)
        self._pgenlib = _pgenlib(path)
        if field not in ("GT", "DS"):
            raise FqtlError(f"genotypes.field must be GT or DS, found {field!r}.")
        if path.suffix == ".bed":
            self._refuse_other_bed()
            self._variants = VariantTable(self._beside(".bim"), human)
            people = _read_people(self._beside(".fam"))
        else:
            self._variants = VariantTable(self._beside(".pvar", ".pvar.zst"), human)
            people = _read_people(self._beside(".psam"))
        self._held: tuple[np.ndarray, Any] | None = None
        self.donors = list(people["name"])
        coded = zip(people["name"], people["sex"].str.lower(), strict=True)
        of_file = {name: CODES.get(code, UNKNOWN) for name, code in coded}
        self._sex = of_file if sex is None else {n: sex.get(n, UNKNOWN) for n in self.donors}

    @property
    def contigs(self) -> list[str]:
        return list(dict.fromkeys(map(self._chromosome_of, self._variants.overview.last)))

    def read(
        self, chrom: str, start: int, end: int, donors: list[str], limits: Limits
    ) -> Genotypes:
        refuse_absent(self.path, donors, self.donors)
        contigs.resolve(chrom, self.contigs, str(self.path))
        one_copy = self.sex_of(donors) == self.sexes.with_one_copy(chrom)
        if self.sexes.haploid:
            one_copy = np.full(len(donors), True)
        column = {name: i for i, name in enumerate(self.donors)}
        order = np.array([column[name] for name in donors], dtype=np.uint32)
        reader = self._reader(np.sort(order))
        back = np.argsort(np.argsort(order))
        collector = SiteCollector(donors, limits)
        table = self._variants.read(chrom, start, end)
        for row, code, pos, name, ref, alt in table.itertuples(name=None):
            if alt in (".", "0", ""):
                collector.drop(pos, NO_ALTERNATIVE)
                continue
            for number, allele in enumerate(alt.split(","), start=1):
                if not (BASES.match(ref) and BASES.match(allele)):
                    coded = CODED.match(ref) and CODED.match(allele)
                    collector.drop(pos, ALLELE_CODES if coded else NOT_BASES)
                elif (
                    contigs.bare(self._chromosome_of(code)) in ONE_FOR_ALL
                    and not self.sexes.haploid
                ):
                    collector.drop(pos, NOT_DIPLOID)
                else:
                    dosage = self._dosage(reader, row, number, len(donors))[back]
                    if self.field == "GT" and self._outside_of_ends(code, pos):
                        dosage[one_copy & (dosage == 1)] = np.nan  # cannot be
                    collector.take(name, pos, *_oriented(name, pos, ref, allele, dosage))
        return collector.result(chrom, self.build)

    def sex_of(self, donors: list[str]) -> np.ndarray:
        """(n,) sex of donors, empty where neither a table nor the .fam or .psam tells."""
        return np.array([self._sex[name] for name in donors])

    def _outside_of_ends(self, code: str, pos: int) -> bool:
        """Whether a place is on a sex chromosome, outside of its pseudo-autosomal regions."""
        chrom = self._chromosome_of(code)
        shared = self._variants.is_shared(code) or self.sexes.is_shared(chrom, pos)
        return self.sexes.haploid or (bool(self.sexes.with_one_copy(chrom)) and not shared)

    def _chromosome_of(self, code: str) -> str:
        return self._variants.chromosome_of(code)

    def require(self, chroms: Iterable[str]) -> None:
        """Nothing: one file has what there is."""

    def other_build(self) -> str:
        lengths = contigs.LENGTHS.get(self.build, {})
        for code, last in self._variants.overview.last.items():
            length = lengths.get(contigs.bare(self._chromosome_of(code)))
            if length is not None and last > length:
                return f"chromosome {code} has a variant at {last}, beyond its {length} bp"
        return ""

    def _dosage(self, reader: Any, row: int, allele: int, count: int) -> np.ndarray:
        """(n,) copies of one allele in the donors that the reader was opened for."""
        if self.field == "DS":
            dosage = np.empty(count, dtype=np.float32)
            reader.read_dosages(row, dosage, allele)
        else:
            calls = np.empty(count, dtype=np.int8)
            reader.read(row, calls, allele)
            dosage = calls.astype(np.float32)
        dosage[dosage < 0] = np.nan
        return dosage

    def _reader(self, columns: np.ndarray) -> Any:
        """Reader of the donors in some columns; the last one is kept, for its index is long."""
        if self._held is None or not np.array_equal(self._held[0], columns):
            self._held = (columns, self._open(columns))
        return self._held[1]

    def _open(self, columns: np.ndarray) -> Any:
        """Reader of the donors in some columns (increasing)."""
        alleles = self._variants.overview.alleles
        offsets = None
        if alleles.max() > 2:
            offsets = np.concatenate([[0], np.cumsum(alleles, dtype=np.uintp)]).astype(np.uintp)
        try:
            return self._pgenlib.PgenReader(
                str(self.path).encode(),
                raw_sample_ct=len(self.donors),
                variant_ct=len(alleles),
                sample_subset=columns,
                allele_idx_offsets=offsets,
            )
        except RuntimeError as fault:
            raise FqtlError(
                f"{self.path} cannot be read as genotypes of {len(alleles)} variants "
                f"({self._variants.path.name}) in {len(self.donors)} donors ({fault}). Was a copy "
                "cut short, or do the files not belong together?"
            ) from fault

    def _beside(self, *endings: str) -> Path:
        """The first of the files with these endings that is there."""
        for ending in endings:
            beside = self.path.with_suffix(ending)
            if beside.exists():
                return beside
        raise FqtlError(f"No such file: {self.path.with_suffix(endings[0])}, beside {self.path}.")

    def _refuse_other_bed(self) -> None:
        with open(self.path, "rb") as stream:
            if stream.read(3) != BED_MAGIC:
                raise FqtlError(
                    f"{self.path} does not start as a .bed of PLINK does. Is it an interval file?"
                )
        if self.field == "DS":
            raise FqtlError(
                f"{self.path} holds calls and no dosages; see genotypes.field in the config."
            )


def _pgenlib(path: Path) -> ModuleType:
    """pgenlib, which nothing but files of PLINK needs."""
    try:
        import pgenlib
    except ImportError as fault:
        raise FqtlError(
            f"{path}: PLINK's files are read through pgenlib, which cannot be imported here "
            f"({fault}). `pip install 'pgenlib>=0.94'` installs it, as does fqtl's extra `plink`. "
            "A VCF or BCF is read without it."
        ) from fault
    return pgenlib


def _read_people(path: Path) -> pd.DataFrame:
    """name (IID) and sex of the donors in a .fam or .psam; sex is empty where it is not given."""
    lines = [line.split() for line in guarded(path, lambda: read_lines(path))]
    lines = [line for line in lines if line and not line[0].startswith("##")]
    headed = bool(lines) and lines[0][0] in ("#FID", "#IID")
    columns = [name.lstrip("#") for name in lines.pop(0)] if headed else FAM
    rows = [dict(zip(columns, line, strict=False)) for line in lines]
    if not rows or any("IID" not in row for row in rows):
        raise FqtlError(f"{path}: expected a line with FID and IID for each donor.")
    names = [row["IID"] for row in rows]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FqtlError(
            f"{path} lists {len(twice)} donors twice, the first {twice[0]!r}. Donors are known by "
            "their IID; the FID is not looked at."
        )
    return pd.DataFrame({"name": names, "sex": [row.get("SEX", "") for row in rows]})


def _oriented(
    name: str, pos: int, ref: str, alt: str, dosage: np.ndarray
) -> tuple[str, str, np.ndarray]:
    """Other allele, effect allele and its dosages; the variant's name decides where it tells."""
    match = NAMED.match(name)
    if (
        match
        and int(match[1]) == pos
        and (match[2].upper(), match[3].upper()) == (alt.upper(), ref.upper())
    ):
        return alt, ref, 2 - dosage
    return ref, alt, dosage
