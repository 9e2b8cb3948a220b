"""Models as others publish them: without positions, by other keys, with lines that lack."""

import gzip
import sqlite3
from contextlib import closing

import numpy as np
import pytest

from tests.trait.models import gwas_of, run_twas, table, tissue, write_gwas, write_models

WEIGHTS = tissue("Liver")
Z = np.random.default_rng(5).standard_normal(len(WEIGHTS.variants)).round(3)


@pytest.fixture
def gwas(tmp_path):
    return write_gwas(tmp_path / "gwas.tsv", gwas_of(WEIGHTS, Z))


@pytest.fixture
def folder(tmp_path):
    """A db with its covariances by rsid alone."""
    made = write_models(tmp_path / "models", WEIGHTS)
    for path in (made / "varid").iterdir():
        path.unlink()
    (made / "varid").rmdir()
    return made


def change(folder, statement):
    with closing(sqlite3.connect(folder / "Liver.db")) as connection:
        connection.execute(statement)
        connection.commit()


def rewrite(folder, lines):
    path = folder / "Liver.txt.gz"
    header, *rows = gzip.decompress(path.read_bytes()).decode().splitlines()
    text = "\n".join([header, *lines(rows)]) + "\n"
    path.write_bytes(gzip.compress(text.encode()))


def z_of(gwas, folder, out, *flags):
    assert run_twas(gwas, folder, out, *flags) == 0
    return table(out, "associations").set_index("gene_id")["z"].to_dict()


def test_models_without_positions_are_found_by_rs_number(gwas, folder, tmp_path):
    expected = z_of(gwas, folder, tmp_path / "one")
    change(folder, "ALTER TABLE weights RENAME COLUMN varID TO something_else")
    assert z_of(gwas, folder, tmp_path / "two") == pytest.approx(expected)


def test_the_order_of_pairs_and_their_side_of_the_diagonal_do_not_matter(gwas, folder, tmp_path):
    expected = z_of(gwas, folder, tmp_path / "one")

    def turned(rows):
        words = [row.split() for row in rows]
        return [" ".join([gene, two, one, value]) for gene, one, two, value in words[::-1]]

    rewrite(folder, turned)
    assert z_of(gwas, folder, tmp_path / "two") == pytest.approx(expected)
    rewrite(folder, lambda rows: [*rows, "ENSG9 rs1 rs1 0.5"])
    assert z_of(gwas, folder, tmp_path / "three") == pytest.approx(expected)


def test_a_model_whose_pair_is_missing_has_a_reason_and_others_go_on(gwas, folder, tmp_path):
    rewrite(folder, lambda rows: [*rows[:1], *rows[2:]])
    assert run_twas(gwas, folder, tmp_path / "out") == 0
    found = table(tmp_path / "out", "associations")
    assert found["reason"][0] == "covariances of its variants are not known"
    assert found["z"].isna().tolist() == [True, False, False]


def test_lines_of_a_gene_in_two_places_are_refused(gwas, folder, tmp_path, capsys):
    rewrite(folder, lambda rows: [*rows[1:], rows[0]])
    assert run_twas(gwas, folder, tmp_path / "out") == 2
    assert "expected the lines of a gene together" in capsys.readouterr().err


@pytest.mark.parametrize(
    "statement, word",
    [
        ("UPDATE weights SET weight = 'much' WHERE rowid = 2", "row 2, column 'weight'"),
        ("UPDATE weights SET eff_allele = NULL WHERE rowid = 3", "row 3, column 'eff_allele'"),
        ("UPDATE weights SET gene = NULL WHERE rowid = 1", "a gene without an id"),
        ("UPDATE weights SET varID = 'chr22_5_A_G_b37' WHERE rowid = 1", "one genome build"),
        ("DELETE FROM weights", "No model of any gene"),
    ],
)
def test_a_db_that_is_amiss_is_refused(statement, word, gwas, folder, tmp_path, capsys):
    change(folder, statement)
    assert run_twas(gwas, folder, tmp_path / "out") == 2
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error:")]
    assert len(said) == 1
    assert word in said[0]
    assert not (tmp_path / "out").exists()


def test_a_db_without_covariances_says_where_they_belong(gwas, folder, tmp_path, capsys):
    (folder / "Liver.txt.gz").unlink()
    assert run_twas(gwas, folder / "Liver.db", tmp_path / "out") == 2
    assert "Liver.txt.gz beside it" in capsys.readouterr().err


def test_small_effect_alleles_in_a_db_are_as_good(gwas, folder, tmp_path):
    expected = z_of(gwas, folder, tmp_path / "one")
    change(folder, "UPDATE weights SET eff_allele = lower(eff_allele)")
    assert z_of(gwas, folder, tmp_path / "two") == pytest.approx(expected)
