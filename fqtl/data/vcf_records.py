"""Records of a region of a VCF or BCF, every one of them: read, or told why it cannot be.

A query of cyvcf2 ends without a word where htslib meets a read error, as if the region had no more
records. So the lines of a VCF come through pysam, which says what it meets, and cyvcf2 takes each
apart by itself; one that htslib refuses is one record, and not the end. Of a line only what is
asked for is handed over: a fault in QUAL, FILTER or INFO is no reason to lose its calls. The
records of a BCF come from cyvcf2's query and are counted once more by pysam, at a quarter of the
cost.
(Format: https://samtools.github.io/hts-specs/VCFv4.3.pdf)
"""

import os
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import cyvcf2
import pysam

from fqtl.data.contigs import bare
from fqtl.errors import FqtlError

REFUSED = "record that htslib cannot read"
OTHER_COUNT = "not one entry for each donor of the header"
BEYOND = 2**29  # farther than a chromosome of a tabix index reaches
TYPES = {"Integer": int, "Float": float}
# What is read, whatever the header says of it: dosages are numbers, though some call them String
DECLARED = {
    "GT": '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    "DS": '##FORMAT=<ID=DS,Number=A,Type=Float,Description="Dosage">',
}


@dataclass(frozen=True)
class Record:
    """One record of a file.

    name : its ID column
    site : what cyvcf2 made of it; None if nothing, then `refused` says why
    """

    pos: int
    name: str
    site: cyvcf2.Variant | None
    refused: str = ""


class TextRecords:
    """Records of a bgzipped VCF with its index.

    samples : all donors, in the order of the file
    value_type : of DS in cyvcf2
    """

    value_type = float

    def __init__(self, path: Path, index: Path, header: str, samples: list[str]) -> None:
        self.path = path
        self._samples = len(samples)
        # any byte is a letter in latin-1, so that no text ends the reading
        self._lines = pysam.TabixFile(str(path), index=str(index), encoding="latin-1")
        kept = [
            line
            for line in header.splitlines()
            if line.startswith("##FORMAT") and not declares(line, *DECLARED)
        ]
        columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"]
        # donors are known by their place: names that htslib would stumble over do not reach it
        columns += [f"D{number}" for number in range(len(samples))]
        head = ["##fileformat=VCFv4.2", "##contig=<ID=1>", *DECLARED.values(), *kept]
        self._parser = cyvcf2.Writer.from_string(
            os.devnull, "\n".join([*head, "\t".join(columns), ""])
        )

    @property
    def contigs(self) -> list[str]:
        return list(self._lines.contigs)

    def read(self, contig: str, start: int, end: int) -> Iterator[Record]:
        """Records with start <= pos <= end."""
        last = 0
        try:
            for line in self._lines.fetch(contig, start - 1, min(end, BEYOND)):
                fields = line.split("\t", 9)
                last = int(fields[1])
                if start <= last <= end:
                    yield self._parsed(last, fields)
        except (OSError, ValueError, IndexError) as fault:
            raise damaged(self.path, contig, last or start, fault) from fault

    def _parsed(self, pos: int, fields: list[str]) -> Record:
        if len(fields) < 10:
            return Record(pos, fields[2], None, OTHER_COUNT if self._samples else REFUSED)
        _, _, name, ref, alt, *_, entries, calls = fields
        if calls.count("\t") + 1 != self._samples:
            return Record(pos, name, None, OTHER_COUNT)
        line = "\t".join(("1", str(pos), ".", ref, alt, ".", ".", ".", entries, calls))
        if not line.isascii():
            return Record(pos, name, None, REFUSED)
        try:
            return Record(pos, name, self._parser.variant_from_string(line))
        except Exception:  # cyvcf2 has no class of its own for a record that it cannot read
            return Record(pos, name, None, REFUSED)


class BcfRecords:
    """Records of a BCF with its index."""

    def __init__(self, path: Path, index: Path, field: str) -> None:
        self.path = path
        self._index = index
        self._reader = cyvcf2.VCF(str(path))
        self._counter = pysam.VariantFile(str(path), index_filename=str(index))
        # a header may name a chromosome in two ways; records are under one of them
        named = [str(name) for name in self._counter.header.contigs]
        used = Counter(map(bare, named))
        self.contigs = [name for name in named if used[bare(name)] == 1 or self._has_records(name)]
        declared = self._counter.header.formats
        self.value_type = TYPES.get(str(declared[field].type) if field in declared else "", str)

    def read(self, contig: str, start: int, end: int) -> Iterator[Record]:
        """Records with start <= pos <= end."""
        met, last = 0, start
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="no intervals found")
                for site in self._reader(f"{contig}:{start}-{end}"):
                    if start <= site.POS <= end:
                        met, last = met + 1, site.POS
                        yield Record(site.POS, site.ID or "", site)
            there = self._count(contig, start, end)
        except FqtlError:
            raise
        except Exception as fault:  # of cyvcf2, which has no class of its own, or of pysam
            with suppress(OSError):  # pysam says once more, as it closes, what it met
                self._counter.close()
            raise damaged(self.path, contig, last, fault) from fault
        if there != met:
            raise damaged(self.path, contig, last, f"{met} of {there} records were met")

    def _has_records(self, contig: str) -> bool:
        try:
            return next(self._counter.fetch(contig), None) is not None
        except (OSError, ValueError) as fault:
            raise damaged(self.path, contig, 1, fault) from fault

    def _count(self, contig: str, start: int, end: int) -> int:
        if contig not in self._counter.header.contigs:
            return 0
        found = self._counter.fetch(contig, start - 1, min(end, BEYOND))
        return sum(start <= record.pos <= end for record in found)


def damaged(path: Path, contig: str, last: int, fault: object) -> FqtlError:
    """What is said of a file that cannot be read to the end of a region."""
    return FqtlError(
        f"{path} cannot be read beyond {contig}:{last} ({str(fault).strip()}): a part of the file "
        "is damaged. Copy or download it once more, or make it anew; `bgzip -t` tells whether a "
        "file is whole."
    )


def declares(line: str, *fields: str) -> bool:
    """Whether a line of a header declares one of some fields."""
    match = re.match(r"##FORMAT=<(?:[^\"]*,)?ID=([^,>]+)", line)
    return match is not None and match[1] in fields
