"""Genotypes from VCF and BCF, through cyvcf2.

Traps met in real files and answered here: contigs of the header that differ from those of the
records (the index is asked, not the header); samples in another order; several ALT alleles in one
record (one variant each) and several records at one position; ALT and REF that are no bases;
missing, half-missing and haploid calls; records without the field; a region query that returns what
starts before the region. A record that cannot be used is left out and counted, never the end of a
shard.
"""

import warnings
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import cyvcf2
import numpy as np
import pandas as pd
import pysam

from fqtl.data import contigs
from fqtl.data.genotypes import BASES, Genotypes, Limits, rsid_of, variant_id
from fqtl.errors import FqtlError

# The empty block at the end of every bgzip file (SAM format specification, section 4.1.2)
END_OF_FILE = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
ABSENT = -2  # htslib's filling where a call has fewer alleles than others
COLUMNS = ["variant_id", "rsid", "chrom", "pos", "other_allele", "effect_allele"]


class Rows:
    """Rows of float32 that grow in place: a list of them, put together at the end, needs twice."""

    def __init__(self, length: int) -> None:
        self._buffer = np.empty((256, length), dtype=np.float32)
        self._count = 0

    def append(self, row: np.ndarray) -> None:
        if self._count == len(self._buffer):
            self._buffer.resize((2 * self._count, self._buffer.shape[1]), refcheck=False)
        self._buffer[self._count] = row
        self._count += 1

    def array(self) -> np.ndarray:
        """(count, length) array that holds the rows; no row can be added after."""
        self._buffer.resize((self._count, self._buffer.shape[1]), refcheck=False)
        return self._buffer


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
        return "calls that are not diploid"
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
        header = self._open(None)
        self.samples = list(header.samples)
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
        self, chrom: str, start: int, end: int, samples: list[str], limits: Limits
    ) -> Genotypes:
        absent = [sample for sample in samples if sample not in self.samples]
        if absent:
            raise FqtlError(f"{self.path} lacks {len(absent)} donors, the first {absent[0]!r}.")
        contig = contigs.resolve(chrom, self.contigs, str(self.path))
        reader = self._open(samples)
        column = {name: i for i, name in enumerate(reader.samples)}
        columns = np.array([column[sample] for sample in samples])
        rows = Rows(len(samples))
        kept: list[tuple[str, int, str, str]] = []
        dropped: list[tuple[int, str]] = []
        seen: set[tuple[int, str, str]] = set()
        for record in _records(reader, contig, start, end):
            if not record.ALT:
                dropped.append((record.POS, "no alternative allele"))
            for number, allele in enumerate(record.ALT, start=1):
                site = (record.POS, record.REF.upper(), allele.upper())
                found = self._read_allele(record, number, columns, limits)
                if isinstance(found, str):
                    dropped.append((record.POS, found))
                elif site in seen:
                    dropped.append((record.POS, "position and alleles listed twice"))
                else:
                    seen.add(site)
                    kept.append((rsid_of(record.ID), *site))
                    rows.append(found)
        return Genotypes(
            variants=self._describe(chrom, kept),
            dosages=rows.array(),
            samples=samples,
            dropped=pd.DataFrame(dropped, columns=["pos", "reason"]).astype({"pos": np.int64}),
        )

    def _read_allele(
        self, record: cyvcf2.Variant, number: int, columns: np.ndarray, limits: Limits
    ) -> np.ndarray | str:
        """(n,) copies of one ALT allele in the donors asked for, or why they cannot be used."""
        if not (BASES.match(record.REF) and BASES.match(record.ALT[number - 1])):
            return "alleles are not bases"
        if self.field not in record.FORMAT:
            return f"no {self.field} in the record"
        found = _imputed(record, number) if self.field == "DS" else _called(record, number)
        if isinstance(found, str):
            return found
        dosage = found[columns]
        return limits.why_not(dosage) or dosage

    def _describe(self, chrom: str, records: list[tuple[str, int, str, str]]) -> pd.DataFrame:
        chrom = contigs.prefixed(chrom)
        rows = [
            (variant_id(chrom, pos, other, effect, self.build), rsid, chrom, pos, other, effect)
            for rsid, pos, other, effect in records
        ]
        return pd.DataFrame(rows, columns=COLUMNS).astype({"pos": np.int64})

    def other_build(self) -> str:
        with pysam.VariantFile(str(self.path)) as file:
            named = {contig.name: contig.length for contig in file.header.contigs.values()}
        for name, length in named.items():
            for build, lengths in contigs.LENGTHS.items():
                if build != self.build and lengths.get(contigs.bare(name)) == length:
                    return f"{name} has {length} bp in its header, as in {build}"
        return ""

    def _find_index(self) -> Path:
        for ending in (".tbi", ".csi"):
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

    def _open(self, samples: list[str] | None) -> cyvcf2.VCF:
        """Reader of some samples, all by default."""
        try:
            return cyvcf2.VCF(str(self.path), samples=samples)
        except OSError as fault:
            raise FqtlError(f"{self.path} cannot be read as VCF or BCF ({fault}).") from fault
