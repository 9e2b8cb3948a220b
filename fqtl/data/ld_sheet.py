"""The table of matrices of LD: which region is in which file.

Tab-separated with a header: `chrom`, `start` and `end` (1-based, both inside), `matrix` (as
`fqtl.read_ld` reads it), `variants` (the list of what its rows are of, `fqtl/qtl/ld_variants.py`),
and, where they are known or needed, `n`, the people that it is of, and `chain`, a chain file that
lifts region and list to the genome build of the run. Needs no arrays.
"""

from dataclasses import dataclass
from pathlib import Path

from fqtl.data import contigs
from fqtl.data.sheets import sheet_rows
from fqtl.errors import FqtlError

COLUMNS = ("chrom", "start", "end", "matrix", "variants")


@dataclass(frozen=True)
class Region:
    """One line of the table. where : the line, for errors"""

    chrom: str
    start: int
    end: int
    matrix: Path
    variants: Path
    people: int | None
    where: str
    chain: Path | None = None


def read_regions(path: Path) -> list[Region]:
    """Regions of a table, whose files are all there."""
    found: list[Region] = []
    first: dict[tuple[str, int, int], str] = {}
    for number, row in sheet_rows(path, COLUMNS):
        region = _region(f"{path}, line {number}", row)
        span = (contigs.bare(region.chrom), region.start, region.end)
        if span in first:
            raise FqtlError(
                f"{region.where}: the region {region.chrom}:{region.start}-{region.end} is listed "
                f"for the second time, first on {first[span]}."
            )
        first[span] = f"line {number}"
        found.append(region)
    if not found:
        raise FqtlError(f"{path} lists no region.")
    return found


def _region(where: str, row: dict[str, str]) -> Region:
    numbers = {}
    for name in ("start", "end", "n"):
        text = row.get(name, "")
        if name == "n" and text in ("", "NA"):
            continue
        if not text.isdigit() or int(text) < 1:
            raise FqtlError(f"{where}: {name} must be a whole number above 0, found {text!r}.")
        numbers[name] = int(text)
    if numbers["end"] < numbers["start"]:
        raise FqtlError(
            f"{where}: the region ends at {numbers['end']}, before it starts at {numbers['start']}."
        )
    if numbers.get("n", 3) < 3:
        raise FqtlError(f"{where}: n must be a number of people, at least 3; found {row['n']!r}.")
    for name in ("chrom", "matrix", "variants"):
        if not row[name]:
            raise FqtlError(f"{where}: {name} is empty.")
    for name in ("matrix", "variants", "chain"):
        if row.get(name) and not Path(row[name]).is_file():
            raise FqtlError(f"{where}: there is no file {row[name]} ({name}).")
    return Region(
        contigs.prefixed(row["chrom"]),
        numbers["start"],
        numbers["end"],
        Path(row["matrix"]),
        Path(row["variants"]),
        numbers.get("n"),
        where,
        Path(row["chain"]) if row.get("chain") else None,
    )
