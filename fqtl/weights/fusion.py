"""FUSION: one R data file per gene, and tables that list them.

`{tissue}/{gene}.wgt.RDat` holds what FUSION's scripts load: `wgt.matrix` (variants by model, per
standard deviation of genotype: weight times standard deviation of the dosage), `snps` (the columns
of a PLINK .bim; V5 is the allele that is counted), `cv.performance`, `hsq`, `hsq.pv` and `N.tot`.
`{tissue}.pos` lists the genes, `{tissue}.profile` how good they are.

There are two models. `fqtl` is the weights. `top1` is, for each variant by itself, the z-score that
the weights imply, sqrt(n) R w with R the correlation of dosages; its readers keep the largest. It
was not cross-validated by itself, so its performance is NA, and the readers choose `fqtl`.

`hsq` is the cross-validated R² of `fqtl`, a lower bound of the heritability that cis variants
explain, with its large-sample standard error, and `hsq.pv` is its p-value. Nothing is estimated by
GCTA, which does not converge in small tissues, and no gene is dropped for it. A gene that was not
cross-validated has R² 0 and p 1 in `cv.performance`, since with NA the readers would stop; NA in
`hsq` and `hsq.pv`, which they only print, tells that both are unknown.

What the readers trip over: they load into their own name space, so a file without one of the
objects shows that of the gene before; every file has all. A matrix of one row becomes a vector: a
model of one variant has it twice, the second time with weight 0, which changes no result.
Palindromic variants and those that are no SNVs are dropped silently from the model, which changes
it: models for FUSION are fitted without them (`weights.variants` in the config).

Two objects more, `fqtl.genome.build` and `fqtl.dosage.sd`, are ignored by FUSION; with them weights
per allele can be had back.
(Reader: https://github.com/gusevlab/fusion_twas)
"""

import gzip
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fqtl.data import contigs
from fqtl.data.text import read_table
from fqtl.errors import FqtlError
from fqtl.tables.files import text_writer, whole_folder
from fqtl.weights.builds import one_build
from fqtl.weights.columns import Columns, as_numbers
from fqtl.weights.rdata import Matrix, RValue, dumps, entries, load
from fqtl.weights.weight_set import DOSAGES, WeightSet, variances_alone, variant_ids

MODELS = ["fqtl", "top1"]
PERFORMANCE = ["rsq", "pval"]
POS = ["PANEL", "WGT", "ID", "CHR", "P0", "P1", "N", "DIR", "BUILD"]
BIM = ["V1", "V2", "V3", "V4", "V5", "V6"]  # chromosome, id, centimorgan, position, A1, A2
PLINK_CODES = {"X": 23, "Y": 24, "MT": 26}
LETTERS = {str(code): name for name, code in PLINK_CODES.items()}
OBJECTS = ["wgt.matrix", "snps", "cv.performance", "hsq", "hsq.pv", "N.tot"]
NUMBERS = OBJECTS[3:]
NOT_IN_A_NAME = re.compile(r"[\s/'\"#]")  # R's read.table, and file names


def write_fusion(folder: Path, weights: WeightSet) -> Path:
    """Write `{name}/`, `{name}.profile` and `{name}.pos` of a set with covariances; the last."""
    assert len(weights.variants), "a list without genes makes its readers fail"
    assert weights.covariance is not None, "weights per standard deviation need covariances"
    refuse_odd_names(weights.genes["gene_id"])
    genes = _rated(weights)
    columns = _bim(weights)
    per_allele = weights.variants["weight"].to_numpy()
    with whole_folder(folder / weights.name) as temporary:
        for gene, (_, rows, matrix) in zip(genes.itertuples(), weights.models(), strict=True):
            assert matrix is not None
            bim = {name: values[rows] for name, values in columns.items()}
            objects = _objects(gene, bim, per_allele[rows], matrix, weights.genome_build)
            path = temporary / f"{gene.gene_id}.wgt.RDat"
            path.write_bytes(gzip.compress(dumps(objects), 6, mtime=0))
    with text_writer(folder / f"{weights.name}.profile") as stream:
        _profile(genes).to_csv(stream, sep="\t", index=False, na_rep="NA", float_format="%.6g")
    with text_writer(folder / f"{weights.name}.pos") as stream:
        _pos(weights.name, weights.genome_build, genes).to_csv(stream, sep="\t", index=False)
    return folder / f"{weights.name}.pos"


def odd_names(gene_ids: Iterable[str]) -> list[str]:
    """Genes that no file can be named after."""
    return [gene for gene in gene_ids if NOT_IN_A_NAME.search(gene)]


def refuse_odd_names(gene_ids: Iterable[str]) -> None:
    """Refuse genes that no file can be named after."""
    odd = odd_names(gene_ids)
    if odd:
        raise FqtlError(
            f"Gene {odd[0]!r} cannot be written for FUSION, whose files are named after genes: "
            f"blanks, slashes, quotes and # are not possible ({len(odd)} such genes). Rename them, "
            "or leave fusion out of weights.formats in the config."
        )


def fusion_files(folder: Path, name: str) -> list[Path]:
    """What `write_fusion` writes for a set of that name: a list, its profile, and a folder."""
    return [folder / f"{name}.pos", folder / f"{name}.profile", folder / name]


def _rated(weights: WeightSet) -> pd.DataFrame:
    """Genes with n_samples, size, and the standard error of r2."""
    genes = weights.genes
    n = genes["n_samples"].where(genes["n_samples"] > 0, weights.n_samples)
    r2 = genes["r2"].fillna(0.0)
    # of the square of a correlation; its second term is what remains where that is 0
    variance = 4 * r2 * (1 - r2) ** 2 / n + 2 * (1 - r2) ** 4 / n**2
    return genes.assign(
        n_samples=n,
        size=weights.sizes,
        hsq_se=np.sqrt(variance).where(genes["r2"].notna() & (n > 0)),
    )


def _bim(weights: WeightSet) -> dict[str, Any]:
    """Columns of a PLINK .bim, one row per weight."""
    variants = weights.variants
    codes = {name: _plink_code(name) for name in variants["chrom"].unique()}
    columns = [
        variants["chrom"].map(codes).to_numpy(dtype=np.int32),
        weights.names("rsid").tolist(),
        np.zeros(len(variants), dtype=np.int32),
        variants["pos"].to_numpy(dtype=np.int32),
        variants["effect_allele"].tolist(),
        variants["other_allele"].tolist(),
    ]
    return dict(zip(BIM, columns, strict=True))


def _plink_code(chrom: str) -> int:
    """Chromosome as a whole number, as PLINK has it; 0 where there is none for it."""
    name = contigs.bare(chrom)
    return int(name) if name.isdigit() else PLINK_CODES.get(name, 0)


def _objects(
    gene: Any, bim: dict[str, Any], per_allele: np.ndarray, covariance: np.ndarray, build: str
) -> dict[str, RValue]:
    """What the file of one gene holds; gene : row of `_rated`, covariance : (v, v) of dosages."""
    sd = np.sqrt(np.diag(covariance))
    per_sd = per_allele * sd
    implied_z = np.sqrt(gene.n_samples) * (covariance @ per_allele) / sd
    weights = np.column_stack([per_sd, implied_z])
    if len(weights) == 1:  # with one row its readers lose the matrix
        weights = np.vstack([weights, np.zeros((1, 2))])
        sd = np.repeat(sd, 2)
        bim = {
            name: np.repeat(values, 2) if isinstance(values, np.ndarray) else [*values, *values]
            for name, values in bim.items()
        }
    return {
        "wgt.matrix": Matrix(weights, bim["V2"], MODELS),
        "snps": bim,
        "cv.performance": Matrix(
            np.array([[_or(gene.r2, 0.0), np.nan], [_or(gene.p, 1.0), np.nan]]),
            PERFORMANCE,
            MODELS,
        ),
        "hsq": np.array([gene.r2, gene.hsq_se]),
        "hsq.pv": gene.p,
        "N.tot": float(gene.n_samples),
        "fqtl.genome.build": build,
        "fqtl.dosage.sd": sd,
    }


def _or(value: float, otherwise: float) -> float:
    return otherwise if np.isnan(value) else value


def _profile(genes: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": genes["gene_id"],
            "nsnps": genes["size"],
            "hsq": genes["r2"],
            "hsq.se": genes["hsq_se"],
            "hsq.pv": genes["p"],
            "fqtl.r2": genes["r2"],
            "fqtl.pv": genes["p"],
            "top1.r2": np.nan,
            "top1.pv": np.nan,
        }
    )


def _pos(name: str, build: str, genes: pd.DataFrame) -> pd.DataFrame:
    columns = [
        name,
        f"{name}/" + genes["gene_id"] + ".wgt.RDat",
        genes["gene_id"],
        genes["chrom"].map(contigs.bare),
        genes["start"],
        genes["end"],
        genes["n_samples"],
        ".",  # for FOCUS' importer, which looks for WGT there
        build or "unknown",
    ]
    return pd.DataFrame(dict(zip(POS, columns, strict=True)))


@dataclass(frozen=True)
class FusionModel:
    """One gene as its file holds it, v variants and k models.

    snps : id, chrom (as chr22), pos, effect_allele (the counted one), other_allele
    weights : Matrix (v, k), per standard deviation of genotype
    performance : Matrix, a row `rsq` and a row `pval`, for the models of `weights`
    hsq, hsq_p : heritability and its p-value; NaN where they are NA
    dosage_sd : (v,) standard deviations of dosages; None in files that were not written here
    """

    gene_id: str
    path: Path
    snps: pd.DataFrame
    weights: Matrix
    performance: Matrix
    hsq: float
    hsq_p: float
    n_samples: int
    genome_build: str
    dosage_sd: np.ndarray | None

    @property
    def best(self) -> int:
        """The model that FUSION would choose: of those that are not top1, the one with most R²."""
        r2 = self.performance.values[list(self.performance.rows).index("rsq")].copy()
        weights = [not name.startswith("top1") for name in self.performance.columns]
        if not any(weights):
            raise FqtlError(f"{self.path} holds z-scores (top1) alone, which are no weights.")
        if sum(weights) > 1 and np.isnan(r2[weights]).all():
            names = [name for name in self.performance.columns if not name.startswith("top1")]
            raise FqtlError(
                f"{self.path}: none of its models {', '.join(names)} has an R² to choose by: name "
                "one (--model)."
            )
        return int(np.argmax(np.where(weights, np.nan_to_num(r2, nan=-1.0), -np.inf)))


def read_pos(path: Path) -> pd.DataFrame:
    """A .pos list as it stands, all text; WGT is relative to its folder, as for --weights_dir."""
    frame = read_table(path, None)
    absent = [name for name in ("WGT", "ID", "CHR", "P0", "P1") if name not in frame]
    if absent:
        raise FqtlError(
            f"{path}: expected the columns WGT, ID, CHR, P0 and P1 of a FUSION list, "
            f"found {', '.join(frame.columns)}."
        )
    columns = Columns(path, frame)
    genes, _, _ = (columns.names(name) for name in ("ID", "CHR", "WGT"))
    for name in ("P0", "P1"):
        columns.positions(name)
    twice = genes.duplicated()
    if twice.any():
        raise FqtlError(
            f"{path} lists {int(twice.sum())} of {len(genes)} genes again, the first "
            f"{genes[twice].iloc[0]}: a gene goes by its ID, so that has to name one line."
        )
    return frame


def read_fusion_model(path: Path, gene_id: str) -> FusionModel:
    """The file of one gene."""
    objects = load(path)
    absent = [name for name in OBJECTS if name not in objects]
    if absent:
        raise FqtlError(
            f"{path}: expected the objects {', '.join(OBJECTS)}; {', '.join(absent)} are missing."
        )
    objects |= {name: _numbers(path, name, objects[name]) for name in NUMBERS}
    weights, snps, performance = (objects[name] for name in OBJECTS[:3])
    for name, value in (("wgt.matrix", weights), ("cv.performance", performance)):
        if not isinstance(value, Matrix) or not np.issubdtype(value.values.dtype, np.number):
            raise FqtlError(
                f"{path}: {name} is not a matrix of numbers with names of its rows and columns."
            )
    _refuse_performance(path, performance, weights)
    named = _snps(path, snps, len(weights.rows))
    ids, rows = list(named["id"]), list(weights.rows)
    # FUSION goes by the order of both; other names than ids are of no account
    if ids != rows and sorted(ids) == sorted(rows):
        raise FqtlError(f"{path}: the rows of wgt.matrix and of snps are in different orders.")
    sd = None
    if "fqtl.dosage.sd" in objects:
        sd = _dosage_sd(path, objects["fqtl.dosage.sd"], len(rows))
    reported = entries(objects.get("fqtl.genome.build", "")).tolist()
    return FusionModel(
        gene_id=gene_id,
        path=path,
        snps=named,
        weights=weights,
        performance=performance,
        hsq=_first(objects["hsq"]),
        hsq_p=_first(objects["hsq.pv"]),
        n_samples=int(np.nan_to_num(_first(objects["N.tot"]))),
        genome_build=one_build(path, reported, named["id"]),
        dosage_sd=sd,
    )


def _first(value: Any) -> float:
    """The first number of a vector; NaN where there is none."""
    numbers = np.ravel(value)
    return float(numbers[0]) if len(numbers) else np.nan


def _numbers(path: Path, name: str, value: Any) -> np.ndarray:
    """What an object holds, which are numbers; one that is not known where it holds nothing."""
    frame = pd.DataFrame({name: entries(value)})
    found = Columns(path, frame, "entry", 1).numbers(name).to_numpy()
    return found if len(found) else np.array([np.nan])


def _dosage_sd(path: Path, value: Any, expected: int) -> np.ndarray:
    found = as_numbers(pd.Series(entries(value))).to_numpy()
    known = int(((found > 0) & (found <= DOSAGES)).sum())
    if known < len(found) or len(found) != expected:
        raise FqtlError(
            f"{path}: fqtl.dosage.sd has {len(found)} entries, {known} of them above 0 and "
            f"up to {DOSAGES:g}; expected {expected}, one for each row of wgt.matrix."
        )
    return found


def _refuse_performance(path: Path, performance: Matrix, weights: Matrix) -> None:
    """Refuse a table that is not of the models: FUSION goes by their number."""
    found = len(performance.columns)
    if set(PERFORMANCE) - set(performance.rows) or found != len(weights.columns):
        raise FqtlError(
            f"{path}: cv.performance has the rows {', '.join(map(str, performance.rows))} and "
            f"{found} columns; expected rsq, pval and the {len(weights.columns)} of wgt.matrix."
        )


def _snps(path: Path, bim: Any, expected: int) -> pd.DataFrame:
    if not isinstance(bim, pd.DataFrame):
        raise FqtlError(f"{path}: snps is not a table of the {len(BIM)} columns of a .bim.")
    if len(bim) != expected or bim.shape[1] < len(BIM):
        raise FqtlError(
            f"{path}: snps has {bim.shape[0]} rows and {bim.shape[1]} columns; expected the "
            f"{expected} rows of wgt.matrix and {len(BIM)} columns."
        )
    frame = bim.iloc[:, : len(BIM)].set_axis(BIM, axis="columns").reset_index(drop=True)
    columns = Columns(path, frame, "snps, row", 1)
    # R may hold a whole number as a double
    chrom = columns.names("V1").str.removesuffix(".0").replace(LETTERS)
    return pd.DataFrame(
        {
            "id": columns.text("V2"),
            "chrom": chrom.map(contigs.prefixed),
            "effect_allele": columns.names("V5"),
            "other_allele": columns.names("V6"),
            "pos": columns.positions("V4"),
        }
    )


def read_fusion(path: Path, model: str = "", *, per_sd: bool = False) -> WeightSet:
    """The set that a .pos list names, if its files tell standard deviations of dosages.

    Rows of weight 0 are left out, and with them genes that have no other. Of covariances, the
    variances are known.

    model : a column of wgt.matrix; the one that FUSION would choose by default
    per_sd : leave weights per standard deviation of genotype, as they are in the files
    """
    listed = read_pos(path)
    genes, variants, matrices = [], [], []
    builds = set()
    for row in listed.to_dict(orient="records"):
        found = read_fusion_model(path.parent / row["WGT"], row["ID"])
        sd = np.ones(len(found.snps)) if per_sd else found.dosage_sd
        if sd is None:
            raise FqtlError(
                f"{found.path} holds weights per standard deviation of genotype, and no standard "
                "deviations: weights per allele need a reference panel."
            )
        column = _column(found, model)
        builds.add(found.genome_build)
        genes.append(_gene(row, found, column))
        weighted = found.weights.values[:, column] != 0
        variants.append(_per_allele(found, column, sd)[weighted])
        if weighted.any():
            matrices.append(variances_alone(sd[weighted]))
    everything = pd.concat(variants, ignore_index=True)
    reported = [*builds, *listed["BUILD"]] if "BUILD" in listed else builds
    build = one_build(path, reported, everything["id"])
    ids = variant_ids(everything, build)
    rsid = everything["id"].where(everything["id"] != ids, "")
    everything = everything.assign(variant_id=ids, rsid=rsid)
    table = pd.DataFrame(genes)
    return WeightSet.of(
        path.stem,
        build,
        int(table["n_samples"].max()),
        table[table["gene_id"].isin(everything["gene_id"])],
        everything,
        None if per_sd else matrices,
    )


def _column(found: FusionModel, model: str) -> int:
    if not model:
        return found.best
    names = list(found.weights.columns)
    if model not in names:
        raise FqtlError(f"{found.path} has no model {model}; there are {', '.join(names)}.")
    if model.startswith("top1"):
        raise FqtlError(f"{found.path}: the model {model} holds z-scores, which are no weights.")
    return names.index(model)


def _gene(row: dict[str, str], found: FusionModel, column: int) -> dict[str, Any]:
    rows = list(found.performance.rows)
    r2, p = (float(found.performance.values[rows.index(name), column]) for name in PERFORMANCE)
    return {
        "gene_id": row["ID"],
        "chrom": contigs.prefixed(row["CHR"]),
        "start": int(float(row["P0"])),  # R may write 1.7e+07
        "end": int(float(row["P1"])),
        "n_samples": found.n_samples,
        # R² 0 and p 1 stand in where there is neither
        "r2": np.nan if r2 == 0 and np.isnan(found.hsq) else r2,
        "p": np.nan if p == 1 and np.isnan(found.hsq_p) else p,
    }


def _per_allele(found: FusionModel, column: int, sd: np.ndarray) -> pd.DataFrame:
    per_sd = found.weights.values[:, column]
    return found.snps.assign(gene_id=found.gene_id, weight=per_sd / sd)
