"""Effects on expression beside those on a trait, from files to a table."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from fqtl.association.colocalisation import ColocPriors
from fqtl.cli import main
from fqtl.data.dosages import Genotypes
from fqtl.data.gene import GeneData
from fqtl.gene.analysis import analyse_gene
from fqtl.gene.settings import Settings
from fqtl.tables.effects import Effect, GeneEffects
from fqtl.tables.files import write_parquet
from fqtl.tables.fits import FITS, SHARD
from fqtl.trait.colocalisation import Region, Signal, compared, sites_of
from fqtl.weights.from_fits import FACTORS
from fqtl.weights.predictdb import write_predictdb
from fqtl.weights.weight_set import WeightSet
from tests.conftest import linked_genotypes
from tests.files import vcf_records, write_vcf
from tests.trait.models import gwas_of, table, write_gwas

DONORS, SIZE = 400, 40
TISSUES = ["Liver", "Lung"]
CAUSAL = 5


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A panel, models and fits: gene A by a factor of variant 5, B of Lung in another region."""
    folder = tmp_path_factory.mktemp("coloc")
    rng = np.random.default_rng(7)
    x = np.vstack([linked_genotypes(rng, DONORS, SIZE).T for _ in range(2)])
    pos = np.concatenate([1_000_000 * (i + 1) + 1_000 * np.arange(SIZE) for i in range(2)])
    donors = [f"d{i}" for i in range(DONORS)]
    write_vcf(folder / "panel.vcf.gz", vcf_records(x, pos), donors)
    sites = pd.DataFrame(
        {
            "variant_id": [f"chr22_{p}_A_G_b38" for p in pos],
            "rsid": [f"rs{p}" for p in pos],
            "chrom": "chr22",
            "pos": pos,
            "other_allele": "A",
            "effect_allele": "G",
        }
    )
    models = {
        "Liver": {"A": {CAUSAL: 1.0}},
        "Lung": {"A": {CAUSAL: 1.0}, "B": {SIZE + 7: 1.0}},
        FACTORS: {"factor0_A": {CAUSAL: 1.0}},
    }
    for name, genes in models.items():
        rows = [
            sites.iloc[[v]].assign(gene_id=gene, weight=w)
            for gene, loading in genes.items()
            for v, w in loading.items()
        ]
        listed = pd.DataFrame({"gene_id": list(genes)})
        listed = listed.assign(chrom="chr22", start=1_000_000, end=1_000_000, r2=0.1, p=1e-5)
        matrices = [np.atleast_2d(np.cov(x[list(loading)])) for loading in genes.values()]
        made = WeightSet.of(name, "GRCh38", DONORS, listed, pd.concat(rows), matrices)
        write_predictdb(folder / "models", made, {})
    y = rng.standard_normal((2, DONORS, 2))
    y[0] += x[CAUSAL, :, None]
    y[1, :, 1] += x[SIZE + 7]
    records = []
    for i, gene in enumerate("AB"):
        mine = slice(i * SIZE, (i + 1) * SIZE)
        nothing = pd.DataFrame({"pos": [], "reason": []})
        window = Genotypes(sites[mine], x[mine].astype(np.float32), donors, nothing)
        data = GeneData(gene, "chr22", int(pos[mine][0]), TISSUES, y[i])
        settings = Settings(fit={}, fold=None, min_pip=0.01)
        records.append({**dict.fromkeys(SHARD.names), **analyse_gene(data, window, settings)})
    made = pa.Table.from_pylist(records, schema=SHARD)
    write_parquet(folder / "1.parquet", made, "fits", genome_build="GRCh38")
    other = pa.Table.from_pylist([], schema=SHARD)
    write_parquet(folder / "37.parquet", other, "fits", genome_build="GRCh37")
    write_parquet(folder / "old.parquet", made.select(FITS.names), "fits", genome_build="GRCh38")
    return folder, x, sites


def in_ld_with(x, causal, r2):
    """The variant of the first region whose r² with another is nearest."""
    return int(np.argmin(np.abs(np.corrcoef(x[:SIZE])[causal] ** 2 - r2)))


def z_of(x, effects, seed=1):
    """z-scores of a trait that follows variants with these z, and noise with their LD."""
    rng = np.random.default_rng(seed)
    scaled = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
    along = rng.standard_normal(x.shape[1]) / np.sqrt(x.shape[1])
    along = along + sum(size * scaled[v] for v, size in effects.items()) / x.shape[1]
    return scaled @ along


def run(files, effects, out, *flags, fits="1"):
    folder, x, sites = files
    weights = type("Set", (), {"variants": sites})
    rows = gwas_of(weights, z_of(x, effects))
    gwas = write_gwas(folder / f"{out}.tsv", rows)
    given = ["--gwas", str(gwas), "--weights", str(folder / "models"), "--out", str(folder / out)]
    given += ["--effects", str(folder / f"{fits}.parquet"), "--gwas-build", "GRCh38"]
    return main(["twas", *given, *flags]), folder / out


def panel(files):
    return "--ld-panel", str(files[0] / "panel.vcf.gz")


def test_a_trait_that_follows_the_variant_of_an_effect_colocalises_with_it(files):
    _, _, sites = files
    code, out = run(files, {CAUSAL: 12.0}, "shared", *panel(files))
    assert code == 0
    rows = table(out, "colocalisation")
    (row,) = rows[rows["gene_id"] == "A"].to_dict("records")
    assert (row["kind"], str(row["factor"]), row["tissues"]) == ("factor", "0", "Liver,Lung")
    assert row["pp_h4"] > 0.9
    assert row["shared_variant"] == sites["variant_id"][CAUSAL]
    assert sum(row[f"pp_h{i}"] for i in range(5)) == pytest.approx(1, abs=1e-5)
    loci = table(out, "loci")
    assert loci.loc[loci["gene_id"] == "A", "pp_h4"].tolist() == pytest.approx([row["pp_h4"]])


def test_variants_in_ld_are_told_apart(files):
    _, x, _ = files
    other = in_ld_with(x, CAUSAL, 0.5)
    assert 0.3 < np.corrcoef(x[CAUSAL], x[other])[0, 1] ** 2 < 0.7
    code, out = run(files, {other: 14.0}, "apart", *panel(files))
    assert code == 0
    rows = table(out, "colocalisation")
    (row,) = rows[rows["gene_id"] == "A"].to_dict("records")
    assert row["pp_h3"] > 0.9


def test_of_two_effects_on_a_trait_a_panel_tells_the_one_that_is_shared(files):
    _, x, sites = files
    other = in_ld_with(x, CAUSAL, 0.2)
    effects = {CAUSAL: 10.0, other: 16.0}
    _, out = run(files, effects, "two", *panel(files))
    rows = table(out, "colocalisation")
    mine = rows[rows["gene_id"] == "A"]
    assert len(mine) == 2
    assert mine["pp_h4"].max() > 0.9
    assert mine["trait_lead"].iloc[0] == sites["variant_id"][CAUSAL]
    # with one effect alone the stronger hides it
    _, out = run(files, effects, "one")
    rows = table(out, "colocalisation")
    assert rows.loc[rows["gene_id"] == "A", "pp_h4"].tolist() < [0.5]
    assert not (out / "loci.tsv.gz").exists()


def test_without_a_panel_one_effect_is_taken_to_be_in_each_window(files):
    code, out = run(files, {CAUSAL: 12.0}, "windows")
    assert code == 0
    (row,) = table(out, "colocalisation").to_dict("records")
    assert row["gene_id"] == "A"
    assert row["pp_h4"] > 0.9
    assert np.isnan(row["trait_probability"])
    assert np.isnan(row["block"])
    assert row["n_variants"] == SIZE


def made_up(missing):
    """A gene with an effect at its second variant, and a region without some of its variants."""
    ids = [f"chr1_{100 + j}_A_G_b38" for j in range(4)]
    log_bf = np.array([0.0, 20.0, 1.0, 0.0])
    effect = Effect(0, None, "Liver", ["Liver"], 1.0, 1.0, log_bf.astype(np.float32))
    rsids = pa.array([""] * 4)
    gene = GeneEffects("g", "chr1", ["Liver"], pa.array(ids), rsids, [effect], [])
    kept = [j for j in range(4) if j not in missing]
    # alleles in the other order are the same variant
    there = np.array([f"chr1_{100 + j}_G_A_b38" for j in kept])
    z = np.array([0.0, 7.0, 1.0, 0.0])[kept]
    signal = Signal(0.9, log_bf[kept])
    return gene, Region(0, "1", 100, 103, sites_of(there), there, z, [signal])


def test_variants_that_one_of_both_lacks_leave_a_reason():
    (row,) = compared(*made_up(missing=[0]), ColocPriors())
    assert row["reason"] == ""
    assert (row["n_variants"], row["shared_variant"]) == (3, "chr1_101_A_G_b38")
    assert row["pp_h4"] > 0.99
    (row,) = compared(*made_up(missing=[1]), ColocPriors())
    assert row["reason"] == "the GWAS lacks the variants that hold most of the effect"
    assert np.isnan([row[f"pp_h{i}"] for i in range(5)]).all()
    gene, region = made_up(missing=[])
    keep = [0, 1, 3]  # the third, within the window, is not in the panel of the fits
    fewer = replace(
        gene,
        window=gene.window.take(pa.array(keep)),
        rsids=gene.rsids.take(pa.array(keep)),
        effects=[replace(gene.effects[0], log_bayes_factor=np.array([0, 9, 0], dtype=np.float32))],
    )
    third = replace(region, signals=[Signal(0.9, np.array([0.0, 0.0, 20.0, 0.0]))])
    (row,) = compared(fewer, third, ColocPriors())
    assert "the gene's window lacks the variants" in row["reason"]


def test_an_effect_that_lies_outside_of_a_block_has_no_row_there():
    gene, region = made_up(missing=[])
    assert not list(compared(gene, replace(region, start=102), ColocPriors()))
    assert len(list(compared(gene, replace(region, start=101), ColocPriors()))) == 1
    # nor has one on the trait outside of the gene's window
    short = replace(gene, window=gene.window[1:], rsids=gene.rsids[1:])
    effect = replace(gene.effects[0], log_bayes_factor=np.array([9, 0, 0], dtype=np.float32))
    first = replace(region, signals=[Signal(0.9, np.array([20.0, 0.0, 0.0, 0.0]))])
    assert not list(compared(replace(short, effects=[effect]), first, ColocPriors()))


def test_nothing_associated_leaves_an_empty_table(files):
    for flags in ((), panel(files)):
        code, out = run(files, {}, f"null{len(flags)}", *flags)
        assert code == 0
        assert len(table(out, "colocalisation")) == 0


def test_bad_input_is_refused_before_anything_is_computed(files, capsys):
    def error():
        return capsys.readouterr().err.splitlines()[-1]

    code, out = run(files, {}, "bad", "--coloc-p12", "1e-3")
    assert code == 2
    assert "--coloc-p12 0.001 must not be above --coloc-p1 0.0001" in error()
    code, _ = run(files, {}, "bad", fits="old")
    assert code == 2
    assert "has no Bayes factors of single effects" in error()
    code, _ = run(files, {}, "bad", fits="37")
    assert code == 2
    assert error().endswith("37.parquet is on GRCh37, and the models on GRCh38.")
    assert not out.exists()


def test_the_same_input_gives_the_same_bytes(files):
    made = []
    for name in ("again1", "again2"):
        _, out = run(files, {CAUSAL: 12.0, SIZE + 7: 9.0}, name, *panel(files))
        made.append((out / "colocalisation.tsv.gz").read_bytes())
        assert json.loads((out / "audit.json").read_text())["fine_mapping"]
    assert made[0] == made[1]
