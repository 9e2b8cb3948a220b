"""Cut the demo data out of the public files they come from; README.md says which and where.

    python make_excerpt.py GENOTYPES.vcf.gz EXPRESSION.bed.gz COVARIATES.txt.gz \
        EFFECTS.txt.gz RSIDS.tsv.gz
"""

import gzip
import sys
from pathlib import Path

import cyvcf2
import pandas as pd
import pysam

CONTIG = "chr22"
GENOTYPES = (36_500_000, 44_000_000)  # base pairs
GENES = (37_500_000, 43_000_000)  # TSS; a window of 1 Mb on either side lies within the genotypes
CUTOFF = "0.95"  # PIP cut-off of the released effects
HERE = Path(__file__).parent


def cut_genotypes(source: str, rsids: dict[tuple[str, str, str], str]) -> None:
    """GT alone, with rs numbers in the ID column where they are known."""
    vcf = cyvcf2.VCF(source)
    path = HERE / "genotypes.chr22.vcf.gz"
    with pysam.BGZFile(str(path), "wb") as out:
        header = [
            "##fileformat=VCFv4.2",
            '##FILTER=<ID=PASS,Description="All filters passed">',
            f"##contig=<ID={CONTIG},length=51304566,assembly=GRCh37>",
            '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
            "\t".join([*"#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT".split(), *vcf.samples]),  # noqa: SIM905
        ]
        out.write("".join(line + "\n" for line in header).encode())
        for record in vcf(f"{CONTIG}:{GENOTYPES[0]}-{GENOTYPES[1]}"):
            fields = str(record).rstrip("\n").split("\t")
            fields[2] = rsids.get((fields[1], fields[3], fields[4]), ".")
            fields[5:9] = [".", "PASS", ".", "GT"]
            fields[9:] = [field.split(":")[0] for field in fields[9:]]
            out.write(("\t".join(fields) + "\n").encode())
    pysam.tabix_index(str(path), preset="vcf", force=True)


def cut_expression(source: str) -> None:
    path = HERE / "lymphoblastoid.bed.gz"
    with gzip.open(source, "rt") as lines, pysam.BGZFile(str(path), "wb") as out:
        for line in lines:
            if line.startswith("#") or GENES[0] <= int(line.split("\t")[2]) <= GENES[1]:
                out.write(line.encode())
    pysam.tabix_index(str(path), preset="bed", force=True)


def cut_covariates(source: str) -> None:
    """All covariates; their names lose the path of the machine that made them."""
    with gzip.open(source, "rt") as lines, open(HERE / "lymphoblastoid.covariates.txt", "w") as out:
        for line in lines:
            name, *values = line.split()
            name = name.rsplit("/", 1)[-1].replace("_1_1_svd", "")
            out.write("\t".join([name, *values]) + "\n")


def cut_effects(source: str) -> None:
    frame = pd.read_csv(source, sep="\t", header=None, dtype=str)
    frame = frame[(frame[13] == CUTOFF) & frame[2].astype(int).between(*GENES)]
    frame.to_csv(
        HERE / "gtex_v6p_effects.tsv.gz",
        sep="\t",
        header=False,
        index=False,
        compression={"method": "gzip", "mtime": 0},
    )


if __name__ == "__main__":
    genotypes, expression, covariates, effects, rsids = sys.argv[1:]
    table = pd.read_csv(rsids, sep="\t", dtype=str)
    cut_genotypes(
        genotypes,
        {(row.pos, row.ref, row.alt): row.rsid for row in table.itertuples()},
    )
    cut_expression(expression)
    cut_covariates(covariates)
    cut_effects(effects)
