"""The sheet of traits: which GWAS belongs to which trait, and what its header does not tell.

Tab-separated with a header: `trait`, `gwas` (its file) and, where it must be said, `genome_build`,
`columns` (MEANING=COLUMN, separated by blanks), `study` (of a GWAS-VCF with several), `chain` (from
its build to that of the run), and `n` (its donors) and `h2` (heritability), together. Other
columns are passed over. Paths are relative to the folder the workflow runs in.
"""

import math
from dataclasses import dataclass
from pathlib import Path

from fqtl.data.builds import require_build
from fqtl.data.sheets import named_rows
from fqtl.errors import FqtlError

COLUMNS = ("trait", "gwas")


@dataclass(frozen=True)
class Trait:
    """One line of the sheet; empty is what it does not say."""

    name: str
    gwas: Path
    genome_build: str = ""
    columns: tuple[str, ...] = ()
    study: str = ""
    chain: Path | None = None
    n: float | None = None
    h2: float | None = None


def read_traits(path: Path) -> list[Trait]:
    """Traits in the order of the sheet; the files themselves are not looked at."""
    return [_trait(row, where) for where, row in named_rows(path, COLUMNS)]


def _trait(row: dict[str, str], where: str) -> Trait:
    columns = tuple(row.get("columns", "").split())
    for entry in columns:
        meaning, mark, name = entry.partition("=")
        if not (meaning and mark and name):
            raise FqtlError(
                f"{where}: columns must be MEANING=COLUMN, separated by blanks, as "
                f"effect_allele=A1; found {entry!r}."
            )
    n, h2 = _number(row, "n", 1, math.inf, where), _number(row, "h2", 0, 1, where)
    if (n is None) != (h2 is None):
        raise FqtlError(
            f"{where}: n (donors of the GWAS) and h2 (heritability) go together; only "
            f"{'n' if h2 is None else 'h2'} is given."
        )
    build, chain = row.get("genome_build", ""), row.get("chain", "")
    return Trait(
        row["trait"],
        Path(row["gwas"]),
        require_build(build, f"{where}: genome_build") if build else "",
        columns,
        row.get("study", ""),
        Path(chain) if chain else None,
        n,
        h2,
    )


def _number(row: dict[str, str], name: str, low: float, high: float, where: str) -> float | None:
    """A cell of the sheet; None where it is empty or NA."""
    text = row.get(name, "")
    if text in ("", "NA"):
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high or math.isinf(value):
        expected = f"at least {low:g}" if math.isinf(high) else f"from {low:g} to {high:g}"
        raise FqtlError(f"{where}: expected a number {expected} in {name}, found {text!r}.")
    return value
