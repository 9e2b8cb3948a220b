"""FOCUS: an SQLite file with the models of one or several tissues, for fine-mapping of genes.

FOCUS' own importer asks a web service about every gene; this writes what it would write, offline.
Its statistic takes the correlation of genotypes, so an effect is per standard deviation of
genotype: weight times standard deviation of the dosage. A gene goes by its Ensembl id without
version, and chromosomes have no `chr`. The tables fqtl_build and fqtl_dosage are not FOCUS' own:
they hold the genome build and standard deviations of dosages, with which weights per allele can be
had back. Of fits to summary statistics the table fqtl_construction says so, and that cv.R2 and
cv.R2.pval are of pseudo-validation: FOCUS' attributes are numbers.
(Reader: https://github.com/mancusolab/ma-focus, pyfocus/models/db.py)
"""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd

from fqtl.data import contigs
from fqtl.data.expression import gene_key
from fqtl.errors import FqtlError
from fqtl.tables.files import whole
from fqtl.weights.builds import one_build
from fqtl.weights.columns import Columns, as_numbers, texts
from fqtl.weights.sqlite import read_only, tables
from fqtl.weights.weight_set import DOSAGES, WeightSet, variances_alone, variant_ids

SCHEMA = """
CREATE TABLE refpanel (id INTEGER PRIMARY KEY AUTOINCREMENT, ref_name VARCHAR(128) NOT NULL,
                       tissue VARCHAR(128) NOT NULL, assay VARCHAR(128));
CREATE TABLE molecularfeature (id INTEGER PRIMARY KEY AUTOINCREMENT,
                               ens_gene_id VARCHAR(64) NOT NULL, ens_tx_id VARCHAR(64),
                               mol_name VARCHAR(64), type VARCHAR(64), chrom VARCHAR(10) NOT NULL,
                               tx_start INTEGER, tx_stop INTEGER);
CREATE TABLE model (id INTEGER PRIMARY KEY AUTOINCREMENT, inference VARCHAR(128) NOT NULL,
                    ref_id INTEGER REFERENCES refpanel (id),
                    mol_id INTEGER REFERENCES molecularfeature (id));
CREATE TABLE weight (id INTEGER PRIMARY KEY AUTOINCREMENT, snp VARCHAR(128) NOT NULL,
                     chrom VARCHAR(2) NOT NULL, pos INTEGER NOT NULL,
                     effect_allele VARCHAR(32) NOT NULL, alt_allele VARCHAR(32) NOT NULL,
                     effect FLOAT NOT NULL, std_error FLOAT,
                     model_id INTEGER REFERENCES model (id));
CREATE TABLE modelattribute (id INTEGER PRIMARY KEY AUTOINCREMENT,
                             attr_name VARCHAR(128) NOT NULL, value FLOAT,
                             model_id INTEGER REFERENCES model (id));
CREATE TABLE fqtl_build (genome_build TEXT);
CREATE TABLE fqtl_dosage (weight_id INTEGER PRIMARY KEY REFERENCES weight (id), sd FLOAT);
CREATE INDEX weight_model ON weight (model_id);
CREATE INDEX modelattribute_model ON modelattribute (model_id);
"""
TABLES = {"refpanel", "molecularfeature", "model", "weight", "modelattribute"}
PERFORMANCE = {"cv.R2": "r2", "cv.R2.pval": "p"}
MODELS = """
SELECT CAST(model.id AS TEXT) AS model_id, inference, tissue, ens_gene_id, mol_name, type, chrom,
       tx_start, tx_stop, r2.value AS r2, p.value AS p
FROM model JOIN refpanel ON refpanel.id = ref_id
JOIN molecularfeature ON molecularfeature.id = mol_id
LEFT JOIN modelattribute AS r2 ON r2.model_id = model.id AND r2.attr_name = 'cv.R2'
LEFT JOIN modelattribute AS p ON p.model_id = model.id AND p.attr_name = 'cv.R2.pval'
ORDER BY model.id
"""
WEIGHTS = """
SELECT CAST(id AS TEXT) AS weight_id, CAST(model_id AS TEXT) AS model_id, snp, chrom, pos,
       effect_allele, alt_allele, effect
FROM weight ORDER BY id
"""
WEIGHTED = "SELECT DISTINCT CAST(model_id AS TEXT) FROM weight"
DOSAGE_SD = "SELECT CAST(weight_id AS TEXT) AS weight_id, sd FROM fqtl_dosage"


def write_focus(
    path: Path, sets: Iterable[WeightSet], construction: Mapping[str, str] | None = None
) -> None:
    """Write the models of sets with covariances, all of one genome build.

    One set at a time is in memory if `sets` makes them one at a time.
    construction : what the models are fitted to, by name; there is no table of it where it is empty
    """
    builds: set[str] = set()
    n_models = n_weights = 0
    with whole(path) as temporary, closing(sqlite3.connect(temporary)) as connection:
        connection.executescript(SCHEMA)
        for panel, some in enumerate(sets, start=1):
            builds.add(some.genome_build)
            assert len(builds) == 1, "positions of two builds do not go together"
            row = (panel, "fqtl", some.name, "rnaseq")
            connection.execute("INSERT INTO refpanel VALUES (?, ?, ?, ?)", row)
            _insert_genes(connection, some.genes, panel, n_models)
            _insert_weights(connection, some, n_models, n_weights)
            n_models, n_weights = n_models + len(some.genes), n_weights + len(some.variants)
        assert n_weights, "a db without models has nothing to say"
        connection.executemany("INSERT INTO fqtl_build VALUES (?)", [(x,) for x in builds])
        if construction:
            connection.execute("CREATE TABLE fqtl_construction (key TEXT, value TEXT)")
            _insert(connection, "fqtl_construction", 2, construction.items())
        connection.commit()


def _insert_genes(
    connection: sqlite3.Connection, genes: pd.DataFrame, panel: int, before: int
) -> None:
    """A gene, a model and its performance for each; `before` models are there already."""
    ids = range(before + 1, before + 1 + len(genes))
    columns = [
        ids,
        genes["gene_id"].map(gene_key),
        [None] * len(genes),
        genes["gene_name"].where(genes["gene_name"] != "", genes["gene_id"]),
        genes["gene_type"].where(genes["gene_type"] != "", None),
        genes["chrom"].map(contigs.bare),
        genes["start"].tolist(),
        genes["end"].tolist(),
    ]
    _insert(connection, "molecularfeature", 8, zip(*columns, strict=True))
    _insert(connection, "model", 4, ((i, "fqtl", panel, i) for i in ids))
    for name, column in PERFORMANCE.items():
        # without a value FOCUS' own tables would have a gap; NULL is one that it can read
        values = genes[column].astype(object).where(genes[column].notna(), None)
        rows = ((name, value, i) for i, value in zip(ids, values, strict=True))
        connection.executemany(
            "INSERT INTO modelattribute (attr_name, value, model_id) VALUES (?, ?, ?)", rows
        )


def _insert_weights(
    connection: sqlite3.Connection, weights: WeightSet, models: int, before: int
) -> None:
    variants, sd = weights.variants, weights.dosage_sd()
    assert not np.isnan(sd).any(), "effects per standard deviation need covariances"
    ids = range(before + 1, before + 1 + len(variants))
    columns = [
        ids,
        weights.names("rsid"),
        variants["chrom"].map(contigs.bare),
        variants["pos"].tolist(),
        variants["effect_allele"],
        variants["other_allele"],
        (variants["weight"] * sd).tolist(),
        [None] * len(variants),
        np.repeat(np.arange(models + 1, models + 1 + len(weights.genes)), weights.sizes).tolist(),
    ]
    _insert(connection, "weight", 9, zip(*columns, strict=True))
    _insert(connection, "fqtl_dosage", 2, zip(ids, sd.tolist(), strict=True))


def _insert(
    connection: sqlite3.Connection, table: str, width: int, rows: Iterable[tuple[object, ...]]
) -> None:
    marks = ", ".join("?" * width)
    connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


def read_focus(path: Path, model: str = "", *, per_sd: bool = False) -> list[WeightSet]:
    """The sets of a db, one for each of its tissues, if it tells standard deviations of dosages.

    Of covariances, the variances are known.

    model : the inference whose models are read, where a gene has several; all by default
    per_sd : leave weights per standard deviation of genotype, as they are in the file
    """
    with read_only(path, TABLES, "a FOCUS db") as connection:
        reported = tells_dosage_sd(connection)
        if not (reported or per_sd):
            raise FqtlError(
                f"{path} holds weights per standard deviation of genotype, and no standard "
                "deviations: weights per allele need a reference panel."
            )
        models = _genes(path, _of_inference(path, pd.read_sql(MODELS, connection), model))
        weights = _weights(path, pd.read_sql(WEIGHTS, connection))
        build = one_build(path, _builds(connection), weights["snp"])
        sd = 1.0 if per_sd else _dosage_sd(path, connection, weights["weight_id"])
    weights = _variants(weights.assign(weight=weights["effect"] / sd, sd=sd), build)
    weights = weights.merge(models[["model_id", "gene_id"]], on="model_id")
    return [
        _set_of(str(tissue), build, some, weights, with_variances=not per_sd)
        for tissue, some in models.groupby("tissue", sort=False)
    ]


def focus_left_out(path: Path, model: str = "") -> pd.DataFrame:
    """Genes of a db that `read_focus` gives no weights for: tissue, gene_id and reason."""
    with read_only(path, TABLES, "a FOCUS db") as connection:
        every = pd.read_sql(MODELS, connection)
        weighted = {row[0] for row in connection.execute(WEIGHTED)}
    name, gene = every["mol_name"].fillna(""), every["ens_gene_id"]
    every["gene_id"] = name.where(name.map(gene_key) == gene, gene)  # as in `_genes`
    every["named"] = (every["inference"] == model) | (not model)
    key = ["tissue", "gene_id"]
    read = every[every["named"] & every["model_id"].isin(weighted)].set_index(key).index
    dropped = every.sort_values("named", ascending=False, kind="stable").drop_duplicates(key)
    dropped = dropped[~dropped.set_index(key).index.isin(read)].sort_index()
    reason = np.where(dropped["named"], "has no weights", f"has no model {model}")
    return dropped[key].assign(reason=reason)


def tells_dosage_sd(connection: sqlite3.Connection) -> bool:
    """Whether a db tells standard deviations of dosages, as ours do."""
    return "fqtl_dosage" in tables(connection)


def _builds(connection: sqlite3.Connection) -> list[object]:
    """Genome builds that a db names in a table of ours."""
    if "fqtl_build" not in tables(connection):
        return []
    return [build for (build,) in connection.execute("SELECT genome_build FROM fqtl_build")]


def _dosage_sd(
    path: Path, connection: sqlite3.Connection, weight_ids: "pd.Series[str]"
) -> "pd.Series[float]":
    """Standard deviation of the dosage of each weight."""
    reported = pd.read_sql(DOSAGE_SD, connection)
    sd = as_numbers(reported["sd"]).set_axis(texts(reported["weight_id"]))
    found = weight_ids.map(sd[~sd.index.duplicated(keep=False)])
    known = int(((found > 0) & (found <= DOSAGES)).sum())
    if known < len(found):
        raise FqtlError(
            f"{path}, table fqtl_dosage: expected one number above 0 and up to {DOSAGES:g} for "
            f"each of {len(found)} weights, found {known}."
        )
    return found


def _of_inference(path: Path, models: pd.DataFrame, model: str) -> pd.DataFrame:
    """The models of one inference; without one, all, if there is one for each gene and tissue."""
    models = models.assign(inference=texts(models["inference"]))
    known = ", ".join(sorted(set(models["inference"])))
    if model:
        models = models[models["inference"] == model]
        if models.empty:
            raise FqtlError(f"{path} has no model {model}; there are {known}.")
    twice = models.duplicated(["tissue", "ens_gene_id"])
    if twice.any():
        raise FqtlError(
            f"{path} has several models of {int(twice.sum())} genes, the first "
            f"{models['ens_gene_id'][twice].iloc[0]}: name one of {known}."
        )
    return models


def _set_of(
    tissue: str, build: str, genes: pd.DataFrame, weights: pd.DataFrame, *, with_variances: bool
) -> WeightSet:
    mine = weights[weights["model_id"].isin(genes["model_id"])]
    by_model = dict(list(mine.groupby("model_id")["sd"]))
    genes = genes[genes["model_id"].isin(by_model)]
    matrices = [variances_alone(by_model[i].to_numpy()) for i in genes["model_id"]]
    return WeightSet.of(tissue, build, 0, genes, mine, matrices if with_variances else None)


def _genes(path: Path, models: pd.DataFrame) -> pd.DataFrame:
    """Columns of a WeightSet; where the name is the id with its version, that is the id."""
    columns = Columns(path, models, "model", 1)
    name, gene_id = columns.text("mol_name"), columns.names("ens_gene_id")
    versioned = name.map(gene_key) == gene_id
    return models.assign(
        model_id=columns.text("model_id"),
        gene_id=name.where(versioned, gene_id),
        gene_name=name.mask(versioned, ""),
        gene_type=columns.text("type"),
        chrom=columns.names("chrom").map(contigs.prefixed),
        start=columns.positions("tx_start", needed=False),
        end=columns.positions("tx_stop", needed=False),
        r2=columns.numbers("r2"),
        p=columns.numbers("p"),
    )


def _weights(path: Path, weights: pd.DataFrame) -> pd.DataFrame:
    """Columns of the table as this reader needs them; an effect that is no number is NaN."""
    columns = Columns(path, weights, "weight", 1)
    alleles = ("effect_allele", "alt_allele")
    return weights.assign(
        weight_id=columns.text("weight_id"),
        model_id=columns.text("model_id"),
        snp=columns.text("snp"),
        pos=columns.positions("pos"),
        effect=as_numbers(weights["effect"]),
        chrom=columns.names("chrom"),
        **{name: columns.names(name).str.upper() for name in alleles},
    )


def _variants(weights: pd.DataFrame, build: str) -> pd.DataFrame:
    named = weights.assign(
        chrom=weights["chrom"].map(contigs.prefixed), other_allele=weights["alt_allele"]
    )
    ids = variant_ids(named, build)
    return named.assign(variant_id=ids, rsid=named["snp"].where(named["snp"] != ids, ""))
