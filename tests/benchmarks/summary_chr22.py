"""Real expression: fits to z-scores of half of the people, judged by the other half.

    python -m tests.benchmarks.summary_chr22 FOLDER_WITH_THE_FILES [--genes 80]

Genes of chromosome 22 in lymphoblastoid cells of 358 people (`chr22.py`), split in two at random.
z-scores are of ordinary regressions of one half's expression on each variant alone; LD is of the
same half, or of the other. Fits to these and to the half's individual data predict the other half.
Genes are those of a random order in which a variant has p < 1e-6 in the half that is fitted.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm

import fqtl
from tests.benchmarks.accuracy.real.data import Gene, read_chr22
from tests.model.summary.conftest import z_scores

SEED = 0
STRONG = float(-norm.ppf(0.5e-6))
MIN_MAF = 0.01
WAYS = ("individual", "same half", "other half")


def halves(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Who is fitted, and who is predicted."""
    order = np.random.default_rng(SEED).permutation(n)
    return np.sort(order[: n // 2]), np.sort(order[n // 2 :])


def strong_genes(folder: Path, most: int) -> Iterator[tuple[Gene, np.ndarray, np.ndarray]]:
    """Genes with an effect in the first half, their z-scores there, and how many people."""
    source, found = read_chr22(folder), 0
    for name in source.names:
        gene = source.gene(name)
        fitted, _ = halves(len(gene.y))
        frequency = gene.x[fitted].mean(axis=0) / 2
        common = np.minimum(frequency, 1 - frequency) >= MIN_MAF
        gene = Gene(gene.name, gene.y, gene.x[:, common])
        z, n = z_scores(gene.y[fitted], gene.x[fitted].astype(np.float64))
        if np.abs(z).max() > STRONG:
            yield gene, z, n
            found += 1
        if found == most:
            return


def compare(gene: Gene, z: np.ndarray, n: np.ndarray) -> list[dict[str, object]]:
    """One row for each way."""
    fitted, predicted = halves(len(gene.y))
    x, y = gene.x[fitted], gene.y[fitted]
    ways = {
        WAYS[0]: lambda: fqtl.fit(y, x),
        WAYS[1]: lambda: fqtl.fit_summary(z, n, panel=x),
        WAYS[2]: lambda: fqtl.fit_summary(z, n, panel=gene.x[predicted]),
    }
    rows = []
    for way, fit_in in ways.items():
        started = time.process_time()
        try:
            fit = fit_in()
        except fqtl.FqtlError:
            rows.append({"gene": gene.name, "way": way, "refused": 1.0, "r2": 0.0})
            continue
        seconds = time.process_time() - started
        score = gene.x[predicted] @ fit.effects[:, 0]
        r = np.corrcoef(score, gene.y[predicted, 0])[0, 1] if score.std() > 0 else 0.0
        rows.append(
            {
                "gene": gene.name,
                "way": way,
                "refused": 0.0,
                "r2": max(r, 0.0) ** 2,
                "sets": float(len(fit.credible_sets)),
                "mismatch": getattr(fit, "mismatch", np.nan),
                "seconds": seconds,
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("--genes", type=int, default=80)
    given = parser.parse_args()
    rows = []
    for gene, z, n in strong_genes(given.source, given.genes):
        rows += compare(gene, z, n)
        print(gene.name, *(f"{row['r2']:.3f}" for row in rows[-3:]), flush=True)
    table = pd.DataFrame(rows)
    shown = table.groupby("way", sort=False).mean(numeric_only=True)
    r2 = table.pivot(index="gene", columns="way", values="r2")
    difference = r2.sub(r2[WAYS[0]], axis=0)
    shown["difference"] = difference.mean()
    shown["its error"] = difference.std() / np.sqrt(len(difference))
    shown["predicted"] = (r2 > 0.01).sum()
    print(f"{len(r2)} genes")
    print(shown.round(4).to_string())


if __name__ == "__main__":
    main()
