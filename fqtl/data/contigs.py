"""Names of chromosomes, which one file writes `chr22` and another `22`."""

from collections.abc import Iterable

from fqtl.errors import FqtlError


def bare(chrom: str) -> str:
    """Chromosome without its prefix: `22`, `X`, `MT`."""
    name = chrom[3:] if chrom.lower().startswith("chr") else chrom
    return "MT" if name == "M" else name


def prefixed(chrom: str) -> str:
    """Chromosome as this project writes it: `chr22`, `chrX`, `chrM`."""
    name = bare(chrom)
    return "chrM" if name == "MT" else f"chr{name}"


def resolve(chrom: str, contigs: Iterable[str], path: str) -> str:
    """The name that the file at `path` uses for a chromosome."""
    known = list(contigs)
    for contig in known:
        if bare(contig) == bare(chrom):
            return contig
    shown = ", ".join(known[:5]) + (", …" if len(known) > 5 else "")
    raise FqtlError(
        f"No chromosome {chrom} in {path}, which has {len(known)} ({shown}). "
        "Do the genotypes cover the chromosomes of the genes? See genotypes.path and "
        "genes.chromosomes in the config."
    )


def order(chrom: str) -> tuple[int, str]:
    """Key that sorts chromosomes as karyotypes do: 1 to 22, X, Y, MT, then the rest by name."""
    name = bare(chrom)
    named = {"X": 23, "Y": 24, "MT": 25}
    return (int(name) if name.isdigit() else named.get(name, 26), name)
