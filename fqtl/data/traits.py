"""The sheet of traits: which GWAS belongs to which trait, and what its header does not tell.

Tab-separated with a header: `trait`, `gwas` (its file) and, where it must be said, `genome_build`,
`columns` (MEANING=COLUMN, separated by blanks), `study` (of a GWAS-VCF with several) and `chain`
(from its build to that of the run). Other columns are passed over. Paths are relative to the folder
the workflow runs in.
"""

from dataclasses import dataclass
from pathlib import Path

from fqtl.data.builds import require_build
from fqtl.data.sheets import sheet_rows
from fqtl.data.tissues import NAME
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
    first: dict[str, int] = {}
    traits = []
    for number, row in sheet_rows(path, COLUMNS):
        trait = _trait(row, f"{path}, line {number}")
        if trait.name in first:
            raise FqtlError(
                f"{path} lists the trait {trait.name} twice, on lines {first[trait.name]} and "
                f"{number}."
            )
        first[trait.name] = number
        traits.append(trait)
    if not traits:
        raise FqtlError(f"{path} lists no trait.")
    return traits


def _trait(row: dict[str, str], where: str) -> Trait:
    if not NAME.match(row["trait"]):
        raise FqtlError(
            f"{where}: trait must be a name of letters, digits and _.+- (a folder is named after "
            f"it); found {row['trait']!r}."
        )
    if not row["gwas"]:
        raise FqtlError(f"{where}: gwas must be the path of a GWAS; found nothing.")
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
