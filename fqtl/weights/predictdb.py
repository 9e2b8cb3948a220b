"""PredictDB: the model files of S-PrediXcan and its relatives, and of cTWAS.

`{tissue}.db` is an SQLite file with the tables weights, extra, sample_info and construction;
`{tissue}.txt.gz` beside it holds the covariance of the dosages of each gene's variants. Weights are
expression per copy of the effect allele, which is the unit of this project; covariances are of
dosages 0 to 2. What the readers trip over is kept out: an rsid is never NULL and never names two
variants of a gene (the variant id stands in), every pair of a gene's variants is in the covariance,
and a model without genes is not written.
The column phi is left out: a NULL there would drop genes silently, and it is not computed here.
(Readers: https://github.com/hakyimlab/MetaXcan)
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy.stats import false_discovery_control

from fqtl.fits import covariance_of, explode
from fqtl.tables import text_writer, whole

NEEDED = ["gene_id", "variants", "weights", "prediction", "covariance"]  # of the store of fits
SCHEMA = """
CREATE TABLE weights (gene TEXT, rsid TEXT, varID TEXT, ref_allele TEXT, eff_allele TEXT,
                      weight DOUBLE);
CREATE TABLE extra (gene TEXT UNIQUE, genename TEXT, gene_type TEXT, "n.snps.in.model" INTEGER,
                    "pred.perf.R2" DOUBLE, "pred.perf.pval" DOUBLE, "pred.perf.qval" DOUBLE,
                    cv_R2_avg DOUBLE, nested_cv_fisher_pval DOUBLE);
CREATE TABLE sample_info (n_samples INTEGER, population TEXT, tissue TEXT);
CREATE TABLE construction (key TEXT, value TEXT);
CREATE INDEX weights_rsid ON weights (rsid);
CREATE INDEX weights_gene ON weights (gene);
CREATE INDEX weights_rsid_gene ON weights (rsid, gene);
CREATE INDEX gene_model_summary ON extra (gene);
"""


@dataclass(frozen=True)
class TissueWeights:
    """Weights of one tissue as PredictDB holds them.

    weights : gene, rsid, varID, ref_allele, eff_allele, weight
    extra : the columns of the table of that name, one row per gene
    pip : probability of any effect of each gene
    covariance : gene, ids (v,) and matrix (v, v) of its dosages
    """

    tissue: str
    n_samples: int
    weights: pd.DataFrame
    extra: pd.DataFrame
    pip: "pd.Series[float]"
    covariance: list[tuple[str, list[str], np.ndarray]]

    def among(self, genes: "pd.Index[str]") -> "TissueWeights":
        """The same for some of the genes."""
        return TissueWeights(
            self.tissue,
            self.n_samples,
            self.weights[self.weights["gene"].isin(genes)],
            self.extra[self.extra["gene"].isin(genes)],
            self.pip.reindex(genes),
            [entry for entry in self.covariance if entry[0] in genes],
        )


def tissue_weights(fits: pa.Table, tissue: str) -> TissueWeights:
    """Weights, performance and covariance of every gene that has a weight in the tissue.

    fits : the columns NEEDED of the store
    """
    entries = explode(fits, "weights", tissue)
    unnamed = (entries["rsid"] == "") | entries.duplicated(["gene_id", "rsid"], keep=False)
    rsid = entries["rsid"].mask(unnamed, entries["variant_id"])
    weights = pd.DataFrame(
        {
            "gene": entries["gene_id"],
            "rsid": rsid,
            "varID": entries["variant_id"],
            "ref_allele": entries["other_allele"],
            "eff_allele": entries["effect_allele"],
            "weight": entries["weight"],
        }
    )
    prediction = explode(fits, "prediction", tissue).set_index("gene_id")
    genes = pd.Index(weights["gene"].unique())
    return TissueWeights(
        tissue,
        int(prediction["n_donors"].max()) if len(prediction) else 0,
        weights,
        _extra(weights, prediction.reindex(genes)),
        prediction["pip"].reindex(genes),
        list(_covariances(fits, entries.assign(id=rsid))),
    )


def _extra(weights: pd.DataFrame, prediction: pd.DataFrame) -> pd.DataFrame:
    """Performance of each gene; without cross-validation it is NULL but for the counts."""
    p = prediction["p"].to_numpy(dtype=float)
    q = np.full(len(p), np.nan)
    q[~np.isnan(p)] = false_discovery_control(p[~np.isnan(p)]) if (~np.isnan(p)).any() else []
    return pd.DataFrame(
        {
            "gene": prediction.index,
            "genename": prediction.index,
            "gene_type": "unknown",
            "n.snps.in.model": weights.groupby("gene").size().reindex(prediction.index).to_numpy(),
            "pred.perf.R2": prediction["r2"].to_numpy(),
            "pred.perf.pval": p,
            "pred.perf.qval": q,
            "cv_R2_avg": prediction["fold_r2"].to_numpy(),
            "nested_cv_fisher_pval": prediction["fold_p"].to_numpy(),
        }
    )


def _covariances(
    fits: pa.Table, entries: pd.DataFrame
) -> Iterator[tuple[str, list[str], np.ndarray]]:
    """Covariance of the variants that carry weight, gene by gene."""
    size = np.asarray(pc.list_value_length(fits["variants"]).fill_null(0))
    for row, group in entries.groupby("row", sort=True):
        which = group["variant"].to_numpy()
        matrix = covariance_of(fits["covariance"][row].values.to_numpy(), size[row])
        yield group["gene_id"].iloc[0], list(group["id"]), matrix[np.ix_(which, which)]


def passing(
    model: TissueWeights, *, min_cv_r: float, max_cv_p: float, min_gene_pip: float
) -> "pd.Index[str]":
    """Genes that pass the filter of released models: cross-validated r and p, and an effect.

    Of genes without effects one in twenty is predicted with p < 0.05.
    """
    extra = model.extra.set_index("gene")
    good = (extra["pred.perf.R2"] > min_cv_r**2) & (extra["pred.perf.pval"] < max_cv_p)
    return extra.index[good & (model.pip.reindex(extra.index) >= min_gene_pip)]


def write_predictdb(folder: Path, model: TissueWeights, construction: dict[str, str]) -> Path:
    """Write `{tissue}.db` and `{tissue}.txt.gz`; the path of the db.

    construction : what the weights were made with, by name
    """
    assert len(model.weights), "a model without genes makes its readers fail"
    path = folder / f"{model.tissue}.db"
    with text_writer(folder / f"{model.tissue}.txt.gz") as covariance:
        _covariance_frame(model).to_csv(covariance, sep=" ", index=False, float_format="%.10g")
    with whole(path) as temporary, closing(sqlite3.connect(temporary)) as connection:
        connection.executescript(SCHEMA)
        model.weights.to_sql("weights", connection, if_exists="append", index=False)
        model.extra.to_sql("extra", connection, if_exists="append", index=False)
        info = (model.n_samples, "", model.tissue)
        connection.execute("INSERT INTO sample_info VALUES (?, ?, ?)", info)
        connection.executemany("INSERT INTO construction VALUES (?, ?)", construction.items())
        connection.commit()
    return path


def _covariance_frame(model: TissueWeights) -> pd.DataFrame:
    """Upper triangles with the diagonal, the rows of a gene together."""
    genes, ids, values = [], [], []
    for gene, names, matrix in model.covariance:
        triangle = np.array(np.triu_indices(len(names)))
        genes.append(np.repeat(gene, triangle.shape[1]))
        ids.append(np.array(names, dtype=object)[triangle])
        values.append(matrix[*triangle])
    one, other = np.concatenate(ids, axis=1)
    return pd.DataFrame(
        {
            "GENE": np.concatenate(genes),
            "RSID1": one,
            "RSID2": other,
            "VALUE": np.concatenate(values),
        }
    )
