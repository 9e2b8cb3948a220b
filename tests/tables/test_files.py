import gzip
import os

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from fqtl.errors import FqtlError
from fqtl.tables import renamed
from fqtl.tables.files import (
    COLUMNS,
    read_parquet,
    read_parquets,
    read_tsv,
    text_writer,
    whole,
    write_parquet,
    write_text,
    write_tsv,
)
from fqtl.tables.fits import FITS

SHARDS = pd.DataFrame({"gene_id": ["a", "007"], "shard": ["0001", "0002"]})


@pytest.mark.parametrize("name", ["s.tsv", "s.tsv.gz"])
def test_a_text_table_comes_back_with_names_that_look_like_numbers(tmp_path, name):
    write_tsv(tmp_path / name, SHARDS, "shards")
    pd.testing.assert_frame_equal(read_tsv(tmp_path / name, "shards"), SHARDS)


def test_the_same_rows_give_the_same_bytes(tmp_path):
    for folder in ("a", "b"):
        write_tsv(tmp_path / folder / "s.tsv.gz", SHARDS, "shards")
    one, other = ((tmp_path / folder / "s.tsv.gz").read_bytes() for folder in ("a", "b"))
    assert one == other
    assert gzip.decompress(one).startswith(b"gene_id\tshard\n")


def test_a_table_of_another_kind_is_refused_with_both_headers(tmp_path):
    path = tmp_path / "s.tsv"
    write_tsv(path, SHARDS, "shards")
    with pytest.raises(FqtlError, match=r"expected the columns of truth .* found gene_id, shard"):
        read_tsv(path, "truth")


def test_every_column_is_explained():
    assert all(meaning for columns in COLUMNS.values() for meaning in columns.values())


def test_a_failed_write_leaves_nothing_and_keeps_what_was_there(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("before")

    def fail():
        with text_writer(path) as stream:
            stream.write("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["x.txt"]


def test_a_file_appears_only_when_it_is_whole(tmp_path):
    path = tmp_path / "x.txt"
    with whole(path) as temporary:
        temporary.write_text("all of it")
        assert not path.exists()
    assert path.read_text() == "all of it"


def test_a_parquet_table_carries_its_kind(tmp_path):
    path = tmp_path / "x.parquet"
    write_parquet(path, pa.table({"a": [1]}), "fits", genome_build="GRCh38")
    table, about = read_parquet(path, "fits")
    assert table.to_pydict() == {"a": [1]}
    assert about["genome_build"] == "GRCh38"
    with pytest.raises(
        FqtlError, match="expected a table of kind shard, version 2; found kind fit"
    ):
        read_parquet(path, "shard")


def test_a_table_of_an_older_version_is_refused_with_what_to_do(tmp_path, monkeypatch):
    path = tmp_path / "x.parquet"
    with monkeypatch.context() as older:
        older.setattr("fqtl.tables.files.FORMAT_VERSION", 1)
        write_parquet(path, pa.table({"a": [1]}), "fits")
    with pytest.raises(FqtlError, match=r"version 2; found kind fits, version 1\. Delete it: `rm "):
        read_parquet(path, "fits")


def test_a_parquet_file_cut_short_is_named_with_what_to_do(tmp_path):
    path = tmp_path / "x.parquet"
    write_parquet(path, pa.table({"a": list(range(1000))}), "fits")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(
        FqtlError, match=r"x\.parquet is not a whole Parquet file .* Delete it: `rm "
    ):
        read_parquet(path, "fits")


def test_a_damaged_parquet_file_is_named_with_what_to_do(tmp_path):
    path = tmp_path / "x.parquet"
    write_parquet(path, pa.table({"a": np.random.default_rng(0).standard_normal(1000)}), "fits")
    content = bytearray(path.read_bytes())
    content[4000] ^= 1
    path.write_bytes(content)
    with pytest.raises(FqtlError, match=r"x\.parquet is not a whole .*checksum.*Delete it: `rm "):
        read_parquet(path, "fits")


def test_a_gzipped_table_cut_short_is_named_with_what_to_do(tmp_path):
    path = tmp_path / "s.tsv.gz"
    write_tsv(path, SHARDS, "shards")
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(FqtlError, match=r"s\.tsv\.gz is not whole .*Delete it: `rm "):
        read_tsv(path, "shards")


def test_what_a_killed_writer_left_is_cleared_away_by_the_next(tmp_path):
    (tmp_path / ".x.txt.123.tmp").write_text("half")
    (tmp_path / ".other.txt.123.tmp").write_text("half")
    write_text(tmp_path / "x.txt", "all of it")
    assert sorted(os.listdir(tmp_path)) == [".other.txt.123.tmp", "x.txt"]


@pytest.fixture
def notices(monkeypatch, caplog):
    """What is said of old names, by a process that has not said anything yet."""
    monkeypatch.setattr(renamed, "_noticed", set())
    return lambda: [record.getMessage() for record in caplog.records]


def test_a_store_of_the_version_before_is_read_by_the_new_names_with_one_notice(tmp_path, notices):
    old = pa.table(
        {
            "gene_id": ["g1", "g2"],
            "evidence": [3.5, None],
            "nulls": [[{"draw": 0, "evidence": 0.5}, {"draw": 1, "evidence": 0.25}], None],
        }
    )
    for name in ("a", "b"):
        write_parquet(tmp_path / name, old, "fits", donors=6)
    tables = [read_parquet(tmp_path / name, "fits")[0] for name in ("a", "b")]
    assert tables[0].to_pylist() == [
        {
            "gene_id": "g1",
            "neg_log_null_prob": 3.5,
            "permuted_fits": [
                {"draw": 0, "neg_log_null_prob": 0.5},
                {"draw": 1, "neg_log_null_prob": 0.25},
            ],
        },
        {"gene_id": "g2", "neg_log_null_prob": None, "permuted_fits": None},
    ]
    assert tables[1].equals(tables[0])
    some, about = read_parquet(tmp_path / "a", "fits", columns=["gene_id", "neg_log_null_prob"])
    assert (some.column_names, about["donors"]) == (["gene_id", "neg_log_null_prob"], 6)
    (said,) = notices()
    assert "a has names of an earlier version (evidence, now neg_log_null_prob, nulls, now" in said


def test_old_metadata_is_read_by_its_new_keys(tmp_path, notices):
    write_parquet(tmp_path / "s", pa.table({"gene_id": ["g"]}), "shard", samples=["d1", "d2"])
    _, about = read_parquet(tmp_path / "s", "shard")
    assert about["donors"] == ["d1", "d2"]
    assert len(notices()) == 1


def test_a_text_table_of_the_version_before_is_read_by_the_new_names(tmp_path, notices):
    path = tmp_path / "nulls.tsv"
    path.write_text("gene_id\tevidence\tp\n007\t0.5\t0.25\n")
    found = read_tsv(path, "nulls")
    assert found.to_dict(orient="list") == {
        "gene_id": ["007"],
        "neg_log_null_prob": [0.5],
        "p": [0.25],
    }
    (said,) = notices()
    assert f"{path} has names of an earlier version (evidence, now neg_log_null_prob)" in said


def test_a_text_table_has_renamed_columns_by_their_old_names_too_for_scripts(tmp_path, notices):
    frame = pd.DataFrame({"gene_id": ["g1"], "neg_log_null_prob": [0.5], "p": [0.25]})
    path = tmp_path / "nulls.tsv"
    write_tsv(path, frame, "nulls")
    seen = pd.read_csv(path, sep="\t")
    assert list(seen.columns) == [*frame.columns, "evidence"]
    assert seen["evidence"].equals(seen["neg_log_null_prob"])
    assert read_tsv(path, "nulls").equals(frame)
    assert notices() == []


def test_new_names_need_no_notice(tmp_path, notices):
    write_parquet(tmp_path / "a", pa.table({"neg_log_null_prob": [1.0]}), "fits", donors=6)
    read_parquet(tmp_path / "a", "fits")
    assert notices() == []


def test_every_new_name_is_that_of_a_column():
    text = {kind: set(names) for kind, names in COLUMNS.items()}
    known = set().union(*text.values(), FITS.names, {"donors"})
    for kind, names in renamed.RENAMED.items():
        assert set(names.values()) <= known
        assert not set(names) & text.get(kind, set())


def test_columns_that_only_shards_hold_are_left_out_of_the_store(tmp_path):
    made = pa.table({"gene_id": ["g"], "window": [["v1"]]})
    paths = [tmp_path / "1", tmp_path / "2"]
    write_parquet(paths[0], made, "fits", compression="zstd")
    write_parquet(paths[1], made.drop_columns(["window"]), "fits")  # of an earlier version
    found = read_parquets(paths, "fits", without=["window"])
    assert [table.column_names for table, _ in found] == [["gene_id"], ["gene_id"]]
