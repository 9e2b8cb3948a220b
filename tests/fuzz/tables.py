"""Expression, counts, covariates and sheets damaged in their text or, gzipped, in their bytes."""

import gzip
import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fqtl.data.annotation import read_annotation
from fqtl.data.counts import gct_blocks, read_counts
from fqtl.data.covariates import read_covariates
from fqtl.data.expression import read_expression
from fqtl.data.text import MISSING
from fqtl.errors import FqtlError
from tests.files import write_vcf
from tests.fuzz.damage import damaged_bytes, damaged_text
from tests.fuzz.outcome import LossError, told

DONORS = [f"d{i}" for i in range(16)]
GENES = [f"ENSG{i}.{i % 3 + 1}" for i in range(6)]
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
PACKED = 0.2  # share of trials that damage the bytes of a gzipped file


def bed_trial(rng: np.random.Generator, folder: Path) -> str:
    """A BED of expression, which `fqtl check` and `fqtl prepare` look at after the reader."""
    values = rng.normal(size=(len(GENES), len(DONORS))).round(3)
    head = ["#chr", "start", "end", "gene_id"]
    stranded = rng.random() < 0.5
    lines = ["\t".join([*head, *(["group", "strand"] if stranded else []), *DONORS])]
    for number, (gene, row) in enumerate(zip(GENES, values, strict=True)):
        start = 3_000_000 + 100 * number
        end = start + (int(rng.integers(1, 500)) if stranded else 1)
        strand = [".", "+-"[number % 2]] if stranded else []
        place = ["chr1", str(start), str(end), gene]
        lines.append("\t".join([*place, *strand, *map(str, row)]))
    path, text = _written(rng, folder / "x.bed", "\n".join(lines) + "\n")
    try:
        found = read_expression(path)
    except FqtlError:
        _agree(folder, path, None, refused=True)
        return "refused"
    head = text.split("\n")[0]
    leading = len(head.split("\t" if "\t" in head else None)) - len(found.donors)
    rows = _rows(text, 1 + leading)
    _same_number(len(found.genes) + len(found.dropped), len(rows))
    by_name = {}
    for row in rows:
        by_name.setdefault(row[3], row)
    for gene, value in zip(found.genes["gene_id"], found.values, strict=True):
        _same_numbers(by_name[gene][leading:], value)
    code = _agree(folder, path, None, refused=False)
    left = "read, with lines left out" if found.dropped else "read"
    return left if code == 0 else f"{left}; refused by check for what it holds"


def covariate_trial(rng: np.random.Generator, folder: Path) -> str:
    """Covariates, which `fqtl check` looks at after the reader."""
    lines = ["\t".join(["ID", *DONORS])]
    for name in ("PC1", "PC2", "age"):
        lines.append("\t".join([name, *map(str, rng.normal(size=len(DONORS)).round(3))]))
    lines.append("\t".join(["sex", *("male" if i % 3 else "female" for i in range(len(DONORS)))]))
    if rng.random() < 0.3:
        lines[0] = lines[0].removeprefix("ID\t")
    path, text = _written(rng, folder / "c.txt", "\n".join(lines) + "\n")
    bed = _sound_bed(rng, folder)
    try:
        found = read_covariates(path)
    except FqtlError:
        _agree(folder, bed, path, refused=True)
        return "refused"
    rows = {row[0]: row[1:] for row in _rows(text, 2)}
    _same_number(len({name.split("=")[0] for name in found.names}), len(rows), least=True)
    for name, values in zip(found.names, found.values.T, strict=True):
        if name in rows:
            _same_numbers(rows[name], values)
        else:
            covariate, _, level = name.partition("=")
            told = [float(word == level) for word in rows[covariate]]
            if told != list(values):
                raise LossError(f"{name}: {list(values)}, the file {rows[covariate]}")
    code = _agree(folder, bed, path, refused=False)
    return "read" if code == 0 else "read; refused by check for what it holds"


def gct_trial(rng: np.random.Generator, folder: Path) -> str:
    """A GCT of counts with a sound GTF, read whole and in blocks."""
    annotation = read_annotation(_gtf(folder))
    counts = rng.integers(0, 500, (len(GENES), len(DONORS)))
    ids = ["id"] if rng.random() < 0.3 else []
    lines = [
        "#1.2",
        f"{len(GENES)}\t{len(DONORS)}",
        "\t".join([*ids, "Name", "Description", *DONORS]),
    ]
    for number, (gene, row) in enumerate(zip(GENES, counts, strict=True)):
        lines.append(
            "\t".join([*([str(number)] if ids else []), gene, f"G{number}", *map(str, row)])
        )
    path, text = _written(rng, folder / "x.gct", "\n".join(lines) + "\n")
    try:
        found = read_counts(path, annotation)
    except FqtlError:
        found = None
    try:
        blocks = list(gct_blocks(path))
    except FqtlError:  # numbers in quotes are read as a whole alone
        blocks = []
    if found is None:
        return "refused"
    rows = _rows("\n".join(text.split("\n")[2:]), 4)
    _same_number(len(found.genes) + len(found.dropped), len(rows))
    _same_number(sum(len(values) for _, values in blocks), len(rows) if blocks else 0)
    leading = len(rows[0]) - len(found.donors)
    by_name = {}
    for row in rows:
        by_name.setdefault(row[leading - 2], row)
    for gene, value in zip(found.genes["gene_id"], found.values, strict=True):
        _same_numbers(by_name[gene][leading:], value)
    return "read, with lines left out" if found.dropped else "read"


def gtf_trial(rng: np.random.Generator, folder: Path) -> str:
    """A GTF, of which every gene must come out."""
    path, text = _written(rng, folder / "genes.gtf", _gtf(folder).read_text())
    try:
        found = read_annotation(path)
    except FqtlError:
        return "refused"
    lines = [row for row in _rows(text, 9, blanks=False) if not row[0].startswith("#")]
    genes = [row for row in lines if row[2] == "gene"]
    _same_number(len(found), len(genes))
    return "read"


def _gtf(folder: Path) -> Path:
    path = folder / "sound.gtf"
    lines = ["##provider: fqtl"]
    for number, gene in enumerate(GENES):
        start = 3_000_000 + 1000 * number
        attributes = f'gene_id "{gene}"; gene_type "protein_coding"; gene_name "G{number}";'
        strand = "+-"[number % 2]
        for feature, last in (("gene", 900), ("exon", 300), ("exon", 500)):
            place = ["chr1", "HAVANA", feature, str(start), str(start + last)]
            lines.append("\t".join([*place, ".", strand, ".", attributes]))
    path.write_text("\n".join(lines) + "\n")
    return path


def _written(rng: np.random.Generator, path: Path, text: str) -> tuple[Path, str]:
    """A damaged file, and its text; the text is sound where the packed bytes are damaged."""
    if rng.random() < PACKED:
        path = path.with_name(path.name + ".gz")
        path.write_bytes(damaged_bytes(rng, gzip.compress(text.encode(), mtime=0)))
        return path, text
    text = damaged_text(rng, text)
    path.write_bytes(text.encode())
    return path, text


def _sound_bed(rng: np.random.Generator, folder: Path) -> Path:
    path = folder / "sound.bed"
    lines = ["\t".join(["#chr", "start", "end", "gene_id", *DONORS])]
    for number, gene in enumerate(GENES):
        start = 3_000_000 + 100 * number
        values = map(str, rng.normal(size=len(DONORS)).round(3))
        lines.append("\t".join(["chr1", str(start), str(start + 1), gene, *values]))
    path.write_text("\n".join(lines) + "\n")
    return path


def _rows(text: str, least: int, blanks: bool = True) -> list[list[str]]:
    """Fields of each line below the header, told apart as simply as can be."""
    lines = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found = []
    for line in lines[1 if blanks else 0 :]:
        if not line.strip():
            continue
        fields = line.split("\t")
        if len(fields) < least and blanks:
            fields = line.split()
        found.append([_plain(field) for field in fields])
    return found


def _plain(field: str) -> str:
    return field[1:-1] if len(field) > 1 and field[0] == field[-1] == '"' else field


def _same_number(found: int, there: int, *, least: bool = False) -> None:
    if found > there or (found < there and not least):
        raise LossError(f"{found} rows kept or counted, {there} are there")


def _same_numbers(words: list[str], values: np.ndarray) -> None:
    """Each word is the number that was read, or one of those for what is missing."""
    if len(words) != len(values):
        raise LossError(f"{len(values)} values of {len(words)}")
    for word, value in zip(words, values, strict=True):
        if NUMBER.match(word.strip()):
            same = math.isclose(float(word), value, rel_tol=1e-6)
        else:
            same = word.strip() in MISSING and math.isnan(value)
        if not same:
            raise LossError(f"{value} was read of {word!r}")


def _agree(folder: Path, bed: Path, covariates: Path | None, *, refused: bool) -> int:
    """The exit code of `fqtl check`, which refuses what a reader refuses; prepare goes by it."""
    genotypes = folder / "g.vcf.gz"
    records = [
        f"chr1 {3_000_000 + 50 * k} rs{k} A G . . . GT "
        + " ".join(["0/0", "0/1", "1/1", "0/1"] * 4)
        for k in range(4)
    ]
    write_vcf(genotypes, records, DONORS, contigs=("chr1",))
    where = ["--genotypes", str(genotypes), "--genome-build", "GRCh38", "--min-samples", "3"]
    out = ["--out", str(folder / "check.json"), "--chromosomes", "1"]
    files = ["--tissue", "A", str(bed), str(covariates or "")]
    checked, _ = told(["check", *files, *where, *out])
    if refused and checked == 0:
        raise LossError("check takes what the reader refuses")
    own = ["--covariates", str(covariates)] if covariates else []
    files = ["--expression", str(bed), *own, "--out", str(folder / "p.parquet")]
    prepared, said = told(["prepare", "--tissue", "A", *files, *where])
    if checked == 0 and prepared != 0:
        raise LossError(f"prepare refuses what check takes: {said.strip()[-300:]}")
    return checked


TRIALS: dict[str, Callable[[np.random.Generator, Path], str]] = {
    "bed": bed_trial,
    "covariates": covariate_trial,
    "gct": gct_trial,
    "gtf": gtf_trial,
}
