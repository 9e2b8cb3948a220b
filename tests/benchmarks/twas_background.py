"""Inflation by a polygenic background: what phi promises, and what simulated traits show.

python -m tests.benchmarks.twas_background GENOTYPES WEIGHTS [--traits 300] [--n 50000] [--h2 0.4]

phi of all models is computed from one half of the people of a VCF. Polygenic traits (a small effect
of every common variant) are those of the other half, whose LD their z-scores have; no model has an
effect. Told are mean z² by sixths of phi, before and after division, and shares of small p.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm

from fqtl.association.background import inflation
from fqtl.data.genotypes import open_genotypes
from fqtl.trait.loci import COMMON, of_length_one
from fqtl.trait.models import Models, load_models
from fqtl.trait.panel_ld import PanelLD
from fqtl.trait.polygenic import background_of


class Half:
    """A source whose donors are every other one of another source."""

    def __init__(self, source, first: int) -> None:
        self._source, self.donors = source, source.donors[first::2]

    def __getattr__(self, name):
        return getattr(self._source, name)


def scores_of(models: Models, panel: PanelLD, chrom: str) -> np.ndarray:
    """(m, n) what all models predict, rows of length 1."""
    ld = panel.on(chrom)
    values = [
        found.weight[rows] @ ld.dosages[ld.row[found.variant[rows]]]
        for found in models.sets
        for rows in map(found.rows, range(len(found.genes)))
    ]
    return of_length_one(np.array(values))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("genotypes", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--traits", type=int, default=300)
    parser.add_argument("--n", type=float, default=50_000)
    parser.add_argument("--h2", type=float, default=0.4)
    given = parser.parse_args()
    models = load_models([given.weights])
    source = open_genotypes(given.genotypes, models.genome_build, "GT")
    reference, people = Half(source, 0), Half(source, 1)
    panel = PanelLD(reference, models.variants, 0.5, "the models")
    phi = np.concatenate(background_of(models, panel, reference).phi)
    (chrom,) = models.variants["chrom"].unique()
    whole = people.read(chrom, 1, 2**31 - 1, people.donors, COMMON).dosages.astype(float)
    x = of_length_one(whole - whole.mean(axis=1, keepdims=True))
    scores = scores_of(models, PanelLD(people, models.variants, 0.5, "the models"), chrom)
    rng = np.random.default_rng(1)
    effects = rng.normal(0, np.sqrt(given.h2 / len(x)), (given.traits, len(x)))
    noise = rng.standard_normal((given.traits, x.shape[1])) @ scores.T
    z = np.sqrt(given.n) * (effects @ x) @ scores.T + noise
    # chance gives n people an r² of 1/(n - 1) with every variant, which a large GWAS does not have
    promised = inflation(phi + (1 - phi) / (len(people.donors) - 1), given.n, given.h2)
    table = pd.DataFrame({"phi": phi, "promised": promised, "true": (z**2).mean(axis=0)})
    print(f"{len(x)} variants, {len(phi)} models, {given.traits} traits")
    print(table.groupby(pd.qcut(phi, 6)).mean().round(5).to_string(index=False))
    print("correlation of promised and true", np.corrcoef(table["promised"], table["true"])[0, 1])
    for name, some in (("as it is", z), ("divided", z / np.sqrt(promised))):
        p = 2 * norm.sf(np.abs(some))
        print(name, *(f"p<{level}: {(p < level).mean():.5f}" for level in (0.05, 1e-3, 1e-4)))


if __name__ == "__main__":
    main()
