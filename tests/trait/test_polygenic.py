"""Polygenic background: what a model takes up of it, and z-scores without it."""

import sqlite3
from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from fqtl.association.background import inflation, sums_of_r2
from fqtl.cli import main
from fqtl.weights.predictdb import read_predictdb, write_predictdb
from fqtl.weights.weight_set import WeightSet
from tests.files import vcf_records, write_vcf
from tests.trait.models import gwas_of, run_twas, table, write_gwas

SIZE, GENES = 40, 6  # variants in LD with each other, and as many genes with two of them
BLOCKS = 30  # of variants, on two chromosomes


def population(rng, donors):
    """Dosages of blocks whose LD differs: from nearly none to nearly complete."""
    parts = []
    for block in range(BLOCKS):
        r = 0.3 + 0.68 * block / BLOCKS
        latent = rng.standard_normal((2, SIZE, donors))
        for j in range(1, SIZE):
            latent[:, j] = r * latent[:, j - 1] + np.sqrt(1 - r**2) * latent[:, j]
        parts.append((latent > 0.3).sum(axis=0))
    return np.concatenate(parts).astype(float)


def standardised(dosages):
    centred = dosages - dosages.mean(axis=1, keepdims=True)
    return centred / centred.std(axis=1, keepdims=True)


def positions():
    """Blocks 3 Mb apart, so that no variant near a model is of another block."""
    half = BLOCKS // 2
    return np.array(
        [3_000_000 * (1 + b % half) + 1000 * j for b in range(BLOCKS) for j in range(SIZE)]
    )


@pytest.fixture(scope="module")
def panel(tmp_path_factory):
    """A panel of 400, weights of its variants, and what models predict of a large population."""
    folder = tmp_path_factory.mktemp("polygenic")
    rng = np.random.default_rng(7)
    dosages = population(rng, 400)
    pos, half = positions(), BLOCKS // 2 * SIZE
    records = vcf_records(dosages[:half], pos[:half], "chr21") + vcf_records(
        dosages[half:], pos[half:], "chr22"
    )
    write_vcf(
        folder / "panel.vcf.gz", records, [f"d{i}" for i in range(400)], contigs=("chr21", "chr22")
    )
    chosen = [BLOCKS * SIZE // GENES * g + SIZE // 2 + k for g in range(GENES) for k in (0, 3)]
    chrom = np.where(np.arange(BLOCKS * SIZE) < half, "chr21", "chr22")
    genes = np.repeat([f"ENSG{g:011d}.1" for g in range(GENES)], 2)
    variants = pd.DataFrame(
        {
            "gene_id": genes,
            "variant_id": [f"{chrom[i]}_{pos[i]}_A_G_b38" for i in chosen],
            "rsid": [f"rs{chrom[i][3:]}{pos[i]}" for i in chosen],
            "chrom": chrom[chosen],
            "pos": pos[chosen],
            "other_allele": "A",
            "effect_allele": "G",
            "weight": np.tile([1.0, 0.5], GENES),
        }
    )
    listed = pd.DataFrame({"gene_id": np.unique(genes), "chrom": chrom[chosen[::2]], "start": 1})
    matrices = [np.cov(dosages[chosen[2 * g : 2 * g + 2]]) for g in range(GENES)]
    weights = WeightSet.of("Liver", "GRCh38", 400, listed, variants, matrices)
    write_predictdb(folder / "models", weights, {})
    x = population(np.random.default_rng(8), 6000)
    scores = x[chosen[::2]] + 0.5 * x[chosen[1::2]]
    return folder, weights, x, scores


def phi_by_command(folder, out="phi.tsv"):
    arguments = ["phi", "--weights", str(folder / "models"), "--genome-build", "GRCh38"]
    arguments += ["--genotypes", str(folder / "panel.vcf.gz"), "--out", str(folder / out)]
    assert main(arguments) == 0
    return pd.read_csv(folder / out, sep="\t").set_index("gene_id")


def test_phi_of_a_small_panel_is_that_of_the_population(panel):
    folder, _, x, scores = panel
    r2 = (standardised(scores) @ standardised(x).T / x.shape[1]) ** 2
    true = (r2 - (1 - r2) / (x.shape[1] - 2)).mean(axis=1)
    found = phi_by_command(folder)["phi"].to_numpy()
    assert true.max() > 4 * true.min()
    assert found == pytest.approx(true, rel=0.1)


def test_models_without_effect_have_the_inflation_that_phi_promises(panel):
    """Traits of many small effects on all variants, one after another on the same people."""
    folder, _, x, scores = panel
    donors, h2, traits = 50_000, 0.4, 1500
    x, scores = standardised(x), standardised(scores)
    rng = np.random.default_rng(9)
    effects = rng.normal(0, np.sqrt(h2 / len(x)), (traits, len(x)))
    r = scores @ x.T / x.shape[1]
    z = np.sqrt(donors) * effects @ r.T + rng.standard_normal((traits, len(scores)))
    # LD by chance among 6,000 people raises every r² by 1/6000; in a large GWAS there is none
    phi = phi_by_command(folder)["phi"].to_numpy() + 1 / x.shape[1]
    expected = inflation(phi, donors, h2)
    assert expected.max() > 50
    # the standard error of a mean of 1,500 squares is 0.04, and phi is within 0.1
    assert (z**2).mean(axis=0) / expected == pytest.approx(1, abs=0.2)
    assert ((z**2).mean(axis=0) / expected).mean() == pytest.approx(1, abs=0.1)


def test_what_chance_adds_to_r2_is_taken_off():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((4000, 50))
    x -= x.mean(axis=1, keepdims=True)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    every = np.ones((1, 3999), dtype=bool)
    # 3,999 r² of 1/49 on average; what is left has a standard deviation of 0.028 √3999
    assert sums_of_r2(x[:1], x[1:], every)[0] == pytest.approx(0, abs=3 * 0.028 * np.sqrt(3999))
    assert sums_of_r2(x[:1], x[:1], every[:, :1])[0] == pytest.approx(1)


def test_twas_divides_z_by_the_root_of_inflation(panel, tmp_path):
    folder, weights, _, _ = panel
    phi = phi_by_command(folder)["phi"]
    z = np.random.default_rng(5).standard_normal(len(weights.variants)).round(3)
    rows = gwas_of(weights, z).assign(chromosome=weights.variants["chrom"].str[3:].to_numpy())
    gwas = write_gwas(tmp_path / "gwas.tsv", rows)
    calibration = ("--gwas-n", "50000", "--gwas-h2", "0.5")
    assert run_twas(gwas, folder / "models", tmp_path / "raw") == 0
    assert run_twas(gwas, folder / "models", tmp_path / "out", *calibration) == 0
    raw, found = (
        table(tmp_path / name, "associations").set_index("gene_id") for name in ("raw", "out")
    )
    assert (raw["inflation"] == 1).all()
    expected = raw["z"] / np.sqrt(1 + 50_000 * 0.5 * phi)
    assert found["z"].to_dict() == pytest.approx(expected.to_dict(), rel=1e-5)
    genes = table(tmp_path / "out", "genes").set_index("gene_id")
    assert genes["best_z"].to_dict() == pytest.approx(expected.to_dict(), rel=1e-5)


def test_a_panel_tells_phi_of_models_that_do_not(panel, tmp_path):
    folder, weights, _, _ = panel
    write_predictdb(tmp_path / "models", weights, {})
    z = np.random.default_rng(5).standard_normal(len(weights.variants)).round(3)
    rows = gwas_of(weights, z).assign(chromosome=weights.variants["chrom"].str[3:].to_numpy())
    gwas = write_gwas(tmp_path / "gwas.tsv", rows)
    calibration = ("--gwas-n", "50000", "--gwas-h2", "0.5")
    assert run_twas(gwas, tmp_path / "models", tmp_path / "out", *calibration) == 2
    assert not (tmp_path / "out").exists()
    ld = ("--ld-panel", str(folder / "panel.vcf.gz"), "--no-fine-mapping")
    assert run_twas(gwas, tmp_path / "models", tmp_path / "out", *calibration, *ld) == 0
    found = table(tmp_path / "out", "associations").set_index("gene_id")["phi"]
    told = phi_by_command(folder)["phi"]
    assert found.to_dict() == pytest.approx(told.to_dict(), rel=1e-3)


def test_a_db_keeps_all_else_and_says_what_phi_is_of(panel):
    folder = panel[0]
    before = read_predictdb(folder / "models" / "Liver.db")
    phi = phi_by_command(folder)["phi"]
    after = read_predictdb(folder / "models" / "Liver.db")
    assert after.genes["phi"].tolist() == pytest.approx(phi.tolist(), rel=1e-5)
    pd.testing.assert_frame_equal(before.genes.drop(columns="phi"), after.genes.drop(columns="phi"))
    pd.testing.assert_frame_equal(before.variants, after.variants)
    with closing(sqlite3.connect(folder / "models" / "Liver.db")) as connection:
        query = "SELECT value FROM construction WHERE key = 'phi'"
        (said,) = connection.execute(query).fetchone()
    assert said.startswith(f"of {BLOCKS * SIZE} common variants of 400 donors")


def test_half_of_what_calibration_needs_is_refused(panel, tmp_path, capsys):
    folder, weights, _, _ = panel
    gwas = write_gwas(tmp_path / "gwas.tsv", gwas_of(weights, np.ones(len(weights.variants))))
    assert (
        run_twas(
            gwas, folder / "models", tmp_path / "out", "--gwas-n", "50000", "--min-matched", "0"
        )
        == 2
    )
    assert "--gwas-h2 is not given" in capsys.readouterr().err
