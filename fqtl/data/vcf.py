"""Genotypes from VCF and BCF, through cyvcf2.

Traps met in real files and answered here: contigs of the header that differ from those of the
records (the index is asked, not the header); samples in another order; several ALT alleles in one
record (one variant each) and several records at one position; ALT and REF that are no bases;
missing and half-missing calls; a region query that returns what starts before the region.
"""

import warnings
from collections import Counter
from functools import cached_property
from pathlib import Path

import cyvcf2
import numpy as np
import pandas as pd
import pysam

from fqtl.data import contigs
from fqtl.data.genotypes import BASES, Genotypes, rsid_of, variant_id
from fqtl.errors import FqtlError

# The empty block at the end of every bgzip file (SAM format specification, section 4.1.2)
END_OF_FILE = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
COLUMNS = ["variant_id", "rsid", "chrom", "pos", "other_allele", "effect_allele"]


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

    def read(self, chrom: str, start: int, end: int, samples: list[str]) -> Genotypes:
        absent = [sample for sample in samples if sample not in self.samples]
        if absent:
            raise FqtlError(f"{self.path} lacks {len(absent)} donors, the first {absent[0]!r}.")
        contig = contigs.resolve(chrom, self.contigs, str(self.path))
        reader = self._open(samples)
        in_file = list(reader.samples)
        columns = [in_file.index(sample) for sample in samples]
        records, dosages, seen = [], [], set()
        dropped: Counter[str] = Counter()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="no intervals found")
            for record in reader(f"{contig}:{start}-{end}"):
                if not start <= record.POS <= end:
                    continue
                for number, allele in enumerate(record.ALT, start=1):
                    site = (record.POS, record.REF, allele)
                    if not (BASES.match(record.REF) and BASES.match(allele)):
                        dropped["alleles are not bases"] += 1
                    elif site in seen:
                        dropped["position and alleles listed twice"] += 1
                    else:
                        seen.add(site)
                        records.append((rsid_of(record.ID), *site))
                        dosages.append(self._dosage(record, number)[columns])
        return Genotypes(
            variants=self._describe(chrom, records),
            dosages=np.array(dosages, dtype=np.float32).reshape(len(dosages), len(samples)),
            samples=samples,
            dropped=dropped,
        )

    def _dosage(self, record: cyvcf2.Variant, allele: int) -> np.ndarray:
        """(n,) copies of one ALT allele."""
        if self.field == "DS":
            dosage = record.format("DS")
            if dosage is None or dosage.shape[1] != len(record.ALT):
                raise FqtlError(
                    f"{self.path}, {record.CHROM}:{record.POS}: expected one DS per ALT allele."
                )
            return dosage[:, allele - 1].astype(np.float32)
        calls = record.genotype.array()[:, :-1]
        if calls.shape[1] != 2 or (calls == -2).any():
            raise FqtlError(
                f"{self.path}, {record.CHROM}:{record.POS}: expected diploid calls, found a "
                "haploid one. Sex chromosomes are not handled; see genes.chromosomes in the config."
            )
        dosage = (calls == allele).sum(axis=1).astype(np.float32)
        dosage[(calls < 0).any(axis=1)] = np.nan
        return dosage

    def _describe(self, chrom: str, records: list[tuple[str, int, str, str]]) -> pd.DataFrame:
        chrom = contigs.prefixed(chrom)
        rows = [
            (variant_id(chrom, pos, other, effect, self.build), rsid, chrom, pos, other, effect)
            for rsid, pos, other, effect in records
        ]
        return pd.DataFrame(rows, columns=COLUMNS).astype({"pos": np.int64})

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
