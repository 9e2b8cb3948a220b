"""Weights that name variants by rs number alone, as those of GTEx v6p, and a table of positions."""

import sqlite3

import numpy as np
import pytest

from fqtl.cli import main
from fqtl.data.alleles import complement
from fqtl.tables.files import read_tsv
from fqtl.weights.predictdb import read_predictdb
from fqtl.weights.tigar import read_tigar
from tests.cli.conversions import convert, damage, refusal, write_panel, written
from tests.weights.audit.sound import sound_weights

BUILD = ("--genome-build", "GRCh38")


def v6p(folder):
    """The sound weights in the layout of GTEx v6p."""
    path = written(folder, "predictdb")
    damage(
        path,
        "ALTER TABLE weights DROP COLUMN varID",
        "ALTER TABLE sample_info RENAME COLUMN n_samples TO 'n.samples'",
        "DROP TABLE construction",
    )
    with sqlite3.connect(path) as connection:
        for name in ("chr", "pos", "gene_type"):
            connection.execute(f"ALTER TABLE extra DROP COLUMN {name}")
    return path


def table(folder, rows=None):
    """A lookup table; rows : chrom, pos, ref, alt, rsid."""
    rows = [("chr1", 100 + i, "A", "G", f"rs{i}") for i in range(6)] if rows is None else rows
    path = folder / "lookup.txt"
    lines = ["chr\tvariant_pos\tref\talt\trs_id_dbSNP151_GRCh38p7"]
    path.write_text("\n".join([*lines, *("\t".join(map(str, row)) for row in rows)]) + "\n")
    return path


def test_positions_come_from_the_table_and_nothing_else_changes(tmp_path):
    path = v6p(tmp_path)
    assert convert(path, "predictdb", tmp_path, "--rsids", table(tmp_path), *BUILD) == 0
    made = tmp_path / "out" / "Liver.db"
    found, sound = read_predictdb(made, made.with_suffix(".txt.gz")), sound_weights()
    for name in ("gene_id", "variant_id", "rsid", "pos", "other_allele", "effect_allele", "weight"):
        assert found.variants[name].tolist() == sound.variants[name].tolist()
    np.testing.assert_allclose(found.covariance, sound.covariance, rtol=1e-10)
    assert found.genes["chrom"].tolist() == ["chr1"] * 3
    assert main(["check", "weights", str(tmp_path / "out")]) == 0


def test_a_table_kept_by_fqtl_rsids_serves_as_well(tmp_path):
    kept = tmp_path / "kept.parquet"
    made = ["--table", str(table(tmp_path)), "--genome-build", "GRCh38", "--out", str(kept)]
    assert main(["rsids", *made]) == 0
    assert convert(v6p(tmp_path), "tigar", tmp_path, "--rsids", kept, *BUILD) == 0
    assert read_tigar(tmp_path / "out" / "Liver.txt.gz").variants["pos"].tolist() == list(
        range(100, 106)
    )


def test_with_a_panel_covariances_are_those_of_the_panel(tmp_path):
    path = v6p(tmp_path)
    panel = write_panel(tmp_path)
    path.with_suffix(".txt.gz").unlink()
    assert convert(path, "fusion", tmp_path, "--rsids", table(tmp_path), *panel) == 0


def test_alleles_may_be_swapped_or_of_the_other_strand_and_weights_keep_their_sign(tmp_path):
    rows = [("1", 100 + i, "A", "G", f"rs{i}") for i in range(6)]
    rows[0] = ("1", 100, "G", "A", "rs0")
    rows[1] = ("1", 101, complement("A"), complement("G"), "rs1")
    path = v6p(tmp_path)
    assert convert(path, "tigar", tmp_path, "--rsids", table(tmp_path, rows), *BUILD) == 0
    found = read_tigar(tmp_path / "out" / "Liver.txt.gz").variants
    alleles = list(zip(found["other_allele"], found["effect_allele"], strict=True))
    assert alleles[:3] == [("A", "G"), ("T", "C"), ("A", "G")]
    assert found["weight"].tolist() == sound_weights().variants["weight"].tolist()


def test_what_the_table_lacks_is_listed_with_its_reason(tmp_path):
    rows = [("1", 100 + i, "A", "G", f"rs{i}") for i in range(1, 4)]  # rs0, rs4, rs5 are absent
    rows[0] = ("1", 101, "A", "C", "rs1")
    rows.append(("2", 900, "A", "G", "rs2"))
    path = v6p(tmp_path)
    assert convert(path, "tigar", tmp_path, "--rsids", table(tmp_path, rows), *BUILD) == 0
    gone = read_tsv(tmp_path / "out" / "converted_left_out.tsv.gz", "converted_left_out")
    reasons = dict(zip(gone["variant_id"], gone["reason"], strict=True))
    assert {name: reasons[name] for name in ("rs0", "rs1", "rs2")} == {
        "rs0": "its rs number is not in the table of rs numbers",
        "rs1": "its alleles are not those of its rs number",
        "rs2": "its rs number is at several places",
    }
    (made,) = read_tsv(tmp_path / "out" / "converted.tsv", "converted").to_dict("records")
    assert (made["genes"], made["genes_left_out"]) == (1, 2)
    assert (made["weights"], made["weights_left_out"]) == (1, 5)


@pytest.mark.parametrize(
    "more, told",
    [
        ([], "needs a table of rs numbers (--rsids and"),
        (["--rsids", "{table}"], "On which build is the table"),
        (["--rsids", "{other}", *BUILD], "has none of the 6 variants"),
        (["--rsids", "nowhere.txt", *BUILD], "No such file: nowhere.txt"),
    ],
)
def test_what_is_missing_is_asked_for(tmp_path, capsys, more, told):
    other = table(tmp_path, [("1", 5, "A", "G", "rs99")]).rename(tmp_path / "other.txt")
    names = {"table": table(tmp_path), "other": other}
    more = [word.format(**names) for word in more]
    assert told in refusal(capsys, v6p(tmp_path), "tigar", tmp_path, *more)
