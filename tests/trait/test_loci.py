"""Blocks, their candidates, and what explains them, from files to tables."""

import json

import numpy as np
import pandas as pd
import pytest

from fqtl.cli import main
from fqtl.errors import FqtlError
from fqtl.trait.blocks import cuts, read_blocks
from fqtl.weights.from_fits import FACTORS
from fqtl.weights.predictdb import write_predictdb
from fqtl.weights.weight_set import WeightSet
from tests.conftest import linked_genotypes
from tests.files import vcf_records, write_vcf
from tests.trait.models import gwas_of, table, write_gwas

DONORS, SIZE = 300, 40  # of variants of each of three regions, one gene in each


def test_chromosomes_are_cut_where_there_is_no_ld():
    rng = np.random.default_rng(0)
    regions = [linked_genotypes(rng, DONORS, 30).T for _ in range(3)]
    pos = np.concatenate([start + 10_000 * np.arange(30) for start in (1, 1_000_000, 2_000_000)])
    found = cuts(pos, np.vstack(regions))
    assert len(found) == 2
    assert 290_001 <= found[0] < 1_000_000
    assert 1_290_000 <= found[1] < 2_000_000


def test_a_chromosome_of_one_piece_is_not_cut():
    one = np.random.default_rng(0).standard_normal(DONORS)
    noise = np.random.default_rng(1).standard_normal((60, DONORS))
    assert not len(cuts(20_000 * np.arange(60), one + noise))


def test_blocks_are_read_from_a_bed_and_other_lines_are_named(tmp_path):
    path = tmp_path / "blocks.bed"
    path.write_text("chr\tstart\tstop\nchr22\t0\t500\n22\t500\t900\n")
    assert read_blocks(path)["22"].tolist() == [500, 900]
    path.write_text("chr22\t0\tmany\n")
    with pytest.raises(FqtlError, match=r"line 1: expected chromosome, start and end.*many"):
        read_blocks(path)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A panel, models of two tissues and a factor, and the panel's dosages."""
    folder = tmp_path_factory.mktemp("loci")
    rng = np.random.default_rng(6)
    x = np.vstack([linked_genotypes(rng, DONORS, SIZE).T for _ in range(3)])
    pos = np.concatenate([1_000_000 * (i + 1) + 1_000 * np.arange(SIZE) for i in range(3)])
    write_vcf(folder / "panel.vcf.gz", vcf_records(x, pos), [f"d{i}" for i in range(DONORS)])
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
        "Liver": {"A": {5: 1.0, 12: -0.8}, "B": {SIZE + 7: 1.0}},
        "Lung": {"A": {5: 0.5, 12: -0.4}, "C": {2 * SIZE + 3: 1.0}},
        FACTORS: {"factor0_A": {5: 1.0, 12: -0.8}},
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
    return folder, x, sites


def z_of(x, effects, seed=1):
    """z-scores of a trait that follows dosages with these z, and noise with their LD."""
    rng = np.random.default_rng(seed)
    scaled = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
    along = rng.standard_normal(x.shape[1]) / np.sqrt(x.shape[1])
    for loading, size in effects:
        value = sum(w * x[v] for v, w in loading.items())
        along = along + size * (value - value.mean()) / value.std() / x.shape[1]
    return scaled @ along


def run(files, z, out, *flags):
    folder, _, sites = files
    weights = type("Set", (), {"variants": sites})
    gwas = write_gwas(folder / f"{out}.tsv", gwas_of(weights, z))
    given = ["--gwas", str(gwas), "--weights", str(folder / "models"), "--out", str(folder / out)]
    code = main(["twas", *given, "--gwas-build", "GRCh38", *flags])
    return code, folder / out


def test_the_factor_leads_where_the_trait_follows_it_and_a_variant_where_no_gene_does(files):
    folder, x, sites = files
    effects = [({5: 1.0, 12: -0.8}, 12.0), ({SIZE + 30: 1.0}, 12.0)]
    code, out = run(files, z_of(x, effects), "both", "--ld-panel", str(folder / "panel.vcf.gz"))
    assert code == 0
    loci = table(out, "loci").sort_values("effect_probability", ascending=False)
    first = loci.drop_duplicates("block").sort_values("block", ignore_index=True)
    assert first.loc[0, ["kind", "gene_id"]].tolist() == ["factor", "A"]
    assert first.loc[0, "gene_pip"] > 0.95
    rows = table(out, "fine_mapping")
    factor = rows[rows["kind"] == "factor"].iloc[0]
    assert factor["copies"] == "Liver,Lung"
    assert not ((rows["kind"] == "tissue") & (rows["gene_id"] == "A")).any()
    by_variants = rows[(rows["kind"] == "variant") & (rows["block"] == rows["block"].max())]
    if len(first) > 1:  # gene B is associated by LD alone
        assert first.loc[1, "kind"] == "variant"
        assert sites["variant_id"][SIZE + 30] in by_variants["variant_id"].tolist()
    audit = json.loads((out / "audit.json").read_text())["fine_mapping"]
    assert audit["blocks_with_an_association"] == len(first)
    assert audit["prior_probability"]["factor"] > audit["prior_probability"]["variant"]


def test_without_an_association_there_are_empty_tables_and_without_a_panel_none(files):
    folder, x, _ = files
    panel = ("--ld-panel", str(folder / "panel.vcf.gz"))
    code, out = run(files, z_of(x, []), "null", *panel)
    assert code == 0
    assert len(table(out, "loci")) == len(table(out, "fine_mapping")) == 0
    code, out = run(files, z_of(x, []), "none")
    assert code == 0
    assert not (out / "loci.tsv.gz").exists()
    said = json.loads((out / "audit.json").read_text())["fine_mapping"]
    assert said.startswith("none: ")
    assert "--ld-panel" in said
    code, out = run(files, z_of(x, []), "switched", *panel, "--no-fine-mapping")
    assert not (out / "loci.tsv.gz").exists()


def test_models_that_lie_on_both_sides_of_a_cut_hold_its_blocks_together(files):
    folder, x, _ = files
    bed = folder / "cut.bed"
    bed.write_text("chr22\t0\t1008000\nchr22\t1008000\t9000000\n")
    strong = z_of(x, [({5: 1.0, 12: -0.8}, 12.0)])
    flags = ("--ld-panel", str(folder / "panel.vcf.gz"), "--blocks", str(bed))
    _, out = run(files, strong, "held", *flags)
    assert set(table(out, "loci")["end"]) == {3_039_000 + 100_000 - 36_000}
