"""A lookup table of rs numbers on disk, from which a region is read at once.

Lines stand in groups with the range of their positions; of a table in the order of the genome only
the groups that a region touches are read.
"""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from fqtl.data.rsids import SCHEMA
from fqtl.data.variant_filter import Lookup
from fqtl.errors import FqtlError
from fqtl.tables.files import parquet_writer, read_parquet


def write_rsids(path: Path, parts: Iterable[pa.Table], genome_build: str) -> int:
    """Keep what `read_lookup` gives; the number of variants."""
    count = 0
    with parquet_writer(path, SCHEMA, "rsids", genome_build=genome_build) as writer:
        for part in parts:
            writer.write_table(part)
            count += len(part)
        if not count:
            raise FqtlError("The lookup table has no rs number. See genotypes.rsids in the config.")
    return count


def rsids_of(path: Path, genome_build: str) -> Lookup:
    """Rs numbers of a region, from a kept table of that build."""
    _, about = read_parquet(path, "rsids", columns=[])
    if about["genome_build"] != genome_build:
        raise FqtlError(f"{path} is on {about['genome_build']}, the genotypes on {genome_build}.")

    def lookup(chrom: str, start: int, end: int) -> dict[tuple[int, str, str], str]:
        region = [("chrom", "==", chrom), ("pos", ">=", start), ("pos", "<=", end)]
        table, _ = read_parquet(path, "rsids", rows=region)
        columns = [table[name].to_pylist() for name in ("pos", "other_allele", "effect_allele")]
        return dict(zip(zip(*columns, strict=True), table["rsid"].to_pylist(), strict=True))

    return lookup
