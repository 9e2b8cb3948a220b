"""Weight files damaged in their cells, texts, objects or bytes, then checked and converted.

What is called sound is converted; what is converted has every gene and weight of the file, or a
line that says why not.
"""

import gzip
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pysam

from fqtl.tables.files import read_tsv
from fqtl.weights.formats import FORMATS
from fqtl.weights.rdata import Matrix, dumps, load
from tests.fuzz.damage import damaged_bytes, damaged_text, word
from tests.fuzz.outcome import LossError, told
from tests.weights.audit.sound import sound_weights

IN_BYTES = 0.2  # share of trials that damage bytes
# what a sound file may lack for a format, in the words of the refusals
NEEDS_MORE = ("have no position", "--n-samples", "--panel", "has no model", "(--model)")
TARGETS = {
    "predictdb": ["predictdb", "fusion", "tigar", "focus"],
    "fusion": ["tigar", "focus"],
    "tigar": ["tigar"],
    "focus": ["tigar", "focus"],
}


def predictdb_trial(rng: np.random.Generator, folder: Path) -> str:
    path = FORMATS["predictdb"].write(folder / "in", sound_weights(), {})
    which = rng.random()
    if which < 0.6:
        _damage_database(rng, path, ["weights", "extra", "sample_info", "construction"])
    else:
        beside = [path.with_suffix(".txt.gz"), path.parent / "varid" / f"{path.stem}.txt.gz"]
        _damage_packed(rng, beside[int(which < 0.8)], " ")
    return _looked_at(rng, folder, path, "predictdb", _listed_in_predictdb)


def focus_trial(rng: np.random.Generator, folder: Path) -> str:
    path = FORMATS["focus"].write(folder / "in", sound_weights(), {})
    held = ["weight", "model", "molecularfeature", "refpanel", "modelattribute", "fqtl_dosage"]
    _damage_database(rng, path, held)
    return _looked_at(rng, folder, path, "focus", None)


def tigar_trial(rng: np.random.Generator, folder: Path) -> str:
    path = FORMATS["tigar"].write(folder / "in", sound_weights(), {})
    if rng.random() < 0.8:
        _damage_packed(rng, path, "\t")
    else:
        genes = path.parent / "Liver.genes.txt"
        genes.write_bytes(damaged_text(rng, genes.read_text()).encode())
    return _looked_at(rng, folder, path, "tigar", _listed_in_tigar)


def fusion_trial(rng: np.random.Generator, folder: Path) -> str:
    path = FORMATS["fusion"].write(folder / "in", sound_weights(), {})
    if rng.random() < 0.3:
        path.write_bytes(damaged_text(rng, path.read_text()).encode())
    else:
        files = sorted((path.parent / "Liver").iterdir())
        _damage_objects(rng, files[int(rng.integers(len(files)))])
    return _looked_at(rng, folder, path, "fusion", None)


def _looked_at(
    rng: np.random.Generator,
    folder: Path,
    path: Path,
    kind: str,
    listed: Callable[[Path], dict[str, int] | None] | None,
) -> str:
    checked, _ = told(["check", "weights", str(path)])
    target = TARGETS[kind][int(rng.integers(len(TARGETS[kind])))]
    out = folder / "out"
    converted, said = told(["convert", str(path), "--to", target, "--out", str(out)])
    if converted:
        if out.exists():
            raise LossError("refused, and something was written")
        if not checked and not any(words in said for words in NEEDS_MORE):
            raise LossError(f"sound, and refused: {said.strip()[-300:]}")
        return "refused by both" if checked else "sound, and more is needed for the format"
    made = read_tsv(out / "converted.tsv", "converted")
    gone = read_tsv(out / "converted_left_out.tsv.gz", "converted_left_out")
    again, said = told(["check", "weights", *_paths(out, made)])
    if again:
        raise LossError(f"what was made is not sound: {said.strip()[-300:]}")
    there = listed(path) if listed else None
    if there is not None:
        _all_there(there, made, gone)
    return "converted, and a fault told" if checked else "sound and converted"


def _paths(out: Path, made: pd.DataFrame) -> list[str]:
    return [str(out / path) for path in made["path"].fillna("") if path]


def _all_there(there: dict[str, int], made: pd.DataFrame, gone: pd.DataFrame) -> None:
    """there : gene → its weights in the file"""
    genes = int(made["genes"].sum() + made["genes_left_out"].sum())
    if genes != len(there):
        raise LossError(f"{genes} genes converted or left out, {len(there)} are there")
    of_genes = set(gone["gene_id"][gone["variant_id"].fillna("") == ""])
    single = int((gone["variant_id"].fillna("") != "").sum())
    expected = sum(count for gene, count in there.items() if gene not in of_genes)
    found = int(made["weights"].sum()) + single
    if not expected <= found <= sum(there.values()):
        raise LossError(f"{found} weights converted or left out, {expected} are there")


def _listed_in_predictdb(path: Path) -> dict[str, int] | None:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT CAST(gene AS TEXT) FROM weights").fetchall()
        extra = connection.execute("SELECT CAST(gene AS TEXT) FROM extra").fetchall()
    there = {gene: 0 for (gene,) in extra}
    for (gene,) in rows:
        there[gene] = there.get(gene, 0) + 1
    return there


def _listed_in_tigar(path: Path) -> dict[str, int] | None:
    with gzip.open(path, "rt", encoding="utf-8-sig") as lines:
        header, *rows = [line.rstrip("\r\n").split("\t") for line in lines if line.strip()]
    if "TargetID" not in header:  # separated by something else
        return None
    there: dict[str, int] = {}
    for row in rows:
        if len(row) != len(header):
            return None
        gene = row[header.index("TargetID")].strip('"')
        there[gene] = there.get(gene, 0) + 1
    beside = path.parent / "Liver.genes.txt"
    for line in beside.read_text(encoding="utf-8-sig").splitlines()[1:]:
        fields = line.split("\t")
        if len(fields) != 5:
            return None
        there.setdefault(fields[3].strip('"'), 0)
    return there


def _damage_database(rng: np.random.Generator, path: Path, tables: list[str]) -> None:
    if rng.random() < IN_BYTES:
        path.write_bytes(damaged_bytes(rng, path.read_bytes()))
        return
    with closing(sqlite3.connect(path)) as connection:
        held = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        tables = [table for table in tables if table in held]
        # most often the first, which holds the weights
        weight = np.array([3.0, *[1.0] * (len(tables) - 1)])
        table = tables[int(rng.choice(len(tables), p=weight / weight.sum()))]
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        column = columns[int(rng.integers(len(columns)))]
        count = connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
        row = int(rng.integers(max(count, 1))) + 1
        put: Any = word(rng)
        way = int(rng.integers(12))
        if rng.random() < 0.3:
            values = [None, 0, -1, 1.5, 1e300, float("inf"), b"\xff\x00", 2**40]
            put = values[int(rng.integers(len(values)))]
        try:
            if way < 6:
                statement = f'UPDATE {table} SET "{column}" = ? WHERE rowid = ?'
                connection.execute(statement, (put, row))
            elif way == 6:
                connection.execute(f'UPDATE {table} SET "{column}" = ?', (put,))
            elif way == 7:
                connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (row,))
            elif way == 8:
                statement = f"INSERT INTO {table} SELECT * FROM {table} WHERE rowid = ?"
                connection.execute(statement, (row,))
            elif way == 9:
                connection.execute(f'ALTER TABLE {table} RENAME COLUMN "{column}" TO other')
            elif way == 10:
                connection.execute(f'ALTER TABLE {table} DROP COLUMN "{column}"')
            else:
                connection.execute(f"DROP TABLE {table}")
        except sqlite3.Error:
            pass  # the table forbids it, and stays as it is
        connection.commit()


def _damage_packed(rng: np.random.Generator, path: Path, separator: str) -> None:
    if rng.random() < IN_BYTES:
        path.write_bytes(damaged_bytes(rng, path.read_bytes()))
        return
    with gzip.open(path, "rt") as stream:
        text = damaged_text(rng, stream.read(), separator)
    with pysam.BGZFile(str(path), "wb") as out:
        out.write(text.encode())


def _damage_objects(rng: np.random.Generator, path: Path) -> None:
    """The file of a gene with an object lost, of another sort, or with an odd entry."""
    if rng.random() < IN_BYTES:
        content = path.read_bytes()
        if rng.random() < 0.5:
            path.write_bytes(damaged_bytes(rng, content))
        else:
            inner = damaged_bytes(rng, gzip.decompress(content))
            path.write_bytes(gzip.compress(inner, mtime=0))
        return
    objects = load(path)
    objects["snps"] = {name: _as_written(values) for name, values in objects["snps"].items()}
    for name, value in list(objects.items()):
        objects[name] = _as_written(value)
    name = list(objects)[int(rng.integers(len(objects)))]
    odd = [np.nan, 0.0, -1.0, 1e300, np.inf, 1.0]
    number = odd[int(rng.integers(len(odd)))]
    way = int(rng.integers(6))
    if way == 0:
        del objects[name]
    elif way == 1:
        objects[name] = word(rng)
    elif way == 2:
        objects[name] = number
    elif isinstance(objects[name], Matrix):
        held = objects[name]
        values = np.array(held.values, dtype=float)
        values[tuple(int(rng.integers(size)) for size in values.shape)] = number
        objects[name] = Matrix(values, list(held.rows), list(held.columns))
    elif isinstance(objects[name], dict):
        column = list(objects[name])[int(rng.integers(len(objects[name])))]
        values = list(objects[name][column])
        values[int(rng.integers(len(values)))] = word(rng)
        objects[name][column] = [str(value) for value in values]
    else:
        objects[name] = np.array([number, number])
    path.write_bytes(gzip.compress(dumps(objects), mtime=0))


def _as_written(value: Any) -> Any:
    """An object as `dumps` takes it, of one that was loaded."""
    if isinstance(value, pd.Series):
        value = value.to_numpy()
    if isinstance(value, pd.DataFrame):
        return {name: _as_written(value[name]) for name in value}
    if isinstance(value, (dict, Matrix)):
        return value
    values = np.asarray(value)
    if values.dtype.kind in "OSU":
        words = [str(entry) for entry in np.ravel(values)]
        return words[0] if len(words) == 1 else words
    return values.astype(np.int32) if values.dtype.kind in "iu" else values.astype(float)


TRIALS: dict[str, Callable[[np.random.Generator, Path], str]] = {
    "predictdb": predictdb_trial,
    "fusion": fusion_trial,
    "tigar": tigar_trial,
    "focus": focus_trial,
}
