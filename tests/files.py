"""Small input files for tests, as real programs write them."""

from itertools import zip_longest
from pathlib import Path

import numpy as np
import pgenlib
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


def write_plink1(
    path: Path, calls: np.ndarray, bim: list[str], samples: list[str], sexes: str = ""
) -> Path:
    """`.bed` with its `.bim` lines and `.fam`, of copies of A1 (p, n), where -1 is missing.

    sexes : 1, 2 or 0 for each donor, 0 throughout by default
    """
    codes = np.select([calls == 2, calls == -1, calls == 1], [0b00, 0b01, 0b10], 0b11)
    padded = np.pad(codes, [(0, 0), (0, -len(samples) % 4)]).reshape(len(calls), -1, 4)
    packed = (padded << np.array([0, 2, 4, 6])).sum(axis=2).astype(np.uint8)
    path.write_bytes(b"\x6c\x1b\x01" + packed.tobytes())
    path.with_suffix(".bim").write_text("".join("\t".join(line.split()) + "\n" for line in bim))
    people = zip(samples, sexes or "0" * len(samples), strict=True)
    path.with_suffix(".fam").write_text("".join(f"0 {name} 0 0 {sex} -9\n" for name, sex in people))
    return path


def write_plink2(
    path: Path, alleles: np.ndarray, pvar: list[str], samples: list[str], dosages: bool = False
) -> Path:
    """`.pgen` with its `.pvar` lines and `.psam`.

    alleles : (p, n, 2) number of each allele, -9 where missing; with `dosages`, (p, n) dosages
    """
    most = int(alleles.max()) + 1 if not dosages else 2
    with pgenlib.PgenWriter(
        str(path).encode(),
        len(samples),
        variant_ct=len(alleles),
        nonref_flags=False,
        allele_ct_limit=max(most, 2),
        dosage_present=dosages,
    ) as writer:
        for row in alleles:
            if dosages:
                writer.append_dosages(row.astype(np.float32))
            else:
                count = max(int(row.max()) + 1, 2)
                writer.append_alleles(row.ravel().astype(np.int32), allele_ct=count)
    lines = ["##fileformat=VCFv4.2", "#CHROM POS ID REF ALT", *pvar]
    path.with_suffix(".pvar").write_text("".join("\t".join(line.split()) + "\n" for line in lines))
    path.with_suffix(".psam").write_text("#IID\tSEX\n" + "".join(f"{s}\tNA\n" for s in samples))
    return path


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


def write_gct(path: Path, genes: list[str], counts: np.ndarray, samples: list[str]) -> Path:
    """Counts of genes in samples, as GTEx publishes them."""
    lines = ["#1.2", f"{len(genes)}\t{len(samples)}", "\t".join(["Name", "Description", *samples])]
    lines += [
        "\t".join([gene, "symbol", *map(str, row)]) for gene, row in zip(genes, counts, strict=True)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def write_gtf(
    path: Path, genes: list[tuple[str, int, int, str, str, list[tuple[int, int]]]]
) -> Path:
    """Annotation of genes (chrom, start, end, strand, gene_id, exons), as GENCODE writes it."""
    lines = ["##description: a test"]
    for chrom, start, end, strand, gene, exons in genes:
        words = f'gene_id "{gene}"; transcript_id "{gene}.t"; gene_type "protein_coding";'
        for feature, (first, last) in [("gene", (start, end)), *(("exon", e) for e in exons)]:
            lines.append(f"{chrom}\ttest\t{feature}\t{first}\t{last}\t.\t{strand}\t.\t{words}")
    path.write_text("\n".join(lines) + "\n")
    return path
