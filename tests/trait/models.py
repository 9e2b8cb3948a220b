"""Models and a GWAS of them, small enough to be worked out by hand or by a naive loop."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.cli import main
from fqtl.weights.covariance import write_covariance
from fqtl.weights.from_fits import JOINT
from fqtl.weights.predictdb import write_predictdb
from fqtl.weights.weight_set import WeightSet

BASES = [("A", "G"), ("C", "T"), ("G", "T"), ("A", "C")]  # none of them a palindrome


def variants(n_genes: int, size: int, build: str = "b38") -> pd.DataFrame:
    """Variants of genes in the order of the genome."""
    rows = []
    for gene in range(n_genes):
        for j in range(size):
            pos = 1_000_000 * (gene + 1) + 100 * j
            other, effect = BASES[(gene + j) % len(BASES)]
            rows.append(
                {
                    "gene_id": f"ENSG{gene:011d}.1",
                    "variant_id": f"chr22_{pos}_{other}_{effect}_{build}",
                    "rsid": f"rs{pos}",
                    "chrom": "chr22",
                    "pos": pos,
                    "other_allele": other,
                    "effect_allele": effect,
                }
            )
    return pd.DataFrame(rows)


def linked(rng: np.random.Generator, size: int, donors: int = 200) -> np.ndarray:
    """Covariance of dosages of neighbours."""
    latent = np.cumsum(rng.standard_normal((size, donors)), axis=0)
    return np.atleast_2d(np.cov((latent > np.median(latent)).astype(float) * 2))


def tissue(
    name: str, seed: int = 0, n_genes: int = 3, size: int = 4, build: str = "GRCh38"
) -> WeightSet:
    """A set whose covariances depend on the number of genes and variants alone."""
    listed = variants(n_genes, size, "b38" if build == "GRCh38" else "b37")
    weights = np.random.default_rng(seed + 1).standard_normal(len(listed))
    rng = np.random.default_rng(0)
    genes = pd.DataFrame({"gene_id": listed["gene_id"].unique()})
    genes = genes.assign(chrom="chr22", start=1_000_000, end=1_000_000, r2=0.1, p=1e-5)
    matrices = [linked(rng, size) for _ in range(n_genes)]
    return WeightSet.of(name, build, 100, genes, listed.assign(weight=weights), matrices)


def write_models(folder: Path, *sets: WeightSet) -> Path:
    """PredictDB files, and covariances over all of their tissues, which are those of the first."""
    for weights in sets:
        write_predictdb(folder, weights, {})
    write_covariance(folder / f"{JOINT}.txt.gz", sets[0], "rsid")
    return folder


def gwas_of(weights: WeightSet, z: np.ndarray) -> pd.DataFrame:
    """Rows of GWAS-SSF with these z-scores of the models' effect alleles."""
    listed = weights.variants
    return pd.DataFrame(
        {
            "chromosome": "22",
            "base_pair_location": listed["pos"],
            "effect_allele": listed["effect_allele"],
            "other_allele": listed["other_allele"],
            "beta": [f"{value * 0.01:.10g}" for value in z],
            "standard_error": "0.01",
            "effect_allele_frequency": "0.3",
            "p_value": "0.5",
            "rsid": listed["rsid"],
        }
    ).astype(str)


def write_gwas(path: Path, rows: pd.DataFrame, separator: str = "\t") -> Path:
    text = rows.to_csv(sep=separator, index=False, lineterminator="\n")
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def run_twas(gwas: Path, weights: Path, out: Path, *flags: str) -> int:
    arguments = ["twas", "--gwas", str(gwas), "--weights", str(weights), "--out", str(out)]
    return main([*arguments, *flags])


def table(out: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(out / f"{name}.tsv.gz", sep="\t", keep_default_na=False, na_values=["NA"])
