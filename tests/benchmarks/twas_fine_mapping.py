"""Fine-mapping of simulated traits: are PIPs what they promise, and does the right gene lead?

python -m tests.benchmarks.twas_fine_mapping RESULTS GENOTYPES [--draws 60] [--follow models]

RESULTS is that of `make demo`. Traits follow three of its genes (by a factor or by one tissue) and
a variant by itself: with `--follow models` the models of the run as they are, with `--follow
effects` the simulated effects, of which models know what a few hundred donors told, and of many
nothing. Compared are the largest |z|, models of tissues alone, and factors beside them.
"""

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.data.dosages import Genotypes, Limits
from fqtl.data.genotypes import open_genotypes
from fqtl.simulation.trait import simulate_trait
from fqtl.tables.files import read_tsv
from fqtl.trait.associate import Settings, associate_sets
from fqtl.trait.fine_mapping import counts_of, fitted, loci_of, prior_of, rows_of
from fqtl.trait.loci import COPY, Candidates, blocks_of, candidates_of, region_of
from fqtl.trait.models import Models, load_models
from fqtl.trait.over_tissues import gene_and_factor
from fqtl.trait.panel_ld import PanelLD

THRESHOLD = 4.417  # |z| of p = 1e-5
STAND_INS = ("a", "b", "c")  # tissues of a factor that is followed as it is in the weights
BINS = [0, 0.05, 0.2, 0.5, 0.8, 0.95, 1.0001]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("results", type=Path)
    parser.add_argument("genotypes", type=Path)
    parser.add_argument("--draws", type=int, default=60)
    parser.add_argument("--donors", type=int, default=50_000)
    parser.add_argument("--h2", type=float, default=0.01)
    parser.add_argument("--follow", choices=["models", "effects"], default="models")
    given = parser.parse_args()
    models = load_models([given.results / "weights"])
    source = open_genotypes(given.genotypes, models.genome_build, "GT")
    panel = PanelLD(source, models.variants, 0.5, "the models")
    (chrom,) = models.variants["chrom"].unique()
    whole = source.read(chrom, 1, 2**31 - 1, source.donors, Limits())
    effects = read_tsv(given.results / "panel" / "truth.tsv.gz", "truth")
    settings = {"donors": given.donors, "genes": 3, "variants": 1, "h2": given.h2}
    if given.follow == "models":
        effects = _as_effects(models, panel)
    traits = [simulate_trait(whole, effects, **settings, seed=seed) for seed in range(given.draws)]
    z_models = [_of_models(models, whole, trait.z) for trait in traits]
    tests = [associate_sets(models, z, Settings(), panel, lambda name: None) for z in z_models]
    for name, keep in (("factors and tissues", True), ("tissues alone", False)):
        found = _mapped(
            [[t for t in every if keep or not t.models.of_factors] for every in tests],
            models,
            panel,
            source,
            whole,
            [trait.z for trait in traits],
        )
        _report(name, found, [trait.truth for trait in traits], tests)


def _of_models(models: Models, whole: Genotypes, z: np.ndarray) -> np.ndarray:
    row = dict(zip(whole.variants["variant_id"], range(len(z)), strict=True))
    return z[models.variants["variant_id"].map(row).to_numpy(dtype=int)]


def _as_effects(models: Models, panel: PanelLD) -> pd.DataFrame:
    """Models of the run as if they were what was simulated: factors that have a model, and tissues
    whose models no factor stands for."""
    every, shared = [], {}
    names = models.variants["variant_id"].to_numpy()
    (chrom,) = panel.chromosomes()
    ld = panel.on(chrom)
    for found in sorted(models.sets, key=lambda s: not s.of_factors):
        for number, name in enumerate(found.genes["gene_id"]):
            rows = found.rows(number)
            variant, weight = found.variant[rows], found.weight[rows]
            value = weight @ ld.dosages[ld.row[variant]]
            value /= np.linalg.norm(value)
            gene, factor = (str(x[0]) for x in gene_and_factor(pd.Series([name])))
            if found.of_factors:
                shared.setdefault(gene, []).append(value)
                tissues = STAND_INS
            elif any((value @ other) ** 2 >= COPY for other in shared.get(gene, [])):
                continue
            else:
                tissues, factor = (found.tissue,), f"t{found.tissue}"
            every += [
                (gene, t, factor, names[v], w)
                for t in tissues
                for v, w in zip(variant, weight, strict=True)
            ]
    return pd.DataFrame(every, columns=["gene_id", "tissue", "factor", "variant_id", "effect"])


def _mapped(tests, models, panel, source, whole, z) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    """Rows and loci of every trait, with one prior for all of them."""
    row = pd.Series(range(len(whole.variants)), index=whole.variants["variant_id"])
    (chrom,) = panel.chromosomes()
    ld = panel.on(chrom)
    every: list[list[Candidates]] = []
    idle = np.zeros(2)
    for mine, scores in zip(tests, z, strict=True):
        blocks = blocks_of(mine, models, panel)
        active = [block for block in blocks if block.strongest(mine) >= THRESHOLD]
        regions = {block.start: region_of(source, block) for block in active}
        idle += counts_of([block for block in blocks if block not in active], mine)
        every.append(
            [
                candidates_of(
                    block,
                    mine,
                    models,
                    ld,
                    regions[block.start],
                    scores[row[regions[block.start].variants["variant_id"]].to_numpy()],
                )
                for block in active
            ]
        )
    flat = [found for mine in every for found in mine]
    prior = prior_of([found.z for found in flat], [found.group for found in flat], idle)
    print(f"{len(flat)} blocks with an association; prior {prior}", flush=True)
    told = []
    for mine in every:
        fits = fitted(mine, prior)
        both = list(enumerate(zip(mine, fits, strict=True)))
        rows = [rows_of(i, *pair) for i, pair in both]
        loci = [loci_of(i, *pair)[0] for i, pair in both]
        told.append((pd.concat(rows), pd.DataFrame(loci)))
    return told


def _report(name, found, truths, tests) -> None:
    counts: Counter = Counter()
    genes = []
    for (rows, loci), truth in zip(found, truths, strict=True):
        followed = truth[truth["mechanism"] != "variant"].set_index("gene_id")
        mine = rows[rows["gene_id"] != ""]
        by_gene = mine.drop_duplicates("gene_id")
        genes.append(by_gene.assign(true=by_gene["gene_id"].isin(followed.index)))
        for locus in loci.to_dict("records"):
            here = truth[(truth["pos"] >= locus["start"]) & (truth["pos"] <= locus["end"])]
            in_block = mine[mine["block"] == locus["block"]]
            with_model = here[here["gene_id"].isin(in_block["gene_id"]) & (here["gene_id"] != "")]
            if not len(here):
                counts["blocks without anything"] += 1
                continue
            if not len(with_model):
                counts["blocks without the gene's model"] += 1
                counts["… led by a variant"] += locus["kind"] == "variant"
                continue
            counts["blocks with a gene that the trait follows"] += 1
            strongest = in_block.loc[in_block["z"].abs().idxmax()]
            counts["right gene, largest |z|"] += strongest["gene_id"] in set(with_model["gene_id"])
            best = in_block.sort_values("gene_pip", ascending=False).iloc[0]
            counts["right gene, largest PIP"] += best["gene_id"] in set(with_model["gene_id"])
            if best["gene_id"] not in set(with_model["gene_id"]):
                continue
            cause = with_model[with_model["gene_id"] == best["gene_id"]].iloc[0].to_dict()
            if cause["tissue"] in STAND_INS:
                cause["mechanism"] = "factor"
            own = in_block[in_block["gene_id"] == best["gene_id"]]
            lead = own.loc[own["pip"].idxmax()]
            counts[f"… of them by a {cause['mechanism']}"] += 1
            if cause["mechanism"] == "factor":
                counts["… … a factor leads"] += lead["kind"] == "factor"
            else:
                said = {lead["tissue"], *str(lead["copies"]).split(",")}
                counts["… … the tissue leads"] += cause["tissue"] in said
                counts["… … as the tissue of its own"] += lead["tissue"] == cause["tissue"]
    print(f"== {name}")
    for key, value in counts.items():
        print(f"{key}: {value}")
    table = pd.concat(genes)
    cut = pd.cut(table["gene_pip"], BINS, right=False)
    print(
        table.groupby(cut, observed=True)
        .agg(genes=("true", "size"), promised=("gene_pip", "mean"), true=("true", "mean"))
        .round(3)
    )


if __name__ == "__main__":
    main()
