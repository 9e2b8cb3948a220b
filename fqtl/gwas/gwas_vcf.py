"""GWAS-VCF: one study as a VCF whose sample column holds its effects.

ES, SE, LP (-log10 p), AF, SS and EZ stand in the order that FORMAT tells, record by record; ALT is
the effect allele. Read as text, not through htslib: floats keep their digits, and of a whole
genome only what matches a model is kept. A record of several ALT alleles is left out, as one
without the sample's values is, and counted.
(Specification: https://github.com/MRCIEU/gwas-vcf-specification)
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from fqtl.data import contigs
from fqtl.errors import FqtlError
from fqtl.gwas.batches import MISSING, Batch, read_batches
from fqtl.gwas.header import Header
from fqtl.gwas.layouts import Layout

LAYOUT = "GWAS-VCF"
FIXED = ["CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"]
KEYS = {"ES": "beta", "SE": "se", "LP": "neg_log10_p", "AF": "frequency", "EZ": "z"} | {
    "SS": "n",
    "NS": "n",
}
CONTIG = re.compile(r"^##contig=<ID=([^,>]+).*?length=(\d+)")


def is_gwas_vcf(header: Header) -> bool:
    return header.names[: len(FIXED)] == FIXED


def build_of_vcf(header: Header) -> str:
    """Genome build by the lengths of the contigs that a header tells; empty if it tells none."""
    lengths = {
        contigs.bare(found[1]): int(found[2])
        for line in header.preamble
        if (found := CONTIG.match(line))
    }
    for build, known in contigs.LENGTHS.items():
        shared = [lengths[name] == length for name, length in known.items() if name in lengths]
        if shared and all(shared):
            return build
    return ""


def read_gwas_vcf(
    path: Path, header: Header, sample: str, left_out: "Counter[str]"
) -> Iterator[Batch]:
    """Every record of a file.

    sample : of a file with several; the only one by default
    left_out : where records that cannot be used are counted, by reason
    """
    name = _sample(path, header, sample)
    columns = {"chrom": "CHROM", "pos": "POS", "rsid": "ID", "other_allele": "REF"}
    columns |= {"effect_allele": "ALT", "test": "FORMAT", "variant": name}
    for batch in read_batches(path, header, Layout(LAYOUT, columns)):
        yield from _records(path, batch, left_out)


def _sample(path: Path, header: Header, sample: str) -> str:
    there = header.names[len(FIXED) :]
    if sample and sample not in there:
        raise FqtlError(f"{path} has no study {sample!r} (--study); it has {', '.join(there)}.")
    if not sample and len(there) != 1:
        raise FqtlError(
            f"{path} has {len(there)} studies ({', '.join(there[:5])}): say which (--study)."
        )
    return sample or there[0]


def _records(path: Path, batch: Batch, left_out: "Counter[str]") -> Iterator[Batch]:
    """A batch as columns by meaning; one part for every FORMAT."""
    formats, values = batch.columns["test"], batch.columns["variant"]
    several = pc.fill_null(pc.match_substring(batch.columns["effect_allele"], ","), True)
    if several.true_count:
        left_out["more than one ALT allele in a record"] += several.true_count
    numbers = pa.array(range(batch.first, batch.first + len(batch)), pa.int64())
    for words in pc.unique(formats).to_pylist():
        keys = (words or "").split(":")
        if "ES" not in keys and "EZ" not in keys:
            raise FqtlError(
                f"{path}: expected FORMAT with ES and SE of a GWAS-VCF, found {words!r}."
            )
        mine = pc.and_(pc.equal(formats, words), pc.invert(several))
        parts = pc.split_pattern(_whole(values, len(keys)), ":")
        whole = pc.equal(pc.list_value_length(parts), len(keys))
        short = pc.and_(mine, pc.invert(whole))
        if short.true_count:
            left_out["record without the values of its FORMAT"] += short.true_count
        kept = pc.and_(mine, whole)
        table = parts.filter(kept).flatten()
        rows = len(table) // len(keys)
        found = {
            name: batch.columns[name].filter(kept)
            for name in ("chrom", "pos", "rsid", "effect_allele", "other_allele")
        }
        found["row"] = numbers.filter(kept)
        place = pa.array(range(rows), pa.int64())
        for i, key in enumerate(keys):
            if key in KEYS:
                text = table.take(pc.add(pc.multiply(place, len(keys)), i))
                found[KEYS[key]] = _numbers(path, key, text)
        yield Batch(batch.first, found)


def _whole(values: pa.Array, count: int) -> pa.Array:
    """Values of a sample with those at the end that a record may leave out, as missing."""
    text = pc.fill_null(values, "")
    given = pc.if_else(pc.equal(text, ""), count, pc.add(pc.count_substring(text, ":"), 1))
    for there in pc.unique(given).to_pylist():
        if there < count:
            longer = pc.binary_join_element_wise(text, ":." * (count - there), "")
            text = pc.if_else(pc.equal(given, there), longer, text)
    return text


def _numbers(path: Path, key: str, text: pa.Array) -> pa.Array:
    known = pc.if_else(pc.is_in(text, pa.array(MISSING)), None, text)
    try:
        return pc.cast(known, pa.float64())
    except pa.ArrowInvalid as fault:
        raise FqtlError(f"{path}, {key}: expected a number ({fault}).") from fault
