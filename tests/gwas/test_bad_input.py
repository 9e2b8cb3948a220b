"""Input that cannot be: one `error:` line that says where, exit code 2, and nothing written."""

import gzip
import json

import numpy as np
import pytest

from fqtl.gwas import checks
from tests.trait.models import gwas_of, run_twas, tissue, write_gwas, write_models

WEIGHTS = tissue("Liver", n_genes=15, size=4)
Z = np.random.default_rng(1).standard_normal(len(WEIGHTS.variants))


def cell(row, column, value):
    def change(rows):
        rows.loc[row, column] = value
        return rows

    return change


def without(*columns):
    return lambda rows: rows.drop(columns=list(columns))


def ratios(rows):
    rows["beta"] = [f"{np.exp(float(beta)):.6g}" for beta in rows["beta"]]
    return rows


def moved(rows):
    rows["base_pair_location"] = (rows["base_pair_location"].astype(int) + 37).astype(str)
    return rows


BAD = {
    "no effect": (without("beta"), "no column is known to hold effects"),
    "no other allele": (without("other_allele"), "other_allele=…"),
    "se of nothing": (cell(3, "standard_error", "0"), "line 5, column 'standard_error'"),
    "se below 0": (cell(3, "standard_error", "-0.1"), "a standard error above 0, found -0.1"),
    "p above 1": (cell(2, "p_value", "1.5"), "line 4, column 'p_value': expected a p-value"),
    "text in numbers": (cell(4, "beta", "big"), "line 6, column 'beta': expected a number, found"),
    "text in p": (cell(4, "p_value", "small"), "column 'p_value': expected a number, found"),
    "decimal commas": (cell(1, "beta", "0,1"), "expected a number, found '0,1'"),
    "odds ratios": (ratios, "as odds ratios have"),
    "no overlap": (
        lambda rows: moved(rows).assign(rsid="."),
        "Not in the GWAS: chr22_1000000_A_G_b38",
    ),
    "another chromosome": (
        lambda rows: rows.assign(chromosome="7", rsid="."),
        "variants of the models are in",
    ),
    "no additive test": (
        lambda rows: rows.rename(
            columns={
                "chromosome": "CHROM",
                "base_pair_location": "GENPOS",
                "rsid": "ID",
                "effect_allele": "ALLELE1",
                "other_allele": "ALLELE0",
                "standard_error": "SE",
            }
        ).assign(TEST="DOM"),
        "all 60 rows are left out, 60 of them: not a test of the additive model",
    ),
    "a position beyond the end": (
        cell(0, "base_pair_location", "250000000"),
        "which ends at 50,818,468 there",
    ),
}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return write_models(tmp_path_factory.mktemp("models"), WEIGHTS)


def refused(gwas, models, tmp_path, capsys, *flags):
    assert run_twas(gwas, models, tmp_path / "out", *flags) == 2
    said = capsys.readouterr().err.splitlines()
    (error,) = [line for line in said if line.startswith("error:")]
    assert "unexpected" not in error
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".*"))
    return error


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_is_told_in_one_line(name, models, tmp_path, capsys):
    change, expected = BAD[name]
    gwas = write_gwas(tmp_path / "gwas.tsv", change(gwas_of(WEIGHTS, Z)))
    assert expected in refused(gwas, models, tmp_path, capsys, "--gwas-build", "GRCh38")


def test_columns_that_are_named_twice_are_refused(models, tmp_path, capsys):
    gwas = write_gwas(tmp_path / "gwas.tsv", gwas_of(WEIGHTS, Z))
    gwas.write_text(gwas.read_text().replace("p_value", "beta", 1))
    assert "'beta': which one is meant?" in refused(gwas, models, tmp_path, capsys)


def test_a_row_that_ends_early_is_told_by_its_line(models, tmp_path, capsys):
    gwas = write_gwas(tmp_path / "gwas.tsv", gwas_of(WEIGHTS, Z))
    lines = gwas.read_text().splitlines()
    lines[30] = lines[30].rpartition("\t")[0].replace("\t", " ")
    gwas.write_text("\n".join(lines) + "\n")
    assert "line 31: expected 9 fields" in refused(gwas, models, tmp_path, capsys)


def test_an_empty_file_and_one_cut_short_are_told(models, tmp_path, capsys):
    gwas = tmp_path / "gwas.tsv.gz"
    gwas.write_bytes(b"")
    assert "is empty" in refused(gwas, models, tmp_path, capsys)
    write_gwas(gwas, gwas_of(WEIGHTS, Z))
    gwas.write_bytes(gwas.read_bytes()[:-200])
    assert "cut short" in refused(gwas, models, tmp_path, capsys)


def test_a_long_file_cut_short_is_told(models, tmp_path, capsys):
    rows = gwas_of(WEIGHTS, Z)
    text = rows.to_csv(sep="\t", index=False)
    header, _, body = text.partition("\n")
    body = "".join(body.replace("\t0.01\t", f"\t0.0{i % 9 + 1}\t") for i in range(2000))
    packed = gzip.compress(f"{header}\n{body}".encode(), compresslevel=1)
    gwas = tmp_path / "gwas.tsv.gz"
    gwas.write_bytes(packed[: len(packed) // 2])
    assert "cut short" in refused(gwas, models, tmp_path, capsys)


def test_a_gwas_that_is_said_to_be_on_the_wrong_build_is_noticed(models, tmp_path, capsys):
    gwas = write_gwas(tmp_path / "gwas.tsv", moved(gwas_of(WEIGHTS, Z)))
    error = refused(gwas, models, tmp_path, capsys, "--gwas-build", "GRCh38")
    assert "only 0% of the rs numbers that both have stand at the same position" in error


def test_alleles_in_small_letters_are_read(models, tmp_path):
    rows = gwas_of(WEIGHTS, Z)
    for name in ("effect_allele", "other_allele"):
        rows[name] = rows[name].str.lower()
    assert run_twas(write_gwas(tmp_path / "gwas.tsv", rows), models, tmp_path / "out") == 0


def test_percentages_are_no_frequencies_and_one_that_cannot_be_is_not_told(
    models, tmp_path, capsys
):
    """A palindrome of an effect allele of 30 per cent would be read from the other strand."""
    rows = gwas_of(WEIGHTS, Z).assign(effect_allele_frequency="30")
    error = refused(write_gwas(tmp_path / "gwas.tsv", rows), models, tmp_path, capsys)
    assert "column 'effect_allele_frequency': expected a frequency from 0 to 1, found 30" in error
    rows["effect_allele_frequency"] = "0.3"
    rows.loc[2, "effect_allele_frequency"] = "-9"
    gwas = write_gwas(tmp_path / "gwas.tsv", rows)
    assert run_twas(gwas, models, tmp_path / "out") == 0
    audit = json.loads((tmp_path / "out" / "audit.json").read_text())
    assert audit["values_ignored"] == {"effect_allele_frequency is not a frequency from 0 to 1": 1}


def test_effects_without_signs_are_noticed(models, tmp_path, monkeypatch, capsys):
    """As where abs(z) is taken for z."""
    monkeypatch.setattr(checks, "MANY", len(Z))
    rows = gwas_of(WEIGHTS, np.abs(Z))
    rows["beta"] = rows["beta"].astype(float).abs().astype(str)
    path = write_gwas(tmp_path / "gwas.tsv", rows)
    assert run_twas(path, models, tmp_path / "out") == 0
    assert "column 'beta': none of 60 values is below 0" in capsys.readouterr().err
    path = write_gwas(tmp_path / "gwas.tsv", gwas_of(WEIGHTS, Z))
    assert run_twas(path, models, tmp_path / "out") == 0
    assert "below 0" not in capsys.readouterr().err


def test_an_odds_ratio_of_0_is_no_effect(models, tmp_path):
    """Not one below all others, with the p beside it."""
    rows = gwas_of(WEIGHTS, Z)
    rows["odds_ratio"] = [f"{np.exp(float(beta)):.6g}" for beta in rows.pop("beta")]
    rows.loc[2, "odds_ratio"] = "0"
    gwas = write_gwas(tmp_path / "gwas.tsv", rows)
    assert run_twas(gwas, models, tmp_path / "out", "--bad-rows", "ignore") == 0
    audit = json.loads((tmp_path / "out" / "audit.json").read_text())
    assert audit["variants_not_matched"] == {"the sign of its effect is not told": 1}


def test_values_that_cannot_be_are_ignored_and_counted_if_the_user_says_so(models, tmp_path):
    rows = cell(3, "standard_error", "0")(gwas_of(WEIGHTS, Z))
    gwas = write_gwas(tmp_path / "gwas.tsv", rows)
    assert run_twas(gwas, models, tmp_path / "out", "--bad-rows", "ignore") == 0
    assert (
        '"standard_error is not a standard error above 0": 1'
        in (tmp_path / "out" / "audit.json").read_text()
    )
