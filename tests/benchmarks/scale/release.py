"""A release of GTEx's size, drawn: genotypes of a chromosome, expression of 49 tissues.

A chromosome is made of blocks of 13.5 Mb that know nothing of each other; ten of them are as long
as chromosome 11 and hold about 300,000 variants of minor allele frequency above 0.01 in 838 donors
(a population of 10,000, mutation 1.25e-8 and recombination 1e-8 per base and generation; msprime)
and 1,000 genes. A part of the blocks is a smaller release of the same density.

Every gene is expressed in every tissue, which no real gene list does: what is measured on it is an
upper bound. Tissues have the donors and the numbers of covariates of GTEx v8.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msprime
import numpy as np
import pysam
import yaml

from tests.files import write_bed, write_covariates, write_sheet

CHROMOSOME, LENGTH = "chr11", 135_086_622
BLOCK_BP = 13_500_000
BLOCKS = 10
GENES_PER_BLOCK = 100
DONORS = [f"GTEX-{i:04d}" for i in range(838)]
MIN_MAF = 0.01

# Genotyped donors of each tissue in GTEx v8 (GTEx Consortium 2020, Science 369:1318, table S1)
GTEX_V8 = {
    "Adipose_Subcutaneous": 581,
    "Adipose_Visceral_Omentum": 469,
    "Adrenal_Gland": 233,
    "Artery_Aorta": 387,
    "Artery_Coronary": 213,
    "Artery_Tibial": 584,
    "Brain_Amygdala": 129,
    "Brain_Anterior_cingulate_cortex_BA24": 147,
    "Brain_Caudate_basal_ganglia": 194,
    "Brain_Cerebellar_Hemisphere": 175,
    "Brain_Cerebellum": 209,
    "Brain_Cortex": 205,
    "Brain_Frontal_Cortex_BA9": 175,
    "Brain_Hippocampus": 165,
    "Brain_Hypothalamus": 170,
    "Brain_Nucleus_accumbens_basal_ganglia": 202,
    "Brain_Putamen_basal_ganglia": 170,
    "Brain_Spinal_cord_cervical_c-1": 126,
    "Brain_Substantia_nigra": 114,
    "Breast_Mammary_Tissue": 396,
    "Cells_Cultured_fibroblasts": 483,
    "Cells_EBV-transformed_lymphocytes": 147,
    "Colon_Sigmoid": 318,
    "Colon_Transverse": 368,
    "Esophagus_Gastroesophageal_Junction": 330,
    "Esophagus_Mucosa": 497,
    "Esophagus_Muscularis": 465,
    "Heart_Atrial_Appendage": 372,
    "Heart_Left_Ventricle": 386,
    "Kidney_Cortex": 73,
    "Liver": 208,
    "Lung": 515,
    "Minor_Salivary_Gland": 144,
    "Muscle_Skeletal": 706,
    "Nerve_Tibial": 532,
    "Ovary": 167,
    "Pancreas": 305,
    "Pituitary": 237,
    "Prostate": 221,
    "Skin_Not_Sun_Exposed_Suprapubic": 517,
    "Skin_Sun_Exposed_Lower_leg": 605,
    "Small_Intestine_Terminal_Ileum": 174,
    "Spleen": 227,
    "Stomach": 324,
    "Testis": 322,
    "Thyroid": 574,
    "Uterus": 129,
    "Vagina": 141,
    "Whole_Blood": 670,
}
# Factors of expression that GTEx regresses out, by the donors of a tissue from which they apply
HIDDEN = ((0, 15), (150, 30), (250, 45), (350, 60))
KNOWN = 8  # five components of genotypes, sex, platform, protocol


@dataclass(frozen=True)
class Block:
    """Haplotypes of a stretch of the chromosome, common variants only.

    pos : (p,) 1-based; haplotypes : (p, 2 n) copies of the ALT allele
    """

    pos: np.ndarray
    haplotypes: np.ndarray

    def standardised(self, variant: int) -> np.ndarray:
        """(n,) dosage of one variant, centred and scaled."""
        dosage = (self.haplotypes[variant, ::2] + self.haplotypes[variant, 1::2]).astype(float)
        return np.asarray((dosage - dosage.mean()) / dosage.std())


def make(folder: Path, blocks: int, shards: int, seed: int = 1) -> Path:
    """Write a release of some blocks and the config of a run on it; the path of the config."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    vcf = folder / "genotypes.vcf.gz"
    genes: list[tuple[str, int, str]] = []
    expression = []
    with pysam.BGZFile(str(vcf), "wb") as out:
        out.write(header().encode())
        for number in range(blocks):
            block = draw_block(number, seed)
            for line in vcf_lines(block, rng):
                out.write(line)
            tss = np.sort(rng.integers(0, BLOCK_BP, GENES_PER_BLOCK)) + number * BLOCK_BP + 1
            first = len(genes)
            genes += [(CHROMOSOME, int(at), f"ENSG{first + i:011d}.1") for i, at in enumerate(tss)]
            expression += [draw_gene(block, at, rng) for at in tss]
    pysam.tabix_index(str(vcf), preset="vcf", force=True)
    write_tissues(folder, genes, np.array(expression), rng)
    config = {
        "results": str(folder / "results"),
        "genome_build": "GRCh38",
        "tissues": str(folder / "tissues.tsv"),
        "genotypes": {"path": str(vcf)},
        "genes": {"chromosomes": [11]},
        "shards": {"count": shards},
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def draw_block(number: int, seed: int) -> Block:
    """Common variants of one block; the same number and seed give the same block."""
    drawn = 1 + number + 1000 * seed
    trees = msprime.sim_ancestry(
        len(DONORS),
        population_size=10_000,
        sequence_length=BLOCK_BP,
        recombination_rate=1e-8,
        random_seed=drawn,
    )
    trees = msprime.sim_mutations(
        trees, rate=1.25e-8, model=msprime.BinaryMutationModel(), random_seed=drawn
    )
    haplotypes = trees.genotype_matrix().astype(np.uint8)
    frequency = haplotypes.mean(axis=1)
    common = np.minimum(frequency, 1 - frequency) >= MIN_MAF
    pos = trees.sites_position[common].astype(np.int64) + number * BLOCK_BP + 1
    return Block(pos, haplotypes[common])


def header() -> str:
    """Header of the VCF, with its last newline."""
    lines = [
        "##fileformat=VCFv4.2",
        f"##contig=<ID={CHROMOSOME},length={LENGTH}>",
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        "\t".join(["#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT".replace(" ", "\t"), *DONORS]),
    ]
    return "\n".join(lines) + "\n"


def vcf_lines(block: Block, rng: np.random.Generator) -> Iterator[bytes]:
    """Phased calls, as in GTEx's own file: GT alone."""
    alleles = np.array(["A\tC", "A\tG", "C\tG", "C\tT", "G\tA", "G\tT", "T\tA", "T\tC"])
    chosen = alleles[rng.integers(0, len(alleles), len(block.pos))]
    calls = np.tile(np.frombuffer(b"\t0|0", dtype=np.uint8), len(DONORS))
    for pos, pair, row in zip(block.pos, chosen, block.haplotypes, strict=True):
        calls[1::4], calls[3::4] = row[::2] + ord("0"), row[1::2] + ord("0")
        name = f"{CHROMOSOME}_{pos}_{pair.replace(chr(9), '_')}_b38"
        leading = f"{CHROMOSOME}\t{pos}\t{name}\t{pair}\t.\tPASS\t.\tGT"
        yield leading.encode() + calls.tobytes() + b"\n"


def draw_gene(block: Block, tss: int, rng: np.random.Generator) -> np.ndarray:
    """(n, m) expression: up to three shared effects and three of single tissues, and noise."""
    n, m = len(DONORS), len(GTEX_V8)
    cis = np.flatnonzero(np.abs(block.pos - tss) < 500_000)
    y = rng.standard_normal((n, m))
    for number in range(int(rng.integers(0, 4)) + int(rng.integers(0, 4))):
        x = block.standardised(int(rng.choice(cis)))
        reach = int(rng.integers(5, m)) if number % 2 else 1
        tissues = rng.choice(m, reach, replace=False)
        h2 = min(float(rng.exponential(0.05)), 0.5)
        y[:, tissues] += np.outer(x, rng.choice([-1, 1], reach) * np.sqrt(h2))
    return y.astype(np.float32)


def write_tissues(
    folder: Path, genes: list[tuple[str, int, str]], y: np.ndarray, rng: np.random.Generator
) -> None:
    """Expression, covariates and the sheet; y : (genes, n, m)."""
    rows = []
    for t, (tissue, size) in enumerate(GTEX_V8.items()):
        chosen = np.sort(rng.choice(len(DONORS), size, replace=False))
        donors = [DONORS[i] for i in chosen]
        bed = write_bed(folder / f"{tissue}.bed", genes, y[:, chosen, t], donors)
        covariates = draw_covariates(size, rng)
        rows.append((tissue, bed, write_covariates(folder / f"{tissue}.txt", covariates, donors)))
    write_sheet(folder / "tissues.tsv", rows)


def draw_covariates(size: int, rng: np.random.Generator) -> dict[str, list[object]]:
    """Covariates of a tissue of so many donors, as many as GTEx regresses out."""
    hidden = max(count for least, count in HIDDEN if size >= least)
    return {f"C{i}": rng.standard_normal(size).round(5).tolist() for i in range(KNOWN + hidden)}
