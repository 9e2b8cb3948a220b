"""What `fqtl check weights` calls sound `fqtl convert` takes, and what the latter refuses is told.

Asked of every damage that the tests of the audits know, and of NA where R's types have it.
"""

import gzip
import sqlite3

import numpy as np
import pytest

from fqtl.cli import main
from fqtl.weights.audit.acceptance import HARMLESS
from fqtl.weights.rdata import dumps
from tests.cli.conversions import convert, write_panel, written
from tests.weights.audit import test_focus, test_fusion, test_predictdb, test_tigar


def outcome(capsys, path, folder):
    """Whether the file is sound by the one command, its faults, and what the other refuses."""
    sound = main(["check", "weights", str(path), "--all"]) == 0
    lines = capsys.readouterr().out.splitlines()
    faults = [line for line in lines if not line.endswith("[remark]")]
    panel = write_panel(folder)
    refused = convert(path, "tigar", folder, *panel) != 0
    return sound, faults, refused, capsys.readouterr().err


def agree(capsys, path, folder):
    sound, faults, refused, said = outcome(capsys, path, folder)
    assert not (sound and refused), said
    harmful = [line for line in faults if not any(sort in line for sort in HARMLESS)]
    # covariances, which TIGAR has none of, and models beside the one that is read are of no account
    assert refused or not harmful, harmful


@pytest.mark.parametrize("statement", [statement for statement, _ in test_predictdb.FAULTS])
def test_on_a_predictdb(tmp_path, capsys, statement):
    path = written(tmp_path, "predictdb")
    run(path, statement)
    agree(capsys, path, tmp_path)


@pytest.mark.parametrize("statement", [statement for statement, _ in test_focus.FAULTS])
def test_on_a_focus_db(tmp_path, capsys, statement):
    path = written(tmp_path, "focus")
    run(path, statement)
    agree(capsys, path, tmp_path)


@pytest.mark.parametrize(
    "column, value", [(column, value) for column, value, _ in test_tigar.FAULTS]
)
def test_on_a_table_of_tigar(tmp_path, capsys, column, value):
    path = written(tmp_path, "tigar")
    test_tigar.damaged(path, column, value)
    agree(capsys, path, tmp_path)


NA = [{name: np.nan} for name in ("hsq", "hsq.pv", "N.tot")]


@pytest.mark.parametrize("changed", [*[changed for changed, _ in test_fusion.FAULTS], *NA])
def test_on_files_of_fusion(tmp_path, capsys, changed):
    path = written(tmp_path, "fusion")
    file = path.parent / "Liver" / "ENSG3.wgt.RDat"
    file.write_bytes(gzip.compress(dumps(test_fusion.objects(**changed))))
    agree(capsys, path, tmp_path)


def run(path, statement):
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()
