"""What an earlier run left is removed, and nothing else."""

import numpy as np
import pyarrow as pa
import pytest

from fqtl.cli import main
from fqtl.release.stale_outputs import remove, stale_outputs
from fqtl.tables.files import write_parquet
from fqtl.weights.formats import FORMATS
from tests.weights.records import record, store

OF_A_TISSUE = [name for name in FORMATS if name != "focus"]  # which has all tissues in one file
LISTS = ["Liver.tsv", "Skin.tsv", "joint/files.tsv", "factors/files.tsv"]


@pytest.fixture
def results(tmp_path):
    """Results of Liver and Skin in every format, with those of factors."""
    dosages = np.array([[0.0, 1, 2, 1, 0, 2], [1.0, 0, 2, 2, 0, 1]])
    row = record("g1", dosages, [0.3, -0.2])
    row.update(
        factors=[{"factor": 0, "pip": 0.99}],
        factor_weights=[{"factor": 0, "variant": 0, "weight": 0.7}],
        tissue_loadings=[{"factor": 0, "tissue": "Liver", "mean": 1.0, "sd": 0.1, "pip": 0.9}],
    )
    fits = store(row, record("g2", dosages, [0.0, 0.2], tissue="Skin"))
    write_parquet(tmp_path / "fits.parquet", fits, "fits", genome_build="GRCh38", donors=6)
    for tissue in ("Liver", "Skin"):
        path = tmp_path / "prepared" / f"{tissue}.parquet"
        write_parquet(path, pa.table({"gene_id": ["g1"]}), "prepared", tissue=tissue)
        weights(tmp_path, OF_A_TISSUE, "--tissue", tissue)
    weights(tmp_path, FORMATS, "--factors", folder="weights/factors", out="factors/files.tsv")
    joint(tmp_path, "predictdb", "focus")
    return tmp_path


def weights(results, formats, *which, folder="weights", out=""):
    files = ["--fits", str(results / "fits.parquet"), "--folder", str(results / folder)]
    out = results / "weights" / (out or f"{which[-1]}.tsv")
    assert main(["weights", *which, *files, "--formats", *formats, "--out", str(out)]) == 0


def joint(results, *formats):
    files = ["--fits", str(results / "fits.parquet"), "--folder", str(results / "weights")]
    out = ["--formats", *formats, "--out", str(results / "weights" / "joint" / "files.tsv")]
    assert main(["joint", "--tissues", "Liver", "Skin", *files, *out]) == 0


def there(results):
    return {str(path.relative_to(results)) for path in results.rglob("*") if path.is_file()}


def tidy(results, lists, tissues=("Liver", "Skin")):
    return remove(
        stale_outputs(results, [results / "weights" / name for name in lists], tissues), results
    )


def test_of_a_run_that_changed_nothing_everything_stays(results):
    before = there(results)
    assert tidy(results, LISTS) == 0
    assert there(results) == before


def test_a_tissue_that_is_no_longer_listed_leaves_nothing(results):
    before = there(results)
    removed = tidy(results, ["Liver.tsv", *LISTS[2:]], ["Liver"])
    gone = before - there(results)
    assert gone == {path for path in before if "Skin" in path}
    assert {"prepared/Skin.parquet", "weights/Skin.tsv", "weights/predictdb/Skin.db"} < gone
    assert removed == len(gone)


def test_formats_that_are_no_longer_asked_for_leave_nothing(results):
    for tissue in ("Liver", "Skin"):
        weights(results, ["predictdb"], "--tissue", tissue)
    weights(results, ["predictdb"], "--factors", folder="weights/factors", out="factors/files.tsv")
    joint(results, "predictdb")
    tidy(results, LISTS)
    left = {path.name for path in (results / "weights").iterdir() if path.is_dir()}
    assert left == {"predictdb", "factors", "joint"}
    assert [path.name for path in (results / "weights/factors").iterdir() if path.is_dir()] == [
        "predictdb"
    ]


def test_factors_that_are_no_longer_asked_for_leave_nothing(results):
    before = there(results)
    tidy(results, LISTS[:3])
    assert before - there(results) == {path for path in before if "/factors/" in path}
    assert not (results / "weights" / "factors").exists()


def test_what_the_run_did_not_make_stays(results):
    """Models of others among ours, notes, a table of another kind, a store under another name."""
    mine = results / "weights"
    (mine / "predictdb" / "mashr_Skin.db").write_bytes(b"of others")
    (mine / "predictdb" / "mashr_Skin.txt.gz").write_bytes(b"of others")
    (mine / "focus" / "gtex.db").write_bytes(b"of others")
    (mine / "tigar" / "Brain.txt.gz").write_bytes(b"of others")
    (mine / "fusion" / "Skin" / "notes.txt").write_text("mine")
    (mine / "colours.tsv").write_text("tissue\tcolour\n")
    (results / "prepared" / "copy.parquet").write_bytes(
        (results / "prepared" / "Skin.parquet").read_bytes()
    )
    (results / "prepared" / "mine.parquet").write_bytes(b"no Parquet")
    before = there(results)
    tidy(results, ["Liver.tsv", "joint/files.tsv"], ["Liver"])
    gone = before - there(results)
    assert all("Skin." in path or "/Skin/g" in path or "/factors/" in path for path in gone)
    assert {
        *("weights/predictdb/mashr_Skin.db", "weights/predictdb/mashr_Skin.txt.gz"),
        *("weights/focus/gtex.db", "weights/tigar/Brain.txt.gz", "weights/fusion/Skin/notes.txt"),
        *("weights/colours.tsv", "prepared/copy.parquet", "prepared/mine.parquet"),
    } <= there(results)
