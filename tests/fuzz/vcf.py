"""VCFs damaged in their text, before they are packed, or in their bytes, after."""

import os
from pathlib import Path

import numpy as np
import pysam
import pysam.bcftools

from fqtl.data import contigs
from fqtl.data.dosages import Limits
from fqtl.data.genotypes import open_genotypes
from fqtl.data.vcf_records import BEYOND
from fqtl.errors import FqtlError
from tests.files import VCF_COLUMNS
from tests.fuzz.damage import damaged_bytes, damaged_text
from tests.fuzz.outcome import LossError

IN_DATA = 0.8  # share of trials of a BCF that damage it, and not its index
IN_BYTES = 0.3  # share of trials that damage the packed file
BLOCK_BYTES = 400
DONORS = [f"d{i}" for i in range(6)]
HEADER = """##fileformat=VCFv4.2
##contig=<ID=chr1,length=248956422>
##contig=<ID=chrX,length=156040895>
##INFO=<ID=AC,Number=A,Type=Integer,Description="Copies">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=DS,Number=A,Type=Float,Description="Dosage">
"""


def text_of(rng: np.random.Generator) -> str:
    """A sound VCF of records of one and two alternatives on two chromosomes."""
    columns = VCF_COLUMNS.split()
    lines = ["\t".join([*columns, *DONORS])]
    for chrom, count in (("chr1", 9), ("chrX", 2)):
        for number in range(count):
            alternatives = ["C"] if number % 4 else ["C", "TT"]
            copies = rng.integers(0, len(alternatives) + 1, (len(DONORS), 2))
            calls = []
            for one, other in copies:
                dosage = ",".join(
                    f"{sum((one == k, other == k)):g}" for k in range(1, len(alternatives) + 1)
                )
                calls.append(f"{one}|{other}:{dosage}")
            site = [chrom, str(3_000_000 + 100 * number), f"rs{number}", "A"]
            lines.append(
                "\t".join([*site, ",".join(alternatives), "50", "PASS", "AC=1", "GT:DS", *calls])
            )
    return HEADER + "\n".join(lines) + "\n"


def trial(rng: np.random.Generator, folder: Path) -> str:
    """What became of one damaged file, of those that an index can be made of."""
    path, field = folder / "g.vcf.gz", ("GT", "DS")[int(rng.integers(2))]
    text = text_of(rng)
    if rng.random() < IN_BYTES:
        assert _indexed(path, text)
        path.write_bytes(damaged_bytes(rng, path.read_bytes()))
    else:
        while not _indexed(path, text := damaged_text(rng, text_of(rng))):
            pass
    try:
        source = open_genotypes(path, "GRCh38", field)
        found = {
            contig: source.read(contig, 1, BEYOND, source.donors, Limits())
            for contig in source.contigs
        }
    except FqtlError:
        return "refused"
    for contig, read in found.items():
        _compare(text, field, contig, source.donors, read)
    lines = [line for line in text.split("\n") if line and line[0] != "#"]
    there = {line.split("\t")[0] for line in lines}
    if there - set(found):
        raise LossError(f"chromosomes {there - set(found)} are not read")
    left_out = any(len(read.dropped) for read in found.values())
    return "read, with variants left out" if left_out else "read"


def bcf_trial(rng: np.random.Generator, folder: Path) -> str:
    """What became of a BCF, or its index, of which bytes were damaged."""
    path, plain = folder / "g.bcf", folder / "g.vcf.gz"
    assert _indexed(plain, text_of(rng))
    with (
        pysam.VariantFile(str(plain)) as sound,
        pysam.VariantFile(str(path), "wb", header=sound.header) as out,
    ):
        for record in sound:
            out.write(record)
    pysam.bcftools.index(str(path))
    before = _everything(path)
    damaged = path if rng.random() < IN_DATA else path.with_name(path.name + ".csi")
    damaged.write_bytes(damaged_bytes(rng, damaged.read_bytes()))
    os.utime(path.with_name(path.name + ".csi"))
    try:
        after = _everything(path)
    except FqtlError:
        return "refused"
    if set(before) != set(after) or any(
        not np.array_equal(before[contig], after[contig], equal_nan=True) for contig in before
    ):
        raise LossError("other dosages than before the damage")
    return "read"


def _everything(path: Path) -> dict[str, np.ndarray]:
    """Dosages of each chromosome."""
    source = open_genotypes(path, "GRCh38", "GT")
    return {
        contig: source.read(contig, 1, BEYOND, source.donors, Limits()).dosages
        for contig in source.contigs
    }


def _indexed(path: Path, text: str) -> bool:
    """Pack text in several blocks, as large files are, and try to make an index."""
    with pysam.BGZFile(str(path), "wb") as out:
        content = text.encode()
        for first in range(0, len(content), BLOCK_BYTES):
            out.write(content[first : first + BLOCK_BYTES])
            out.flush()
    try:
        pysam.tabix_index(str(path), preset="vcf", force=True)
    except (OSError, ValueError):
        return False
    return True


def _compare(text: str, field: str, contig: str, donors: list[str], read) -> None:
    """Every allele of the text is kept or counted, with the dosages that stand there."""
    records = [line.split("\t") for line in text.split("\n") if line and line[0] != "#"]
    records = [
        fields
        for fields in records
        if fields[0] == contig and len(fields) > 1 and fields[1].isdigit()
    ]
    expected = sum(
        max(fields[4].count(",") + 1, 1) if _has_calls(fields) else 1
        for fields in records
        if int(fields[1]) >= 1
    )
    got = len(read.variants) + len(read.dropped)
    at_least = len([fields for fields in records if int(fields[1]) >= 1])
    if not at_least <= got <= expected:
        raise LossError(f"{got} alleles kept or counted, {at_least} to {expected} are there")
    by_site = {}
    for fields in filter(_has_calls, records):
        for number, allele in enumerate(fields[4].split(","), start=1):
            key = (int(fields[1]), fields[3].upper(), allele.upper())
            by_site.setdefault(key, []).append((fields, number))
    for row, site in enumerate(
        zip(
            read.variants["pos"],
            read.variants["other_allele"],
            read.variants["effect_allele"],
            strict=True,
        )
    ):
        if site not in by_site:
            raise LossError(f"{site} is not in the file")
        dosages = [_dosage(fields, number, field) for fields, number in by_site[site]]
        if not any(_same(dosage, read.dosages[row], contig) for dosage in dosages):
            raise LossError(f"{site} has dosages {read.dosages[row]}, the file {dosages}")


def _has_calls(fields: list[str]) -> bool:
    return len(fields) > 9


def _dosage(fields: list[str], number: int, field: str) -> list[float]:
    place = fields[8].split(":").index(field)
    found = []
    for entry in fields[9:]:
        parts = entry.split(":")
        value = parts[place] if len(parts) > place else "."
        if field == "DS":
            values = value.split(",")
            word = values[number - 1] if len(values) >= number else "."
            try:
                dosage = float(word)
            except ValueError:
                dosage = np.nan
            found.append(np.nan if dosage in (-1, -9) else dosage)
        else:
            alleles = value.replace("|", "/").split("/")
            missing = "." in alleles
            copies = sum(allele.strip().isdigit() and int(allele) == number for allele in alleles)
            found.append(np.nan if missing else float(copies))
    return found


def _same(expected: list[float], read: np.ndarray, contig: str) -> bool:
    expected = np.array(expected)
    if contigs.bare(contig) == "X":  # one copy counts as two there
        return bool(np.isnan(read[np.isnan(expected)]).all())
    return len(expected) == len(read) and np.allclose(expected, read, atol=0.011, equal_nan=True)
