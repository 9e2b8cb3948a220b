"""The sheet of traits: which GWAS belongs to which trait, and what its header does not tell.

Tab-separated with a header: `trait`, `gwas` (its file) and, where it must be said, `genome_build`,
`columns` (MEANING=COLUMN, separated by blanks), `study` (of a GWAS-VCF with several) and `chain`
(from its build to that of the run). Other columns are passed over. Paths are relative to the folder
the workflow runs in.
"""

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
    build, chain = row.get("genome_build", ""), row.get("chain", "")
    return Trait(
        row["trait"],
        Path(row["gwas"]),
        require_build(build, f"{where}: genome_build") if build else "",
        columns,
        row.get("study", ""),
        Path(chain) if chain else None,
    )
