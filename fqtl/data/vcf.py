"""Genotypes from VCF and BCF, through cyvcf2.

Traps met in real files and answered here: contigs of the header that differ from those of the
records (the index is asked, not the header); samples in another order; several ALT alleles in one
record (one variant each) and several records at one position; ALT and REF that are no bases;
missing, half-missing and haploid calls; records without the field; a region query that returns what
starts before the region; an index of an earlier file, and one of two (htslib takes the .csi). A
record that cannot be used is left out and counted, never the end of a
shard.
"""

import gzip
import warnings
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import cyvcf2
import numpy as np
import pysam

from fqtl.data import contigs
from fqtl.data.genotypes import (
    BASES,
    NO_ALTERNATIVE,
    NOT_BASES,
    NOT_DIPLOID,
    Genotypes,
    Limits,
    refuse_absent,
)
from fqtl.data.site_collector import SiteCollector
from fqtl.data.vcf_index import refuse_stale
from fqtl.errors import FqtlError

# The empty block at the end of every bgzip file (SAM format specification, section 4.1.2)
END_OF_FILE = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
ABSENT = -2  # htslib's filling where a call has fewer alleles than others


def _records(reader: cyvcf2.VCF, contig: str, start: int, end: int) -> Iterator[cyvcf2.Variant]:
    """Records that start in a region; a query also gives those that reach into it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="no intervals found")
        for record in reader(f"{contig}:{start}-{end}"):
            if start <= record.POS <= end:
                yield record


def _imputed(record: cyvcf2.Variant, number: int) -> np.ndarray | str:
    """(all donors,) expected copies of one ALT allele."""
    dosage = record.format("DS")
    if dosage.shape[1] != len(record.ALT):
        return "not one DS for each alternative allele"
    return dosage[:, number - 1].astype(np.float32)


def _called(record: cyvcf2.Variant, number: int) -> np.ndarray | str:
    """(all donors,) copies of one ALT allele, NaN where any part of a call is missing."""
    calls = record.genotype.array()[:, :-1]
    if len(record.ALT) == 1 and calls.shape[1] == 2 and calls.min() >= 0:
        # nearly every record: two known alleles, each 0 or 1; a third of the time of what follows
        return (calls[:, 0] + calls[:, 1]).astype(np.float32)
    called = calls >= 0
    single = calls.shape[1] != 2 or (called[:, 0] & (calls[:, 1] == ABSENT)).any()
    if single and called.any():
        return NOT_DIPLOID
    dosage = (calls == number).sum(axis=1).astype(np.float32)
    dosage[~called.all(axis=1)] = np.nan
    return dosage


class VcfFile:
    """An indexed VCF (bgzip) or BCF.

    field : GT, or DS where the file holds imputed dosages
    """

    def __init__(self, path: Path, build: str, field: str) -> None:
        self.path = path
        self.build = build
        self.field = field
        self._index = self._find_index()
        self._refuse_truncated()
        refuse_stale(path, self._index)
        header = self._open(None)
        self.donors = list(header.samples)
        self._header_contigs = list(header.seqnames)
        if field not in ("GT", "DS"):
            raise FqtlError(f"genotypes.field must be GT or DS, found {field!r}.")
        if f"##FORMAT=<ID={field}," not in header.raw_header:
            raise FqtlError(
                f"{path} has no FORMAT field {field}; see genotypes.field in the config."
            )

    @cached_property
    def contigs(self) -> list[str]:
        if self.path.suffix == ".bcf":
            return self._header_contigs
        with pysam.TabixFile(str(self.path), index=str(self._index)) as index:
            return list(index.contigs)

    def read(
        self, chrom: str, start: int, end: int, donors: list[str], limits: Limits
    ) -> Genotypes:
        refuse_absent(self.path, donors, self.donors)
        contig = contigs.resolve(chrom, self.contigs, str(self.path))
        reader = self._open(donors)
        column = {name: i for i, name in enumerate(reader.samples)}
        columns = np.array([column[name] for name in donors])
        collector = SiteCollector(donors, limits)
        for record in _records(reader, contig, start, end):
            if not record.ALT:
                collector.drop(record.POS, NO_ALTERNATIVE)
            for number, allele in enumerate(record.ALT, start=1):
                found = self._read_allele(record, number)
                if isinstance(found, str):
                    collector.drop(record.POS, found)
                else:
                    collector.take(record.ID, record.POS, record.REF, allele, found[columns])
        return collector.result(chrom, self.build)

    def _read_allele(self, record: cyvcf2.Variant, number: int) -> np.ndarray | str:
        """(donors read,) copies of one ALT allele, or why they cannot be used."""
        if not (BASES.match(record.REF) and BASES.match(record.ALT[number - 1])):
            return NOT_BASES
        if self.field not in record.FORMAT:
            return f"no {self.field} in the record"
        return _imputed(record, number) if self.field == "DS" else _called(record, number)

    def other_build(self) -> str:
        with pysam.VariantFile(str(self.path)) as file:
            named = {contig.name: contig.length for contig in file.header.contigs.values()}
        for name, length in named.items():
            for build, lengths in contigs.LENGTHS.items():
                if build != self.build and lengths.get(contigs.bare(name)) == length:
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
        with open(self.path, "rb") as stream:
            stream.seek(max(self.path.stat().st_size - len(END_OF_FILE), 0))
            if stream.read() != END_OF_FILE:
                raise FqtlError(
                    f"{self.path} does not end as a bgzip file does. Was a copy or a download cut "
                    "short?"
                )

    def _open(self, donors: list[str] | None) -> cyvcf2.VCF:
        """Reader of some donors, all by default."""
        try:
            return cyvcf2.VCF(str(self.path), samples=donors)
        except Exception as fault:  # cyvcf2 has no class of its own for a header it cannot read
            twice = _samples_twice(self.path)
            raise FqtlError(
                f"{self.path} names {len(twice)} samples twice, the first {twice[0]!r}."
                if twice
                else f"{self.path} cannot be read as VCF or BCF ({fault})."
            ) from fault


def _samples_twice(path: Path) -> list[str]:
    """Names that the header of a VCF has more than once; none of what is no VCF."""
    try:
        with gzip.open(path, "rt") as lines:
            head = next((line for line in lines if line.startswith("#CHROM")), "")
    except (OSError, EOFError, UnicodeDecodeError):
        return []
    names = head.rstrip("\r\n").split("\t")[9:]
    return sorted({name for name in names if names.count(name) > 1})
