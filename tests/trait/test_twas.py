"""From a GWAS and models to tables, by the command line."""

import json

import numpy as np
import pandas as pd
import pytest

from fqtl.weights.from_fits import FACTORS
from fqtl.weights.tigar import write_tigar
from fqtl.weights.weight_set import WeightSet
from tests.trait.models import gwas_of, run_twas, table, tissue, write_gwas, write_models


@pytest.fixture
def weights():
    return tissue("Liver")


@pytest.fixture
def z(weights):
    return np.random.default_rng(5).standard_normal(len(weights.variants)).round(3)


def direct(weights: WeightSet, z: np.ndarray) -> dict[str, float]:
    """w'Dz / sqrt(w'Sw) as a naive loop."""
    found = {}
    for gene, rows, covariance in weights.models():
        w, mine = weights.variants["weight"].to_numpy()[rows], z[rows]
        score = variance = 0.0
        for i in range(len(w)):
            score += w[i] * np.sqrt(covariance[i, i]) * mine[i]
            for j in range(len(w)):
                variance += w[i] * covariance[i, j] * w[j]
        found[gene] = score / np.sqrt(variance)
    return found


def test_z_is_that_of_a_direct_computation(tmp_path, weights, z):
    models = write_models(tmp_path / "models", weights)
    gwas = write_gwas(tmp_path / "gwas.tsv.gz", gwas_of(weights, z))
    assert run_twas(gwas, models, tmp_path / "out") == 0
    found = table(tmp_path / "out", "associations").set_index("gene_id")["z"]
    # ten digits in the table, twelve in the file of covariances
    assert found.to_dict() == pytest.approx(direct(weights, z), abs=1e-9)
    audit = table(tmp_path / "out", "variants")
    assert (audit["status"] == "used").all()
    assert audit["z"].to_numpy() == pytest.approx(z)


def test_swapped_rows_in_any_order_give_the_same(tmp_path, weights, z):
    models = write_models(tmp_path / "models", weights)
    rows = gwas_of(weights, z)
    swap = np.arange(len(rows)) % 2 == 1
    rows.loc[swap, ["effect_allele", "other_allele"]] = rows.loc[
        swap, ["other_allele", "effect_allele"]
    ].to_numpy()
    rows.loc[swap, "beta"] = [f"{-float(beta):.10g}" for beta in rows["beta"][swap]]
    rows = rows.sample(frac=1, random_state=1)
    for name, some in (("one", gwas_of(weights, z)), ("two", rows)):
        gwas = write_gwas(tmp_path / f"{name}.tsv", some)
        assert run_twas(gwas, models, tmp_path / name) == 0
    one, two = (table(tmp_path / name, "associations") for name in ("one", "two"))
    pd.testing.assert_frame_equal(one, two)
    status = table(tmp_path / "two", "variants")["status"]
    assert status.value_counts().to_dict() == {"used": 6, "swapped": 6}


def test_missing_variants_are_imputed_or_left_out_and_told(tmp_path, weights, z):
    models = write_models(tmp_path / "models", weights)
    gwas = write_gwas(tmp_path / "gwas.tsv", gwas_of(weights, z).drop(index=[1]))
    for way in ("impute", "leave-out"):
        flags = ("--missing", way, "--min-imputation-r2", "0.1")
        assert run_twas(gwas, models, tmp_path / way, *flags) == 0
    imputed, left_out = (table(tmp_path / way, "variants") for way in ("impute", "leave-out"))
    assert imputed["status"].tolist().count("imputed") == 1
    assert 0.1 <= imputed["r2"].iloc[1] <= 1
    assert left_out["status"].iloc[1] == "left out"
    assert left_out["reason"].iloc[1].startswith("not in the GWAS")
    found = table(tmp_path / "impute", "associations").iloc[0]
    assert (found["n_variants"], found["n_used"], found["n_imputed"]) == (4, 3, 1)


def test_genes_over_tissues_and_factors(tmp_path, weights, z):
    other = tissue("Lung", seed=7)
    models = write_models(tmp_path / "models", weights, other)
    names = {gene: f"factor0_{gene}" for gene in weights.genes["gene_id"]}
    renamed = weights.variants.assign(gene_id=weights.variants["gene_id"].map(names))
    matrices = [matrix for _, _, matrix in weights.models()]
    genes = weights.genes.assign(gene_id=weights.genes["gene_id"].map(names))
    write_models(
        tmp_path / "factors", WeightSet.of(FACTORS, "GRCh38", 100, genes, renamed, matrices)
    )
    gwas = write_gwas(tmp_path / "gwas.tsv", gwas_of(weights, z))
    out = tmp_path / "out"
    assert run_twas(gwas, models, out, "--weights", str(models), str(tmp_path / "factors")) == 0
    found = table(out, "genes").set_index("gene_id")
    factors = table(out, "factors").set_index("gene_id")
    tested = table(out, "associations").pivot(index="gene_id", columns="tissue", values="z")
    assert factors["z"].to_dict() == pytest.approx(tested["Liver"].to_dict())
    for gene, rows, covariance in weights.models():
        w = np.array([x.variants["weight"].to_numpy()[rows] for x in (weights, other)])
        both = w @ covariance @ w.T
        sd = np.sqrt(np.diag(both))
        values, vectors = np.linalg.eigh(both / np.outer(sd, sd))
        kept = values > values[-1] / 30
        score = vectors.T @ tested.loc[gene, ["Liver", "Lung"]].to_numpy(dtype=float)
        chi2 = (score[kept] ** 2 / values[kept]).sum()
        tail = np.exp(-chi2 / 2) if kept.sum() == 2 else None
        assert found["n_components"][gene] == kept.sum()
        if tail is not None:
            assert found["p_components"][gene] == pytest.approx(tail, rel=1e-4)
    assert (found["n_tissues"] == 2).all()
    assert (found["n_factors"] == 1).all()


def test_a_gwas_on_another_build_is_lifted_or_found_by_rs_number(tmp_path, weights, z):
    models = write_models(tmp_path / "models", weights)
    rows = gwas_of(weights, z)
    rows["base_pair_location"] = (rows["base_pair_location"].astype(int) + 500).astype(str)
    chain = tmp_path / "a.chain"
    chain.write_text("chain 1 22 51304566 + 500 9000500 22 50818468 + 0 9000000 1\n9000000\n")
    gwas = write_gwas(tmp_path / "gwas.tsv", rows)
    assert run_twas(gwas, models, tmp_path / "lifted", "--chain", str(chain)) == 0
    assert run_twas(gwas, models, tmp_path / "named", "--gwas-build", "GRCh37") == 0
    lifted, named = (table(tmp_path / name, "associations") for name in ("lifted", "named"))
    pd.testing.assert_frame_equal(lifted, named)
    assert set(table(tmp_path / "lifted", "variants")["status"]) == {"lifted"}
    said = json.loads((tmp_path / "named" / "audit.json").read_text())
    assert said["matched_by"] == "rs number"


def test_what_is_on_the_build_already_is_not_lifted(tmp_path, weights, z, capsys):
    models = write_models(tmp_path / "models", weights)
    gwas = write_gwas(tmp_path / "gwas.tsv", gwas_of(weights, z))
    chain = tmp_path / "a.chain"
    chain.write_text("chain 1 22 51304566 + 500 9000500 22 50818468 + 0 9000000 1\n9000000\n")
    for flags in ((), ("--gwas-build", "GRCh38")):
        out = tmp_path / "out"
        assert run_twas(gwas, models, out, "--chain", str(chain), *flags) == 2
        assert "already" in (said := capsys.readouterr().err) or "nothing to lift" in said
        assert not out.exists()


def test_p_values_too_small_for_a_double_are_written_and_combined(tmp_path, weights, z):
    models = write_models(tmp_path / "models", weights)
    gwas = write_gwas(tmp_path / "gwas.tsv", gwas_of(weights, z + 100))
    assert run_twas(gwas, models, tmp_path / "out") == 0
    text = pd.read_csv(tmp_path / "out" / "genes.tsv.gz", sep="\t", dtype=str)
    smallest = text.assign(x=text["neg_log10_p"].astype(float)).sort_values("x").iloc[-1]
    assert smallest["x"] > 400
    mantissa, exponent = smallest["p"].split("e-")
    assert np.log10(float(mantissa)) - int(exponent) == pytest.approx(-smallest["x"], rel=1e-5)


def test_weights_without_covariances_need_a_panel(tmp_path, weights, z, capsys):
    write_tigar(tmp_path / "tigar", weights)
    gwas = write_gwas(tmp_path / "gwas.tsv", gwas_of(weights, z))
    out = tmp_path / "out"
    assert run_twas(gwas, tmp_path / "tigar", out) == 2
    assert "--ld-panel" in capsys.readouterr().err
    assert not out.exists()


def test_a_second_run_replaces_the_first_and_nothing_else(tmp_path, weights, z):
    models = write_models(tmp_path / "models", weights)
    gwas = write_gwas(tmp_path / "gwas.tsv", gwas_of(weights, z))
    out = tmp_path / "out"
    assert run_twas(gwas, models, out) == 0
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    (out / "mine.txt").write_text("stays")
    assert run_twas(gwas, models, out) == 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {
        **first,
        "mine.txt": b"stays",
    }


def test_figures_are_drawn_if_they_are_asked_for_and_go_with_the_next_run(tmp_path, weights, z):
    models = write_models(tmp_path / "models", weights)
    gwas = write_gwas(tmp_path / "gwas.tsv", gwas_of(weights, z))
    out = tmp_path / "out"
    assert run_twas(gwas, models, out, "--figures") == 0
    for name in ("manhattan", "quantiles", "tissues"):
        assert (out / f"{name}.svg").read_text().startswith("<svg")
    assert run_twas(gwas, models, out) == 0
    assert not list(out.glob("*.svg"))


def test_effects_in_other_orders_are_told_where_they_are_asked_for(tmp_path, weights, z):
    models = write_models(tmp_path / "models", weights)
    gwas = write_gwas(tmp_path / "gwas.tsv", gwas_of(weights, z))
    assert run_twas(gwas, models, tmp_path / "none") == 0
    assert run_twas(gwas, models, tmp_path / "out", "--permutations", "1000") == 0
    none, found = (table(tmp_path / name, "associations") for name in ("none", "out"))
    assert none["p_permutation"].isna().all()
    assert (none["n_permutations"] == 0).all()
    # four variants have 24 orders, the model's own among them
    assert (found["n_permutations"] == 24).all()
    assert found["p_permutation"].between(1 / 24 - 1e-6, 1).all()
    pd.testing.assert_series_equal(none["z"], found["z"])
