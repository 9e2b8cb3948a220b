"""What FUSION's R data file of one gene holds, and which of its models FUSION would use.

FUSION.assoc_test.R takes the model with the smallest p of the rows of `cv.performance` whose names
contain `pval`, the first of those that tie, and the first of all where none has a p. Weights that
are NA are 0 to it. A model `top1` holds the z-score of each variant by itself, sqrt(n - 1) times
its effect per standard deviation, and of these only the largest counts.
(Source: https://github.com/gusevlab/fusion_twas, 9346c12)
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fqtl.data import contigs
from fqtl.data.builds import is_human
from fqtl.errors import FqtlError
from fqtl.weights.builds import one_build
from fqtl.weights.columns import Columns, as_numbers
from fqtl.weights.rdata import Matrix, entries, load
from fqtl.weights.weight_set import DOSAGES

PERFORMANCE = ["rsq", "pval"]
BIM = ["V1", "V2", "V3", "V4", "V5", "V6"]  # chromosome, id, centimorgan, position, A1, A2
PLINK_CODES = {"X": 23, "Y": 24, "MT": 26}
OBJECTS = ["wgt.matrix", "snps", "cv.performance", "hsq", "hsq.pv", "N.tot"]
NUMBERS = OBJECTS[3:]


def coded(chrom: str, build: str) -> str:
    """Chromosome as FUSION has it: 23 for the human X, since its last lines want numbers.

    Of other genomes, which PLINK has no codes for, the name.
    """
    name = contigs.bare(chrom)
    return str(PLINK_CODES.get(name, name)) if not build or is_human(build) else name


def named(code: str, build: str) -> str:
    """Chromosome that a code stands for; R may hold a whole number as a double."""
    name = contigs.bare(code.removesuffix(".0"))
    letters = {str(number): letter for letter, number in PLINK_CODES.items()}
    return letters.get(name, name) if not build or is_human(build) else name


@dataclass(frozen=True)
class FusionModel:
    """One gene as its file holds it, v variants and k models.

    snps : id, chrom (as chr22), pos, effect_allele (the counted one), other_allele
    weights : Matrix (v, k), per standard deviation of genotype; z-scores of `top1`
    performance : Matrix, rows with `rsq` and with `pval` in their names, of the same models
    hsq, hsq_p : heritability and its p-value; NaN where they are NA
    n_samples : 0 where it is NA
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
        """The model that FUSION would choose."""
        return chosen(self.performance)

    def per_sd(self, column: int) -> np.ndarray:
        """(v,) weights of a model per standard deviation of genotype, as FUSION uses them.

        Those of `top1`, of which only the largest counts, are made of its z-score.
        """
        name = self.weights.columns[column]
        values = np.asarray(self.weights.values[:, column], dtype=float)
        values = np.where(np.isnan(values), 0.0, values)
        if not holds_z_scores(name):
            return values
        if self.n_samples < 2:
            raise FqtlError(
                f"{self.path}: the model {name} holds z-scores, which are weights only together "
                f"with a number of samples, and N.tot is {self.n_samples or 'NA'}. Name another "
                "model (--model)."
            )
        largest = np.argmax(np.abs(values))
        alone = np.zeros_like(values)
        alone[largest] = values[largest] / np.sqrt(self.n_samples - 1)
        return alone

    def quality(self, column: int) -> tuple[float, float]:
        """R² and p of a model: the smallest p, and the R² that goes with it."""
        r2, p = (
            self.performance.values[rows_with(self.performance, word), column].astype(float)
            for word in PERFORMANCE
        )
        least = int(np.argmin(np.where(np.isnan(p), np.inf, p)))
        return float(r2[least if len(r2) == len(p) else 0]), float(p[least])


def holds_z_scores(model: str) -> bool:
    """Whether a model of that name is one of z-scores to FUSION."""
    return str(model).startswith("top1")


def rows_with(performance: Matrix, word: str) -> list[int]:
    """Rows of `cv.performance` whose names contain a word."""
    return [row for row, name in enumerate(performance.rows) if word in str(name)]


def chosen(performance: Matrix) -> int:
    """The column of the model that FUSION chooses: the smallest p, or the first if none has one."""
    p = performance.values[rows_with(performance, "pval")].astype(float)
    return int(np.argmin(np.where(np.isnan(p), np.inf, p).min(axis=0, initial=np.inf)))


def one_variant_matrix(weights: Any, snps: Any) -> Any:
    """The weights; of one variant, whose matrix R has made a vector with the models' names, again
    as a matrix."""
    if getattr(weights, "ndim", 0) != 1 or not isinstance(snps, pd.DataFrame) or len(snps) != 1:
        return weights
    names = getattr(weights, "coords", {})
    if snps.shape[1] < 2 or len(names) != 1:
        return weights
    models = names[weights.dims[0]].values.tolist()
    return Matrix(entries(weights)[None], [str(snps.iloc[0, 1])], models)


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
    weights = one_variant_matrix(weights, snps)
    for name, value in (("wgt.matrix", weights), ("cv.performance", performance)):
        if not isinstance(value, Matrix) or not np.issubdtype(value.values.dtype, np.number):
            raise FqtlError(
                f"{path}: {name} is not a matrix of numbers with names of its rows and columns."
            )
    _refuse_performance(path, performance, weights)
    table = _snps(path, snps, len(weights.rows))
    ids, rows = list(table["id"]), list(weights.rows)
    # FUSION goes by the order of both; other names than ids are of no account
    if ids != rows and sorted(ids) == sorted(rows):
        raise FqtlError(f"{path}: the rows of wgt.matrix and of snps are in different orders.")
    sd = None
    if "fqtl.dosage.sd" in objects:
        sd = _dosage_sd(path, objects["fqtl.dosage.sd"], len(rows))
    reported = entries(objects.get("fqtl.genome.build", "")).tolist()
    build = one_build(path, reported, table["id"])
    chrom = [contigs.prefixed(named(code, build)) for code in table["chrom"]]
    return FusionModel(
        gene_id=gene_id,
        path=path,
        snps=table.assign(chrom=chrom),
        weights=weights,
        performance=performance,
        hsq=_first(objects["hsq"]),
        hsq_p=_first(objects["hsq.pv"]),
        n_samples=int(np.nan_to_num(_first(objects["N.tot"]))),
        genome_build=build,
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
    absent = [word for word in PERFORMANCE if not rows_with(performance, word)]
    if absent or found != len(weights.columns):
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
    return pd.DataFrame(
        {
            "id": columns.text("V2"),
            "chrom": columns.names("V1"),
            # small letters are as good to FUSION
            "effect_allele": columns.names("V5").str.upper(),
            "other_allele": columns.names("V6").str.upper(),
            "pos": columns.positions("V4"),
        }
    )
