"""`fqtl check weights` says of any path whether what is there is sound."""

import sqlite3
from dataclasses import replace

import pytest

from fqtl.cli import main
from fqtl.weights.covariance import write_covariance
from fqtl.weights.focus import write_focus
from fqtl.weights.fusion import write_fusion
from fqtl.weights.predictdb import write_predictdb
from fqtl.weights.tigar import write_tigar
from tests.weights.audit.sound import sound_weights


@pytest.fixture
def folder(tmp_path):
    """Every format, each in its folder."""
    weights = sound_weights()
    write_predictdb(tmp_path / "predictdb", weights, {})
    write_fusion(tmp_path / "fusion", weights)
    write_tigar(tmp_path / "tigar", weights)
    write_covariance(tmp_path / "covariance" / "all.txt.gz", weights, "rsid")
    (tmp_path / "focus").mkdir()
    write_focus(tmp_path / "focus" / "fqtl.db", [weights])
    return tmp_path


def check(capsys, *arguments):
    """Exit code, lines on the standard output, and the last line on the other."""
    code = main(["check", "weights", *map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out.splitlines(), said.err.splitlines()[-1]


def test_a_folder_is_checked_with_all_that_is_in_it(folder, capsys):
    code, lines, last = check(capsys, folder)
    assert (code, lines) == (0, [])
    for kind in ("1 predictdb", "1 fusion", "1 tigar", "1 focus", "1 covariance"):
        assert kind in last
    assert last.endswith("sound")


@pytest.mark.parametrize(
    "name",
    [
        *["predictdb/Liver.db", "predictdb/Liver.txt.gz", "fusion/Liver.pos", "tigar/Liver.txt.gz"],
        *["fusion/Liver/ENSG1.wgt.RDat", "focus/fqtl.db", "covariance/all.txt.gz"],
    ],
)
def test_every_format_is_known_by_itself(folder, capsys, name):
    assert check(capsys, folder / name)[:2] == (0, [])


def test_each_fault_is_one_line_and_the_exit_code_is_2(folder, capsys):
    db = folder / "predictdb" / "Liver.db"
    with sqlite3.connect(db) as connection:
        connection.execute("UPDATE weights SET weight = NULL WHERE rsid IN ('rs0', 'rs4')")
    connection.close()
    code, lines, last = check(capsys, folder)
    assert code == 2
    assert lines == [
        f"{db}, weights, row 1, ENSG1 rs0: weight is not a number (nan)",
        f"{db}, weights, row 5, ENSG3 rs4: weight is not a number (nan)",
    ]
    assert last.startswith("error: 2 faults in 5 files")


def test_faults_of_one_sort_are_not_all_shown_unless_asked_for(folder, capsys, monkeypatch):
    monkeypatch.setattr("fqtl.cli.check_weights.SHOWN", 2)
    db = folder / "predictdb" / "Liver.db"
    with sqlite3.connect(db) as connection:
        connection.execute("UPDATE weights SET eff_allele = '.'")
        connection.execute("UPDATE weights SET varID = rsid")
    connection.close()
    (folder / "predictdb" / "varid" / "Liver.txt.gz").unlink()
    code, lines, last = check(capsys, db)
    assert (code, len(lines)) == (2, 3)
    assert lines[2] == f"{db}: alleles are not bases (4 more, shown with --all)"
    assert "6 faults" in last
    assert len(check(capsys, "--all", db)[1]) == 6


def test_of_remarks_of_a_sort_the_first_is_shown(folder, capsys):
    palindromes = replace(
        sound_weights(),
        variants=sound_weights().variants.assign(other_allele="A", effect_allele="T"),
    )
    pos = write_fusion(folder / "other", palindromes)
    code, lines, _ = check(capsys, pos)
    assert code == 0
    assert lines[0].endswith("drop from models (3 and 0) [remark]")
    assert lines[1:] == ["  … and 2 more such remarks, shown with --all"]
    assert len(check(capsys, "--all", pos)[1]) == 3


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_a_file_that_was_cut_short_is_one_fault_and_the_others_are_still_looked_at(
    folder, capsys, share
):
    cut = folder / "tigar" / "Liver.txt.gz"
    cut.write_bytes(cut.read_bytes()[: int(cut.stat().st_size * share)])
    with sqlite3.connect(folder / "predictdb" / "Liver.db") as connection:
        connection.execute("UPDATE weights SET weight = NULL WHERE rsid = 'rs0'")
    connection.close()
    code, lines, last = check(capsys, folder)
    assert code == 2
    assert len([line for line in lines if line.startswith(f"{cut}: cannot be read")]) == 1
    assert len([line for line in lines if "weight is not a number" in line]) == 1
    assert last.startswith("error: 2 faults in 5 files")


def test_what_a_folder_holds_beside_weights_is_passed_over(folder, capsys):
    (folder / "README.txt").write_bytes("Größe".encode("latin-1"))
    (folder / "empty.txt").write_text("")
    (folder / "folder.db").mkdir()
    assert check(capsys, folder)[:2] == (0, [])


def test_a_gene_of_fusion_that_no_list_names_is_remarked_on(folder, capsys):
    pos = folder / "fusion" / "Liver.pos"
    pos.write_text("".join(pos.read_text().splitlines(keepends=True)[:-1]))
    pos.with_suffix(".profile").unlink()
    code, lines, last = check(capsys, folder)
    assert (code, last.endswith("sound")) == (0, True)
    what = "no .pos in the folder lists it: FUSION takes the genes of a list"
    assert lines == [f"{pos.parent}/Liver/ENSG3.wgt.RDat: {what} [remark]"]


def test_a_path_without_weights_is_refused(tmp_path, capsys):
    assert "No such file or folder" in check(capsys, tmp_path / "none")[2]
    assert "No file of weights in" in check(capsys, tmp_path)[2]
    (tmp_path / "x.txt").write_text("a b\n")
    assert "is no file of weights: expected" in check(capsys, tmp_path / "x.txt")[2]
