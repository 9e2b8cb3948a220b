"""FUSION: one R data file per gene, and tables that list them.

`{tissue}/{gene}.wgt.RDat` holds what FUSION's scripts load: `wgt.matrix` (variants by model, per
standard deviation of genotype: weight times standard deviation of the dosage), `snps` (the columns
of a PLINK .bim; V5 is the allele that is counted), `cv.performance`, `hsq`, `hsq.pv` and `N.tot`.
`{tissue}.pos` lists the genes, `{tissue}.profile` how good they are.

There are two models. `fqtl` is the weights. `top1` is, for each variant by itself, the z-score that
the weights imply, sqrt(n) R w with R the correlation of dosages; its readers keep the largest. It
was not cross-validated by itself, so its performance is NA, and the readers choose `fqtl`. What a
file of one gene holds, whoever wrote it, is read in `fusion_model.py`.

`hsq` is the cross-validated R² of `fqtl`, a lower bound of the heritability that cis variants
explain, with its large-sample standard error, and `hsq.pv` is its p-value. Nothing is estimated by
GCTA, which does not converge in small tissues, and no gene is dropped for it. A gene that was not
cross-validated has R² 0 and p 1 in `cv.performance`, since with NA the readers would stop; NA in
`hsq` and `hsq.pv`, which they only print, tells that both are unknown.

What the readers trip over: they load into their own name space, so a file without one of the
objects shows that of the gene before; every file has all. Of a matrix of one row FUSION's
post-processing makes a vector: a model of one variant has it twice, the second time with weight 0,
which changes no result.
Palindromic variants and those that are no SNVs are dropped silently from the model, which changes
it: models for FUSION are fitted without them (`weights.variants` in the config).

Two objects more, `fqtl.genome.build` and `fqtl.dosage.sd`, are ignored by FUSION; with them weights
per allele can be had back. Of models that were fitted to summary statistics a third,
`fqtl.performance`, says that `cv.performance` is of pseudo-validation.
(Reader: https://github.com/gusevlab/fusion_twas)
"""

import gzip
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fqtl.data import contigs
from fqtl.data.text import read_table
from fqtl.errors import FqtlError
from fqtl.tables.files import text_writer, whole_folder
from fqtl.weights.builds import one_build
from fqtl.weights.columns import Columns
from fqtl.weights.fusion_model import BIM, PERFORMANCE, FusionModel, coded, named, read_fusion_model
from fqtl.weights.rdata import Matrix, RValue, dumps
from fqtl.weights.weight_set import WeightSet, variances_alone, variant_ids

MODELS = ["fqtl", "top1"]
POS = ["PANEL", "WGT", "ID", "CHR", "P0", "P1", "N", "DIR", "BUILD"]
NOT_IN_A_NAME = re.compile(r"[\s/'\"#]")  # R's read.table, and file names


def write_fusion(folder: Path, weights: WeightSet, performance: str = "") -> Path:
    """Write `{name}/`, `{name}.profile` and `{name}.pos` of a set with covariances; the last.

    performance : what that of the models is, where it is not of cross-validation
    """
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
            if performance:
                objects["fqtl.performance"] = performance
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
    codes = variants["chrom"].map(lambda chrom: coded(chrom, weights.genome_build))
    columns = [
        codes.to_numpy(dtype=np.int32) if codes.str.isdecimal().all() else codes.tolist(),
        weights.names("rsid").tolist(),
        np.zeros(len(variants), dtype=np.int32),
        variants["pos"].to_numpy(dtype=np.int32),
        variants["effect_allele"].tolist(),
        variants["other_allele"].tolist(),
    ]
    return dict(zip(BIM, columns, strict=True))


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
        genes["chrom"].map(lambda chrom: coded(chrom, build)),
        genes["start"],
        genes["end"],
        genes["n_samples"],
        ".",  # for FOCUS' importer, which looks for WGT there
        build or "unknown",
    ]
    return pd.DataFrame(dict(zip(POS, columns, strict=True)))


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


def read_fusion(path: Path, model: str = "", *, per_sd: bool = False) -> WeightSet:
    """The set that a .pos list names, if its files tell standard deviations of dosages.

    Rows of weight 0 or NA are left out, and with them genes that have no other. Of covariances, the
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
        per_sd_weights = found.per_sd(column)
        weighted = per_sd_weights != 0
        per_allele = found.snps.assign(gene_id=found.gene_id, weight=per_sd_weights / sd)
        variants.append(per_allele[weighted])
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
    return names.index(model)


def _gene(row: dict[str, str], found: FusionModel, column: int) -> dict[str, Any]:
    r2, p = found.quality(column)
    return {
        "gene_id": row["ID"],
        "chrom": contigs.prefixed(named(row["CHR"], found.genome_build)),
        "start": int(float(row["P0"])),  # R may write 1.7e+07
        "end": int(float(row["P1"])),
        "n_samples": found.n_samples,
        # R² 0 and p 1 stand in where there is neither
        "r2": np.nan if r2 == 0 and np.isnan(found.hsq) else r2,
        "p": np.nan if p == 1 and np.isnan(found.hsq_p) else p,
    }
