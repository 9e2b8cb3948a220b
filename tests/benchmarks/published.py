"""Which allele released effects are of, and on what scale: asked of real expression.

    python -m tests.benchmarks.published

The effects are those of GTEx v6p on chromosome 22; genotypes and expression are of lymphoblastoid
cells of other people, by default the demo's part of the chromosome. docs/published-effects.md has
the numbers of all of it, and how to get the files.
"""

from argparse import ArgumentParser
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.data.covariates import read_covariates
from fqtl.data.expression import read_expression
from fqtl.data.genotypes import open_genotypes
from fqtl.data.panel import Panel, look_up
from fqtl.data.released import Released, read_released
from fqtl.weights.published_effects import Rules, published_weights, variants_of

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "resources" / "demo"
EFFECTS = ROOT / "resources" / "published" / "gtex_v6p_chr22.txt.gz"
CELLS = "Cells_EBV-transformed_lymphocytes"
CLEAR = 4.0  # t-statistic of a variant whose sign is beyond doubt
BINS = [0, 0.3, 0.4, 0.5, 0.6, 0.7, 1]
READINGS = {
    "the minor allele, per SD": Rules(max_maf=0.5),
    "the minor allele if its frequency is below 0.4, per SD": Rules(),
    "the minor allele, per copy": Rules(max_maf=0.5, per_sd=False),
    "ALT, per SD": Rules("second"),
    "REF, per SD": Rules("first"),
}


def residuals(expression: Path, covariates: Path, samples: list[str]) -> pd.DataFrame:
    """Expression (genes, donors) of unit variance, covariates regressed out; ids unversioned."""
    found, given = read_expression(expression), read_covariates(covariates)
    values = pd.DataFrame(found.values, columns=found.donors)[samples].to_numpy()
    x = pd.DataFrame(given.values, index=given.donors).loc[samples].to_numpy()
    q, _ = np.linalg.qr(np.column_stack([np.ones(len(x)), x]))
    left = values - (values @ q) @ q.T
    ids = [gene_id.split(".")[0] for gene_id in found.genes["gene_id"]]
    return pd.DataFrame(left / left.std(axis=1, keepdims=True), index=ids, columns=samples)


def agreement(released: Released, panel: Panel, y: pd.DataFrame) -> pd.DataFrame:
    """Clear variants by frequency of ALT: how many, and the share whose sign is that of ALT."""
    rows = []
    for factor in released.factors.itertuples():
        gene = factor.gene_id.split(".")[0]
        if gene not in y.index:
            continue
        loadings = dict(zip(factor.tissues, factor.tissue_loadings, strict=True))
        right = loadings.get(CELLS, max(loadings.values(), key=abs))
        for name, left in zip(factor.variants, factor.variant_loadings, strict=True):
            found = panel.variants.loc[name]
            if found["row"] >= 0:
                r = np.corrcoef(panel.dosages[found["row"]], y.loc[gene])[0, 1]
                t = r * np.sqrt((y.shape[1] - 2) / (1 - r**2))
                rows.append((found["frequency"], abs(t) > CLEAR, left * right * r > 0))
    frame = pd.DataFrame(rows, columns=["frequency", "clear", "agree"])
    frame = frame[frame["clear"]]
    return frame.groupby(pd.cut(frame["frequency"], BINS), observed=False)["agree"].agg(
        ["size", "mean"]
    )


def predictions(released: Released, panel: Panel, y: pd.DataFrame) -> pd.DataFrame:
    """How well each reading of the effects predicts, over the genes that all of them have."""
    found = {name: _by_gene(released, panel, y, rules) for name, rules in READINGS.items()}
    genes = sorted(set.intersection(*(set(of) for of in found.values())))
    rows = []
    for name, of in found.items():
        r, slope = np.array([of[gene] for gene in genes]).T
        rows.append(
            {
                "effects are of": name,
                "genes": len(genes),
                "mean r": r.mean(),
                "r > 0.2": (r > 0.2).sum(),
                "r < -0.2": (r < -0.2).sum(),
                "median slope where r > 0.2": np.median(slope[r > 0.2]),
            }
        )
    return pd.DataFrame(rows).set_index("effects are of")


def _by_gene(
    released: Released, panel: Panel, y: pd.DataFrame, rules: Rules
) -> dict[str, tuple[float, float]]:
    """Correlation of expression with its prediction, and its slope on it, in lymphoblastoids."""
    made = published_weights(released, panel, rules)
    mine = made.weights[made.weights["tissue"] == CELLS]
    rows = made.variants["row"].reindex(mine["asked_for"]).to_numpy()
    found = {}
    for gene_id, entries in mine.assign(row=rows).groupby("gene_id"):
        gene = str(gene_id).split(".")[0]
        if gene in y.index:
            predicted = entries["weight"].to_numpy() @ panel.dosages[entries["row"]]
            predicted -= predicted.mean()
            slope = predicted @ y.loc[gene] / (predicted @ predicted)
            found[gene] = (np.corrcoef(predicted, y.loc[gene])[0, 1], slope)
    return found


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--effects", type=Path, default=EFFECTS)
    parser.add_argument("--genotypes", type=Path, default=DEMO / "genotypes.chr22.vcf.gz")
    parser.add_argument("--expression", type=Path, default=DEMO / "lymphoblastoid.bed.gz")
    parser.add_argument("--covariates", type=Path, default=DEMO / "lymphoblastoid.covariates.txt")
    given = parser.parse_args()
    released = read_released(given.effects, 0.5)
    source = open_genotypes(given.genotypes, "GRCh37", "GT")
    panel = look_up(source, variants_of(released))
    y = residuals(given.expression, given.covariates, source.donors)
    print(agreement(released, panel, y).to_string(float_format="%.2f"))
    print()
    print(predictions(released, panel, y).to_string(float_format="%.2f"))


if __name__ == "__main__":
    main()
