"""PredictDB: the model files of S-PrediXcan and its relatives, and of cTWAS.

`{tissue}.db` is an SQLite file with the tables weights, extra, sample_info and construction;
`{tissue}.txt.gz` beside it holds the covariance of the dosages of each gene's variants, and so does
`varid/{tissue}.txt.gz` for readers that go by varID. Weights are expression per copy of the effect
allele, which is the unit of this project. What the readers trip over is kept out: an rsid is never
NULL and never names two variants of a gene (the variant id stands in), every pair of a gene's
variants is in the covariance, and a model without genes is not written.
The column phi (of a polygenic background) is there where every gene has one, since a NULL would
drop genes silently; `fqtl phi` adds it.

Read are the layouts of others, too: that of GTEx v8, whose covariances go by varID, and that of
v6p, which has no varID, so that nothing tells where its variants are.
(Readers: https://github.com/hakyimlab/MetaXcan, https://github.com/xinhe-lab/ctwas)
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fqtl.data import contigs
from fqtl.errors import FqtlError
from fqtl.tables.files import whole
from fqtl.weights.builds import PLACE, one_build
from fqtl.weights.columns import LARGEST, Columns, as_numbers, texts
from fqtl.weights.covariance import matrices_of, read_covariance, write_covariance
from fqtl.weights.sqlite import by_sqlite_names, read_only
from fqtl.weights.weight_set import WeightSet

SCHEMA = """
CREATE TABLE weights (gene TEXT, rsid TEXT, varID TEXT, ref_allele TEXT, eff_allele TEXT,
                      weight DOUBLE);
CREATE TABLE extra (gene TEXT UNIQUE, genename TEXT, gene_type TEXT, chr TEXT, pos INTEGER,
                    "n.snps.in.model" INTEGER, "pred.perf.R2" DOUBLE, "pred.perf.pval" DOUBLE,
                    "pred.perf.qval" DOUBLE, cv_R2_avg DOUBLE, nested_cv_fisher_pval DOUBLE);
CREATE TABLE sample_info (n_samples INTEGER, population TEXT, tissue TEXT);
CREATE TABLE construction (key TEXT, value TEXT);
CREATE INDEX weights_rsid ON weights (rsid);
CREATE INDEX weights_gene ON weights (gene);
CREATE INDEX weights_rsid_gene ON weights (rsid, gene);
CREATE INDEX gene_model_summary ON extra (gene);
"""
ADD_PHI = "ALTER TABLE extra ADD COLUMN phi DOUBLE"
WEIGHTS = ["gene", "rsid", "varID", "ref_allele", "eff_allele", "weight"]
NEEDED = [name for name in WEIGHTS if name != "varID"]
SAMPLES = ("n_samples", "n.samples")  # what the number of samples may be called
PHI = "phi"
PERFORMANCE = ["pred.perf.R2", "pred.perf.pval", "cv_R2_avg", "nested_cv_fisher_pval", PHI]


def predictdb_files(folder: Path, name: str) -> list[Path]:
    """The files that `write_predictdb` writes for a set of that name, the db first."""
    return [folder / f"{name}.db", folder / f"{name}.txt.gz", folder / "varid" / f"{name}.txt.gz"]


def write_predictdb(folder: Path, weights: WeightSet, construction: dict[str, str]) -> Path:
    """Write the db and its covariances by rsid and by varID; the path of the db.

    construction : what the weights were made with, by name
    """
    assert len(weights.variants), "a model without genes makes its readers fail"
    path, by_rsid, by_varid = predictdb_files(folder, weights.name)
    write_covariance(by_rsid, weights, "rsid")
    write_covariance(by_varid, weights, "varID")
    about = {"genome_build": weights.genome_build, **construction}
    with whole(path) as temporary, closing(sqlite3.connect(temporary)) as connection:
        connection.execute("PRAGMA synchronous = OFF")  # the file is synced once, when whole
        connection.executescript(SCHEMA)
        if weights.genes["phi"].notna().all():
            connection.execute(ADD_PHI)
        _weights(weights).to_sql("weights", connection, if_exists="append", index=False)
        _extra(weights).to_sql("extra", connection, if_exists="append", index=False)
        info = (weights.n_samples or None, "", weights.name)
        connection.execute("INSERT INTO sample_info VALUES (?, ?, ?)", info)
        connection.executemany("INSERT INTO construction VALUES (?, ?)", about.items())
        connection.commit()
    return path


def _weights(weights: WeightSet) -> pd.DataFrame:
    variants = weights.variants
    columns = [
        variants["gene_id"],
        weights.names("rsid"),
        variants["variant_id"],
        variants["other_allele"],
        variants["effect_allele"],
        variants["weight"],
    ]
    return pd.concat(columns, axis="columns", keys=WEIGHTS)


def _extra(weights: WeightSet) -> pd.DataFrame:
    """Performance of each gene; without cross-validation it is NULL but for the counts."""
    from scipy.stats import false_discovery_control  # readers need not wait a second for it

    genes = weights.genes
    p = genes["p"].to_numpy(dtype=float)
    q = np.full(len(p), np.nan)
    q[~np.isnan(p)] = false_discovery_control(p[~np.isnan(p)]) if (~np.isnan(p)).any() else []
    told = {PHI: genes["phi"]} if genes["phi"].notna().all() else {}
    return pd.DataFrame(
        {
            "gene": genes["gene_id"],
            "genename": genes["gene_name"].where(genes["gene_name"] != "", genes["gene_id"]),
            "gene_type": genes["gene_type"].where(genes["gene_type"] != "", "unknown"),
            "chr": genes["chrom"].map(contigs.bare),
            "pos": genes["start"],
            "n.snps.in.model": weights.sizes,
            "pred.perf.R2": genes["r2"],
            "pred.perf.pval": p,
            "pred.perf.qval": q,
            "cv_R2_avg": genes["fold_r2"],
            "nested_cv_fisher_pval": genes["fold_p"],
            **told,
        }
    )


def add_phi(path: Path, phi: dict[str, float], about: dict[str, str]) -> int:
    """Write phi of genes into the table extra of a db, which is replaced whole; how many genes of
    the table have none.

    about : what it was computed from, for the table construction where there is one
    """
    with whole(path) as temporary:
        shutil.copyfile(path, temporary)
        with closing(sqlite3.connect(temporary)) as connection:
            columns = {row[1] for row in connection.execute("PRAGMA table_info(extra)")}
            if PHI not in columns:
                connection.execute(ADD_PHI)
            genes = [row[0] for row in connection.execute("SELECT gene FROM extra")]
            rows = [(phi.get(str(gene)), gene) for gene in genes]
            connection.executemany("UPDATE extra SET phi = ? WHERE gene = ?", rows)
            if _key_values(connection, "construction", ["key", "value"]):
                for key, value in about.items():
                    connection.execute("DELETE FROM construction WHERE key = ?", (key,))
                    connection.execute("INSERT INTO construction VALUES (?, ?)", (key, value))
            connection.commit()
    return sum(value is None for value, _ in rows)


def read_predictdb(path: Path, covariance: Path | None = None) -> WeightSet:
    """A db of this project or another, with its covariance if that is asked for.

    Genes without weights are left out. Position and build are those of the varID where it names
    them; the donors of single genes, frequencies and q-values are not kept.

    covariance : its file, by rsid or by varID; a pair that it lacks is NaN
    """
    with read_only(path, {"weights", "extra"}, "a PredictDB") as connection:
        variants = _read_weights(path, connection)
        extra = _read_extra(path, connection)
        about = _key_values(connection, "construction", ["key", "value"])
        info = _read_info(path, connection)
    build = one_build(path, [about.get("genome_build", "")], variants["variant_id"])
    genes = variants[["gene_id", "chrom", "pos"]].drop_duplicates("gene_id")
    genes = _performance(extra, genes)
    pairs = None if covariance is None else read_covariance(covariance)
    matrices = None if pairs is None else matrices_of(pairs, _models(variants, pairs))
    n_samples = int(info["n_samples"])
    return WeightSet.of(
        info["tissue"] or path.stem,
        build,
        n_samples,
        genes.assign(n_samples=n_samples),
        variants,
        matrices,
    )


def has_varids(path: Path) -> bool:
    """Whether the weights of a db have a column varID, which v6p's have not."""
    with read_only(path, {"weights"}, "a PredictDB") as connection:
        found = connection.execute("SELECT lower(name) FROM pragma_table_info('weights')")
        return ("varid",) in found.fetchall()


def listed_genes(path: Path) -> list[str]:
    """The genes that a db tells of, with weights or without."""
    with read_only(path, {"weights", "extra"}, "a PredictDB") as connection:
        rows = connection.execute("SELECT gene FROM weights UNION SELECT gene FROM extra")
        return [str(gene) for (gene,) in rows]


def _read_weights(path: Path, connection: sqlite3.Connection) -> pd.DataFrame:
    """Columns of VARIANT."""
    frame = by_sqlite_names(pd.read_sql("SELECT * FROM weights", connection), WEIGHTS)
    absent = [name for name in NEEDED if name not in frame]
    if absent:
        raise FqtlError(
            f"{path}, table weights: expected {', '.join(WEIGHTS)}, found {', '.join(frame)}."
        )
    columns = Columns(path, frame, "weights, row", 1)
    rsid = columns.text("rsid")
    # without varID the other id may still be one that tells a place
    ids = columns.text("varID") if "varID" in columns else rsid
    place = ids.str.extract(PLACE)
    return pd.DataFrame(
        {
            "gene_id": columns.names("gene"),
            "variant_id": ids,
            "rsid": rsid.mask((rsid == ids) & place[0].notna(), ""),
            "chrom": texts(place[0]).map(lambda name: name and contigs.prefixed(name)),
            "pos": place[1].fillna("0").astype(int),
            "other_allele": columns.names("ref_allele").str.upper(),
            "effect_allele": columns.names("eff_allele").str.upper(),
            "weight": as_numbers(frame["weight"]),
        }
    )


def _read_extra(path: Path, connection: sqlite3.Connection) -> pd.DataFrame:
    """The table as it is, but for numbers that are numbers and text that is text."""
    frame = pd.read_sql("SELECT * FROM extra", connection)
    if "gene" not in frame:
        raise FqtlError(f"{path}, table extra: expected a column gene, found {', '.join(frame)}.")
    columns = Columns(path, frame, "extra, row", 1)
    reported = {name: columns.numbers(name) for name in PERFORMANCE if name in columns}
    reported |= {name: columns.positions(name, needed=False) for name in ["pos"] if name in columns}
    named = [name for name in ("gene", "genename", "gene_type", "chr") if name in columns]
    return frame.assign(**reported, **{name: columns.text(name) for name in named})


def _read_info(path: Path, connection: sqlite3.Connection) -> "pd.Series[Any]":
    """Number of samples, 0 if it is not told or is none, and tissue, empty if it is not told."""
    row = _first_row(connection, "sample_info")
    row = {"n_samples": next((row[name] for name in SAMPLES if name in row), None)} | row
    frame = pd.DataFrame([row]).reindex(columns=["n_samples", "tissue"])
    n = as_numbers(frame["n_samples"])
    told = n.where((n > 0) & (n <= LARGEST) & (n % 1 == 0)).fillna(0).astype(int)
    return pd.DataFrame({"n_samples": told, "tissue": texts(frame["tissue"])}).iloc[0]


def _performance(extra: pd.DataFrame, genes: pd.DataFrame) -> pd.DataFrame:
    """Genes with what the table extra says of them."""
    renamed = {
        "genename": "gene_name",
        "gene_type": "gene_type",
        "chr": "chrom",
        "pos": "start",
        "pred.perf.R2": "r2",
        "pred.perf.pval": "p",
        "cv_R2_avg": "fold_r2",
        "nested_cv_fisher_pval": "fold_p",
        PHI: "phi",
    }
    reported = extra.drop_duplicates("gene").set_index("gene").reindex(genes["gene_id"])
    # a variant's place serves where the gene's is not told
    found = {"gene_id": genes["gene_id"], "chrom": genes["chrom"], "start": genes["pos"]}
    found |= {new: reported[old].to_numpy() for old, new in renamed.items() if old in reported}
    frame = pd.DataFrame(found)
    frame["chrom"] = frame["chrom"].fillna("").map(lambda name: name and contigs.prefixed(name))
    for name, stand_in in (("gene_name", frame["gene_id"]), ("gene_type", "unknown")):
        if name in frame:
            told_name = frame[name].fillna("")
            frame[name] = told_name.mask(told_name == stand_in, "")
    for name in ("r2", "p", "fold_r2", "fold_p", "phi"):
        if name in frame:
            frame[name] = frame[name].astype(float)
    return frame.assign(start=frame["start"].fillna(0).astype(int), end=lambda x: x["start"])


def _models(variants: pd.DataFrame, pairs: pd.DataFrame) -> Iterator[tuple[str, list[str]]]:
    """Gene and names of its variants, by the key that the covariance goes by."""
    rsid = variants["rsid"].mask(variants["rsid"] == "", variants["variant_id"])
    listed = set(pairs["RSID1"])
    by_rsid = rsid.isin(listed).sum() >= variants["variant_id"].isin(listed).sum()
    names = rsid if by_rsid else variants["variant_id"]
    for gene, rows in names.groupby(variants["gene_id"], sort=False):
        yield str(gene), list(rows)


def _key_values(connection: sqlite3.Connection, table: str, columns: list[str]) -> dict[str, str]:
    """A table of two columns; empty where there is none, or another one."""
    found = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    if found != columns:
        return {}
    return {key: value or "" for key, value in connection.execute(f"SELECT * FROM {table}")}


def _first_row(connection: sqlite3.Connection, table: str) -> dict[str, Any]:
    names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    row = connection.execute(f"SELECT * FROM {table}").fetchone() if names else None
    return dict(zip(names, row, strict=True)) if row else {}
