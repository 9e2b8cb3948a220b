"""LD of a reference panel: whatever format weights come in, the z is that of PredictDB's."""

import numpy as np
import pandas as pd
import pytest

from fqtl.trait import audit
from fqtl.weights.focus import write_focus
from fqtl.weights.fusion import write_fusion
from fqtl.weights.predictdb import write_predictdb
from fqtl.weights.tigar import write_tigar
from fqtl.weights.weight_set import WeightSet
from tests.conftest import linked_genotypes
from tests.files import vcf_records, write_vcf
from tests.trait.models import gwas_of, run_twas, table, write_gwas

GENES, SIZE, DONORS = 4, 6, 120


def panel_and_weights(path, *, swap=False):
    """Genotypes, and weights whose covariances are theirs; with `swap` for the panel's REF."""
    rng = np.random.default_rng(2)
    dosages = linked_genotypes(rng, DONORS, GENES * SIZE).T
    positions = 1_000_000 + 5_000 * np.arange(GENES * SIZE)
    write_vcf(path, vcf_records(dosages, positions), [f"d{i}" for i in range(DONORS)])
    alleles = ("G", "A") if swap else ("A", "G")
    counted = 2 - dosages if swap else dosages
    genes = np.repeat([f"ENSG{i:011d}.1" for i in range(GENES)], SIZE)
    variants = pd.DataFrame(
        {
            "gene_id": genes,
            "variant_id": [f"chr22_{pos}_{alleles[0]}_{alleles[1]}_b38" for pos in positions],
            "rsid": [f"rs{pos}" for pos in positions],
            "chrom": "chr22",
            "pos": positions,
            "other_allele": alleles[0],
            "effect_allele": alleles[1],
            "weight": rng.standard_normal(len(positions)),
            "frequency": counted.mean(axis=1) / 2,
        }
    )
    listed = pd.DataFrame({"gene_id": np.unique(genes)})
    listed = listed.assign(chrom="chr22", start=1_000_000, end=1_000_000, n_samples=DONORS, r2=0.1)
    matrices = [np.cov(counted[start : start + SIZE]) for start in range(0, len(counted), SIZE)]
    return WeightSet.of("Liver", "GRCh38", DONORS, listed, variants, matrices)


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("form", ["predictdb", "fusion", "tigar", "focus"])
def test_any_format_with_a_panel_gives_the_z_of_covariances_from_a_file(form, swap, tmp_path):
    weights = panel_and_weights(tmp_path / "panel.vcf.gz", swap=swap)
    z = np.random.default_rng(3).standard_normal(GENES * SIZE).round(4)
    gwas = write_gwas(tmp_path / "gwas.tsv", gwas_of(weights, z))
    write_predictdb(tmp_path / "reference", weights, {})
    assert run_twas(gwas, tmp_path / "reference", tmp_path / "one") == 0
    folder = tmp_path / "models"
    folder.mkdir()
    write = {
        "predictdb": lambda: write_predictdb(folder, weights, {}),
        "fusion": lambda: write_fusion(folder, weights),
        "tigar": lambda: write_tigar(folder, weights),
        "focus": lambda: write_focus(folder / "Liver.db", [weights]),
    }
    write[form]()
    flags = ("--ld-panel", str(tmp_path / "panel.vcf.gz"), "--weights-build", "GRCh38")
    assert run_twas(gwas, folder, tmp_path / "two", *flags) == 0
    one, two = (table(tmp_path / name, "associations") for name in ("one", "two"))
    assert two["gene_id"].tolist() == one["gene_id"].tolist()
    # dosages of the panel are kept in single precision
    assert two["z"].to_numpy() == pytest.approx(one["z"].to_numpy(), rel=1e-5)


def test_a_variant_that_the_panel_lacks_is_told(tmp_path):
    weights = panel_and_weights(tmp_path / "panel.vcf.gz")
    variants = weights.variants.copy()
    variants.loc[0, ["variant_id", "pos", "rsid"]] = ["chr22_999999_A_G_b38", 999_999, "rs9"]
    moved = WeightSet.of("Liver", "GRCh38", DONORS, weights.genes, variants, None)
    write_tigar(tmp_path / "models", moved)
    z = np.random.default_rng(3).standard_normal(GENES * SIZE)
    gwas = write_gwas(tmp_path / "gwas.tsv", gwas_of(moved, z))
    flags = ("--ld-panel", str(tmp_path / "panel.vcf.gz"), "--weights-build", "GRCh38")
    assert run_twas(gwas, tmp_path / "models", tmp_path / "out", *flags) == 0
    first = table(tmp_path / "out", "variants").iloc[0]
    assert (first["status"], first["reason"]) == (
        "left out",
        "not in the LD reference, or constant there",
    )


@pytest.mark.parametrize("swap", [False, True])
def test_exchanged_alleles_are_seen_by_their_frequencies(swap, tmp_path, monkeypatch, capsys):
    """As if A1, A2 of a GWAS were named the wrong way round, which turns every z."""
    monkeypatch.setattr(audit, "ENOUGH", GENES * SIZE)
    weights = panel_and_weights(tmp_path / "panel.vcf.gz", swap=swap)
    write_predictdb(tmp_path / "models", weights, {})
    rows = gwas_of(weights, np.random.default_rng(3).standard_normal(GENES * SIZE))
    rows["effect_allele_frequency"] = weights.variants["frequency"].round(3).astype(str).to_numpy()
    flags = ("--ld-panel", str(tmp_path / "panel.vcf.gz"), "--weights-build", "GRCh38")

    def said_of(gwas, code):
        path = write_gwas(tmp_path / "gwas.tsv", gwas)
        assert run_twas(path, tmp_path / "models", tmp_path / f"out{code}", *flags) == code
        return capsys.readouterr().err

    assert "frequencies" not in said_of(rows, 0)
    two = {"effect_allele": rows["other_allele"], "other_allele": rows["effect_allele"]}
    exchanged = rows.assign(**two)
    assert "are the two alleles exchanged?" in said_of(exchanged, 2)
    assert not (tmp_path / "out2").exists()
    frequency = exchanged["effect_allele_frequency"].astype(float)
    exchanged["effect_allele_frequency"] = (1 - frequency).round(3).astype(str)
    assert "frequencies" not in said_of(exchanged, 0)  # both are of the other allele
    rarer = np.minimum(frequency, 1 - frequency)
    rows["effect_allele_frequency"] = np.roll(rarer, 5).round(3).astype(str)
    assert "frequencies of effect alleles are unlike those" in said_of(rows, 0)
