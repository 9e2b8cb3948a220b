"""Names of chromosomes, which one file writes `chr22` and another `22`."""

from collections.abc import Iterable

from fqtl.errors import FqtlError

AFTER_NUMBERS = 10**9  # no genome has as many chromosomes


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
    """Key that sorts chromosomes as karyotypes do: numbers, X, Y, MT, then the rest by name."""
    name = bare(chrom)
    named = {name: AFTER_NUMBERS + place for place, name in enumerate(("X", "Y", "MT"))}
    number = int(name) if name.isdecimal() else named.get(name, AFTER_NUMBERS + len(named))
    return number, name


# Base pairs of the autosomes (UCSC hg19 and hg38), by which a file betrays its build
LENGTHS: dict[str, dict[str, int]] = {
    "GRCh37": {
        "1": 249250621,
        "2": 243199373,
        "3": 198022430,
        "4": 191154276,
        "5": 180915260,
        "6": 171115067,
        "7": 159138663,
        "8": 146364022,
        "9": 141213431,
        "10": 135534747,
        "11": 135006516,
        "12": 133851895,
        "13": 115169878,
        "14": 107349540,
        "15": 102531392,
        "16": 90354753,
        "17": 81195210,
        "18": 78077248,
        "19": 59128983,
        "20": 63025520,
        "21": 48129895,
        "22": 51304566,
    },
    "GRCh38": {
        "1": 248956422,
        "2": 242193529,
        "3": 198295559,
        "4": 190214555,
        "5": 181538259,
        "6": 170805979,
        "7": 159345973,
        "8": 145138636,
        "9": 138394717,
        "10": 133797422,
        "11": 135086622,
        "12": 133275309,
        "13": 114364328,
        "14": 107043718,
        "15": 101991189,
        "16": 90338345,
        "17": 83257441,
        "18": 80373285,
        "19": 58617616,
        "20": 64444167,
        "21": 46709983,
        "22": 50818468,
    },
}
