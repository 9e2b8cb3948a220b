"""Small input files for tests, as real programs write them."""

from itertools import zip_longest
from pathlib import Path

import numpy as np
import pysam

VCF_COLUMNS = "#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT"


def write_vcf(
    path: Path,
    records: list[str],
    samples: list[str],
    *,
    contigs: tuple[str, ...] = ("chr22",),
    lengths: tuple[int, ...] = (),
    index: bool = True,
    fields: tuple[str, ...] = ("GT",),
) -> Path:
    """VCF of body lines, whose fields may be separated by blanks; bgzipped and indexed."""
    header = ["##fileformat=VCFv4.2"]
    for contig, length in zip_longest(contigs, lengths):
        header.append(f"##contig=<ID={contig}{f',length={length}' if length else ''}>")
    header += [
        f"##FORMAT=<ID={name},Number={'1' if name == 'GT' else 'A'},"
        f'Type={"String" if name == "GT" else "Float"},Description="{name}">'
        for name in fields
    ]
    header.append("\t".join([VCF_COLUMNS.replace(" ", "\t"), *samples]))
    text = "\n".join([*header, *("\t".join(record.split()) for record in records)]) + "\n"
    with pysam.BGZFile(str(path), "wb") as out:
        out.write(text.encode())
    if index:
        pysam.tabix_index(str(path), preset="vcf", force=True)
    return path


def vcf_records(dosages: np.ndarray, positions: np.ndarray, contig: str = "chr22") -> list[str]:
    """Body lines with GT, of dosages (p, n)."""
    calls = np.array(["0/0", "0/1", "1/1"])
    return [
        f"{contig} {pos} rs{pos} A G . PASS . GT {' '.join(calls[row.astype(int)])}"
        for pos, row in zip(positions, dosages, strict=True)
    ]


def write_bed(
    path: Path,
    genes: list[tuple[str, int, str]],
    values: np.ndarray,
    samples: list[str],
) -> Path:
    """Expression BED with four leading columns, of genes (chrom, tss, gene_id)."""
    lines = ["\t".join(["#chr", "start", "end", "gene_id", *samples])]
    for (chrom, tss, gene_id), row in zip(genes, values, strict=True):
        lines.append(
            "\t".join([chrom, str(tss - 1), str(tss), gene_id, *(f"{v:.6g}" for v in row)])
        )
    path.write_text("\n".join(lines) + "\n")
    return path


def write_covariates(path: Path, rows: dict[str, list[object]], samples: list[str]) -> Path:
    """Covariates in the GTEx layout."""
    lines = ["\t".join(["ID", *samples])]
    lines += ["\t".join([name, *map(str, values)]) for name, values in rows.items()]
    path.write_text("\n".join(lines) + "\n")
    return path


def write_sheet(path: Path, rows: list[tuple[str, Path, Path | str]]) -> Path:
    """Sheet of tissues."""
    lines = ["tissue\texpression\tcovariates"]
    lines += [f"{name}\t{expression}\t{covariates}" for name, expression, covariates in rows]
    path.write_text("\n".join(lines) + "\n")
    return path
