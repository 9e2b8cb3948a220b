"""Keys of the fits: the model, its cross-validation, permuted fits, and jobs."""

from dataclasses import dataclass
from typing import Literal

from fqtl.config.keys import key

Family = Literal["gaussian", "nb", "nb_pseudo", "voom", "beta"]
Engine = Literal["cavi"]
Priors = Literal["learned", "default"]
Permuted = Literal["donors", "tissues"]


@dataclass(frozen=True)
class Model:
    """The model of a gene."""

    family: Family = key(
        "gaussian",
        "distribution of expression: gaussian; for prepare.scale: counts nb or, where a standard "
        "deviation may exceed the mean, nb_pseudo; for log_counts, or raw values that are such, "
        "voom; for prepare.scale: raw of shares, beta",
    )
    engine: Engine = key("cavi", "inference: cavi (deterministic coordinate ascent)")
    factored: bool = key(
        True,
        "true: factors that tissues share, and sparse effects of single tissues; false: the latter "
        "alone",
    )
    priors: Priors = key(
        "learned",
        "what fits know beforehand: learned from 200 genes of the release (how often and how large "
        "effects are, how tissues share them and which have them more often; priors.tsv), or the "
        "default of the model; few genes give the default back",
    )
    rank: int = key(
        10,
        "the largest number of factors of a gene; fewer are found where fewer are there",
        "a number of factors of at least 1",
        low=1,
    )


@dataclass(frozen=True)
class CrossValidation:
    """How well models predict donors that they have not seen."""

    folds: int = key(
        5,
        "parts the donors are split into; 0 leaves cross-validation out: no weights pass the "
        "filter then, and only the unfiltered ones are written",
        "0 for none or a number of parts from 2",
        low=0,
        refused=1,
    )
    baseline: float = key(
        0,
        "share of the genes in which an elastic net of each tissue is cross-validated on the same "
        "folds, to compare with; it takes two hundred times as long as the model",
        "a share from 0 to 1",
        low=0,
        high=1,
    )
    keep_predictions: bool = key(
        False,
        "true: expression and prediction of single donors held out stand in fits/*.parquet and are "
        "drawn on the pages of genes. They are individual-level data, as dbGaP has it: such files "
        "and pages must not be passed on as results may be",
    )


@dataclass(frozen=True)
class Calibration:
    """Permuted fits, from which p and q come."""

    permutations: int | Literal["auto"] = key(
        "auto",
        "fits of each gene with permuted donors, at the most; 0 leaves out p and q of genes and "
        "factors. One is enough for hundreds of genes, whose permuted fits make one pool; auto: "
        "one, or so many of fewer genes that a tenth of them can be found at a rate of 0.05, at "
        "most 20",
        "a number of fits or auto",
        low=0,
    )
    exceedances: int = key(
        5,
        "no more are drawn once so many have a statistic as large as the gene's",
        "a number of permuted fits of at least 1",
        low=1,
    )
    permute: Permuted = key(
        "donors",
        "donors (the same in all tissues) or tissues (each by itself, as GTEx v6p was analysed)",
    )
    conditional_permutations: int = key(
        1,
        "fits with an eighth of the tissues permuted, given the others; 0 leaves out p and q of "
        "genes in tissues",
        "a number of fits that is not negative",
        low=0,
    )


@dataclass(frozen=True)
class Shards:
    """Jobs that the genes are split into."""

    count: int = key(
        200,
        "jobs the genes are split into; a few hundred for a whole release",
        "a number of jobs from 1 to 10000",
        low=1,
        high=10_000,
    )
