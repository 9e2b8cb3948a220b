"""rs numbers of variants from a lookup table, as GTEx releases one.

Such a table has tens of millions of lines, and every shard wants some thousands of them: it is read
once and kept by chromosome and position, so that a region is found at once. A table has the columns
chr, pos (or variant_pos), ref, alt and one whose name starts with rsid or rs_id, in any order;
where ids with a build in them stand in it (chr1_1000_A_G_b38), the build must be that of the
genotypes. GTEx's tables differ in the case and the endings of these names.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv

from fqtl.data import contigs
from fqtl.data.builds import TAGS
from fqtl.data.lines import refuse_cut
from fqtl.errors import FqtlError

SCHEMA = pa.schema(
    {
        "chrom": pa.string(),
        "pos": pa.int64(),
        "other_allele": pa.string(),
        "effect_allele": pa.string(),
        "rsid": pa.string(),
    }
)
# what the columns of a table may be called, in lower case; the first that it has is taken
NAMES = {
    "chrom": ("chr", "chrom", "chromosome", "#chr", "#chrom"),
    "pos": ("variant_pos", "pos", "position"),
    "other_allele": ("ref", "ref_b37", "ref_b38"),
    "effect_allele": ("alt", "alt_b37", "alt_b38"),
}
IDS = ("variant_id", "variantid", "id")


@dataclass(frozen=True)
class _Columns:
    """Names of a table's columns, by what they hold; `ids` may be absent."""

    by_meaning: dict[str, str]
    ids: str | None


def read_lookup(path: Path, build: str) -> Iterator[pa.Table]:
    """Lines of a lookup table that know an rs number, in parts, with the columns of SCHEMA."""
    columns = _columns(path)
    wanted = [*columns.by_meaning.values(), *([columns.ids] if columns.ids else [])]
    options = pcsv.ConvertOptions(
        include_columns=wanted, column_types=dict.fromkeys(wanted, pa.string())
    )
    try:
        with pcsv.open_csv(
            pa.input_stream(str(path), compression="detect"),
            parse_options=pcsv.ParseOptions(delimiter="\t", quote_char=False),
            convert_options=options,
        ) as parts:
            for part in parts:
                if columns.ids:
                    _refuse_other_build(path, part.column(columns.ids), build)
                yield _known(path, part, columns)
    except (pa.ArrowInvalid, OSError) as fault:
        raise FqtlError(f"{path} cannot be read as a table separated by tabs ({fault}).") from fault


def _columns(path: Path) -> _Columns:
    if not path.is_file():
        raise FqtlError(f"No such file: {path}. See genotypes.rsids in the config.")
    refuse_cut(path)
    with pa.input_stream(str(path), compression="detect") as stream:
        head = stream.read(65536).split(b"\n")[0].decode(errors="replace").rstrip("\r").split("\t")
    lower = {name.lower(): name for name in head}
    found = {
        meaning: next((lower[name] for name in names if name in lower), "")
        for meaning, names in NAMES.items()
    }
    found["rsid"] = next(
        (name for low, name in lower.items() if low.startswith(("rsid", "rs_id"))), ""
    )
    absent = [meaning for meaning, name in found.items() if not name]
    if absent:
        raise FqtlError(
            f"{path}: expected columns chr, pos, ref, alt and rsid (or GTEx's names for them), "
            f"separated by tabs; found {', '.join(head[:9])!r}."
        )
    return _Columns(found, next((lower[name] for name in IDS if name in lower), None))


def _known(path: Path, part: pa.RecordBatch, columns: _Columns) -> pa.Table:
    """What SCHEMA holds, of the lines with an rs number."""
    table = pa.table({name: part.column(given) for name, given in columns.by_meaning.items()})
    table = table.filter(pc.match_substring_regex(table["rsid"], r"^rs\d+$"))
    names = {name: contigs.prefixed(name) for name in pc.unique(table["chrom"]).to_pylist()}
    chrom = pa.array([names[name] for name in table["chrom"].to_pylist()], pa.string())
    try:
        return table.set_column(0, "chrom", chrom).cast(SCHEMA)
    except pa.ArrowInvalid as fault:
        raise FqtlError(f"{path}: a position is no whole number ({fault}).") from fault


def _refuse_other_build(path: Path, ids: pa.Array, build: str) -> None:
    for other, tag in TAGS.items():
        if other != build and len(ids) and ids[0].as_py().endswith(f"_{tag}"):
            raise FqtlError(
                f"{path} is on {other} ({ids[0].as_py()}), the genotypes are on {build}. "
                "See genotypes.rsids and genome_build in the config."
            )
