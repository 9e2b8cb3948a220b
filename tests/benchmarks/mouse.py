"""A genome that is not human through the whole workflow: mice of an intercross, 19 autosomes and X.

    python -m tests.benchmarks.mouse mouse_f2.npz FOLDER

The genotypes are real (B6 x BTBR intercross, Mouse Phenome Database, Attie1), written as a file per
chromosome, of the arrays `dosage` (0, 1, 2, -1), `chrom`, `pos_mb`, `marker`, `donor`. Expression
of two tissues is simulated: on each chromosome a gene with an effect in both, one with an effect in
one of them, and one without any; on X all differ by sex beside that. Two minutes on two cores.
"""

import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import yaml

from tests.files import write_bed, write_sheet, write_vcf

ROOT = Path(__file__).parents[2]
TISSUES = {"gastrocnemius": 350, "islet": 250}
H2 = 0.15
WINDOW = 10_000_000
SEX_DIFFERENCE = 1.5  # standard deviations
CALLS = np.array(["0/0", "0/1", "1/1", "./."])


def sexes(x: np.ndarray) -> np.ndarray:
    """(n,) whether an animal is male: it has one X (n, p), which is never one of each."""
    told = np.where((x == 1).any(axis=1), False, (x == 0).any(axis=1))
    # of an animal whose X is the same throughout either is possible
    unknown = ~(x == 1).any(axis=1) & ~(x == 0).any(axis=1)
    told[np.flatnonzero(unknown)[::2]] = True
    return told


def write_genotypes(folder: Path, data: dict[str, np.ndarray]) -> None:
    """chr{chrom}.vcf.gz of every chromosome, in which A is B6's allele and G the other."""
    donors = [str(name) for name in data["donor"]]
    for chrom in dict.fromkeys(data["chrom"]):
        at = np.flatnonzero(data["chrom"] == chrom)
        at = at[np.argsort(data["pos_mb"][at], kind="stable")]
        records = [
            f"{chrom} {round(data['pos_mb'][i] * 1e6)} {data['marker'][i]} A G . PASS . GT "
            + " ".join(CALLS[data["dosage"][:, i]])
            for i in at
        ]
        write_vcf(folder / f"chr{chrom}.vcf.gz", records, donors, contigs=(chrom,))


def simulate(folder: Path, data: dict[str, np.ndarray], male: np.ndarray) -> pd.DataFrame:
    """Expression of both tissues and the sheet; gene_id, chrom, and tissues with an effect."""
    rng = np.random.default_rng(1)
    genes, values, truth = [], {name: [] for name in TISSUES}, []
    for chrom in dict.fromkeys(data["chrom"]):
        at = np.flatnonzero(data["chrom"] == chrom)
        for kind in ("shared", "single", "none"):
            middle = rng.choice(at[1:-1])
            tss = round(data["pos_mb"][middle] * 1e6) + 1000
            x = data["dosage"][:, middle].astype(float)
            x = np.where(x < 0, x[x >= 0].mean(), x)
            x = (x - x.mean()) / x.std()
            having = {
                "shared": list(TISSUES),
                "single": [list(TISSUES)[len(genes) % 2]],
                "none": [],
            }
            gene = f"{chrom}_{kind}"
            genes.append((f"chr{chrom}", tss, gene))
            truth.append((gene, chrom, len(having[kind])))
            for tissue in TISSUES:
                y = rng.standard_normal(len(x)) * np.sqrt(1 - H2)
                y += np.sqrt(H2) * x * (tissue in having[kind])
                values[tissue].append(y + SEX_DIFFERENCE * male * (chrom == "X"))
    rows = []
    for tissue, size in TISSUES.items():
        chosen = np.sort(rng.choice(len(male), size, replace=False))
        order = sorted(range(len(genes)), key=lambda g: (genes[g][0], genes[g][1]))
        bed = write_bed(
            folder / f"{tissue}.bed",
            [genes[g] for g in order],
            np.array(values[tissue])[order][:, chosen],
            [str(data["donor"][i]) for i in chosen],
        )
        rows.append((tissue, bed.name, ""))
    write_sheet(folder / "tissues.tsv", rows)
    return pd.DataFrame(truth, columns=["gene_id", "chrom", "n_tissues_simulated"])


def prepare(source: Path, folder: Path) -> pd.DataFrame:
    """All input and the config in a folder; what was simulated."""
    folder.mkdir(parents=True, exist_ok=True)
    with np.load(source) as archive:
        data = {name: archive[name] for name in ("dosage", "chrom", "pos_mb", "marker", "donor")}
    male = sexes(data["dosage"][:, data["chrom"] == "X"])
    write_genotypes(folder, data)
    lines = [f"{name}\t{'MF'[not one]}" for name, one in zip(data["donor"], male, strict=True)]
    (folder / "sex.tsv").write_text("\n".join(["donor\tsex", *lines]) + "\n")
    truth = simulate(folder, data, male)
    config = {
        "results": "results",
        "genome_build": "mm10",
        "tissues": "tissues.tsv",
        "genotypes": {"path": "chr{chrom}.vcf.gz", "sex": "sex.tsv"},
        "genes": {"cis_window_bp": WINDOW},
        "shards": {"count": 4},
        "weights": {"formats": ["predictdb", "fusion", "tigar", "focus"]},
    }
    (folder / "mouse.yaml").write_text(yaml.safe_dump(config))
    return truth


def tell(results: Path, truth: pd.DataFrame) -> None:
    """Print what was found of what was simulated."""
    fits = pd.read_csv(results / "fits.tsv.gz", sep="\t", keep_default_na=False, na_values="NA")
    prediction = pd.read_csv(results / "prediction.tsv.gz", sep="\t")
    best = prediction.groupby("gene_id")["r2"].max().rename("best_r2")
    table = fits.merge(truth, on="gene_id").join(best, on="gene_id")
    table["on"] = np.where(table["chrom_y"] == "X", "X", "autosomes")
    table["has_effect"] = table["neg_log_null_prob"] > np.log(2)  # more probable than none
    sizes = {
        "genes": ("gene_id", "size"),
        "has_effect": ("has_effect", "sum"),
        "best_r2": ("best_r2", "mean"),
    }
    print(table.groupby(["on", "n_tissues_simulated"]).agg(**sizes).round(3))
    print(table["status"].value_counts().to_string())
    sexes = pq.read_table(results / "fits.parquet", columns=["chrom", "sex"]).to_pandas()
    print(sexes.value_counts().groupby("sex").agg(["size", "sum"]).to_string())


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    truth = prepare(given.source, given.folder)
    snakemake = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    where = ["--directory", str(given.folder), "--configfile", str(given.folder / "mouse.yaml")]
    subprocess.run([*snakemake, *where, "--cores", "2"], check=True)
    tell(given.folder / "results", truth)


if __name__ == "__main__":
    main()
