"""Genotypes from VCF and BCF.

Traps met in real files and answered here and in `vcf_records`: contigs of the header that differ
from those of the records (the index is asked, not the header); samples in another order, or with
names that htslib takes for something else; several ALT alleles in one record (one variant each) and
several records at one position; ALT and REF that are no bases; missing, half-missing and haploid
calls; records without the field, and headers without it; a region query that returns what starts
before the region, or that ends at a damaged block; an index of an earlier file, and one of two
(htslib takes the .csi). A record that cannot be used is left out and counted, never the end of a
shard.
"""

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path

import cyvcf2
import numpy as np
import pysam

from fqtl.data import contigs
from fqtl.data.calls import Copies, called, imputed, single_calls, within
from fqtl.data.dosages import (
    BASES,
    NO_ALTERNATIVE,
    NOT_BASES,
    NOT_DIPLOID,
    Genotypes,
    Limits,
    refuse_absent,
)
from fqtl.data.lines import END_OF_FILE, is_plain_gzip, readable
from fqtl.data.sex import FEMALE, MALE, UNKNOWN, SexChromosomes, sex_chromosomes
from fqtl.data.site_collector import SiteCollector
from fqtl.data.vcf_index import refuse_stale
from fqtl.data.vcf_records import BEYOND, BcfRecords, Record, TextRecords, declares
from fqtl.errors import FqtlError

PROBED = 200  # records of a chromosome that tell who has one copy of it
ONE, TWO = 0.5, 1.5  # dosages of one copy end at 1, those of two at 2


class VcfFile:
    """An indexed VCF (bgzip) or BCF.

    field : GT, or DS where the file holds imputed dosages
    sex : of donors by name, as a table gives it; the ploidy of the calls by default
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
        self._given_sex = sex
        self._index = self._find_index()
        self._refuse_truncated()
        refuse_stale(path, self._index)
        header = self._open()
        self.donors = list(header.samples)
        if field not in ("GT", "DS"):
            raise FqtlError(f"genotypes.field must be GT or DS, found {field!r}.")
        declared = any(declares(line, field) for line in header.raw_header.splitlines())
        there = [] if declared else _first_format(path)
        if not declared and field not in there:
            raise FqtlError(
                f"{path} has no FORMAT field {field}; see genotypes.field in the config."
                + _other_fields(path, there)
            )
        self._header = header.raw_header
        self._one_copy: dict[str, tuple[np.ndarray, bool]] = {}

    @cached_property
    def _records(self) -> TextRecords | BcfRecords:
        try:
            records: TextRecords | BcfRecords
            if self.path.suffix == ".bcf":
                records = BcfRecords(self.path, self._index, self.field)
            else:
                records = TextRecords(self.path, self._index, self._header, self.donors)
            _refuse_two_names(self.path, records.contigs)
            return records
        except (OSError, ValueError, NotImplementedError) as fault:  # of pysam
            raise FqtlError(
                f"{self.path} cannot be opened with its index {self._index} ({fault}): is it "
                "packed by bgzip, and whole?"
            ) from fault

    @property
    def contigs(self) -> list[str]:
        return self._records.contigs

    def read(
        self, chrom: str, start: int, end: int, donors: list[str], limits: Limits
    ) -> Genotypes:
        refuse_absent(self.path, donors, self.donors)
        contig = contigs.resolve(chrom, self.contigs, str(self.path))
        column = {name: i for i, name in enumerate(self.donors)}
        columns = np.array([column[name] for name in donors])
        if self.sexes.haploid or self.sexes.with_one_copy(contig):
            self._who_has_one(contig)  # before the records are gone through, not amidst
        collector = SiteCollector(donors, limits)
        for record in self._records.read(contig, start, end):
            for allele, found in self._alleles(contig, record):
                if isinstance(found, str):
                    collector.drop(record.pos, found)
                else:
                    collector.take(record.name, record.pos, *allele, found[columns])
        return collector.result(chrom, self.build)

    def _alleles(
        self, contig: str, record: Record
    ) -> Iterator[tuple[tuple[str, str], np.ndarray | str]]:
        """REF and each ALT allele of a record, with its dosages or why it has none."""
        site = record.site
        if site is None:
            yield ("", ""), record.refused
        elif not site.ALT:
            yield (site.REF, ""), NO_ALTERNATIVE
        else:
            for number, allele in enumerate(site.ALT, start=1):
                yield (site.REF, allele), self._read_allele(contig, site, number)

    def _read_allele(self, contig: str, site: cyvcf2.Variant, number: int) -> np.ndarray | str:
        """(all donors,) copies of one ALT allele, or why they cannot be used."""
        if not (BASES.match(site.REF) and BASES.match(site.ALT[number - 1])):
            return NOT_BASES
        if self.field not in site.FORMAT:
            return f"no {self.field} in the record"
        found = self._copies(site, number)
        if isinstance(found, str):
            return found
        dosage = self._on_one_scale(contig, site.POS, found)
        return dosage if isinstance(dosage, str) or self.field == "GT" else within(dosage)

    def _copies(self, site: cyvcf2.Variant, number: int) -> Copies | str:
        if self.field == "DS":
            return imputed(site, number, self._records.value_type)
        return called(site, number)

    def _on_one_scale(self, contig: str, pos: int, found: Copies) -> np.ndarray | str:
        """Dosages in which the one copy of a donor who can have no more counts as two."""
        if not (self.sexes.haploid or self.sexes.with_one_copy(contig)):
            return found.dosage if found.single is None else NOT_DIPLOID
        known, doubled = self._who_has_one(contig)
        by_sex = np.zeros_like(known) if self.sexes.is_shared(contig, pos) else known
        single = np.zeros_like(known) if found.single is None else found.single
        dosage = found.dosage
        if self.field == "GT":
            dosage[by_sex & ~single & (dosage == 1)] = np.nan  # cannot be
            dosage[single] *= 2
        elif doubled:
            dosage[single | by_sex] *= 2
        return dosage

    def sex_of(self, donors: list[str]) -> np.ndarray:
        """(n,) sex of donors, empty where neither a table tells nor the calls do."""
        sex = dict(zip(self.donors, self._sex, strict=True))
        return np.array([sex[name] for name in donors])

    @cached_property
    def _sex(self) -> np.ndarray:
        """(all donors,) as a table gives it, or as calls of a sex chromosome show it."""
        shown = np.full(len(self.donors), UNKNOWN, dtype="<U6")
        for contig in self.contigs:
            if self.sexes.with_one_copy(contig):
                shown = self._sex_shown(contig)
        if self._given_sex is None:
            return shown
        given = np.array([self._given_sex.get(name, UNKNOWN) for name in self.donors])
        other = np.flatnonzero((given != UNKNOWN) & (shown != UNKNOWN) & (given != shown))
        if len(other):
            first = other[0]
            raise FqtlError(
                f"{len(other)} of {len(given)} donors have calls in {self.path} as of the other "
                f"sex, the first {self.donors[first]}: {given[first]} in genotypes.sex, and by "
                f"the ploidy of the calls {shown[first]}."
            )
        return given

    def _sex_shown(self, contig: str) -> np.ndarray:
        """(all donors,) by the ploidy of the first calls outside of pseudo-autosomal regions."""
        fewer = self.sexes.with_one_copy(contig)
        single = np.zeros(len(self.donors), dtype=int)
        double = np.zeros_like(single)
        for record in self._probe(contig):
            if record.site is not None and "GT" in record.site.FORMAT:
                calls = record.site.genotype.array()[:, :-1]
                one = single_calls(calls)
                single += one
                double += (calls[:, 0] >= 0) & ~one
        if not (single > double).any():
            return np.full(len(single), UNKNOWN, dtype="<U6")
        more = FEMALE if fewer == MALE else MALE
        return np.select([single > double, double > single], [fewer, more], UNKNOWN)

    def _who_has_one(self, contig: str) -> tuple[np.ndarray, bool]:
        """(all donors,) who has one copy by their sex, and whether DS of one copy ends at 1.

        Programs write the dosage of one copy as 0 to 1 or as 0 to 2. The first records tell: on
        the one scale copies lie near 1, on the other near 2.
        """
        if contig not in self._one_copy:
            known = self._sex == self.sexes.with_one_copy(contig)
            if self.sexes.haploid:
                known = np.full(len(self.donors), True)
            near = np.zeros(2, dtype=int)
            probe = self._probe(contig, lambda: near[0] != near[1])
            for record in probe if self.field == "DS" else ():
                site = record.site
                if site is None or not site.ALT or "DS" not in site.FORMAT:
                    continue
                found = self._copies(site, 1)
                if not isinstance(found, str):
                    mine = found.dosage[known if found.single is None else known | found.single]
                    near += (mine > ONE).sum() - (mine > TWO).sum(), (mine > TWO).sum()
            self._one_copy[contig] = known, bool(near[0] > near[1])
        return self._one_copy[contig]

    def _probe(self, contig: str, told: Callable[[], bool] = lambda: True) -> Iterator[Record]:
        """The first records of a chromosome, if it can be outside of its shared ends.

        told : whether these were enough; where carriers are rare, records are read on until it is
        """
        shared = self.sexes.shared.get(contigs.bare(contig), ())
        for start in (*(end + 1 for _, end in shared[:1]), 1):
            number = 0
            for number, record in enumerate(self._records.read(contig, start, BEYOND), start=1):
                if number > PROBED and told():
                    return
                yield record
            if number:
                return

    def require(self, chroms: Iterable[str]) -> None:
        """Nothing: one file has what there is."""

    def other_build(self) -> str:
        with pysam.VariantFile(str(self.path)) as file:
            named = {contig.name: contig.length for contig in file.header.contigs.values()}
        for name, length in named.items():
            for build, lengths in contigs.LENGTHS.items():
                known = lengths.get(contigs.bare(name))
                if build != self.build and known is not None and known == length:
                    return f"{name} has {length} bp in its header, as in {build}"
        return ""

    def _find_index(self) -> Path:
        for ending in (".csi", ".tbi"):
            index = self.path.with_name(self.path.name + ending)
            if index.exists():
                return index
        make = "bcftools index" if self.path.suffix == ".bcf" else "tabix -p vcf"
        raise FqtlError(f"{self.path} has no index. Make one with `{make} {self.path}`.")

    def _refuse_truncated(self) -> None:
        """A bgzip file ends with a block that says so; without it, reading would stop silently."""
        if is_plain_gzip(self.path):
            raise FqtlError(
                f"{self.path} is packed by gzip, not by bgzip, so that it is not read by region. "
                f"Pack it anew: `gunzip -c {self.path} | bgzip > FILE.vcf.gz && tabix -p vcf "
                "FILE.vcf.gz`."
            )
        with open(self.path, "rb") as stream:
            stream.seek(max(self.path.stat().st_size - len(END_OF_FILE), 0))
            if stream.read() != END_OF_FILE:
                raise FqtlError(
                    f"{self.path} does not end as a bgzip file does. Was a copy or a download cut "
                    "short?"
                )

    def _open(self) -> cyvcf2.VCF:
        """Reader of the header."""
        try:
            return cyvcf2.VCF(str(self.path))
        except Exception as fault:  # cyvcf2 has no class of its own for a header it cannot read
            twice = _samples_twice(self.path)
            raise FqtlError(
                f"{self.path} names {len(twice)} samples twice, the first {twice[0]!r}."
                if twice
                else f"{self.path} cannot be read as VCF or BCF ({fault})."
            ) from fault


def _refuse_two_names(path: Path, names: list[str]) -> None:
    """Refuse records of one chromosome under two names, of which one would be read."""
    first: dict[str, str] = {}
    for name in names:
        other = first.setdefault(contigs.bare(name), name)
        if other != name:
            raise FqtlError(
                f"{path} has records of one chromosome under two names, {other} and {name}. Give "
                "them one name (`bcftools annotate --rename-chrs`), and sort and index the file."
            )


def _first_format(path: Path) -> list[str]:
    """Fields of the first record of a VCF; none of a BCF, whose header has all there are."""
    if path.suffix == ".bcf":
        return []
    fields = readable(path, lambda: _first_record(path)).split("\t", 9)
    return fields[8].split(":") if len(fields) > 8 else []


def _other_fields(path: Path, there: list[str]) -> str:
    """What a file has in the place of a field, and how that can be read."""
    if not there:
        return ""
    told = f" Its first record has {', '.join(there)}."
    if "GP" in there and "DS" not in there:
        told += (
            f" Dosages are made of GP by `plink2 --vcf {path} dosage=GP --make-pgen`, and read "
            "from the .pgen with genotypes.field: DS."
        )
    return told


def _first_record(path: Path) -> str:
    with gzip.open(path, "rt", encoding="latin-1") as lines:
        return next((line for line in lines if not line.startswith("#")), "")


def _samples_twice(path: Path) -> list[str]:
    """Names that the header of a VCF has more than once; none of what is no VCF."""
    try:
        with gzip.open(path, "rt") as lines:
            head = next((line for line in lines if line.startswith("#CHROM")), "")
    except (OSError, EOFError, UnicodeDecodeError, zlib.error):
        return []
    names = head.rstrip("\r\n").split("\t")[9:]
    return sorted({name for name in names if names.count(name) > 1})
